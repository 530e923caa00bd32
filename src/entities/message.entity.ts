import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Customer } from './customer.entity';
import { Workspace } from './workspace.entity';

/** One turn of a conversation: what the customer wrote, what the LLM answered, and whether it was charged. */
@Entity({ name: 'messages' })
@ForeignKey(() => Customer, ['workspaceId', 'customerId'], ['workspaceId', 'id'], {
  name: 'messages_customer_fkey',
})
@Check(
  'messages_outcome_known',
  `outcome IN ('TRACKED', 'NO_RESPONSE', 'UNKNOWN_CUSTOMER', 'INACTIVE_CUSTOMER', 'DEFERRED', 'VOIDED')`,
)
@Check('messages_deferred_price', `(outcome = 'DEFERRED') = (deferred_price_micros IS NOT NULL)`)
@Check(
  'messages_have_a_contact',
  `text_removed_at IS NULL AND (phone_number IS NOT NULL OR whatsapp_user_id IS NOT NULL)
    OR text_removed_at IS NOT NULL AND message = '' AND num_nonnulls(response, phone_number, whatsapp_user_id) = 0`,
)
@Index('messages_one_per_digest', ['workspaceId', 'keyDigest'], { unique: true })
@Index('messages_by_time', ['workspaceId', 'occurredAt', 'id'])
@Index('messages_by_customer', ['workspaceId', 'customerId', 'occurredAt', 'id'])
@Index('messages_uncharged', ['workspaceId', 'outcome', 'occurredAt', 'id'], {
  where: `outcome <> 'TRACKED'`,
})
@Index('messages_answered_uncharged', ['workspaceId', 'customerId', 'occurredAt'], {
  where: `outcome IN ('INACTIVE_CUSTOMER', 'VOIDED')`,
})
export class Message {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'messages_pkey' })
  @ForeignKey(() => Workspace, { name: 'messages_workspace_fkey' })
  workspaceId!: string;

  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'messages_pkey' })
  id!: string;

  /** The contact as the caller gave it, in E.164. */
  @Column({ name: 'phone_number', type: 'text', nullable: true })
  phoneNumber!: string | null;

  @Column({ name: 'whatsapp_user_id', type: 'text', nullable: true })
  whatsappUserId!: string | null;

  /** The customer registered under the contact when the turn was saved; null: there was none. */
  @Column({ name: 'customer_id', type: 'uuid', nullable: true })
  customerId!: string | null;

  /** Empty for a turn without text. */
  @Column({ name: 'message', type: 'text' })
  message!: string;

  @Column({ name: 'response', type: 'text', nullable: true })
  response!: string | null;

  /** Why there is no response, when the workflow said; only where there is none. */
  @Column({ name: 'failure', type: 'text', nullable: true })
  failure!: string | null;

  /** The number of its value among dimension_values; 0: a value beyond the 200; null: it has none. */
  @Column({ name: 'workflow_number', type: 'smallint', nullable: true })
  workflowNumber!: number | null;

  /** The same of its channel. */
  @Column({ name: 'channel_number', type: 'smallint', nullable: true })
  channelNumber!: number | null;

  /** The same of the model that answered. */
  @Column({ name: 'model_number', type: 'smallint', nullable: true })
  modelNumber!: number | null;

  /** All input tokens, the cached ones included; null where model_number is. */
  @Column({ name: 'input_tokens', type: 'integer', nullable: true })
  inputTokens!: number | null;

  @Column({ name: 'cached_input_tokens', type: 'integer', nullable: true })
  cachedInputTokens!: number | null;

  @Column({ name: 'output_tokens', type: 'integer', nullable: true })
  outputTokens!: number | null;

  /** What the tokens cost, in billionths of the currency; null: no tokens, or no price of the model yet. */
  @Column({ name: 'llm_cost_nanos', type: 'bigint', nullable: true })
  llmCostNanos!: bigint | null;

  /** What the channel took for the response; null: without a response, or no price. */
  @Column({ name: 'channel_cost_micros', type: 'bigint', nullable: true })
  channelCostMicros!: bigint | null;

  /** Whether it was charged, and if not, why: an outcome of services/turns/tracking.ts. */
  @Column({ name: 'outcome', type: 'text' })
  outcome!: string;

  /** The price in force at the turn; stored only while the charge is still to be made. */
  @Column({ name: 'deferred_price_micros', type: 'bigint', nullable: true })
  deferredPriceMicros!: bigint | null;

  @Column({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt!: Date;

  @Column({ name: 'saved_at', type: 'timestamptz' })
  savedAt!: Date;

  /**
   * HMAC-SHA-256 of the caller's idempotency key, computed with the workspace's key_pads; unique in its workspace for
   * ever. The key itself is not stored: WhatsApp's message ids contain the phone number.
   */
  @Column({ name: 'key_digest', type: 'bytea' })
  keyDigest!: Buffer;

  /** When texts and contacts were removed; null: they are stored. */
  @Column({ name: 'text_removed_at', type: 'timestamptz', nullable: true })
  textRemovedAt!: Date | null;
}
