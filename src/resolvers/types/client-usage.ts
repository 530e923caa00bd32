import { Field, Int, ObjectType } from 'type-graphql';
import type { ClientFigures as Figures } from '../../services/analytics/customer-usage';
import type { UsageScope } from '../../services/analytics/scope';
import type { ClientUsage as Row } from '../../services/analytics/top-clients';
import type { Range } from '../../values/time';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLDecimal } from '../scalars/decimal';
import { GraphQLSafeInt } from '../scalars/safe-int';
import { connectionOf } from './connection';
import { Customer } from './customer';
import { Money } from './money';

@ObjectType('ClientUsage', {
  description:
    'One client\'s usage. share is the client\'s fraction of the measure that orders the list (messages for LAST_ACTIVE): 0 to 1, at most four decimals, "0" when the total is 0.',
  simpleResolvers: true,
})
export class ClientUsage {
  @Field(() => Int, {
    description: 'The rank by the measure that orders the list; equal clients share a rank (1, 2, 2, 4).',
  })
  rank!: number;

  @Field(() => Customer, { description: 'Whose usage it is.' })
  customer!: Customer;

  @Field(() => Money, { description: "The sum of the client's charges in the period." })
  cost!: Money;

  @Field(() => GraphQLSafeInt, { description: "The client's charged turns in the period." })
  messages!: bigint;

  @Field(() => GraphQLDecimal, {
    description: "The client's share of the whole period, 0 to 1, at most four decimals.",
  })
  share!: string;

  @Field(() => GraphQLDateTime, { description: "The client's last charged turn in the period." })
  lastAt!: Date;

  /**
   * The list that the client belongs to: the earlier figures of all its clients are read at once, when they are asked
   * for.
   */
  scope!: UsageScope;
  /** What the figures are of: the period, or of a LOST client the range before. */
  range!: Range;
  costMicros!: bigint;

  static of({ costMicros, ...row }: Row, scope: UsageScope): ClientUsage {
    return { ...row, cost: Money.of(costMicros, scope.workspace.currency), costMicros, scope };
  }
}

@ObjectType('ClientFigures', {
  description: 'What one client used in a range of time.',
  simpleResolvers: true,
})
export class ClientFigures {
  @Field(() => GraphQLSafeInt, { description: 'Charged turns.' })
  messages!: bigint;

  @Field(() => Money, { description: 'The sum of their charges.' })
  cost!: Money;

  static of({ messages, costMicros }: Figures, currency: string): ClientFigures {
    return { messages, cost: Money.of(costMicros, currency) };
  }
}

export const ClientUsageConnection = connectionOf('ClientUsage', () => ClientUsage, 'the clients with usage');
