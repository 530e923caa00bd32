// How much was used: of a workspace and of its customers, in the periods of budgets.
import type { Sql } from '../../database/sql';
import type { Period } from '../../values/period';
import { customerParts } from '../analytics/parts';
import { findSums } from '../analytics/totals';
import {
  type Budget,
  type BudgetInterval,
  type BudgetMeasure,
  type Level,
  startOf,
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

/** The workspace's level in each of these periods. */
export async function workspaceLevels(
  sql: Sql,
  workspaceId: string,
  periods: readonly Period[],
): Promise<Levels> {
  const asked = [...byKey(periods).values()];
  const sums = asked.length === 0 ? [] : await findSums(sql, workspaceId, asked);
  const found = new Map(asked.map((period, index) => [keyOf(period), sums[index]]));
  return { of: (period) => found.get(keyOf(period)) };
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
  const parts = customerParts(asked, workspace.timeZone, { customerIds });
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

/** A threshold that a customer has reached and that was not reported. */
export interface CustomerDue {
  budget: Budget;
  threshold: number;
  customerId: string;
  level: Level;
}

/** The most rows of one statement: once these are reported, the next look finds the rest. */
export const DUE_LIMIT = 5_000;

/*
 * OFFSET 0: PostgreSQL looks up earlier reports row by row along their key. As an anti-join it read all reports of the
 * period for each customer, since statistics of a table that grows so fast are old (100 000 customers: minutes).
 */

/**
 * Thresholds of these budgets (of customers, all of one interval) that these customers have reached in this period and
 * that were not reported, at most DUE_LIMIT.
 */
export async function findCustomersDue(
  sql: Sql,
  workspace: Zoned,
  period: Period,
  budgets: readonly Budget[],
  customerIds: readonly string[],
): Promise<CustomerDue[]> {
  const rows = budgets.flatMap((budget) => budget.thresholds.map((threshold) => ({ budget, threshold })));
  const [first] = budgets;
  if (!first || rows.length === 0 || customerIds.length === 0) return [];
  const parts = customerParts([period], workspace.timeZone, { customerIds });
  const next = parts.values.length + 2;
  const found = await sql.query<CustomerRow & { n: number }>(
    'budget_customers_due',
    `SELECT t.n, s.customer_id, s.messages, s.cost_micros
     FROM (
       SELECT p.customer_id, sum(p.messages)::bigint AS messages, sum(p.cost_micros)::bigint AS cost_micros
       FROM ${parts.sql} AS p (bucket, customer_id, messages, cost_micros, first_at, last_at)
       GROUP BY p.customer_id
       HAVING sum(p.cost_micros) >= $${next + 9}::bigint OR sum(p.messages) >= $${next + 10}::bigint
     ) s
     JOIN unnest($${next}::int[], $${next + 1}::uuid[], $${next + 2}::int[], $${next + 3}::int[],
       $${next + 4}::bigint[], $${next + 5}::uuid[], $${next + 6}::text[])
       AS t (n, budget_id, version, threshold, units, customer_id, measure)
       ON (t.customer_id IS NULL OR t.customer_id = s.customer_id) AND ${used('t.measure')} >= t.units
     WHERE NOT EXISTS (
         SELECT FROM budget_firings f WHERE f.workspace_id = $1 AND f.budget_id = t.budget_id
           AND f.version = t.version AND f.period_start = $${next + 7}::date AND f.threshold = t.threshold
           AND f.subject = s.customer_id::text OFFSET 0)
       AND (t.customer_id IS NOT NULL OR ${hasNoOwn('s.customer_id', 't.measure', `$${next + 8}`)})
     LIMIT ${DUE_LIMIT}`,
    [
      ...[workspace.id, ...parts.values],
      rows.map((_, index) => index),
      rows.map(({ budget }) => budget.id),
      rows.map(({ budget }) => budget.version),
      rows.map(({ threshold }) => threshold),
      rows.map(({ budget, threshold }) => unitsAt(budget, threshold)),
      rows.map(({ budget }) => budget.customerId),
      rows.map(({ budget }) => budget.measure),
      ...[startOf(period), first.interval, leastOf(rows, 'COST'), leastOf(rows, 'MESSAGES')],
    ],
  );
  return found.sort(byCustomer).flatMap(({ n, customer_id, messages, cost_micros }) => {
    const row = rows[n];
    return row ? [{ ...row, customerId: customer_id, level: { messages, costMicros: cost_micros } }] : [];
  });
}

/** A customer who is below the lowest threshold of a measure is compared with none of them. */
const leastOf = (rows: readonly { budget: Budget; threshold: number }[], measure: BudgetMeasure): bigint => {
  const units = rows
    .filter(({ budget }) => budget.measure === measure)
    .map(({ budget, threshold }) => unitsAt(budget, threshold));
  return units.reduce((least, one) => (one < least ? one : least), MOST);
};

/** Higher than any level. */
const MOST = 2n ** 63n - 1n;

const byCustomer = (one: { customer_id: string; n: number }, other: typeof one): number =>
  one.customer_id === other.customer_id ? one.n - other.n : one.customer_id < other.customer_id ? -1 : 1;
