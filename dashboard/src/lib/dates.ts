// Days of a time zone's calendar, as text (YYYY-MM-DD), and the instants at which they start.

/** A day of somebody's calendar: YYYY-MM-DD. */
export type Day = string;

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

const asUtc = (day: Day): Date => new Date(`${day}T00:00:00Z`);
const fromUtc = (date: Date): Day => date.toISOString().slice(0, 10);

/** Is it a day that exists: not 2025-02-30? */
export const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(asUtc(text).getTime()) && fromUtc(asUtc(text)) === text;

/** Is it a month that exists: YYYY-MM? */
export const isMonth = (text: string): boolean => isDay(`${text}-01`);

export const addDays = (day: Day, days: number): Day =>
  fromUtc(new Date(asUtc(day).getTime() + days * DAY_MS));

/** Where the month is shorter, its last day: 31 March minus one month is 28 February. */
export function addMonths(day: Day, months: number): Day {
  const date = asUtc(day);
  const first = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1));
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(date.getUTCDate(), last));
  return fromUtc(first);
}

/** How many days from one to the other. */
export const daysBetween = (from: Day, to: Day): number =>
  Math.round((asUtc(to).getTime() - asUtc(from).getTime()) / DAY_MS);

/** 1 (Monday) to 7. */
export const weekdayOf = (day: Day): number => asUtc(day).getUTCDay() || 7;

const formats = new Map<string, Intl.DateTimeFormat>();

/** The day that holds an instant, on the zone's calendar. */
export function dayOf(at: Date, timeZone: string): Day {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone,
      calendar: 'gregory',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
    formats.set(timeZone, format);
  }
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`;
}

/** The first instant of a day; not always midnight, which a change of the clock may skip. */
export function startOf(day: Day, timeZone: string): Date {
  // Zones lie within 15 hours of UTC. The first minute whose day is this one or a later one.
  let low = (asUtc(day).getTime() - 15 * 60 * MINUTE_MS) / MINUTE_MS;
  let high = low + 30 * 60;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (dayOf(new Date(middle * MINUTE_MS), timeZone) >= day) high = middle;
    else low = middle + 1;
  }
  return new Date(low * MINUTE_MS);
}
