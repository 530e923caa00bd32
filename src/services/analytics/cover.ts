// What is read from where: a range is cut into roll-ups and the single records at its ragged edges.
import { localDays, localMonths } from '../../period';
import { ceilSlot, floorSlot } from '../../time';

/** A half-open stretch of time: `from` included, `to` excluded. */
export interface Range {
  from: Date;
  to: Date;
}

/** A range as whole 15-minute slots and the records before and after them. Together they are the range, once. */
export interface SlotCover {
  slots: Range | undefined;
  edges: Range[];
}

/** A range as whole local months and days of the workspace's zone, and records. Together they are the range, once. */
export interface CustomerCover {
  /** First days of whole months, 'YYYY-MM-01'. */
  months: string[];
  /** Stretches of whole local days, 'YYYY-MM-DD', `to` excluded. */
  days: { from: string; to: string }[];
  edges: Range[];
}

export function coverWithSlots(range: Range): SlotCover {
  const from = ceilSlot(range.from);
  const to = floorSlot(range.to);
  if (from >= to) return { slots: undefined, edges: edges(range, undefined) };
  const slots = { from, to };
  return { slots, edges: edges(range, slots) };
}

/** `zone` is the workspace's own: its roll-ups are cut by that zone's days, whatever zone the query is in. */
export function coverWithCustomerDays(range: Range, zone: string): CustomerCover {
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
  const cover: CustomerCover = { months: months.map((month) => month.date), days: [], edges: [] };
  for (const stretch of stretches) {
    const days = localDays(stretch, zone);
    const firstDay = days[0];
    const lastDay = days.at(-1);
    if (!firstDay || !lastDay) {
      cover.edges.push(...edges(stretch, undefined));
      continue;
    }
    cover.days.push({ from: firstDay.date, to: dayAfter(lastDay.date) });
    cover.edges.push(...edges(stretch, { from: firstDay.from, to: lastDay.to }));
  }
  return cover;
}

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
