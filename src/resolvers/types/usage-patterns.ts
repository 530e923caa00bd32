// When usage happens, its outcomes, and its forecast.
import { Field, Int, ObjectType } from 'type-graphql';
import type { Forecast as ForecastRow } from '../../services/analytics/forecast';
import type { HeatmapCell as CellRow } from '../../services/analytics/heatmap';
import type { HourUsage as HourRow } from '../../services/analytics/peak-hours';
import type { UsageScope } from '../../services/analytics/scope';
import type { TimelinePoint as PointRow } from '../../services/analytics/timeline';
import type { TrackingOutcome } from '../../services/turns/tracking';
import type { TimelineInterval } from '../../values/period';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLDecimal } from '../scalars/decimal';
import { GraphQLSafeInt } from '../scalars/safe-int';
import { TrackingOutcomeEnum } from './enums';
import { Money } from './money';

const CHARGED = { description: 'Charged turns.' };
const COST = { description: 'The sum of their charges.' };

@ObjectType('HourUsage', {
  description: 'The usage of one hour of the day.',
  simpleResolvers: true,
})
export class HourUsage {
  @Field(() => Int, { description: "0 to 23 on the local clock of the query's time zone." })
  hour!: number;

  @Field(() => String, { description: 'The hour as people write it: "14:00" is 14:00 to 15:00.' })
  label!: string;

  @Field(() => GraphQLSafeInt, CHARGED)
  messages!: bigint;

  @Field(() => Money, COST)
  cost!: Money;

  @Field(() => GraphQLDecimal, {
    description: "The fraction of the period's charged turns, 0 to 1, at most four decimals.",
  })
  share!: string;

  static of({ hour, label, messages, costMicros, share }: HourRow, currency: string): HourUsage {
    return { hour, label, messages, cost: Money.of(costMicros, currency), share };
  }
}

@ObjectType('HeatmapCell', { description: 'The usage of one hour of the week.', simpleResolvers: true })
export class HeatmapCell {
  @Field(() => Int, { description: '1 (Monday) to 7 (Sunday).' })
  weekday!: number;

  @Field(() => Int, { description: "0 to 23 on the local clock of the query's time zone." })
  hour!: number;

  @Field(() => GraphQLSafeInt, CHARGED)
  messages!: bigint;

  @Field(() => Money, COST)
  cost!: Money;

  @Field(() => Int, {
    description:
      'How many times this weekday and hour occurred in the period up to asOf: divide by it to get an average. An hour that a clock change repeats counts twice.',
  })
  occurrences!: number;

  /**
   * The heatmap that the cell belongs to: the outcomes of all its cells are counted at once, when they are asked for.
   */
  scope!: UsageScope;

  static of(cell: CellRow, scope: UsageScope): HeatmapCell {
    const { weekday, hour, messages, costMicros, occurrences } = cell;
    const cost = Money.of(costMicros, scope.workspace.currency);
    return { weekday, hour, messages, cost, occurrences, scope };
  }
}

@ObjectType({ simpleResolvers: true })
abstract class Bucket {
  @Field(() => GraphQLDateTime, { description: 'The first instant, included.' })
  from!: Date;

  @Field(() => GraphQLDateTime, { description: 'The end, excluded: the next bucket starts here.' })
  to!: Date;

  @Field(() => GraphQLSafeInt, CHARGED)
  messages!: bigint;

  @Field(() => Money, COST)
  cost!: Money;
}

/** Which timeline a point belongs to. */
export interface TimelineSeries {
  scope: UsageScope;
  interval: TimelineInterval;
}

@ObjectType('TimelinePoint', { description: 'One bucket of the timeline.', simpleResolvers: true })
export class TimelinePoint extends Bucket {
  /**
   * The timeline that the point belongs to: the clients of all its points are counted at once, when they are asked for.
   */
  series!: TimelineSeries;
  index!: number;

  static of(point: PointRow, index: number, series: TimelineSeries): TimelinePoint {
    const { from, to, messages, costMicros } = point;
    return { from, to, messages, cost: Money.of(costMicros, series.scope.workspace.currency), series, index };
  }
}

@ObjectType('CustomerTimelinePoint', {
  description: "One bucket of a client's timeline.",
  simpleResolvers: true,
})
export class CustomerTimelinePoint extends Bucket {
  static of({ from, to, messages, costMicros }: PointRow, currency: string): CustomerTimelinePoint {
    return { from, to, messages, cost: Money.of(costMicros, currency) };
  }
}

@ObjectType('OutcomeCount', {
  description:
    'How many saved turns have one outcome. Every outcome is listed, even with 0; together they are all saved turns.',
  simpleResolvers: true,
})
export class OutcomeCount {
  @Field(() => TrackingOutcomeEnum, { description: 'The outcome.' })
  outcome!: TrackingOutcome;

  @Field(() => GraphQLSafeInt, { description: 'Saved turns with this outcome.' })
  messages!: bigint;
}

@ObjectType('Forecast', {
  description:
    'The totals at the end of the period at the present pace: what was counted so far, divided by the elapsed share of the period.',
  simpleResolvers: true,
})
export class Forecast {
  @Field(() => Money, { description: 'The cost at the end of the period.' })
  cost!: Money;

  @Field(() => GraphQLSafeInt, { description: 'The charged turns at the end of the period.' })
  messages!: bigint;

  static of({ costMicros, messages }: ForecastRow, currency: string): Forecast {
    return { cost: Money.of(costMicros, currency), messages };
  }
}
