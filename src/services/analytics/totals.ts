// How much was charged, in how many messages, to how many clients?
import type { Sql } from '../../database/sql';
import { divideHalfAwayFromZero } from '../../money';
import type { Range } from './cover';
import { customerParts, slotParts } from './parts';
import { once, type UsageScope } from './scope';

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

/** The totals of each range, in their order: two statements however many ranges there are. */
export async function findTotalsOf(sql: Sql, scope: UsageScope, ranges: readonly Range[]): Promise<Totals[]> {
  const asked = ranges.map(({ from, to }) => `${from.getTime()}-${to.getTime()}`).join();
  const [sums, clients] = await Promise.all([
    once(scope, `sums ${asked}`, () => findSums(sql, scope, ranges)),
    once(scope, `clients ${asked}`, () => countClients(sql, scope, ranges)),
  ]);
  return ranges.map((_, index) => ({ ...(sums[index] ?? NO_USAGE), activeClients: clients[index] ?? 0n }));
}

interface SumRow {
  bucket: number;
  messages: bigint;
  cost_micros: bigint;
  first_at: Date | null;
  last_at: Date | null;
}

async function findSums(sql: Sql, scope: UsageScope, ranges: readonly Range[]): Promise<Totals[]> {
  const parts = slotParts(ranges);
  const rows = await sql.query<SumRow>(
    'totals',
    `SELECT t.bucket, sum(t.messages)::bigint AS messages, sum(t.cost_micros)::bigint AS cost_micros,
       min(t.first_at) AS first_at, max(t.last_at) AS last_at
     FROM ${parts.sql} AS t (bucket, at, messages, cost_micros, first_at, last_at) GROUP BY t.bucket`,
    [scope.workspace.id, ...parts.values],
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

/** Distinct customers of each range. They can't be added up over days, so each range is counted for itself. */
export async function countClients(sql: Sql, scope: UsageScope, ranges: readonly Range[]): Promise<bigint[]> {
  const parts = customerParts(ranges, scope.workspace.timeZone);
  const rows = await sql.query<{ bucket: number; clients: bigint }>(
    'active_clients',
    `SELECT t.bucket, count(DISTINCT t.customer_id) AS clients
     FROM ${parts.sql} AS t (bucket, customer_id, messages, cost_micros, first_at, last_at)
     WHERE t.messages > 0 GROUP BY t.bucket`,
    [scope.workspace.id, ...parts.values],
  );
  const found = new Map(rows.map((row) => [row.bucket, row.clients]));
  return ranges.map((_, index) => found.get(index + 1) ?? 0n);
}
