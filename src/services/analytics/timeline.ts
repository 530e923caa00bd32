// How did usage run over the period?
import type { Sql } from '../../database/sql';
import { buckets, type TimelineInterval } from '../../values/period';
import { CLOCK_SKEW_MS } from '../turns/turn';
import { slotParts } from './parts';
import { once, type UsageScope } from './scope';
import { countClients } from './totals';

export interface TimelinePoint {
  from: Date;
  to: Date;
  messages: bigint;
  costMicros: bigint;
}

/** More points than this are refused, naming a coarser interval. */
export const POINTS_LIMIT = 2_000;

/**
 * Gapless buckets of the period's zone, ending with the one that holds asOf. Turns may lie a few minutes ahead
 * of it (docs/semantics.md#time); a bucket that they reach into is shown too, so that the points add up to the total.
 */
export function findTimeline(
  sql: Sql,
  scope: UsageScope,
  interval: TimelineInterval,
): Promise<TimelinePoint[]> {
  return once(scope, `timeline ${interval}`, async () => {
    const bounds = boundsOf(scope, interval);
    const [first] = bounds;
    const last = bounds.at(-1);
    if (!first || !last || bounds.length < 2) return [];
    const parts = slotParts([{ from: first, to: last }]);
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
    return points.filter((point) => point.from <= scope.asOf || point.messages > 0n);
  });
}

/** Distinct clients of each point of the same timeline; null for HOUR. */
export function findTimelineClients(
  sql: Sql,
  scope: UsageScope,
  interval: TimelineInterval,
): Promise<bigint[] | null> {
  return once(scope, `timeline clients ${interval}`, async () => {
    if (interval === 'HOUR') return null;
    const points = await findTimeline(sql, scope, interval);
    return points.length === 0 ? [] : countClients(sql, scope, points);
  });
}

function boundsOf(scope: UsageScope, interval: TimelineInterval): Date[] {
  const { period, asOf } = scope;
  const bounds = buckets(period, interval, period.timeZone, POINTS_LIMIT);
  const reach = new Date(asOf.getTime() + CLOCK_SKEW_MS);
  const end = bounds.findIndex((bound) => bound > reach);
  return end === -1 ? bounds : bounds.slice(0, end + 1);
}
