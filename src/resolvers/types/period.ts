import { Field, InputType, ObjectType } from 'type-graphql';
import {
  isComplete,
  type PeriodChoice,
  type PeriodPreset,
  type Period as ResolvedPeriod,
} from '../../values/period';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLLocalDate } from '../scalars/local-date';
import { GraphQLTimeZone } from '../scalars/time-zone';
import { GraphQLYearMonth } from '../scalars/year-month';
import { PeriodPresetEnum } from './enums';

@InputType('PeriodInput', {
  description:
    'Which period. Give one of: preset; month; from and to; firstDay and lastDay. Default: THIS_MONTH.',
})
export class PeriodInput implements PeriodChoice {
  @Field(() => PeriodPresetEnum, { nullable: true, description: 'A period relative to now.' })
  preset?: PeriodPreset | null;

  @Field(() => GraphQLYearMonth, {
    nullable: true,
    description: "A calendar month of the query's time zone, such as 2025-01.",
  })
  month?: string | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'The first instant of a free period, included. Give "to" as well.',
  })
  from?: Date | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'The end of a free period, excluded. It lies after "from", by at most 20 years.',
  })
  to?: Date | null;

  @Field(() => GraphQLLocalDate, {
    nullable: true,
    description:
      "The first local day of the query's time zone, included. Needs lastDay; instead of preset, month, from and to.",
  })
  firstDay?: string | null;

  @Field(() => GraphQLLocalDate, {
    nullable: true,
    description: 'The last local day, included. Needs firstDay.',
  })
  lastDay?: string | null;
}

@ObjectType('Period', {
  description:
    'A period as instants: from is included, to is excluded. A running period is whole: it reaches to its end.',
  simpleResolvers: true,
})
export class Period {
  @Field(() => GraphQLDateTime, { description: 'The first instant, included.' })
  from!: Date;

  @Field(() => GraphQLDateTime, { description: 'The end, excluded.' })
  to!: Date;

  @Field(() => GraphQLTimeZone, {
    description: "The zone of its days, weeks and months: the query's, or else the workspace's.",
  })
  timeZone!: string;

  @Field(() => Boolean, { description: 'False while the period still runs.' })
  complete!: boolean;

  static of(period: ResolvedPeriod, asOf: Date): Period {
    const { from, to, timeZone } = period;
    return { from, to, timeZone, complete: isComplete(period, asOf) };
  }
}
