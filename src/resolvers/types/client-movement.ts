// New, returning, reactivated and lost clients, and how usage is distributed over the clients.
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
    'The number of clients in each segment. new + returning + reactivated is the number of clients of the period.',
  simpleResolvers: true,
})
export class ClientMovement {
  @Field(() => Period, { description: 'The earlier range that the period is compared with.' })
  comparedTo!: Period;

  @Field(() => GraphQLSafeInt, { description: 'Their first charged turn ever is in the period.' })
  new!: bigint;

  @Field(() => GraphQLSafeInt, { description: 'Charged in the period and in comparedTo.' })
  returning!: bigint;

  @Field(() => GraphQLSafeInt, {
    description: 'Charged in the period and at some time before comparedTo, but not in comparedTo.',
  })
  reactivated!: bigint;

  @Field(() => GraphQLSafeInt, { description: 'Charged in comparedTo, but not in the period.' })
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
    'How many charged turns each client has. Percentiles are over the clients with usage, by nearest rank. Without clients all figures are 0.',
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
    description: 'Charged turns per client on average, at most two decimals, rounded half away from zero.',
  })
  mean!: string;

  @Field(() => GraphQLDecimal, {
    description:
      'The share of all charged turns that belongs to the busiest tenth of the clients (rounded up to whole clients); 0 to 1, at most four decimals.',
  })
  topTenthShare!: string;
}

@ObjectType('Cohort', {
  description:
    'The clients whose first charged turn ever was in one month. retained[0] is that month itself, so it equals clients.',
  simpleResolvers: true,
})
export class Cohort implements CohortRow {
  @Field(() => GraphQLYearMonth, {
    description: "The month of their first charged turn, in the workspace's zone.",
  })
  month!: string;

  @Field(() => GraphQLSafeInt, { description: 'The number of these clients.' })
  clients!: bigint;

  @Field(() => [GraphQLSafeInt], {
    description:
      'How many of them had a charged turn in this month, in the next one and so on, up to the last requested month or the running one.',
  })
  retained!: bigint[];
}
