// What is read from where: a range is cut into roll-ups and the single records at its ragged edges.
import { localDays, localMonths } from '../../values/period';
import { ceilSlot, floorSlot, type Range } from '../../values/time';

/** A range as whole 15-minute slots and the records before and after them. Together they are the range, once. */
export interface SlotCover {
  slots: Range | undefined;
  edges: Range[];
}

/** Whether a piece's sums are added to the range's or taken off them. */
export type Sign = 1 | -1;

/**
 * A range as whole local months and days of the workspace's zone, and records. Together they are the range, once;
 * where signs differ, in sum.
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
 * A range in pieces, cut where one of `cuts` lies inside a slot: a slot that is asked about in two parts is read from its
 * records. Some zones have changed their clocks at 00:01.
 */
export function cutInsideSlots(range: Range, cuts: readonly Date[]): Range[] {
  const inside = cuts.filter((at) => range.from < at && at < range.to && ceilSlot(at) > at);
  const bounds = [range.from, ...inside, range.to];
  return bounds.slice(1).map((to, index) => ({ from: bounds[index] ?? range.from, to }));
}

/** `zone` is the workspace's own: its roll-ups are cut by that zone's days, whatever zone the query is in. */
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

/** No month is longer, whatever its zone does to its clock. */
const LONGEST_MONTH_MS = 32 * 86_400_000;

/**
 * The same for sums alone: of a month that the range has more than half of, the month is added and the rest of it
 * taken off. So no cut costs more than half a month of days, and a running month's past costs next to nothing.
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

/** What of `range` lies before and after `inner`; all of it when there is no inner part. */
function edges(range: Range, inner: Range | undefined): Range[] {
  const parts = inner
    ? [
        { from: range.from, to: inner.from },
        { from: inner.to, to: range.to },
      ]
    : [range];
  return parts.filter((part) => part.from < part.to);
}

/** The date on the calendar, not in a zone: 'YYYY-MM-DD' in, the next one out. */
const dayAfter = (date: string): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
