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
  const [sums, clients] = await Promise.all([
    onceEach(scope, 'sums', ranges, (asked) => findSums(sql, scope, asked)),
    onceEach(scope, 'clients', ranges, (asked) => countClients(sql, scope, asked)),
  ]);
  return ranges.map((_, index) => ({ ...(sums[index] ?? NO_USAGE), activeClients: clients[index] ?? 0n }));
}

/** Asks for the ranges that nobody has asked for yet, together: growth's present is often the period itself. */
function onceEach<T>(
  scope: UsageScope,
  question: string,
  ranges: readonly Range[],
  ask: (ranges: readonly Range[]) => Promise<T[]>,
): Promise<(T | undefined)[]> {
  const open: Range[] = [];
  let answering: Promise<T[]> | undefined;
  const answers = ranges.map((range) =>
    once(scope, `${question} ${range.from.getTime()}-${range.to.getTime()}`, async () => {
      const index = open.push(range) - 1;
      // All of this call's ranges are gathered before the first answer is asked for.
      await Promise.resolve();
      answering ??= ask(open);
      return (await answering)[index];
    }),
  );
  return Promise.all(answers);
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
    `SELECT d.bucket, count(*) AS clients FROM (
       SELECT t.bucket, t.customer_id
       FROM ${parts.sql} AS t (bucket, customer_id, messages, cost_micros, first_at, last_at)
       WHERE t.messages > 0 GROUP BY t.bucket, t.customer_id
     ) d GROUP BY d.bucket`,
    [scope.workspace.id, ...parts.values],
  );
  const found = new Map(rows.map((row) => [row.bucket, row.clients]));
  return ranges.map((_, index) => found.get(index + 1) ?? 0n);
}
