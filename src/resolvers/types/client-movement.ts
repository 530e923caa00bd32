// Which clients come and go, and how unlike each other they are.
import { Field, ObjectType } from 'type-graphql';
import type { Distribution } from '../../services/analytics/distribution';
import type { Movement } from '../../services/analytics/movement';
import type { Cohort as CohortRow } from '../../services/analytics/retention';
import { GraphQLDecimal } from '../scalars/decimal';
import { GraphQLSafeInt } from '../scalars/safe-int';
import { GraphQLYearMonth } from '../scalars/year-month';
import { Period } from './period';

@ObjectType('ClientMovement', {
  description:
    'How many clients of each segment there are. new + returning + reactivated are the clients of the period.',
  simpleResolvers: true,
})
export class ClientMovement {
  @Field(() => Period, { description: 'The stretch before that the period is compared with.' })
  comparedTo!: Period;

  @Field(() => GraphQLSafeInt, { description: 'Their first charged turn ever is in the period.' })
  new!: bigint;

  @Field(() => GraphQLSafeInt, { description: 'Charged in the period and in comparedTo.' })
  returning!: bigint;

  @Field(() => GraphQLSafeInt, {
    description: 'Charged in the period and ever before, but not in comparedTo.',
  })
  reactivated!: bigint;

  @Field(() => GraphQLSafeInt, { description: 'Charged in comparedTo, not in the period.' })
  lost!: bigint;

  static of({ comparedTo, clients }: Movement, asOf: Date): ClientMovement {
    return {
      comparedTo: Period.of(comparedTo, asOf),
      new: clients.NEW,
      returning: clients.RETURNING,
      reactivated: clients.REACTIVATED,
      lost: clients.LOST,
    };
  }
}

const percentile = (part: string) => ({
  description: `Charged turns of the client at the nearest rank: ${part} of the clients have as many or fewer.`,
});

@ObjectType('ClientDistribution', {
  description:
    'Of charged turns a client. Percentiles are of the clients with usage, nearest rank. Without clients all are 0.',
  simpleResolvers: true,
})
export class ClientDistribution implements Distribution {
  @Field(() => GraphQLSafeInt, percentile('half'))
  p50!: bigint;

  @Field(() => GraphQLSafeInt, percentile('90 %'))
  p90!: bigint;

  @Field(() => GraphQLSafeInt, percentile('95 %'))
  p95!: bigint;

  @Field(() => GraphQLSafeInt, percentile('99 %'))
  p99!: bigint;

  @Field(() => GraphQLSafeInt, { description: 'Charged turns of the busiest client.' })
  max!: bigint;

  @Field(() => GraphQLDecimal, {
    description: 'Charged turns a client on average, at most two decimals, rounded half away from zero.',
  })
  mean!: string;

  @Field(() => GraphQLDecimal, {
    description:
      'The part of all turns that the busiest tenth of the clients has, rounded up to whole clients; 0 to 1, at most four decimals.',
  })
  topTenthShare!: string;
}

@ObjectType('Cohort', {
  description:
    'The clients whose first charged turn ever was in one month. month 0 is the first month itself: retained[0] = clients.',
  simpleResolvers: true,
})
export class Cohort implements CohortRow {
  @Field(() => GraphQLYearMonth, { description: "The month of their first turn, of the workspace's zone." })
  month!: string;

  @Field(() => GraphQLSafeInt, { description: 'How many they are.' })
  clients!: bigint;

  @Field(() => [GraphQLSafeInt], {
    description:
      'How many of them came in this month, the next one and so on: up to the last month asked for, or the running one.',
  })
  retained!: bigint[];
}
