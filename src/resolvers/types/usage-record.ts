import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { UsageRecordRow } from '../../services/analytics/records';
import type { UsageVoid as UsageVoidRow } from '../../services/turns/usage-void';
import { GraphQLDateTime } from '../scalars/date-time';
import { connectionOf } from './connection';
import type { Customer } from './customer';
import type { Message } from './message';
import { Money } from './money';

@ObjectType('UsageVoid', {
  description:
    'When, why and by whom a charge was taken back. Figures subtract it, and exports list its reversal.',
  simpleResolvers: true,
})
export class UsageVoid {
  @Field(() => GraphQLDateTime, { description: 'When it was taken back.' })
  voidedAt!: Date;

  @Field(() => String, { description: 'The reason that was given.' })
  reason!: string;

  @Field(() => String, { description: 'The name of the token or operator that took it back.' })
  by!: string;
}

@ObjectType('UsageRecord', {
  description: 'One charge: what one turn cost. It never changes; if it was taken back, voided says so.',
  simpleResolvers: true,
})
export class UsageRecord {
  @Field(() => ID, { description: 'A UUID; unique in its workspace.' })
  id!: string;

  @Field(() => Money, {
    description: "The price that was in force when the turn happened; later prices don't change it.",
  })
  price!: Money;

  @Field(() => GraphQLDateTime, {
    description: 'When the turn happened. All figures and periods use this instant.',
  })
  occurredAt!: Date;

  @Field(() => GraphQLDateTime, {
    description:
      'When the charge was stored. With it you can find charges that came after an invoice was written.',
  })
  savedAt!: Date;

  @Field(() => UsageVoid, { nullable: true, description: 'Null unless the charge was taken back.' })
  voided!: UsageVoidRow | null;

  workspaceId!: string;
  customerId!: string;
  messageId!: string;
  /** A save fills it from memory, so that nothing is read after its COMMIT; otherwise the loaders read it. */
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

  @Field(() => String, { description: 'The reason, for readers of the statement; 1 to 500 characters.' })
  reason!: string;
}

@ObjectType('VoidUsagePayload', {
  description: 'What was taken back. When you get this answer, the change is committed.',
  simpleResolvers: true,
})
export class VoidUsagePayload {
  @Field(() => UsageRecord, {
    description: 'The charge; voided says when, why and by whom it was taken back.',
  })
  usageRecord!: UsageRecord;

  @Field(() => Boolean, {
    description: 'True when the charge was taken back before: nothing was written again.',
  })
  replayed!: boolean;
}
