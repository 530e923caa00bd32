import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { UsageRecordRow } from '../../services/analytics/records';
import type { UsageVoid as UsageVoidRow } from '../../services/turns/usage-void';
import { GraphQLDateTime } from '../scalars/date-time';
import { connectionOf } from './connection';
import type { Customer } from './customer';
import type { Message } from './message';
import { Money } from './money';

@ObjectType('UsageVoid', {
  description: 'That a charge was taken back: by a reversal, which figures subtract and exports list.',
  simpleResolvers: true,
})
export class UsageVoid {
  @Field(() => GraphQLDateTime, { description: 'When it was taken back.' })
  voidedAt!: Date;

  @Field(() => String, { description: 'Why, as whoever did it wrote.' })
  reason!: string;

  @Field(() => String, { description: 'The name of the token, or of the operator, that did it.' })
  by!: string;
}

@ObjectType('UsageRecord', {
  description: 'One charge: what one turn cost. Never changed after it was made; taken back, it says so.',
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

  @Field(() => UsageVoid, { nullable: true, description: 'Null unless the charge was taken back.' })
  voided!: UsageVoidRow | null;

  workspaceId!: string;
  customerId!: string;
  messageId!: string;
  /** What a save has at hand, so that nothing is read after its COMMIT; otherwise left to the loaders. */
  customer?: Customer | null;
  message?: Message;

  static of(row: UsageRecordRow): UsageRecord {
    const { id, workspaceId, customerId, messageId, occurredAt, savedAt, voided } = row;
    const price = Money.of(row.amountMicros, row.currency);
    return { id, workspaceId, customerId, messageId, price, occurredAt, savedAt, voided };
  }
}

export const UsageRecordConnection = connectionOf('UsageRecord', () => UsageRecord, 'the charges');

@InputType('VoidUsageInput', { description: 'Which charge is taken back, and why.' })
export class VoidUsageInput {
  @Field(() => ID, { description: 'In which workspace.' })
  workspaceId!: string;

  @Field(() => ID, { description: 'The charge: the id of a usage record.' })
  usageRecordId!: string;

  @Field(() => String, { description: 'Why, for whoever reads the statement; 1 to 500 characters.' })
  reason!: string;
}

@ObjectType('VoidUsagePayload', {
  description: 'What was taken back. An answer with it means: committed.',
  simpleResolvers: true,
})
export class VoidUsagePayload {
  @Field(() => UsageRecord, { description: 'The charge, with when, why and by whom it was taken back.' })
  usageRecord!: UsageRecord;

  @Field(() => Boolean, {
    description: 'True when it had been taken back before: nothing was written again.',
  })
  replayed!: boolean;
}
