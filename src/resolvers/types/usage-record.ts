import { Field, ID, ObjectType } from 'type-graphql';
import type { UsageRecordRow } from '../../services/analytics/records';
import { GraphQLDateTime } from '../scalars/date-time';
import { connectionOf } from './connection';
import type { Customer } from './customer';
import type { Message } from './message';
import { Money } from './money';

@ObjectType('UsageRecord', {
  description: 'One charge: what one turn cost. Never changed after it was made.',
  simpleResolvers: true,
})
export class UsageRecord {
  @Field(() => ID, { description: 'A UUID; unique in its workspace.' })
  id!: string;

  @Field(() => Money, {
    description: 'The price that was in force when the turn happened; later prices leave it as it is.',
  })
  price!: Money;

  @Field(() => GraphQLDateTime, {
    description: 'When the turn happened. All figures and periods go by it.',
  })
  occurredAt!: Date;

  @Field(() => GraphQLDateTime, {
    description: 'When the charge was stored: what came in after an invoice was written has a later one.',
  })
  savedAt!: Date;

  workspaceId!: string;
  customerId!: string;
  messageId!: string;
  /** What a save has at hand, so that nothing is read after its COMMIT; otherwise left to the loaders. */
  customer?: Customer | null;
  message?: Message;

  static of(row: UsageRecordRow): UsageRecord {
    const { id, workspaceId, customerId, messageId, occurredAt, savedAt } = row;
    const price = Money.of(row.amountMicros, row.currency);
    return { id, workspaceId, customerId, messageId, price, occurredAt, savedAt };
  }
}

export const UsageRecordConnection = connectionOf('UsageRecord', () => UsageRecord, 'the charges');
