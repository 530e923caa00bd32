import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Budget } from './budget.entity';

const KEY = { primaryKeyConstraintName: 'budget_firings_pkey' };

/** A threshold that was reported. Its primary key makes each event unique. */
@Entity({ name: 'budget_firings' })
@ForeignKey(() => Budget, ['workspaceId', 'budgetId'], ['workspaceId', 'id'], {
  name: 'budget_firings_budget_fkey',
})
@Index('budget_firings_by_age', ['firedAt'])
export class BudgetFiring {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', ...KEY })
  workspaceId!: string;

  @PrimaryColumn({ name: 'budget_id', type: 'uuid', ...KEY })
  budgetId!: string;

  @PrimaryColumn({ name: 'version', type: 'integer', ...KEY })
  version!: number;

  /** The first local day of its period. */
  @PrimaryColumn({ name: 'period_start', type: 'date', ...KEY })
  periodStart!: string;

  /** Percent of the limit; 0 stands for the forecast. */
  @PrimaryColumn({ name: 'threshold', type: 'integer', ...KEY })
  threshold!: number;

  /** The customer's id; empty when the budget is the workspace's. */
  @PrimaryColumn({ name: 'subject', type: 'text', ...KEY })
  subject!: string;

  @Column({ name: 'fired_at', type: 'timestamptz' })
  firedAt!: Date;
}
