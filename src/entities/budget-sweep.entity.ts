import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/** A workspace that has budgets, and up to when they were looked at. */
@Entity({ name: 'budget_sweeps' })
@Index('budget_sweeps_due', ['dueAt'])
export class BudgetSweep {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'budget_sweeps_pkey' })
  @ForeignKey(() => Workspace, { name: 'budget_sweeps_workspace_fkey' })
  workspaceId!: string;

  /** When a server looks at it next. */
  @Column({ name: 'due_at', type: 'timestamptz' })
  dueAt!: Date;

  /** What was charged before this instant was looked at. */
  @Column({ name: 'looked_to', type: 'timestamptz' })
  lookedTo!: Date;

  /** When all customers were looked at last; null: they are to be. */
  @Column({ name: 'whole_at', type: 'timestamptz', nullable: true })
  wholeAt!: Date | null;

  /** By which zone's days that was. */
  @Column({ name: 'whole_zone', type: 'text', nullable: true })
  wholeZone!: string | null;
}
