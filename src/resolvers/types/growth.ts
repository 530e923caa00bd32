import { Field, ObjectType } from 'type-graphql';
import { type Change, percentOf, type Growth as UsageGrowth } from '../../services/analytics/growth';
import type { UsageScope } from '../../services/analytics/scope';
import { GraphQLDecimal } from '../scalars/decimal';
import { GraphQLSafeInt } from '../scalars/safe-int';
import { Money } from './money';
import { Period } from './period';

const PERCENT = {
  nullable: true,
  description:
    '(current - previous) / previous * 100 with two decimals, half away from zero: "31.58". Null when previous is zero.',
};

@ObjectType('MoneyChange', {
  description: 'percent has two decimals, rounded half away from zero; null when previous is zero.',
  simpleResolvers: true,
})
export class MoneyChange {
  @Field(() => Money, { description: "The period's own amount; for a running period, the amount so far." })
  current!: Money;

  @Field(() => Money, { description: 'The amount of the range that it is compared with.' })
  previous!: Money;

  @Field(() => Money, { description: 'current - previous.' })
  change!: Money;

  @Field(() => GraphQLDecimal, PERCENT)
  percent!: string | null;

  static of(change: Change, currency: string): MoneyChange {
    const { current, previous } = change;
    return {
      current: Money.of(current, currency),
      previous: Money.of(previous, currency),
      change: Money.of(current - previous, currency),
      percent: percentOf(change),
    };
  }
}

@ObjectType('CountChange', {
  description: 'percent has two decimals, rounded half away from zero; null when previous is zero.',
  simpleResolvers: true,
})
export class CountChange {
  @Field(() => GraphQLSafeInt, {
    description: "The period's own count; for a running period, the count so far.",
  })
  current!: bigint;

  @Field(() => GraphQLSafeInt, { description: 'The count of the range that it is compared with.' })
  previous!: bigint;

  @Field(() => GraphQLSafeInt, { description: 'current - previous.' })
  change!: bigint;

  @Field(() => GraphQLDecimal, PERCENT)
  percent!: string | null;

  static of(change: Change): CountChange {
    const { current, previous } = change;
    return { current, previous, change: current - previous, percent: percentOf(change) };
  }
}

@ObjectType('Growth', { description: 'The change against an earlier range.', simpleResolvers: true })
export class Growth {
  @Field(() => Period, { description: 'The earlier range that the period is compared with.' })
  comparedTo!: Period;

  @Field(() => MoneyChange, { description: 'The change of the cost.' })
  cost!: MoneyChange;

  @Field(() => CountChange, { description: 'The change of the number of charged turns.' })
  messages!: CountChange;

  @Field(() => CountChange, { description: 'The change of the number of distinct clients.' })
  activeClients!: CountChange;

  static of(growth: UsageGrowth, { workspace, asOf }: UsageScope): Growth {
    return {
      comparedTo: Period.of(growth.comparedTo, asOf),
      cost: MoneyChange.of(growth.cost, workspace.currency),
      messages: CountChange.of(growth.messages),
      activeClients: CountChange.of(growth.activeClients),
    };
  }
}
