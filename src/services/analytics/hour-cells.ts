// WHERE IS A PEAK HOUR COMPUTED? Here: usage by weekday and local hour; peak hours and the heatmap read these cells.
import type { Sql } from '../../database/sql';
import { daySegments } from '../../values/time';
import { cutInsideSlots } from './cover';
import { slotParts } from './parts';
import { perScope, type UsageScope } from './scope';

export interface HourCell {
  /** 1 (Monday) to 7. */
  weekday: number;
  /** 0 to 23, local. */
  hour: number;
  messages: bigint;
  costMicros: bigint;
}

const HOURS_OF_WEEK = 168;
/** The epoch began on a Thursday: three days after a Monday. */
const EPOCH_HOUR_OF_WEEK = 72;

/**
 * The cells that have usage. Local time is the instant plus the zone's offset then; the offsets come from the same
 * zone data as the period's bounds. An hour that a clock change repeats falls into the same cell twice; one that is
 * repeated over midnight belongs to the day that has begun.
 */
export const findHourCells = perScope(async (sql: Sql, scope: UsageScope): Promise<HourCell[]> => {
  const { period } = scope;
  const segments = daySegments(period.from, period.to, period.timeZone);
  const starts = segments.map(({ from }) => from);
  const parts = slotParts(cutInsideSlots(period, starts));
  const next = parts.values.length + 2;
  const rows = await sql.query<{ cell: number; messages: bigint; cost_micros: bigint }>(
    'hour_cells',
    `SELECT ((floor((date_part('epoch', t.at) + ($${next + 1}::int[])[width_bucket(t.at, $${next}::timestamptz[])]) / 3600)
           + ${EPOCH_HOUR_OF_WEEK})::bigint % ${HOURS_OF_WEEK})::int AS cell,
         sum(t.messages)::bigint AS messages, sum(t.cost_micros)::bigint AS cost_micros
       FROM ${parts.sql} AS t (bucket, at, messages, cost_micros, first_at, last_at)
       WHERE t.messages > 0 GROUP BY 1 ORDER BY 1`,
    [
      scope.workspace.id,
      ...parts.values,
      starts,
      segments.map(({ offsetMinutes }) => Math.round(offsetMinutes * 60)),
    ],
  );
  return rows.map((row) => ({
    weekday: Math.floor(row.cell / 24) + 1,
    hour: row.cell % 24,
    messages: row.messages,
    costMicros: row.cost_micros,
  }));
});
