import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Customer } from './customer.entity';

/** What a customer's turns cost in one local day of the workspace's zone; the figures are those of cost_days. */
@Entity({ name: 'customer_cost_days' })
@ForeignKey(() => Customer, ['workspaceId', 'customerId'], ['workspaceId', 'id'], {
  name: 'customer_cost_days_customer_fkey',
})
@Index('customer_cost_days_by_customer', ['workspaceId', 'customerId', 'day'])
export class CustomerCostDay {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'customer_cost_days_pkey' })
  workspaceId!: string;

  /** 'YYYY-MM-DD'. */
  @PrimaryColumn({ name: 'day', type: 'date', primaryKeyConstraintName: 'customer_cost_days_pkey' })
  day!: string;

  @PrimaryColumn({ name: 'customer_id', type: 'uuid', primaryKeyConstraintName: 'customer_cost_days_pkey' })
  customerId!: string;

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
