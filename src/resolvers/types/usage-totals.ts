import { Field, ObjectType } from 'type-graphql';
import { averageCost, type Totals } from '../../services/analytics/totals';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLSafeInt } from '../scalars/safe-int';
import { Money } from './money';

@ObjectType('UsageTotals', { description: 'The totals of a period.', simpleResolvers: true })
export class UsageTotals {
  @Field(() => Money, { description: 'The sum of all charges.' })
  cost!: Money;

  @Field(() => GraphQLSafeInt, {
    description: 'Charged turns. What was saved without a charge is in outcomes.',
  })
  messages!: bigint;

  @Field(() => GraphQLSafeInt, { description: 'Distinct customers with a charged turn.' })
  activeClients!: bigint;

  @Field(() => Money, {
    nullable: true,
    description: 'cost / activeClients, rounded half away from zero to the micro-unit; null without clients.',
  })
  averageCostPerClient!: Money | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'The first charged turn; null when there is none.',
  })
  firstAt!: Date | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'The last charged turn; null when there is none.',
  })
  lastAt!: Date | null;

  static of(totals: Totals, currency: string): UsageTotals {
    const { costMicros, messages, activeClients, firstAt, lastAt } = totals;
    const average = averageCost(totals);
    return {
      cost: Money.of(costMicros, currency),
      messages,
      activeClients,
      averageCostPerClient: average === null ? null : Money.of(average, currency),
      firstAt,
      lastAt,
    };
  }
}
