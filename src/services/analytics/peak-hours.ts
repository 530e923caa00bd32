// Which hours of the day are busiest?
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';
import { findHourCells } from './hour-cells';
import type { UsageScope } from './scope';
import { shareOf } from './share';

export interface HourUsage {
  /** 0 to 23, local. */
  hour: number;
  /** "14:00" */
  label: string;
  messages: bigint;
  costMicros: bigint;
  /** Of the period's messages: 0 to 1, four decimals. */
  share: string;
}

/** The hours that have usage, by messages; ties go to the earlier hour. Throws BAD_USER_INPUT. */
export async function findPeakHours(sql: Sql, scope: UsageScope, limit: number): Promise<HourUsage[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > 24) {
    throw badInput(`limit must be a whole number from 1 to 24; got ${limit}.`);
  }
  const hours = new Map<number, { messages: bigint; costMicros: bigint }>();
  let total = 0n;
  for (const cell of await findHourCells(sql, scope)) {
    const sum = hours.get(cell.hour) ?? { messages: 0n, costMicros: 0n };
    hours.set(cell.hour, {
      messages: sum.messages + cell.messages,
      costMicros: sum.costMicros + cell.costMicros,
    });
    total += cell.messages;
  }
  return [...hours]
    .sort(([hourA, a], [hourB, b]) => Number(b.messages - a.messages) || hourA - hourB)
    .slice(0, limit)
    .map(([hour, sum]) => ({
      hour,
      label: `${String(hour).padStart(2, '0')}:00`,
      ...sum,
      share: shareOf(sum.messages, total),
    }));
}
