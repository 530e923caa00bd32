// How did usage run over the period?
import type { Sql } from '../../database/sql';
import { A_TURN, pace } from '../../values/pace';
import { buckets, type TimelineInterval } from '../../values/period';
import { cutInsideSlots } from './cover';
import { slotParts } from './parts';
import { perScopeAnd, type UsageScope } from './scope';
import { countClients } from './totals';

export interface TimelinePoint {
  from: Date;
  to: Date;
  messages: bigint;
  costMicros: bigint;
}

/** More points are refused with an error that names a coarser interval. */
export const POINTS_LIMIT = 2_000;

/**
 * Gapless buckets of the period's zone. The last one holds asOf, or is the last that has a turn: turns lie after asOf
 * when a caller's clock is ahead or this server's is behind, and the points must still add up to the total.
 */
export const findTimeline = perScopeAnd(readTimeline);

async function readTimeline(
  sql: Sql,
  scope: UsageScope,
  interval: TimelineInterval,
): Promise<TimelinePoint[]> {
  // Computing its bounds takes a few milliseconds.
  await pace(A_TURN);
  const { period, asOf } = scope;
  const bounds = buckets(period, interval, period.timeZone, POINTS_LIMIT);
  const [first] = bounds;
  const last = bounds.at(-1);
  if (!first || !last || bounds.length < 2) return [];
  const parts = slotParts(cutInsideSlots({ from: first, to: last }, bounds));
  const rows = await sql.query<{ point: number; messages: bigint; cost_micros: bigint }>(
    'timeline',
    `SELECT width_bucket(t.at, $${parts.values.length + 2}::timestamptz[]) AS point,
         sum(t.messages)::bigint AS messages, sum(t.cost_micros)::bigint AS cost_micros
       FROM ${parts.sql} AS t (bucket, at, messages, cost_micros, first_at, last_at)
       WHERE t.messages > 0 GROUP BY 1`,
    [scope.workspace.id, ...parts.values, bounds],
  );
  const found = new Map(rows.map((row) => [row.point, row]));
  const points = bounds.slice(0, -1).map((from, index) => ({
    from,
    to: bounds[index + 1] ?? last,
    messages: found.get(index + 1)?.messages ?? 0n,
    costMicros: found.get(index + 1)?.cost_micros ?? 0n,
  }));
  return untilNow(points, asOf);
}

/** Leaves out future points: ends with the one that holds asOf, or with the last one that has a turn. */
export const untilNow = (points: readonly TimelinePoint[], asOf: Date): TimelinePoint[] =>
  points.slice(0, points.findLastIndex(({ from, messages }) => from <= asOf || messages > 0n) + 1);

/** Distinct clients of each point of the same timeline; null for HOUR. */
export function findTimelineClients(
  sql: Sql,
  scope: UsageScope,
  interval: TimelineInterval,
): Promise<bigint[] | null> {
  return interval === 'HOUR' ? Promise.resolve(null) : timelineClients(sql, scope, interval);
}

const timelineClients = perScopeAnd(countTimelineClients);

async function countTimelineClients(
  sql: Sql,
  scope: UsageScope,
  interval: TimelineInterval,
): Promise<bigint[]> {
  const points = await findTimeline(sql, scope, interval);
  return points.length === 0 ? [] : countClients(sql, scope, points);
}
