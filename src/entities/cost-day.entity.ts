import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/**
 * What a workspace's turns of one model cost in one local day of the workspace's zone: of all saved turns, also those
 * that were not charged or were taken back. Turns without costs have no row. Split over shards, so that writers don't
 * queue for one row.
 */
@Entity({ name: 'cost_days' })
@Check('cost_days_shard_range', 'shard BETWEEN 0 AND 7')
export class CostDay {
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

  /** Turns with tokens or with a fee of the channel. */
  @Column({ name: 'turns', type: 'bigint' })
  turns!: bigint;

  /** Of these, with a response. */
  @Column({ name: 'answered', type: 'bigint' })
  answered!: bigint;

  /** Whose model's price was known. */
  @Column({ name: 'priced', type: 'bigint' })
  priced!: bigint;

  /** Of these, with a response. */
  @Column({ name: 'priced_answered', type: 'bigint' })
  pricedAnswered!: bigint;

  /** For which the channel's fee was known. */
  @Column({ name: 'channel_turns', type: 'bigint' })
  channelTurns!: bigint;

  /** With a response, and with both costs known. */
  @Column({ name: 'covered', type: 'bigint' })
  covered!: bigint;

  @Column({ name: 'input_tokens', type: 'bigint' })
  inputTokens!: bigint;

  @Column({ name: 'cached_input_tokens', type: 'bigint' })
  cachedInputTokens!: bigint;

  @Column({ name: 'output_tokens', type: 'bigint' })
  outputTokens!: bigint;

  /** In billionths of the currency. */
  @Column({ name: 'llm_cost_nanos', type: 'bigint' })
  llmCostNanos!: bigint;

  @Column({ name: 'channel_cost_micros', type: 'bigint' })
  channelCostMicros!: bigint;
}
