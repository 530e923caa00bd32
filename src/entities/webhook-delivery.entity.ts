import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Event } from './event.entity';
import { Webhook } from './webhook.entity';

/** One event for one webhook. A PENDING row waits while the webhook is not ACTIVE; callers see it as HELD. */
@Entity({ name: 'webhook_deliveries' })
@ForeignKey(() => Webhook, ['workspaceId', 'webhookId'], ['workspaceId', 'id'], {
  name: 'webhook_deliveries_webhook_fkey',
})
@ForeignKey(() => Event, ['workspaceId', 'eventId'], ['workspaceId', 'id'], {
  name: 'webhook_deliveries_event_fkey',
})
@Check('webhook_deliveries_state_known', "state IN ('PENDING', 'DELIVERED', 'FAILED')")
@Check('webhook_deliveries_due_while_pending', "(state = 'PENDING') = (due_at IS NOT NULL)")
@Index('webhook_deliveries_by_state', ['workspaceId', 'webhookId', 'state', 'sequence'])
@Index('webhook_deliveries_due', ['workspaceId', 'webhookId', 'dueAt'], { where: "state = 'PENDING'" })
@Index('webhook_deliveries_pending_by_age', ['madeAt'], { where: "state = 'PENDING'" })
export class WebhookDelivery {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'webhook_deliveries_pkey' })
  workspaceId!: string;

  @PrimaryColumn({ name: 'event_id', type: 'uuid', primaryKeyConstraintName: 'webhook_deliveries_pkey' })
  eventId!: string;

  @PrimaryColumn({ name: 'webhook_id', type: 'uuid', primaryKeyConstraintName: 'webhook_deliveries_pkey' })
  webhookId!: string;

  /** The event's, for the order of lists. */
  @Column({ name: 'sequence', type: 'bigint' })
  sequence!: bigint;

  /** When it was made, or asked for again. */
  @Column({ name: 'made_at', type: 'timestamptz' })
  madeAt!: Date;

  @Column({ name: 'state', type: 'text' })
  state!: string;

  @Column({ name: 'attempts', type: 'integer' })
  attempts!: number;

  /** When it is tried next; while a server tries it, when another one may. */
  @Column({ name: 'due_at', type: 'timestamptz', nullable: true })
  dueAt!: Date | null;

  @Column({ name: 'tried_at', type: 'timestamptz', nullable: true })
  triedAt!: Date | null;

  @Column({ name: 'last_status', type: 'integer', nullable: true })
  lastStatus!: number | null;

  /** The reason in Centesimo's words. */
  @Column({ name: 'last_error', type: 'text', nullable: true })
  lastError!: string | null;

  /** The first bytes of the last answer that was no success, for the operator alone. */
  @Column({ name: 'last_answer', type: 'text', nullable: true })
  lastAnswer!: string | null;
}
