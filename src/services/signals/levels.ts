// How much was used: of a workspace and of its customers, in the periods of budgets.
import type { Sql } from '../../database/sql';
import type { Period } from '../../values/period';
import type { Range } from '../../values/time';
import { customerParts } from '../analytics/parts';
import { findSums } from '../analytics/totals';
import {
  type Budget,
  type BudgetInterval,
  type BudgetMeasure,
  type BudgetPeriod,
  type Level,
  NOTHING,
  unitsAt,
} from './budgets';

/** What cuts a level: the workspace's own days. */
export interface Zoned {
  id: string;
  timeZone: string;
}

const keyOf = ({ from, to }: Period): string => `${from.getTime()}-${to.getTime()}`;

/** Each period once. */
const byKey = (periods: readonly Period[]): Map<string, Period> =>
  new Map(periods.map((period) => [keyOf(period), period]));

/** The same for the same periods. */
export const keyOfAll = (periods: readonly Period[]): string => [...byKey(periods).keys()].join();

/** Levels by period, each period read once. */
export interface Levels {
  of(period: Period): Level | undefined;
}

/** The workspace's level in each of these periods. What several periods share is read once. */
export async function workspaceLevels(
  sql: Sql,
  workspaceId: string,
  periods: readonly Period[],
): Promise<Levels> {
  const asked = byKey(periods);
  const pieces = piecesOf([...asked.values()]);
  const sums = pieces.length === 0 ? [] : await findSums(sql, workspaceId, pieces);
  const levelOf = (period: Period): Level =>
    pieces.reduce<Level>((level, piece, index) => {
      const part = isWithin(piece, period) ? sums[index] : undefined;
      if (!part) return level;
      return {
        costMicros: level.costMicros + part.costMicros,
        messages: level.messages + part.messages,
      };
    }, NOTHING);
  const found = new Map([...asked].map(([key, period]) => [key, levelOf(period)]));
  return { of: (period) => found.get(keyOf(period)) };
}

const isWithin = (piece: Range, { from, to }: Range): boolean => piece.from >= from && piece.to <= to;

/** The ranges cut at each other's ends, each piece once. */
function piecesOf(ranges: readonly Range[]): Range[] {
  const ends = [...new Set(ranges.flatMap(({ from, to }) => [from.getTime(), to.getTime()]))].sort(
    (one, other) => one - other,
  );
  return ends
    .slice(1)
    .map((to, index) => ({ from: new Date(ends[index] ?? to), to: new Date(to) }))
    .filter((piece) => ranges.some((range) => isWithin(piece, range)));
}

interface CustomerRow {
  bucket: number;
  customer_id: string;
  messages: bigint;
  cost_micros: bigint;
}

/** Levels by customer and period. */
export interface CustomerLevels {
  of(customerId: string, period: Period): Level | undefined;
}

/** The level of each of these customers in each of these periods; a customer who used nothing has none. */
export async function customerLevels(
  sql: Sql,
  workspace: Zoned,
  periods: readonly Period[],
  customerIds: readonly string[],
): Promise<CustomerLevels> {
  const asked = [...byKey(periods).values()];
  if (asked.length === 0 || customerIds.length === 0) return { of: () => undefined };
  const parts = customerParts(asked, workspace.timeZone, { customerIds, close: true });
  const rows = await sql.query<CustomerRow>(
    'budget_customer_levels',
    `SELECT p.bucket, p.customer_id, sum(p.messages)::bigint AS messages, sum(p.cost_micros)::bigint AS cost_micros
     FROM ${parts.sql} AS p (bucket, customer_id, messages, cost_micros, first_at, last_at)
     GROUP BY p.bucket, p.customer_id`,
    [workspace.id, ...parts.values],
  );
  const place = (customerId: string, period: Period) => `${customerId} ${keyOf(period)}`;
  const found = new Map<string, Level>();
  for (const row of rows) {
    const period = asked[row.bucket - 1];
    if (period)
      found.set(place(row.customer_id, period), { costMicros: row.cost_micros, messages: row.messages });
  }
  return { of: (customerId, period) => found.get(place(customerId, period)) };
}

/** SQL: what the level `s` has in the measure that the expression names. */
const used = (measure: string): string =>
  `CASE ${measure} WHEN 'COST' THEN s.cost_micros ELSE s.messages END`;

/**
 * SQL: the customer has no budget of its own of this measure and interval. Such a budget, whatever its enforcement,
 * replaces those for each customer. Arguments are SQL expressions; $1 is the workspace.
 */
export const hasNoOwn = (customerId: string, measure: string, interval: string): string => `NOT EXISTS (
        SELECT FROM budgets o WHERE o.workspace_id = $1 AND o.customer_id = ${customerId}
          AND o.measure = ${measure} AND o.interval = ${interval})`;

/** The customer that is closest to a limit on each customer, with what it used. */
export async function findClosest(
  sql: Sql,
  workspace: Zoned,
  period: Period,
  measure: BudgetMeasure,
  interval: BudgetInterval,
): Promise<{ customerId: string; level: Level } | undefined> {
  const parts = customerParts([period], workspace.timeZone);
  const next = parts.values.length + 2;
  const [row] = await sql.query<CustomerRow>(
    'budget_closest_customer',
    `SELECT s.bucket, s.customer_id, s.messages, s.cost_micros FROM (
       SELECT p.bucket, p.customer_id, sum(p.messages)::bigint AS messages, sum(p.cost_micros)::bigint AS cost_micros
       FROM ${parts.sql} AS p (bucket, customer_id, messages, cost_micros, first_at, last_at)
       GROUP BY p.bucket, p.customer_id HAVING sum(p.messages) > 0
     ) s WHERE ${hasNoOwn('s.customer_id', `$${next}::text`, `$${next + 1}`)}
     ORDER BY ${used(`$${next}::text`)} DESC, s.customer_id LIMIT 1`,
    [workspace.id, ...parts.values, measure, interval],
  );
  return (
    row && {
      customerId: row.customer_id,
      level: { costMicros: row.cost_micros, messages: row.messages },
    }
  );
}

/** A threshold that a customer has reached. */
export interface CustomerDue {
  budget: Budget;
  period: BudgetPeriod;
  threshold: number;
  customerId: string;
  level: Level;
  /** Reported already. Only for customers' own budgets: of those for each customer, what was reported is left out. */
  told: boolean;
}

/** A threshold of a budget in a period; no customerId: of a budget for each customer. */
export interface CustomerThreshold {
  budget: Budget;
  period: BudgetPeriod;
  threshold: number;
}

/** The most customers' thresholds of budgets for each: once these are reported, the next look finds the rest. */
export const DUE_LIMIT = 5_000;

/*
 * OFFSET 0: PostgreSQL looks up earlier reports row by row along their key. As an anti-join it read all reports of the
 * period for each customer, since statistics of a table that grows so fast are old (100 000 customers: minutes).
 */
const WAS_TOLD = `EXISTS (
        SELECT FROM budget_firings f WHERE f.workspace_id = $1 AND f.budget_id = t.budget_id
          AND f.version = t.version AND f.period_start = t.period_start AND f.threshold = t.threshold
          AND f.subject = s.customer_id::text OFFSET 0)`;

/**
 * Those of these thresholds that these customers have reached: all periods by one statement, since most of its time is
 * finding each customer's rows. Of budgets for each customer, only what was not reported, at most DUE_LIMIT.
 */
export async function findCustomersDue(
  sql: Sql,
  workspace: Zoned,
  thresholds: readonly CustomerThreshold[],
  customerIds: readonly string[],
): Promise<CustomerDue[]> {
  if (thresholds.length === 0 || customerIds.length === 0) return [];
  const periods = byKey(thresholds.map(({ period }) => period));
  const places = new Map([...periods.keys()].map((key, index) => [key, index]));
  const placeOf = ({ period }: CustomerThreshold): number => places.get(keyOf(period)) ?? 0;
  const rows = thresholds.map((one) => ({
    ...one,
    place: placeOf(one),
    units: unitsAt(one.budget, one.threshold),
  }));
  const each = rows.filter(({ budget }) => budget.customerId === null);
  const leastOf = (measure: BudgetMeasure): bigint[] =>
    [...places.values()].map((place) =>
      least(each.filter((row) => row.place === place && row.budget.measure === measure)),
    );
  const parts = customerParts([...periods.values()], workspace.timeZone, { customerIds, close: true });
  const next = parts.values.length + 2;
  const asked = `unnest($${next}::int[], $${next + 1}::int[], $${next + 2}::uuid[], $${next + 3}::int[],
      $${next + 4}::date[], $${next + 5}::int[], $${next + 6}::bigint[], $${next + 7}::uuid[], $${next + 8}::text[],
      $${next + 9}::text[]) AS t (n, bucket, budget_id, version, period_start, threshold, units, customer_id, measure,
      interval)`;
  const found = await sql.query<CustomerRow & { n: number; told: boolean }>(
    'budget_customers_due',
    `WITH s AS MATERIALIZED (
       SELECT p.bucket, p.customer_id, sum(p.messages)::bigint AS messages, sum(p.cost_micros)::bigint AS cost_micros
       FROM ${parts.sql} AS p (bucket, customer_id, messages, cost_micros, first_at, last_at)
       GROUP BY p.bucket, p.customer_id
     )
     SELECT t.n, s.customer_id, s.messages, s.cost_micros, ${WAS_TOLD} AS told
     FROM s JOIN ${asked} ON t.bucket = s.bucket AND t.customer_id = s.customer_id AND ${used('t.measure')} >= t.units
     UNION ALL (
     SELECT t.n, s.customer_id, s.messages, s.cost_micros, false
     FROM s JOIN ${asked} ON t.bucket = s.bucket AND t.customer_id IS NULL AND ${used('t.measure')} >= t.units
     WHERE (s.cost_micros >= ($${next + 10}::bigint[])[s.bucket] OR s.messages >= ($${next + 11}::bigint[])[s.bucket])
       AND NOT ${WAS_TOLD} AND ${hasNoOwn('s.customer_id', 't.measure', 't.interval')}
     LIMIT ${DUE_LIMIT})`,
    [
      ...[workspace.id, ...parts.values],
      rows.map((_, index) => index),
      rows.map(({ place }) => place + 1),
      rows.map(({ budget }) => budget.id),
      rows.map(({ budget }) => budget.version),
      rows.map(({ period }) => period.firstDay),
      rows.map(({ threshold }) => threshold),
      rows.map(({ units }) => units),
      rows.map(({ budget }) => budget.customerId),
      rows.map(({ budget }) => budget.measure),
      rows.map(({ budget }) => budget.interval),
      ...[leastOf('COST'), leastOf('MESSAGES')],
    ],
  );
  const placed = (one: { customer_id: string; n: number }): [number, string, number] => [
    rows[one.n]?.place ?? 0,
    one.customer_id,
    one.n,
  ];
  return found
    .sort((one, other) => inOrder(placed(one), placed(other)))
    .flatMap(({ n, customer_id, messages, cost_micros, told }) => {
      const row = rows[n];
      if (!row) return [];
      const { budget, period, threshold } = row;
      const level = { messages, costMicros: cost_micros };
      return [{ budget, period, threshold, customerId: customer_id, level, told }];
    });
}

/** A customer who is below the lowest threshold of a measure is compared with none of them. */
const least = (rows: readonly { units: bigint }[]): bigint =>
  rows.reduce((lowest, { units }) => (units < lowest ? units : lowest), MOST);

/** Higher than any level. */
const MOST = 2n ** 63n - 1n;

const inOrder = (one: [number, string, number], other: typeof one): number =>
  one[0] - other[0] || (one[1] === other[1] ? one[2] - other[2] : one[1] < other[1] ? -1 : 1);
