// The usage report: one scope, and a field for each question about it.
import { Arg, Args, Ctx, FieldResolver, Int, Query, Resolver, Root } from 'type-graphql';
import { findPreviousFigures } from '../services/analytics/customer-usage';
import { findDistribution } from '../services/analytics/distribution';
import { findForecast } from '../services/analytics/forecast';
import { findGrowth } from '../services/analytics/growth';
import { findHeatmap } from '../services/analytics/heatmap';
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
  ClientsArgs,
  ClientsInArgs,
  DEFAULTS,
  RetentionArgs,
  TopClientsArgs,
  UsageArgs,
} from './types/arguments';
import { ClientDistribution, ClientMovement, Cohort } from './types/client-movement';
import { ClientFigures, ClientUsage, ClientUsageConnection } from './types/client-usage';
import { mapPage } from './types/connection';
import { GrowthBasisEnum, TimelineIntervalEnum } from './types/enums';
import { Growth } from './types/growth';
import { Forecast, HeatmapCell, HourUsage, OutcomeCount, TimelinePoint } from './types/usage-patterns';
import { UsageReport } from './types/usage-report';
import { UsageTotals } from './types/usage-totals';

@Resolver(() => UsageReport)
export class UsageResolver {
  @Query(() => UsageReport, {
    description:
      "Everything about one workspace's usage in one period. All parts agree with each other to the last micro-unit.",
  })
  async usage(
    @Args(() => UsageArgs) { workspaceId, period, timeZone }: UsageArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<UsageReport> {
    return UsageReport.of(await findScope(snapshot, workspaceId, { period, timeZone }, snapshot.asOf));
  }

  @Query(() => [Cohort], {
    description:
      'Of the clients whose first charged turn was in a month, how many came in each month after: one cohort a row. from and to are both included; at most 60 months.',
  })
  async retention(
    @Args(() => RetentionArgs) { workspaceId, from, to }: RetentionArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<Cohort[]> {
    const workspace = await getCallersWorkspace(snapshot, workspaceId, snapshot.asOf);
    return findRetention(snapshot, workspace, { from, to }, snapshot.asOf);
  }

  @FieldResolver(() => UsageTotals, { description: 'What the period adds up to.' })
  async totals(@Root() { scope }: UsageReport, @Ctx() { snapshot }: GraphQLContext): Promise<UsageTotals> {
    return UsageTotals.of(await findTotals(snapshot, scope), scope.workspace.currency);
  }

  @FieldResolver(() => Growth, { description: 'Is it more than before, fairly compared?' })
  async growth(
    @Root() { scope }: UsageReport,
    @Arg('basis', () => GrowthBasisEnum, {
      nullable: true,
      defaultValue: DEFAULTS.basis,
      description: 'What it is compared with.',
    })
    basis: GrowthBasis | null,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<Growth> {
    return Growth.of(await findGrowth(snapshot, scope, basis ?? DEFAULTS.basis), scope);
  }

  @FieldResolver(() => [ClientUsage], {
    description: 'Highest first; ties by name, then id. rank is shared by ties (1, 2, 2, 4).',
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
    description: 'Every client with usage, with paging (Relay connection), in the same order as topClients.',
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
    description: 'Who came, stayed, came back and left, against the stretch that growth compares with.',
  })
  async clientMovement(
    @Root() { scope }: UsageReport,
    @Arg('basis', () => GrowthBasisEnum, {
      nullable: true,
      defaultValue: DEFAULTS.movementBasis,
      description:
        'What the period is compared with. By default the whole one before: a part of it leaves out who came late in it. While the period runs, lost has those who have not come yet.',
    })
    basis: GrowthBasis | null,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<ClientMovement> {
    const movement = await findMovement(snapshot, scope, basis ?? DEFAULTS.movementBasis);
    return ClientMovement.of(movement, scope.asOf);
  }

  @FieldResolver(() => ClientUsageConnection, {
    description:
      'Clients of one segment, in the order of topClients. rank is their place in the segment; LOST ones have the figures of the stretch before, and their share is of that.',
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
    description: 'How turns spread over the clients that have any.',
  })
  distribution(
    @Root() { scope }: UsageReport,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<ClientDistribution> {
    return findDistribution(snapshot, scope);
  }

  @FieldResolver(() => HourUsage, {
    nullable: true,
    description: 'The busiest hour of the day, null when there is no usage; ties go to the earlier hour.',
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

  @FieldResolver(() => [HeatmapCell], { description: 'Weekday by hour, 168 cells, Monday 0h first.' })
  async heatmap(@Root() { scope }: UsageReport, @Ctx() { snapshot }: GraphQLContext): Promise<HeatmapCell[]> {
    const cells = await findHeatmap(snapshot, scope);
    return cells.map((cell) => HeatmapCell.of(cell, scope));
  }

  @FieldResolver(() => [TimelinePoint], {
    description:
      'Gapless: a bucket without usage is there with zeros. Days of 23 and 25 hours are right. Ends with the bucket that holds asOf; at most 2 000 points.',
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
      'Where the running period will end at this pace; null for a complete period or one with too little to tell.',
  })
  async forecast(
    @Root() { scope }: UsageReport,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<Forecast | null> {
    const forecast = await findForecast(snapshot, scope);
    return forecast && Forecast.of(forecast, scope.workspace.currency);
  }
}

@Resolver(() => ClientUsage)
export class ClientUsageResolver {
  @FieldResolver(() => ClientFigures, {
    description: 'The same client in the stretch that growth compares with (batched).',
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
