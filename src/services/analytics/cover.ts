// WHAT IS READ FROM A ROLL-UP, WHAT FROM RECORDS? A range is cut into whole roll-ups and single records at its ragged
// edges.

import { DAY_MS } from '../../values/duration';
import { localDays, localMonths } from '../../values/period';
import { ceilSlot, floorSlot, type Range } from '../../values/time';

/**
 * A range as whole 15-minute slots and the records before and after them. Together they cover the range exactly once.
 */
export interface SlotCover {
  slots: Range | undefined;
  edges: Range[];
}

/** Whether a piece's sums are added to the range's or taken off them. */
export type Sign = 1 | -1;

/**
 * A range as whole local months and days of the workspace's zone, and records. Together they cover the range exactly
 * once; with signs, their sum does.
 */
export interface CustomerCover {
  /** First days of whole months, 'YYYY-MM-01'. */
  months: { month: string; sign: Sign }[];
  /** Stretches of whole local days, 'YYYY-MM-DD', `to` excluded. */
  days: { from: string; to: string; sign: Sign }[];
  edges: (Range & { sign: Sign })[];
}

export function coverWithSlots(range: Range): SlotCover {
  const from = ceilSlot(range.from);
  const to = floorSlot(range.to);
  if (from >= to) return { slots: undefined, edges: edges(range, undefined) };
  const slots = { from, to };
  return { slots, edges: edges(range, slots) };
}

/**
 * A range in pieces, cut where one of `cuts` lies inside a slot: such a slot belongs to two parts, so its records are
 * read. Some zones have changed their clocks at 00:01.
 */
export function cutInsideSlots(range: Range, cuts: readonly Date[]): Range[] {
  const inside = cuts.filter((at) => range.from < at && at < range.to && ceilSlot(at) > at);
  const bounds = [range.from, ...inside, range.to];
  return bounds.slice(1).map((to, index) => ({ from: bounds[index] ?? range.from, to }));
}

/** `zone` is the workspace's own, even if the query has another one: the roll-ups are cut by that zone's days. */
export function coverWithCustomerDays(range: Range, zone: string, sign: Sign = 1): CustomerCover {
  const months = localMonths(range, zone);
  const first = months[0];
  const last = months.at(-1);
  const stretches =
    first && last
      ? [
          { from: range.from, to: first.from },
          { from: last.to, to: range.to },
        ]
      : [range];
  const pieces = stretches.map((stretch) => coverWithDays(stretch, zone, sign));
  return {
    months: months.map(({ date }) => ({ month: date, sign })),
    days: pieces.flatMap(({ days }) => days),
    edges: pieces.flatMap((piece) => piece.edges),
  };
}

/** The same by days alone. */
export function coverWithDays(range: Range, zone: string, sign: Sign = 1): Omit<CustomerCover, 'months'> {
  const signed = (part: Range) => ({ ...part, sign });
  const days = localDays(range, zone);
  const firstDay = days[0];
  const lastDay = days.at(-1);
  if (!firstDay || !lastDay) return { days: [], edges: edges(range, undefined).map(signed) };
  return {
    days: [{ from: firstDay.date, to: dayAfter(lastDay.date), sign }],
    edges: edges(range, { from: firstDay.from, to: lastDay.to }).map(signed),
  };
}

/** Longer than any month in any zone. */
const LONGEST_MONTH_MS = 32 * DAY_MS;

/**
 * The same for sums only. If the range has more than half of a month, the whole month is added and the rest of it is
 * taken off. So no cut reads more than half a month of days, and the past of a running month costs next to nothing.
 */
export function netCoverWithCustomerDays(range: Range, zone: string): CustomerCover {
  const around = {
    from: new Date(range.from.getTime() - LONGEST_MONTH_MS),
    to: new Date(range.to.getTime() + LONGEST_MONTH_MS),
  };
  const covers = localMonths(around, zone)
    .filter((month) => month.from < range.to && month.to > range.from)
    .flatMap((month) => {
      const inside = {
        from: new Date(Math.max(month.from.getTime(), range.from.getTime())),
        to: new Date(Math.min(month.to.getTime(), range.to.getTime())),
      };
      const outside = edges(month, inside);
      if (lengthOf(inside) < outside.reduce((sum, part) => sum + lengthOf(part), 0))
        return [coverWithCustomerDays(inside, zone)];
      return [
        coverWithCustomerDays({ from: month.from, to: month.to }, zone),
        ...outside.map((part) => coverWithCustomerDays(part, zone, -1)),
      ];
    });
  return {
    months: covers.flatMap(({ months }) => months),
    days: covers.flatMap(({ days }) => days),
    edges: covers.flatMap((cover) => cover.edges),
  };
}

const lengthOf = ({ from, to }: Range): number => to.getTime() - from.getTime();

/** The parts of `range` before and after `inner`; the whole range when there is no inner part. */
function edges(range: Range, inner: Range | undefined): Range[] {
  const parts = inner
    ? [
        { from: range.from, to: inner.from },
        { from: inner.to, to: range.to },
      ]
    : [range];
  return parts.filter((part) => part.from < part.to);
}

/** The next date on the calendar, without a zone: 'YYYY-MM-DD' in and out. */
const dayAfter = (date: string): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
