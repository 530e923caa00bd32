// Arguments of queries. As classes, since parameters of a method would come out in reverse order in the schema.
import { ArgsType, Field, type FieldOptions, ID, Int } from 'type-graphql';
import type { ClientSegment } from '../../services/analytics/movement';
import type { ClientOrder } from '../../services/analytics/top-clients';
import type { Dimension } from '../../services/roll-ups/dimensions';
import type { TrackingOutcome } from '../../services/turns/tracking';
import type { GrowthBasis, TimelineInterval } from '../../values/period';
import { GraphQLTimeZone } from '../scalars/time-zone';
import { GraphQLYearMonth } from '../scalars/year-month';
import {
  ClientOrderEnum,
  ClientSegmentEnum,
  DimensionEnum,
  GrowthBasisEnum,
  TimelineIntervalEnum,
  TrackingOutcomeEnum,
} from './enums';
import { PeriodInput } from './period';

/** The value of an argument that the caller leaves out. null counts as left out, so resolvers apply these too. */
export const DEFAULTS = {
  first: 50,
  topClients: 10,
  peakHours: 24,
  orderBy: 'COST',
  basis: 'SAME_ELAPSED',
  interval: 'DAY',
  customerInterval: 'MONTH',
  movementBasis: 'FULL_PREVIOUS',
  breakdown: 20,
} as const satisfies Record<string, number | ClientOrder | GrowthBasis | TimelineInterval>;

export const WORKSPACE_ID: FieldOptions = { description: 'Which workspace. The token must be for it.' };

const PERIOD: FieldOptions = { nullable: true, description: 'Which period. Default: THIS_MONTH.' };

const TIME_ZONE: FieldOptions = {
  nullable: true,
  description: "The zone of the period's days, weeks and months. Default: the workspace's zone.",
};

const CUSTOMER_ID: FieldOptions = { nullable: true, description: 'Only this customer. Default: all.' };

export const FIRST: FieldOptions = {
  nullable: true,
  defaultValue: DEFAULTS.first,
  description: 'How many rows, 1 to 100.',
};

export const AFTER: FieldOptions = {
  nullable: true,
  description:
    'A cursor of this list: returns the rows after it. It contains the other arguments, so they can be left out.',
};

const ORDER_BY: FieldOptions = {
  nullable: true,
  defaultValue: DEFAULTS.orderBy,
  description: 'The measure that orders the clients, highest first.',
};

@ArgsType()
export class PeriodArgs {
  @Field(() => PeriodInput, PERIOD)
  period?: PeriodInput | null;

  @Field(() => GraphQLTimeZone, TIME_ZONE)
  timeZone?: string | null;
}

@ArgsType()
export class UsageArgs {
  @Field(() => ID, WORKSPACE_ID)
  workspaceId!: string;

  @Field(() => PeriodInput, PERIOD)
  period?: PeriodInput | null;

  @Field(() => GraphQLTimeZone, TIME_ZONE)
  timeZone?: string | null;
}

@ArgsType()
export class UsageRecordsArgs extends UsageArgs {
  @Field(() => ID, CUSTOMER_ID)
  customerId?: string | null;

  @Field(() => Int, FIRST)
  first?: number | null;

  @Field(() => String, AFTER)
  after?: string | null;
}

@ArgsType()
export class MessagesArgs extends UsageArgs {
  @Field(() => ID, CUSTOMER_ID)
  customerId?: string | null;

  @Field(() => TrackingOutcomeEnum, {
    nullable: true,
    description: 'Only turns with this outcome. Default: all.',
  })
  outcome?: TrackingOutcome | null;

  @Field(() => Int, FIRST)
  first?: number | null;

  @Field(() => String, AFTER)
  after?: string | null;
}

@ArgsType()
export class CustomersArgs {
  @Field(() => ID, WORKSPACE_ID)
  workspaceId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Only customers with this text in their name, phone number or WhatsApp user id.',
  })
  search?: string | null;

  @Field(() => Int, FIRST)
  first?: number | null;

  @Field(() => String, AFTER)
  after?: string | null;
}

@ArgsType()
export class WorkspacePageArgs {
  @Field(() => ID, WORKSPACE_ID)
  workspaceId!: string;

  @Field(() => Int, FIRST)
  first?: number | null;

  @Field(() => String, AFTER)
  after?: string | null;
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, FIRST)
  first?: number | null;

  @Field(() => String, AFTER)
  after?: string | null;
}

@ArgsType()
export class CustomerArgs {
  @Field(() => ID, WORKSPACE_ID)
  workspaceId!: string;

  @Field(() => ID, { description: 'Which customer.' })
  id!: string;
}

@ArgsType()
export class CustomerTimelineArgs {
  @Field(() => PeriodInput, {
    nullable: true,
    description: 'Which period. Default: the last 12 months, including the running one.',
  })
  period?: PeriodInput | null;

  @Field(() => TimelineIntervalEnum, {
    nullable: true,
    defaultValue: DEFAULTS.customerInterval,
    description: "The buckets' length: DAY, WEEK or MONTH.",
  })
  interval?: TimelineInterval | null;
}

@ArgsType()
export class TopClientsArgs {
  @Field(() => Int, { nullable: true, defaultValue: DEFAULTS.topClients, description: 'How many, 1 to 100.' })
  limit?: number | null;

  @Field(() => ClientOrderEnum, ORDER_BY)
  orderBy?: ClientOrder | null;
}

@ArgsType()
export class ClientsArgs {
  @Field(() => Int, FIRST)
  first?: number | null;

  @Field(() => String, AFTER)
  after?: string | null;

  @Field(() => ClientOrderEnum, ORDER_BY)
  orderBy?: ClientOrder | null;
}

@ArgsType()
export class ClientsInArgs {
  @Field(() => ClientSegmentEnum, { description: 'Which segment.' })
  segment!: ClientSegment;

  @Field(() => GrowthBasisEnum, {
    nullable: true,
    defaultValue: DEFAULTS.movementBasis,
    description: 'What the period is compared with.',
  })
  basis?: GrowthBasis | null;

  @Field(() => Int, FIRST)
  first?: number | null;

  @Field(() => String, AFTER)
  after?: string | null;
}

@ArgsType()
export class BreakdownArgs {
  @Field(() => DimensionEnum, { description: 'By which property.' })
  by!: Dimension;

  @Field(() => Int, {
    nullable: true,
    defaultValue: DEFAULTS.breakdown,
    description: 'How many values at most, 1 to 200; REST has the others.',
  })
  limit?: number | null;
}

@ArgsType()
export class RetentionArgs {
  @Field(() => ID, WORKSPACE_ID)
  workspaceId!: string;

  @Field(() => GraphQLYearMonth, { description: "The first month, included, in the workspace's zone." })
  from!: string;

  @Field(() => GraphQLYearMonth, { description: 'The last month, included; at most 60 months in all.' })
  to!: string;
}
