import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/** A workspace whose months close by themselves. It is a separate row, since saves lock the workspace's row. */
@Entity({ name: 'closing_schedules' })
@Check('closing_schedules_day_range', 'close_day BETWEEN 1 AND 28')
@Index('closing_schedules_due', ['dueAt'])
export class ClosingSchedule {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'closing_schedules_pkey' })
  @ForeignKey(() => Workspace, { name: 'closing_schedules_workspace_fkey' })
  workspaceId!: string;

  /** The day of the next month on which a month is closed, at 06:00 local time. */
  @Column({ name: 'close_day', type: 'smallint' })
  closeDay!: number;

  /** When the next server looks whether a month is due. */
  @Column({ name: 'due_at', type: 'timestamptz' })
  dueAt!: Date;
}
