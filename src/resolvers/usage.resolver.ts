// The usage report: one scope, and a field for each question about it.
import { Arg, Args, Ctx, FieldResolver, Int, Query, Resolver, Root } from 'type-graphql';
import { findBreakdown } from '../services/analytics/breakdown';
import { findPreviousFigures } from '../services/analytics/customer-usage';
import { findDistribution } from '../services/analytics/distribution';
import { findForecast } from '../services/analytics/forecast';
import { findGrowth } from '../services/analytics/growth';
import { findHeatmap } from '../services/analytics/heatmap';
import { findClientMargin, findMargin } from '../services/analytics/margin';
import { findMovement } from '../services/analytics/movement';
import { findHeatmapOutcomes, findOutcomes, findTimelineOutcomes } from '../services/analytics/outcomes';
import { findPeakHours } from '../services/analytics/peak-hours';
import { findRetention } from '../services/analytics/retention';
import { findScope } from '../services/analytics/scope';
import { findTimeline, findTimelineClients } from '../services/analytics/timeline';
import { findTopClients, listClients, listClientsIn } from '../services/analytics/top-clients';
import { findTotals } from '../services/analytics/totals';
import { getCallersWorkspace } from '../services/workspaces/workspaces';
import type { GrowthBasis, TimelineInterval } from '../values/period';
import type { GraphQLContext } from './context';
import { GraphQLSafeInt } from './scalars/safe-int';
import {
  BreakdownArgs,
  ClientsArgs,
  ClientsInArgs,
  DEFAULTS,
  RetentionArgs,
  TopClientsArgs,
  UsageArgs,
} from './types/arguments';
import { BreakdownRow } from './types/breakdown';
import { ClientDistribution, ClientMovement, Cohort } from './types/client-movement';
import { ClientFigures, ClientUsage, ClientUsageConnection } from './types/client-usage';
import { mapPage } from './types/connection';
import { GrowthBasisEnum, TimelineIntervalEnum } from './types/enums';
import { Growth } from './types/growth';
import { Margin } from './types/margin';
import { Forecast, HeatmapCell, HourUsage, OutcomeCount, TimelinePoint } from './types/usage-patterns';
import { UsageReport } from './types/usage-report';
import { UsageTotals } from './types/usage-totals';

@Resolver(() => UsageReport)
export class UsageResolver {
  @Query(() => UsageReport, {
    description: "One workspace's usage in one period. All parts agree to the last micro-unit.",
  })
  async usage(
    @Args(() => UsageArgs) { workspaceId, period, timeZone }: UsageArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<UsageReport> {
    return UsageReport.of(await findScope(snapshot, workspaceId, { period, timeZone }, snapshot.asOf));
  }

  @Query(() => [Cohort], {
    description:
      'One cohort for each month: the clients whose first charged turn was in that month, and how many of them had charged turns in each month after. from and to are both included; at most 60 months.',
  })
  async retention(
    @Args(() => RetentionArgs) { workspaceId, from, to }: RetentionArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<Cohort[]> {
    const workspace = await getCallersWorkspace(snapshot, workspaceId, snapshot.asOf);
    return findRetention(snapshot, workspace, { from, to }, snapshot.asOf);
  }

  @FieldResolver(() => UsageTotals, { description: 'The totals of the period.' })
  async totals(@Root() { scope }: UsageReport, @Ctx() { snapshot }: GraphQLContext): Promise<UsageTotals> {
    return UsageTotals.of(await findTotals(snapshot, scope), scope.workspace.currency);
  }

  @FieldResolver(() => Growth, { description: 'The change against an earlier range.' })
  async growth(
    @Root() { scope }: UsageReport,
    @Arg('basis', () => GrowthBasisEnum, {
      nullable: true,
      defaultValue: DEFAULTS.basis,
      description: 'What the period is compared with.',
    })
    basis: GrowthBasis | null,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<Growth> {
    return Growth.of(await findGrowth(snapshot, scope, basis ?? DEFAULTS.basis), scope);
  }

  @FieldResolver(() => [ClientUsage], {
    description:
      'The biggest clients, highest first; equal ones by name, then id. Equal clients share a rank (1, 2, 2, 4).',
  })
  async topClients(
    @Root() { scope }: UsageReport,
    @Args(() => TopClientsArgs) { limit, orderBy }: TopClientsArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<ClientUsage[]> {
    const clients = await findTopClients(
      snapshot,
      scope,
      limit ?? DEFAULTS.topClients,
      orderBy ?? DEFAULTS.orderBy,
    );
    return clients.map((client) => ClientUsage.of(client, scope));
  }

  @FieldResolver(() => ClientUsageConnection, {
    description: 'Every client with usage, in the order of topClients, with paging (Relay connection).',
  })
  async clients(
    @Root() { scope }: UsageReport,
    @Args(() => ClientsArgs) { first, after, orderBy }: ClientsArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<InstanceType<typeof ClientUsageConnection>> {
    const query = { first: first ?? DEFAULTS.first, after, order: orderBy ?? DEFAULTS.orderBy };
    const page = await listClients(snapshot, scope, query);
    return new ClientUsageConnection(mapPage(page, (client) => ClientUsage.of(client, scope)));
  }

  @FieldResolver(() => ClientMovement, {
    description: 'How many clients are new, returning, reactivated or lost, compared with the earlier range.',
  })
  async clientMovement(
    @Root() { scope }: UsageReport,
    @Arg('basis', () => GrowthBasisEnum, {
      nullable: true,
      defaultValue: DEFAULTS.movementBasis,
      description:
        'What the period is compared with. Default: the whole period before, since a part of it would leave out clients who came late in it. While the period runs, lost includes clients who have not come yet.',
    })
    basis: GrowthBasis | null,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<ClientMovement> {
    const movement = await findMovement(snapshot, scope, basis ?? DEFAULTS.movementBasis);
    return ClientMovement.of(movement, scope.asOf);
  }

  @FieldResolver(() => ClientUsageConnection, {
    description:
      'The clients of one segment, in the order of topClients. rank is their place in the segment. LOST clients have figures of the earlier range, and share is their part of that range.',
  })
  async clientsIn(
    @Root() { scope }: UsageReport,
    @Args(() => ClientsInArgs) { segment, basis, first, after }: ClientsInArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<InstanceType<typeof ClientUsageConnection>> {
    const query = { segment, basis: basis ?? DEFAULTS.movementBasis, first: first ?? DEFAULTS.first, after };
    const page = await listClientsIn(snapshot, scope, query);
    return new ClientUsageConnection(mapPage(page, (client) => ClientUsage.of(client, scope)));
  }

  @FieldResolver(() => ClientDistribution, {
    description: 'How charged turns are distributed over the clients.',
  })
  distribution(
    @Root() { scope }: UsageReport,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<ClientDistribution> {
    return findDistribution(snapshot, scope);
  }

  @FieldResolver(() => [BreakdownRow], {
    description:
      "The period's totals by one property of the turns, highest cost first; equal ones by value. After the values come REST, OTHER and NONE, each only if it has turns. The rows add up to totals.",
  })
  async breakdown(
    @Root() { scope }: UsageReport,
    @Args(() => BreakdownArgs) { by, limit }: BreakdownArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<BreakdownRow[]> {
    const rows = await findBreakdown(snapshot, scope, by, limit ?? DEFAULTS.breakdown);
    return rows.map((row) => BreakdownRow.of(row, scope.workspace.currency));
  }

  @FieldResolver(() => HourUsage, {
    nullable: true,
    description: 'The busiest hour of the day; of equal hours, the earlier one. Null without usage.',
  })
  async peakHour(
    @Root() { scope }: UsageReport,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<HourUsage | null> {
    const [busiest] = await findPeakHours(snapshot, scope, 1);
    return busiest ? HourUsage.of(busiest, scope.workspace.currency) : null;
  }

  @FieldResolver(() => [HourUsage], { description: 'The hours of the day that have usage, busiest first.' })
  async peakHours(
    @Root() { scope }: UsageReport,
    @Arg('limit', () => Int, {
      nullable: true,
      defaultValue: DEFAULTS.peakHours,
      description: 'How many, 1 to 24.',
    })
    limit: number | null,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<HourUsage[]> {
    const hours = await findPeakHours(snapshot, scope, limit ?? DEFAULTS.peakHours);
    return hours.map((hour) => HourUsage.of(hour, scope.workspace.currency));
  }

  @FieldResolver(() => [HeatmapCell], {
    description: 'Usage by weekday and hour: 168 cells, Monday 0h first.',
  })
  async heatmap(@Root() { scope }: UsageReport, @Ctx() { snapshot }: GraphQLContext): Promise<HeatmapCell[]> {
    const cells = await findHeatmap(snapshot, scope);
    return cells.map((cell) => HeatmapCell.of(cell, scope));
  }

  @FieldResolver(() => [TimelinePoint], {
    description:
      'Usage over time, without gaps: a bucket without usage has zeros. Days of 23 and 25 hours are correct. It ends with the bucket that holds asOf, or the last one with a turn; at most 2 000 points.',
  })
  async timeline(
    @Root() { scope }: UsageReport,
    @Arg('interval', () => TimelineIntervalEnum, {
      nullable: true,
      defaultValue: DEFAULTS.interval,
      description: "The buckets' length.",
    })
    interval: TimelineInterval | null,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<TimelinePoint[]> {
    const series = { scope, interval: interval ?? DEFAULTS.interval };
    const points = await findTimeline(snapshot, scope, series.interval);
    return points.map((point, index) => TimelinePoint.of(point, index, series));
  }

  @FieldResolver(() => [OutcomeCount], {
    description: 'Saved turns by outcome: what was charged, what was not, and why.',
  })
  outcomes(@Root() { scope }: UsageReport, @Ctx() { snapshot }: GraphQLContext): Promise<OutcomeCount[]> {
    return findOutcomes(snapshot, scope);
  }

  @FieldResolver(() => Forecast, {
    nullable: true,
    description:
      'The totals that the running period will reach at the present pace. Null for a complete period, and before a day has passed.',
  })
  async forecast(
    @Root() { scope }: UsageReport,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<Forecast | null> {
    const forecast = await findForecast(snapshot, scope);
    return forecast && Forecast.of(forecast, scope.workspace.currency);
  }

  @FieldResolver(() => Margin, {
    nullable: true,
    description: 'What was charged less what all saved turns cost; null when no cost is known.',
  })
  async margin(@Root() { scope }: UsageReport, @Ctx() { snapshot }: GraphQLContext): Promise<Margin | null> {
    const margin = await findMargin(snapshot, scope);
    return margin && Margin.of(margin, scope.workspace.currency);
  }
}

@Resolver(() => ClientUsage)
export class ClientUsageResolver {
  @FieldResolver(() => ClientFigures, {
    description: 'The same client in the range that growth compares with. A whole list takes one statement.',
  })
  async previous(
    @Root() { scope, customer }: ClientUsage,
    @Arg('basis', () => GrowthBasisEnum, {
      nullable: true,
      defaultValue: DEFAULTS.basis,
      description: 'What the period is compared with.',
    })
    basis: GrowthBasis | null,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<ClientFigures> {
    const figures = await findPreviousFigures(snapshot, scope, basis ?? DEFAULTS.basis, customer.id);
    return ClientFigures.of(figures, scope.workspace.currency);
  }

  @FieldResolver(() => Margin, {
    nullable: true,
    description:
      "What was charged to this client less what the client's saved turns cost, of the same range as cost; null when no cost of the client is known. A whole list takes two statements.",
  })
  async margin(
    @Root() { scope, range, customer, messages, costMicros }: ClientUsage,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<Margin | null> {
    const charges = { customerId: customer.id, messages, costMicros };
    const margin = await findClientMargin(snapshot, scope, range, charges);
    return margin && Margin.of(margin, scope.workspace.currency);
  }
}

@Resolver(() => TimelinePoint)
export class TimelinePointResolver {
  @FieldResolver(() => GraphQLSafeInt, { nullable: true, description: 'Distinct clients; null for HOUR.' })
  async activeClients(
    @Root() { series, index }: TimelinePoint,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<bigint | null> {
    const clients = await findTimelineClients(snapshot, series.scope, series.interval);
    return clients?.[index] ?? null;
  }

  @FieldResolver(() => [OutcomeCount], {
    description: 'Saved turns of this bucket by outcome, as in UsageReport.outcomes.',
  })
  async outcomes(
    @Root() { series, index }: TimelinePoint,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<OutcomeCount[]> {
    return (await findTimelineOutcomes(snapshot, series.scope, series.interval))[index] ?? [];
  }
}

@Resolver(() => HeatmapCell)
export class HeatmapCellResolver {
  @FieldResolver(() => [OutcomeCount], {
    description: 'Saved turns of this weekday and hour by outcome, as in UsageReport.outcomes.',
  })
  async outcomes(
    @Root() { scope, weekday, hour }: HeatmapCell,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<OutcomeCount[]> {
    return (await findHeatmapOutcomes(snapshot, scope))[(weekday - 1) * 24 + hour] ?? [];
  }
}
