import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/** A workspace that has budgets, and the instant up to which they were checked. */
@Entity({ name: 'budget_sweeps' })
@Index('budget_sweeps_due', ['dueAt'])
export class BudgetSweep {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'budget_sweeps_pkey' })
  @ForeignKey(() => Workspace, { name: 'budget_sweeps_workspace_fkey' })
  workspaceId!: string;

  /** When the next server checks it. */
  @Column({ name: 'due_at', type: 'timestamptz' })
  dueAt!: Date;

  /** Charges before this instant were checked. */
  @Column({ name: 'looked_to', type: 'timestamptz' })
  lookedTo!: Date;

  /** When all customers were last checked; null: they must be checked. */
  @Column({ name: 'whole_at', type: 'timestamptz', nullable: true })
  wholeAt!: Date | null;

  /** The zone whose days that check used. */
  @Column({ name: 'whole_zone', type: 'text', nullable: true })
  wholeZone!: string | null;
}
