// GraphQL's figures for scripts that want a URL: the same permissions, the same services, honest status codes.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { checkScope, checkWorkspace } from '../auth/permissions';
import type { Principal, Scope } from '../auth/principal';
import { Snapshot } from '../database/snapshot';
import type { Database } from '../database/transaction';
import { AppError, badInput } from '../errors';
import { formatMicros } from '../money';
import { PERIOD_PRESETS, type PeriodChoice, TIMELINE_INTERVALS, type TimelineInterval } from '../period';
import { findForecast } from '../services/analytics/forecast';
import { findGrowth, percentOf } from '../services/analytics/growth';
import { findHeatmap } from '../services/analytics/heatmap';
import { findOutcomes } from '../services/analytics/outcomes';
import { findPeakHours } from '../services/analytics/peak-hours';
import { openScope, type UsageScope } from '../services/analytics/scope';
import { findTimeline, findTimelineClients } from '../services/analytics/timeline';
import { findTopClients } from '../services/analytics/top-clients';
import { averageCost, findTotals } from '../services/analytics/totals';
import { CSV_DIALECTS, EXPORT_FORMATS, exportRecords } from '../services/exports';
import { getOpenWorkspace } from '../services/workspaces';
import { type Clock, formatInstant, parseInstant } from '../time';
import type { RateLimits } from './rate-limits';

export interface RestDeps {
  database: Database;
  clock: Clock;
  rateLimits: RateLimits;
  /** Sets the request's principal, or refuses. */
  authenticate: (request: FastifyRequest) => Promise<void>;
}

interface RestRequest {
  Params: { workspaceId: string };
  Querystring: Record<string, string | string[] | undefined>;
}

type Handler = (
  request: FastifyRequest<RestRequest>,
  reply: FastifyReply,
  snapshot: Snapshot,
) => Promise<unknown>;

export function registerRest(app: FastifyInstance, deps: RestDeps): void {
  const route = (name: string, scope: Scope, handler: Handler): void => {
    app.get<RestRequest>(`/api/usage/${name}/:workspaceId`, {
      onRequest: async (request) => {
        await deps.authenticate(request);
        const principal = principalOf(request);
        refuse(checkScope(principal, scope, `GET /api/usage/${name}`));
        refuse(checkWorkspace(principal, request.params.workspaceId));
        await deps.rateLimits.read(principal.id);
      },
      handler: async (request, reply) => {
        const snapshot = new Snapshot(deps.database, deps.clock());
        reply.raw.once('close', () => void snapshot.end());
        reply.header('cache-control', 'private, no-store').header('vary', 'Authorization, Origin');
        try {
          return await handler(request, reply, snapshot);
        } finally {
          await snapshot.end();
        }
      },
    });
  };
  route('dashboard', 'usage:read', dashboard);
  route('stats', 'usage:read', stats);
  route('export', 'export:read', (request, reply, snapshot) =>
    sendExport(deps.database, request, reply, snapshot),
  );
}

const dashboard: Handler = async ({ params, query }, _reply, snapshot) => {
  allow(query, []);
  const scope = await openScope(snapshot, params.workspaceId, choiceOf(query), snapshot.asOf);
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
    topClients: await clients(snapshot, scope, 10),
    peakHours: await hours(snapshot, scope),
    timeline: await timeline(snapshot, scope, 'DAY'),
    forecast: await forecast(snapshot, scope),
  };
};

const stats: Handler = async ({ params, query }, _reply, snapshot) => {
  allow(query, ['interval', 'limit']);
  const scope = await openScope(snapshot, params.workspaceId, choiceOf(query), snapshot.asOf);
  const interval = oneOf('interval', one(query, 'interval')?.toUpperCase(), TIMELINE_INTERVALS) ?? 'DAY';
  const limit = one(query, 'limit') ?? '100';
  if (!/^\d{1,9}$/.test(limit)) throw badInput(`limit must be a whole number; got ${JSON.stringify(limit)}.`);
  const heatmap = await findHeatmap(snapshot, scope);
  const outcomes = await findOutcomes(snapshot, scope);
  return {
    ...(await head(snapshot, scope)),
    timeline: await timeline(snapshot, scope, interval),
    hours: await hours(snapshot, scope),
    heatmap: heatmap.map(({ weekday, hour, messages, costMicros }) => ({
      ...{ weekday, hour, messages: Number(messages), cost: money(scope, costMicros) },
    })),
    clients: await clients(snapshot, scope, Number(limit)),
    outcomes: outcomes.map(({ outcome, messages }) => ({ outcome, messages: Number(messages) })),
  };
};

async function sendExport(
  database: Database,
  { params, query }: FastifyRequest<RestRequest>,
  reply: FastifyReply,
  snapshot: Snapshot,
): Promise<FastifyReply> {
  allow(query, ['format', 'dialect']);
  const format = oneOf('format', one(query, 'format')?.toLowerCase(), EXPORT_FORMATS) ?? 'csv';
  const dialect = oneOf('dialect', one(query, 'dialect')?.toLowerCase(), CSV_DIALECTS) ?? 'exact';
  const workspace = await getOpenWorkspace(snapshot, params.workspaceId, snapshot.asOf);
  // It streams from a connection of its own; this one is not held meanwhile.
  await snapshot.end();
  const choice = choiceOf(query);
  const made = await exportRecords(database, workspace, choice, { format, dialect }, snapshot.asOf);
  const name = `${workspace.id}-${fileDate(made.period.from)}-${fileDate(made.period.to)}.${format}`;
  reply.type(CONTENT_TYPES[format]).header('content-disposition', `attachment; filename="${name}"`);
  if (format === 'csv') {
    reply.trailer('centesimo-rows', async () => String(made.summary.rows));
    reply.trailer('centesimo-amount', async () => made.summary.amount);
  }
  return reply.send(made.file);
}

const CONTENT_TYPES = {
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
} as const;

const fileDate = (at: Date): string => formatInstant(at).slice(0, 16).replace(/[-:]/g, '');

async function head(snapshot: Snapshot, scope: UsageScope): Promise<object> {
  const totals = await findTotals(snapshot, scope);
  const average = averageCost(totals);
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

const PERIOD_PARAMETERS = ['month', 'preset', 'from', 'to', 'timeZone'];

/** A parameter that nobody reads is a mistake that somebody would like to know of. */
function allow(query: RestRequest['Querystring'], more: readonly string[]): void {
  const known = [...PERIOD_PARAMETERS, ...more];
  const stray = Object.keys(query).find((name) => !known.includes(name));
  if (stray !== undefined) {
    throw badInput(
      `There is no parameter ${JSON.stringify(stray.slice(0, 40))}; there are ${known.join(', ')}.`,
    );
  }
}

function choiceOf(query: RestRequest['Querystring']): { period: PeriodChoice; timeZone: string | undefined } {
  const from = one(query, 'from');
  const to = one(query, 'to');
  return {
    period: {
      preset: oneOf('preset', one(query, 'preset')?.toUpperCase(), PERIOD_PRESETS),
      month: one(query, 'month'),
      from: from === undefined ? undefined : parseInstant(from),
      to: to === undefined ? undefined : parseInstant(to),
    },
    timeZone: one(query, 'timeZone'),
  };
}

/** An empty parameter is one that is not given. */
function one(query: RestRequest['Querystring'], name: string): string | undefined {
  const value = query[name];
  if (Array.isArray(value)) throw badInput(`${name} is given more than once.`);
  return value === undefined || value === '' ? undefined : value;
}

function oneOf<const T extends string>(
  name: string,
  value: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw badInput(`${name} is one of ${choices.join(', ')}.`);
  return choice;
}

function principalOf(request: FastifyRequest<RestRequest>): Principal {
  if (!request.principal) throw new Error('A request came past authentication.');
  return request.principal;
}

function refuse(verdict: AppError | true): void {
  if (verdict !== true) throw verdict;
}
