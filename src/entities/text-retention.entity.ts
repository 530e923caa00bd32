import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/** A workspace whose texts are kept for some days only: a row of its own, since saves hold the workspace's. */
@Entity({ name: 'text_retentions' })
@Check('text_retentions_days_range', 'keep_days BETWEEN 1 AND 3650')
@Index('text_retentions_due', ['dueAt'])
export class TextRetention {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'text_retentions_pkey' })
  @ForeignKey(() => Workspace, { name: 'text_retentions_workspace_fkey' })
  workspaceId!: string;

  /** Texts of turns that are older go. */
  @Column({ name: 'keep_days', type: 'integer' })
  keepDays!: number;

  /** When a server looks at it next: the next night, or soon, while one is at work. */
  @Column({ name: 'due_at', type: 'timestamptz' })
  dueAt!: Date;

  /** Up to which turn all older ones were looked at; null: from the first turn on. */
  @Column({ name: 'walked_at', type: 'timestamptz', nullable: true })
  walkedAt!: Date | null;

  @Column({ name: 'walked_id', type: 'uuid', nullable: true })
  walkedId!: string | null;

  /** From when on a night begins with the first turn again, for those that came late. */
  @Column({ name: 'whole_at', type: 'timestamptz' })
  wholeAt!: Date;
}
