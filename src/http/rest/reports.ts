// The two reports as JSON: GraphQL's figures in a fixed form.
import { type DocumentNode, parse } from 'graphql';
import type { Snapshot } from '../../database/snapshot';
import { badInput } from '../../errors';
import { findForecast } from '../../services/analytics/forecast';
import { findGrowth, percentOf } from '../../services/analytics/growth';
import { findHeatmap } from '../../services/analytics/heatmap';
import { findMargin } from '../../services/analytics/margin';
import { findOutcomes } from '../../services/analytics/outcomes';
import { findPeakHours } from '../../services/analytics/peak-hours';
import { findScope, type ScopeChoice, type UsageScope } from '../../services/analytics/scope';
import { findTimeline, findTimelineClients } from '../../services/analytics/timeline';
import { findTopClients } from '../../services/analytics/top-clients';
import { averageCost, findTotals } from '../../services/analytics/totals';
import { formatMicros } from '../../values/money';
import { TIMELINE_INTERVALS, type TimelineInterval } from '../../values/period';
import { formatInstant } from '../../values/time';
import { allow, choiceOf, one, oneOf, PERIOD_PARAMETERS, type RestQuery } from './parameters';

/** The variables of the GraphQL query that correspond to the URL's parameters. */
interface Asked {
  readonly choice: ScopeChoice;
  readonly interval: TimelineInterval;
  readonly limit: number;
}

export interface Report {
  /** The same report as a GraphQL query, to compute its cost. */
  readonly question: DocumentNode;
  /** Throws BAD_USER_INPUT for unknown parameters. */
  readonly ask: (query: RestQuery) => Asked;
  readonly answer: (snapshot: Snapshot, workspaceId: string, asked: Asked) => Promise<object>;
}

const HEAD = `asOf workspace { id name } period { from to timeZone complete }
  totals { cost { amount currency } messages activeClients averageCostPerClient { amount currency } firstAt lastAt }
  margin { revenue { amount currency } llmCost { amount currency } channelCost { amount currency } margin { amount currency } coverage }`;
const CLIENT = 'rank customer { id name } cost { amount currency } messages share lastAt';
const HOURS = 'peakHours { hour label messages cost { amount currency } share }';
const TIMELINE = 'from to messages cost { amount currency } activeClients';
const CHANGE = 'current previous change percent';
const ASKED = 'workspaceId: $workspaceId, period: $period, timeZone: $timeZone';

/** docs/rest.md: totals, growth, top clients, peak hours, timeline, forecast. */
export const DASHBOARD: Report = {
  question: parse(`query ($workspaceId: ID!, $period: PeriodInput, $timeZone: TimeZone) { usage(${ASKED}) {
    ${HEAD} growth {
      comparedTo { from to } messages { ${CHANGE} } activeClients { ${CHANGE} }
      cost { current { amount currency } previous { amount currency } change { amount currency } percent } }
    topClients(limit: 10) { ${CLIENT} } ${HOURS} timeline { ${TIMELINE} }
    forecast { cost { amount currency } messages } } }`),
  ask: (query) => {
    allow(query, PERIOD_PARAMETERS);
    return { choice: choiceOf(query), interval: 'DAY', limit: 10 };
  },
  answer: dashboard,
};

/** docs/rest.md: timeline by interval, hours, heatmap, clients, outcomes. */
export const STATS: Report = {
  question:
    parse(`query ($workspaceId: ID!, $period: PeriodInput, $timeZone: TimeZone, $interval: TimelineInterval, $limit: Int) {
    usage(${ASKED}) { ${HEAD} timeline(interval: $interval) { ${TIMELINE} } ${HOURS}
    heatmap { weekday hour messages cost { amount currency } }
    topClients(limit: $limit) { ${CLIENT} } outcomes { outcome messages } } }`),
  ask: (query) => {
    allow(query, [...PERIOD_PARAMETERS, 'interval', 'limit']);
    const limit = one(query, 'limit') ?? '100';
    if (!/^\d{1,9}$/.test(limit))
      throw badInput(`limit must be a whole number; got ${JSON.stringify(limit)}.`);
    const interval = oneOf('interval', one(query, 'interval')?.toUpperCase(), TIMELINE_INTERVALS) ?? 'DAY';
    return { choice: choiceOf(query), interval, limit: Number(limit) };
  },
  answer: stats,
};

async function dashboard(
  snapshot: Snapshot,
  workspaceId: string,
  { choice, interval, limit }: Asked,
): Promise<object> {
  const scope = await findScope(snapshot, workspaceId, choice, snapshot.asOf);
  const growth = await findGrowth(snapshot, scope, 'SAME_ELAPSED');
  const change = ({ current, previous }: { current: bigint; previous: bigint }) => ({
    current: Number(current),
    previous: Number(previous),
    change: Number(current - previous),
    percent: percentOf({ current, previous }),
  });
  const { cost } = growth;
  return {
    ...(await head(snapshot, scope)),
    growth: {
      comparedTo: { from: formatInstant(growth.comparedTo.from), to: formatInstant(growth.comparedTo.to) },
      cost: {
        current: money(scope, cost.current),
        previous: money(scope, cost.previous),
        change: money(scope, cost.current - cost.previous),
        percent: percentOf(cost),
      },
      messages: change(growth.messages),
      activeClients: change(growth.activeClients),
    },
    topClients: await clients(snapshot, scope, limit),
    peakHours: await hours(snapshot, scope),
    timeline: await timeline(snapshot, scope, interval),
    forecast: await forecast(snapshot, scope),
  };
}

async function stats(
  snapshot: Snapshot,
  workspaceId: string,
  { choice, interval, limit }: Asked,
): Promise<object> {
  const scope = await findScope(snapshot, workspaceId, choice, snapshot.asOf);
  const heatmap = await findHeatmap(snapshot, scope);
  const outcomes = await findOutcomes(snapshot, scope);
  return {
    ...(await head(snapshot, scope)),
    timeline: await timeline(snapshot, scope, interval),
    hours: await hours(snapshot, scope),
    heatmap: heatmap.map(({ weekday, hour, messages, costMicros }) => ({
      ...{ weekday, hour, messages: Number(messages), cost: money(scope, costMicros) },
    })),
    clients: await clients(snapshot, scope, limit),
    outcomes: outcomes.map(({ outcome, messages }) => ({ outcome, messages: Number(messages) })),
  };
}

async function head(snapshot: Snapshot, scope: UsageScope): Promise<object> {
  const totals = await findTotals(snapshot, scope);
  const average = averageCost(totals);
  const margin = await findMargin(snapshot, scope);
  return {
    workspace: { id: scope.workspace.id, name: scope.workspace.name },
    period: {
      from: formatInstant(scope.period.from),
      to: formatInstant(scope.period.to),
      timeZone: scope.period.timeZone,
      complete: scope.period.to <= scope.asOf,
    },
    asOf: formatInstant(scope.asOf),
    totals: {
      cost: money(scope, totals.costMicros),
      messages: Number(totals.messages),
      activeClients: Number(totals.activeClients),
      averageCostPerClient: average === null ? null : money(scope, average),
      firstAt: totals.firstAt && formatInstant(totals.firstAt),
      lastAt: totals.lastAt && formatInstant(totals.lastAt),
    },
    margin: margin && {
      revenue: money(scope, margin.revenueMicros),
      llmCost: money(scope, margin.llmMicros),
      channelCost: money(scope, margin.channelMicros),
      margin: money(scope, margin.marginMicros),
      coverage: margin.coverage,
    },
  };
}

async function clients(snapshot: Snapshot, scope: UsageScope, limit: number): Promise<object[]> {
  const found = await findTopClients(snapshot, scope, limit, 'COST');
  return found.map(({ rank, customer, costMicros, messages, share, lastAt }) => ({
    rank,
    customer: { id: customer.id, name: customer.name },
    cost: money(scope, costMicros),
    messages: Number(messages),
    share,
    lastAt: formatInstant(lastAt),
  }));
}

async function hours(snapshot: Snapshot, scope: UsageScope): Promise<object[]> {
  const found = await findPeakHours(snapshot, scope, 24);
  return found.map(({ hour, label, messages, costMicros, share }) => ({
    ...{ hour, label, messages: Number(messages), cost: money(scope, costMicros), share },
  }));
}

async function timeline(
  snapshot: Snapshot,
  scope: UsageScope,
  interval: TimelineInterval,
): Promise<object[]> {
  const points = await findTimeline(snapshot, scope, interval);
  const active = await findTimelineClients(snapshot, scope, interval);
  return points.map(({ from, to, messages, costMicros }, index) => ({
    from: formatInstant(from),
    to: formatInstant(to),
    messages: Number(messages),
    cost: money(scope, costMicros),
    activeClients: active ? Number(active[index] ?? 0n) : null,
  }));
}

async function forecast(snapshot: Snapshot, scope: UsageScope): Promise<object | null> {
  const found = await findForecast(snapshot, scope);
  return found && { cost: money(scope, found.costMicros), messages: Number(found.messages) };
}

const money = (
  { workspace: { currency } }: UsageScope,
  micros: bigint,
): { amount: string; currency: string } => ({
  amount: formatMicros(micros, currency),
  currency,
});
