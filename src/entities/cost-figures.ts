import { Column } from 'typeorm';

/** What turns cost, and how many of them there were: columns that add up. */
export abstract class CostFigures {
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
