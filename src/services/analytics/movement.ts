// Who came, stayed, came back and left?
import type { Sql } from '../../database/sql';
import { firstDayOf, monthOf } from '../../values/month';
import { comparison, type GrowthBasis, type Period } from '../../values/period';
import { localDate, type Range } from '../../values/time';
import { customerParts } from './parts';
import { perScopeAnd, type UsageScope } from './scope';

export const CLIENT_SEGMENTS = ['NEW', 'RETURNING', 'REACTIVATED', 'LOST'] as const;
export type ClientSegment = (typeof CLIENT_SEGMENTS)[number];

export interface Movement {
  comparedTo: Period;
  clients: Record<ClientSegment, bigint>;
}

/** docs/semantics.md#clients-who-come-and-go. The same statement counts each segment's totalCount. */
export const findMovement = perScopeAnd(readMovement);

async function readMovement(sql: Sql, scope: UsageScope, basis: GrowthBasis): Promise<Movement> {
  const placed = placedClients(scope, basis);
  const rows = await sql.query<{ segment: ClientSegment; clients: bigint }>(
    'client_movement',
    `WITH ${placed.sql} SELECT p.segment, count(*) AS clients FROM placed p GROUP BY p.segment`,
    [scope.workspace.id, ...placed.values],
  );
  const clients = { NEW: 0n, RETURNING: 0n, REACTIVATED: 0n, LOST: 0n };
  for (const row of rows) clients[row.segment] = row.clients;
  return { comparedTo: { ...placed.previous, timeZone: scope.period.timeZone, kind: 'range' }, clients };
}

export interface PlacedClients {
  /**
   * CTEs: `placed` has rows (customer_id, segment, messages, cost_micros), the figures of LOST clients those of the
   * stretch before; `compared` has every client's figures of both stretches (now, now_micros, before, before_micros).
   */
  sql: string;
  /** From $2 on. */
  values: unknown[];
  current: Range;
  previous: Range;
}

/**
 * Each client that was charged in the period or in the stretch before, with its segment. customer_months is read only
 * for clients charged in the period but not in the stretch before: was there any earlier month?
 */
export function placedClients(scope: UsageScope, basis: GrowthBasis): PlacedClients {
  const { timeZone } = scope.workspace;
  const { current, previous } = comparison(scope.period, basis, scope.asOf);
  const parts = customerParts([current, previous], timeZone, { net: true });
  const next = parts.values.length + 2;
  const sum = (column: string, bucket: number) =>
    `coalesce(sum(t.${column}) FILTER (WHERE t.bucket = ${bucket}), 0)::bigint`;
  const sql = `compared AS (
       SELECT t.customer_id, ${sum('messages', 1)} AS now, ${sum('cost_micros', 1)} AS now_micros,
         ${sum('messages', 2)} AS before, ${sum('cost_micros', 2)} AS before_micros
       FROM ${parts.sql} AS t (bucket, customer_id, messages, cost_micros, first_at, last_at)
       GROUP BY t.customer_id
     ), placed AS (
       SELECT s.customer_id,
         CASE WHEN s.now = 0 THEN 'LOST' WHEN s.before > 0 THEN 'RETURNING'
           WHEN EXISTS (SELECT FROM customer_months e WHERE e.workspace_id = $1 AND e.customer_id = s.customer_id
             AND e.month <= $${next}::date AND e.first_at < $${next + 1}::timestamptz) THEN 'REACTIVATED'
           ELSE 'NEW' END AS segment,
         CASE WHEN s.now > 0 THEN s.now ELSE s.before END AS messages,
         CASE WHEN s.now > 0 THEN s.now_micros ELSE s.before_micros END AS cost_micros
       FROM compared s WHERE s.now > 0 OR s.before > 0
     )`;
  const month = firstDayOf(monthOf(localDate(current.from, timeZone)));
  return { sql, values: [...parts.values, month, current.from], current, previous };
}
