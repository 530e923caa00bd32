// WHERE IS A PEAK HOUR COMPUTED? Here: usage by weekday and local hour; peak hours and the heatmap read these cells.
import type { Sql } from '../../database/sql';
import { MINUTE_MS } from '../../values/duration';
import { daySegments, type Range } from '../../values/time';
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

export const HOURS_OF_WEEK = 168;
const HOUR_MINUTES = 60;
/** The epoch began on a Thursday: three days after a Monday. */
const EPOCH_HOUR_OF_WEEK = 72;

/** The cell of an hour since the epoch on the local clock, 0 to 167, Monday 0h first. */
const cellOfHour = (hour: number): number =>
  (((hour + EPOCH_HOUR_OF_WEEK) % HOURS_OF_WEEK) + HOURS_OF_WEEK) % HOURS_OF_WEEK;

/** The cell of an instant as a SQL expression with its parameters, and the pieces in which the period must be read. */
export interface CellOf {
  pieces: Range[];
  /** `next` is the number of the first parameter. */
  sql: (at: string, next: number) => string;
  values: unknown[];
}

/**
 * Local time is the instant plus the zone's offset then; the offsets come from the same zone data as the period's
 * bounds. An hour that a clock change repeats counts twice for its cell. If the clock goes back over midnight, the hour
 * belongs to the day that has begun.
 */
export function hourCellOf({ from, to, timeZone }: Range & { timeZone: string }): CellOf {
  const segments = daySegments(from, to, timeZone);
  const starts = segments.map((segment) => segment.from);
  return {
    pieces: cutInsideSlots({ from, to }, starts),
    sql: (at, next) =>
      `((floor((date_part('epoch', ${at}) + ($${next + 1}::int[])[width_bucket(${at}, $${next}::timestamptz[])]) / 3600)
         + ${EPOCH_HOUR_OF_WEEK})::bigint % ${HOURS_OF_WEEK})::int`,
    values: [starts, segments.map(({ offsetMinutes }) => Math.round(offsetMinutes * 60))],
  };
}

/** The cells that have usage. */
export const findHourCells = perScope(async (sql: Sql, scope: UsageScope): Promise<HourCell[]> => {
  const cell = hourCellOf(scope.period);
  const parts = slotParts(cell.pieces);
  const rows = await sql.query<{ cell: number; messages: bigint; cost_micros: bigint }>(
    'hour_cells',
    `SELECT ${cell.sql('t.at', parts.values.length + 2)} AS cell,
         sum(t.messages)::bigint AS messages, sum(t.cost_micros)::bigint AS cost_micros
       FROM ${parts.sql} AS t (bucket, at, messages, cost_micros, first_at, last_at)
       WHERE t.messages > 0 GROUP BY 1 ORDER BY 1`,
    [scope.workspace.id, ...parts.values, ...cell.values],
  );
  return rows.map((row) => ({
    weekday: Math.floor(row.cell / 24) + 1,
    hour: row.cell % 24,
    messages: row.messages,
    costMicros: row.cost_micros,
  }));
});

/**
 * How many times each cell came in a range of this zone: the hours of the local clock, including incomplete ones. An
 * hour that a clock change repeats came twice; one that it skips did not come.
 */
export function countOccurrences({ from, to }: Range, timeZone: string): number[] {
  const counts = Array.from({ length: HOURS_OF_WEEK }, () => 0);
  if (to <= from) return counts;
  const segments = daySegments(from, to, timeZone);
  for (const [index, segment] of segments.entries()) {
    const end = segments[index + 1]?.from ?? to;
    const hourAt = (at: Date) => (at.getTime() / MINUTE_MS + segment.offsetMinutes) / HOUR_MINUTES;
    const first = Math.floor(hourAt(segment.from));
    const hours = Math.ceil(hourAt(end)) - first;
    const weeks = Math.floor(hours / HOURS_OF_WEEK);
    for (let cell = 0; cell < HOURS_OF_WEEK; cell += 1) counts[cell] = (counts[cell] ?? 0) + weeks;
    for (let hour = first + weeks * HOURS_OF_WEEK; hour < first + hours; hour += 1)
      counts[cellOfHour(hour)] = (counts[cellOfHour(hour)] ?? 0) + 1;
  }
  return counts;
}
