import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Customer } from './customer.entity';
import { Message } from './message.entity';

/**
 * A line of the ledger: what one turn cost at the price in force when it happened, or the reversal of such a charge. A
 * trigger refuses every change.
 */
@Entity({ name: 'charges' })
@ForeignKey(() => Message, ['workspaceId', 'messageId'], ['workspaceId', 'id'], {
  name: 'charges_message_fkey',
})
@ForeignKey(() => Customer, ['workspaceId', 'customerId'], ['workspaceId', 'id'], {
  name: 'charges_customer_fkey',
})
@Check('charges_not_negative', 'reversal OR amount_micros >= 0')
@Check('charges_reversals_not_positive', 'NOT reversal OR amount_micros <= 0')
@Index('charges_one_per_message', ['workspaceId', 'messageId'], { unique: true, where: 'NOT reversal' })
@Index('charges_one_reversal', ['workspaceId', 'messageId'], { unique: true, where: 'reversal' })
@Index('charges_by_epoch', ['workspaceId', 'epoch', 'month'])
@Index('charges_by_time', ['workspaceId', 'occurredAt', 'id'])
@Index('charges_by_customer', ['workspaceId', 'customerId', 'occurredAt', 'id'])
export class Charge {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'charges_pkey' })
  workspaceId!: string;

  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'charges_pkey' })
  id!: string;

  @Column({ name: 'message_id', type: 'uuid' })
  messageId!: string;

  @Column({ name: 'customer_id', type: 'uuid' })
  customerId!: string;

  /** The amount; a reversal has the amount of its charge with the opposite sign. */
  @Column({ name: 'amount_micros', type: 'bigint' })
  amountMicros!: bigint;

  @Column({ name: 'reversal', type: 'boolean', default: false })
  reversal!: boolean;

  @Column({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt!: Date;

  @Column({ name: 'saved_at', type: 'timestamptz' })
  savedAt!: Date;

  /** The workspace's epoch in which the line was posted: each closing of a month ends an epoch. */
  @Column({ name: 'epoch', type: 'integer' })
  epoch!: number;

  /** The first day of the local month of occurredAt, in the zone that the workspace had when the line was posted. */
  @Column({ name: 'month', type: 'date' })
  month!: string;
}
