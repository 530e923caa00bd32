// When in the week is the shop busy?
import type { Sql } from '../../database/sql';
import { countOccurrences, findHourCells, HOURS_OF_WEEK, type HourCell } from './hour-cells';
import type { UsageScope } from './scope';

export interface HeatmapCell extends HourCell {
  /** How many times this hour of the week came in the period up to asOf; at least once when it has usage. */
  occurrences: number;
}

/** All 168 cells, Monday 0h first, zeros where there is no usage. */
export async function findHeatmap(sql: Sql, scope: UsageScope): Promise<HeatmapCell[]> {
  const { period, asOf } = scope;
  const until = period.to < asOf ? period.to : asOf;
  const occurrences = countOccurrences({ from: period.from, to: until }, period.timeZone);
  const cells = Array.from({ length: HOURS_OF_WEEK }, (_, index) => ({
    weekday: Math.floor(index / 24) + 1,
    hour: index % 24,
    messages: 0n,
    costMicros: 0n,
    occurrences: occurrences[index] ?? 0,
  }));
  for (const cell of await findHourCells(sql, scope)) {
    const index = (cell.weekday - 1) * 24 + cell.hour;
    // Turns may lie a little ahead of asOf, when a caller's clock is.
    cells[index] = { ...cell, occurrences: Math.max(1, occurrences[index] ?? 0) };
  }
  return cells;
}
