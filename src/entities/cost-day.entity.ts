import { Check, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { CostFigures } from './cost-figures';
import { Workspace } from './workspace.entity';

/**
 * What a workspace's turns of one model cost in one local day of the workspace's zone: of all saved turns, also those
 * that were not charged or were taken back. Turns without costs have no row. Split over shards, so that writers don't
 * queue for one row.
 */
@Entity({ name: 'cost_days' })
@Check('cost_days_shard_range', 'shard BETWEEN 0 AND 7')
export class CostDay extends CostFigures {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'cost_days_pkey' })
  @ForeignKey(() => Workspace, { name: 'cost_days_workspace_fkey' })
  workspaceId!: string;

  /** 'YYYY-MM-DD'. */
  @PrimaryColumn({ name: 'day', type: 'date', primaryKeyConstraintName: 'cost_days_pkey' })
  day!: string;

  /** The model's number among dimension_values; 0: the models beyond the 200; -1: turns without a model. */
  @PrimaryColumn({ name: 'model_number', type: 'smallint', primaryKeyConstraintName: 'cost_days_pkey' })
  modelNumber!: number;

  @PrimaryColumn({ name: 'shard', type: 'smallint', primaryKeyConstraintName: 'cost_days_pkey' })
  shard!: number;
}
