// How much was charged, in how many messages, to how many clients?
import DataLoader from 'dataloader';
import type { Sql } from '../../database/sql';
import { divideHalfAwayFromZero } from '../../values/money';
import { A_TURN, pace } from '../../values/pace';
import type { Range } from '../../values/time';
import { customerParts, slotParts } from './parts';
import { perScope, type UsageScope } from './scope';

export interface Totals {
  costMicros: bigint;
  /** Charged turns. */
  messages: bigint;
  /** Distinct customers with a charged turn. */
  activeClients: bigint;
  firstAt: Date | null;
  lastAt: Date | null;
}

export const NO_USAGE: Totals = {
  costMicros: 0n,
  messages: 0n,
  activeClients: 0n,
  firstAt: null,
  lastAt: null,
};

/** Cost per active client in micro-units, halves away from zero; null when there is no client. */
export const averageCost = ({ costMicros, activeClients }: Totals): bigint | null =>
  activeClients === 0n ? null : divideHalfAwayFromZero(costMicros, activeClients);

/** The totals of the scope's whole period. */
export async function findTotals(sql: Sql, scope: UsageScope): Promise<Totals> {
  const [totals] = await findTotalsOf(sql, scope, [scope.period]);
  return totals ?? NO_USAGE;
}

/**
 * The totals of each range, in their order. Two statements read the ranges that several parts of a report ask for at
 * the same moment, each range once: growth's present is often the period itself.
 */
export async function findTotalsOf(sql: Sql, scope: UsageScope, ranges: readonly Range[]): Promise<Totals[]> {
  const { sums, clients } = loaders(sql, scope);
  return Promise.all(
    ranges.map(async (range) => {
      const [sum, activeClients] = await Promise.all([sums.load(range), clients.load(range)]);
      return { ...sum, activeClients };
    }),
  );
}

/** Distinct customers of the scope's whole period. */
export const countActiveClients = (sql: Sql, scope: UsageScope): Promise<bigint> =>
  loaders(sql, scope).clients.load(scope.period);

const loaders = perScope((sql, scope) => ({
  sums: rangeLoader((ranges) => findSums(sql, scope.workspace.id, ranges)),
  clients: rangeLoader((ranges) => countClients(sql, scope, ranges)),
}));

/** Waits until all resolvers of this turn of the event loop have run. */
const rangeLoader = <T>(read: (ranges: readonly Range[]) => Promise<T[]>): DataLoader<Range, T, string> =>
  new DataLoader<Range, T, string>(read, {
    cacheKeyFn: ({ from, to }) => `${from.getTime()}-${to.getTime()}`,
    batchScheduleFn: (dispatch) => setImmediate(dispatch),
  });

interface SumRow {
  bucket: number;
  messages: bigint;
  cost_micros: bigint;
  first_at: Date | null;
  last_at: Date | null;
}

/** The sums of each range, in their order; clients are not counted. */
export async function findSums(sql: Sql, workspaceId: string, ranges: readonly Range[]): Promise<Totals[]> {
  const parts = slotParts(ranges);
  const rows = await sql.query<SumRow>(
    'totals',
    `SELECT t.bucket, sum(t.messages)::bigint AS messages, sum(t.cost_micros)::bigint AS cost_micros,
       min(t.first_at) AS first_at, max(t.last_at) AS last_at
     FROM ${parts.sql} AS t (bucket, at, messages, cost_micros, first_at, last_at) GROUP BY t.bucket`,
    [workspaceId, ...parts.values],
  );
  const found = new Map(rows.map((row) => [row.bucket, row]));
  return ranges.map((_, index) => {
    const row = found.get(index + 1);
    if (!row) return NO_USAGE;
    return {
      costMicros: row.cost_micros,
      messages: row.messages,
      activeClients: 0n,
      firstAt: row.first_at,
      lastAt: row.last_at,
    };
  });
}

/** Distinct customers of each range. They can't be added up over days, so each range is counted by itself. */
export async function countClients(sql: Sql, scope: UsageScope, ranges: readonly Range[]): Promise<bigint[]> {
  const found: bigint[] = [];
  for (let first = 0; first < ranges.length; first += RANGES_AT_ONCE) {
    if (first > 0) await pace(A_TURN);
    found.push(...(await countSome(sql, scope, ranges.slice(first, first + RANGES_AT_ONCE))));
  }
  return found;
}

/** Cutting a range into roll-ups takes about 0.1 ms of the event loop. */
const RANGES_AT_ONCE = 20;

async function countSome(sql: Sql, scope: UsageScope, ranges: readonly Range[]): Promise<bigint[]> {
  const parts = customerParts(ranges, scope.workspace.timeZone, { net: true });
  const rows = await sql.query<{ bucket: number; clients: bigint }>(
    'active_clients',
    `SELECT d.bucket, count(*) AS clients FROM (
       SELECT t.bucket, t.customer_id
       FROM ${parts.sql} AS t (bucket, customer_id, messages, cost_micros, first_at, last_at)
       GROUP BY t.bucket, t.customer_id HAVING sum(t.messages) > 0
     ) d GROUP BY d.bucket`,
    [scope.workspace.id, ...parts.values],
  );
  const found = new Map(rows.map((row) => [row.bucket, row.clients]));
  return ranges.map((_, index) => found.get(index + 1) ?? 0n);
}
