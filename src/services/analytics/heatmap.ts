// When in the week is the shop busy?
import type { Sql } from '../../database/sql';
import { findHourCells, type HourCell } from './hour-cells';
import type { UsageScope } from './scope';

/** All 168 cells, Monday 0h first, zeros where there is no usage. */
export async function findHeatmap(sql: Sql, scope: UsageScope): Promise<HourCell[]> {
  const cells: HourCell[] = Array.from({ length: 168 }, (_, index) => ({
    weekday: Math.floor(index / 24) + 1,
    hour: index % 24,
    messages: 0n,
    costMicros: 0n,
  }));
  for (const cell of await findHourCells(sql, scope)) cells[(cell.weekday - 1) * 24 + cell.hour] = cell;
  return cells;
}
