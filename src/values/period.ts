// Periods: half-open ranges of time, bounded by a zone's days, weeks (Monday first), months or years.
import { DateTime } from 'luxon';
import { type AppError, badInput } from '../errors';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './duration';
import { checkMonth, firstDayOf } from './month';
import {
  assertZone,
  firstInstantAt,
  formatInstant,
  localClock,
  localDate,
  offsetSegments,
  type Range,
} from './time';

export const PERIOD_PRESETS = [
  'TODAY',
  'YESTERDAY',
  'LAST_7_DAYS',
  'LAST_30_DAYS',
  'THIS_WEEK',
  'LAST_WEEK',
  'THIS_MONTH',
  'LAST_MONTH',
  'THIS_YEAR',
  'LAST_YEAR',
] as const;
export type PeriodPreset = (typeof PERIOD_PRESETS)[number];

export const GROWTH_BASES = ['SAME_ELAPSED', 'FULL_PREVIOUS', 'YEAR_EARLIER'] as const;
export type GrowthBasis = (typeof GROWTH_BASES)[number];

export const TIMELINE_INTERVALS = ['HOUR', 'DAY', 'WEEK', 'MONTH'] as const;
export type TimelineInterval = (typeof TIMELINE_INTERVALS)[number];

/** The calendar unit of a period: it decides which period comes before. */
export type PeriodKind = 'day' | 'days' | 'week' | 'month' | 'year' | 'range';

/** `from` is included, `to` is excluded. A running period is whole: it reaches to its end in the future. */
export interface Period {
  readonly from: Date;
  readonly to: Date;
  /** The IANA zone of its days, weeks and months. */
  readonly timeZone: string;
  readonly kind: PeriodKind;
}

/** Which period: a preset; a month; from and to; or firstDay and lastDay. Default: THIS_MONTH. */
export interface PeriodChoice {
  preset?: PeriodPreset | null | undefined;
  /** A calendar month, '2025-01'. */
  month?: string | null | undefined;
  from?: Date | null | undefined;
  to?: Date | null | undefined;
  /** Local days, '2025-01-31', both included. */
  firstDay?: string | null | undefined;
  lastDay?: string | null | undefined;
}

/** The same choice as plain text by name, to compare and to store; null or undefined: not given. */
export const choiceTexts = (
  choice: PeriodChoice | null | undefined,
): Record<keyof PeriodChoice, string | null | undefined> => ({
  preset: choice?.preset,
  month: choice?.month,
  from: choice?.from && formatInstant(choice.from),
  to: choice?.to && formatInstant(choice.to),
  firstDay: choice?.firstDay,
  lastDay: choice?.lastDay,
});

const MAX_YEARS = 20;
const FIRST_YEAR = 1970;
const LAST_YEAR = 2200;

/**
 * Throws BAD_USER_INPUT for an unknown zone, for more than one choice, and for a period that ends before it starts, is
 * longer than 20 years or lies outside the years 1970 to 2200 (docs/semantics.md#time).
 */
export function resolvePeriod(choice: PeriodChoice | null | undefined, zone: string, now: Date): Period {
  const timeZone = assertZone(zone);
  const { preset, month, from, to, firstDay, lastDay } = choice ?? {};
  const given = Object.entries({ preset, month, from, to, firstDay, lastDay })
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name]) => name);
  if (given.length > 1 && given.join() !== 'from,to' && given.join() !== 'firstDay,lastDay') {
    throw badInput(
      `A period is one of: preset; month; from and to; firstDay and lastDay. Received ${given.join(', ')}: give only one of them.`,
    );
  }
  if (from && to) return resolveRange(from, to, timeZone);
  if (from) throw halfRange('from', formatInstant(from), 'to');
  if (to) throw halfRange('to', formatInstant(to), 'from');
  if (isGiven(firstDay) && isGiven(lastDay)) return resolveDays(firstDay, lastDay, timeZone);
  if (isGiven(firstDay)) throw halfRange('firstDay', checkLocalDate(firstDay), 'lastDay');
  if (isGiven(lastDay)) throw halfRange('lastDay', checkLocalDate(lastDay), 'firstDay');
  if (month !== null && month !== undefined) return resolveMonth(month, timeZone);
  return resolvePreset(preset ?? 'THIS_MONTH', timeZone, now);
}

/** True when nothing of the period lies after `asOf`. */
export const isComplete = (period: Range, asOf: Date): boolean => period.to <= asOf;

/** True for a month of the years 1970 to 2200. Every month with figures is one of these. */
export function mayBeAskedFor(month: string): boolean {
  const year = Number(month.slice(0, 4));
  return year >= FIRST_YEAR && year <= LAST_YEAR;
}

function resolveMonth(text: string, timeZone: string): Period {
  const month = checkMonth(text);
  if (!mayBeAskedFor(month)) {
    throw badInput(
      `${JSON.stringify(month)} lies outside the years ${FIRST_YEAR} to ${LAST_YEAR}. Ask for a month of these years.`,
    );
  }
  const start = DateTime.fromISO(firstDayOf(month), { zone: 'utc' });
  return { ...between(start, start.plus({ months: 1 }), timeZone), timeZone, kind: 'month' };
}

const isGiven = (text: string | null | undefined): text is string => text !== null && text !== undefined;

const halfRange = (name: string, shown: string, missing: string): AppError =>
  badInput(
    `A free period needs both of its ends. Received only ${name} (${shown}): give ${missing} as well.`,
  );

/** Returns the date 'YYYY-MM-DD'. Throws BAD_USER_INPUT unless it is a date of the years 1970 to 2200. */
export function checkLocalDate(text: string): string {
  const shown = JSON.stringify(text.slice(0, 32));
  const date = DateTime.fromISO(text, { zone: 'utc' });
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || !date.isValid)
    throw badInput(`${shown} is not a day of the calendar. Write year, month and day, such as 2025-01-31.`);
  if (date.year < FIRST_YEAR || date.year > LAST_YEAR)
    throw badInput(
      `${shown} lies outside the years ${FIRST_YEAR} to ${LAST_YEAR}. Ask for a day of these years.`,
    );
  return text;
}

/** A period of local days, both included. The period before it has as many days. */
function resolveDays(firstDay: string, lastDay: string, timeZone: string): Period {
  const [first, last] = [firstDay, lastDay].map((day) =>
    DateTime.fromISO(checkLocalDate(day), { zone: 'utc' }),
  );
  if (!first || !last || last < first) {
    throw badInput(
      `firstDay ${firstDay} is after lastDay ${lastDay}. Both are included; for one day give the same day twice.`,
    );
  }
  if (last >= first.plus({ years: MAX_YEARS }))
    throw badInput(
      `The period from ${firstDay} to ${lastDay} is longer than ${MAX_YEARS} years. Ask for a shorter one.`,
    );
  const range = between(first, last.plus({ days: 1 }), timeZone);
  if (range.to <= range.from)
    throw badInput(
      `There was no ${firstDay} in ${timeZone}: the zone left it out. Ask for the day before or after it.`,
    );
  return { ...range, timeZone, kind: 'days' };
}

/** This many calendar months; the last one holds `now`. */
export function lastMonths(count: number, timeZone: string, now: Date): Period {
  const running = dateOf(now, timeZone).startOf('month');
  const range = between(running.minus({ months: count - 1 }), running.plus({ months: 1 }), timeZone);
  return { ...range, timeZone, kind: 'range' };
}

function resolveRange(from: Date, to: Date, timeZone: string): Period {
  checkRange({ from, to });
  return { from, to, timeZone, kind: 'range' };
}

/**
 * Throws BAD_USER_INPUT unless the range is allowed. Years are counted in UTC, so the zone never makes a range too
 * long.
 */
export function checkRange({ from, to }: Range): void {
  const shown = `The period from ${formatInstant(from)} to ${formatInstant(to)}`;
  if (to <= from) {
    throw badInput(`${shown} ends before it starts. to is excluded, so it must lie after from.`);
  }
  if (from.getTime() < Date.UTC(FIRST_YEAR, 0) || to.getTime() > Date.UTC(LAST_YEAR + 1, 0)) {
    throw badInput(
      `${shown} lies outside the years ${FIRST_YEAR} to ${LAST_YEAR}. Ask for a period within these years.`,
    );
  }
  if (to > DateTime.fromJSDate(from, { zone: 'utc' }).plus({ years: MAX_YEARS }).toJSDate()) {
    throw badInput(`${shown} is longer than ${MAX_YEARS} years. Ask for a shorter one.`);
  }
}

const UNIT_OF = {
  TODAY: 'day',
  YESTERDAY: 'day',
  THIS_WEEK: 'week',
  LAST_WEEK: 'week',
  THIS_MONTH: 'month',
  LAST_MONTH: 'month',
  THIS_YEAR: 'year',
  LAST_YEAR: 'year',
} as const;

function resolvePreset(preset: PeriodPreset, timeZone: string, now: Date): Period {
  const today = dateOf(now, timeZone);
  if (preset === 'LAST_7_DAYS' || preset === 'LAST_30_DAYS') {
    const start = today.minus({ days: preset === 'LAST_7_DAYS' ? 6 : 29 });
    return { ...between(start, today.plus({ days: 1 }), timeZone), timeZone, kind: 'days' };
  }
  const kind = UNIT_OF[preset];
  const start = today.startOf(kind);
  const current: Period = { ...between(start, start.plus({ [kind]: 1 }), timeZone), timeZone, kind };
  return preset.startsWith('LAST') || preset === 'YESTERDAY' ? previousPeriod(current) : current;
}

// Local dates and clock times are computed as Luxon's in UTC, where no hour is skipped or repeated.
const clockOf = (at: Date, zone: string): DateTime =>
  DateTime.fromMillis(localClock(at, zone), { zone: 'utc' });

const instantOf = (clock: DateTime, zone: string): Date => firstInstantAt(clock.toMillis(), zone);

const dateOf = (at: Date, zone: string): DateTime => DateTime.fromISO(localDate(at, zone), { zone: 'utc' });

const between = (from: DateTime, to: DateTime, zone: string): Range => ({
  from: instantOf(from, zone),
  to: instantOf(to, zone),
});

/** The whole period before this one: the calendar's for a calendar period; one of the same length for a free range. */
export function previousPeriod(period: Period): Period {
  const { from, kind, timeZone } = period;
  if (kind === 'range') {
    return { ...period, from: new Date(2 * from.getTime() - period.to.getTime()), to: from };
  }
  if (kind === 'days') {
    return { ...period, from: instantOf(dateOf(from, timeZone).minus(stepOf(period)), timeZone), to: from };
  }
  // The millisecond before always lies in the period before, even if the zone left out a day.
  const start = dateOf(new Date(from.getTime() - 1), timeZone).startOf(kind);
  return { ...period, from: instantOf(start, timeZone), to: from };
}

type Step = Partial<Record<'days' | 'weeks' | 'months' | 'years', number>>;

/** The length of one calendar unit, to go back from a period to the one before. */
function stepOf({ from, to, kind, timeZone }: Period): Step {
  if (kind === 'week') return { weeks: 1 };
  if (kind === 'month') return { months: 1 };
  if (kind === 'year') return { years: 1 };
  if (kind === 'day') return { days: 1 };
  return { days: dateOf(to, timeZone).diff(dateOf(from, timeZone), 'days').days };
}

/** The two half-open ranges that growth compares (docs/semantics.md#growth). */
export function comparison(
  period: Period,
  basis: GrowthBasis,
  asOf: Date,
): { current: Range; previous: Range } {
  const whole = basis === 'YEAR_EARLIER' ? yearEarlier(period) : previousPeriod(period);
  const runs = period.from < asOf && asOf < period.to;
  if (basis === 'FULL_PREVIOUS' || !runs) return { current: rangeOf(period), previous: rangeOf(whole) };
  const end = sameStretchEnd(period, whole, basis, asOf);
  const to = new Date(Math.min(Math.max(end.getTime(), whole.from.getTime()), whole.to.getTime()));
  return { current: { from: period.from, to: asOf }, previous: { from: whole.from, to } };
}

const rangeOf = ({ from, to }: Range): Range => ({ from, to });

/** The point of the earlier period `whole` that corresponds to `asOf`. The caller limits it to that period. */
function sameStretchEnd(period: Period, whole: Range, basis: GrowthBasis, asOf: Date): Date {
  const { from, kind, timeZone } = period;
  const clock = clockOf(asOf, timeZone);
  if (kind === 'month' || kind === 'year') {
    const moved = clock.minus(basis === 'YEAR_EARLIER' ? { years: 1 } : stepOf(period));
    // One month before 31 March is the end of February, not a time on 28 February. 29 February works the same way.
    const end = moved.day === clock.day ? moved : moved.startOf('day').plus({ days: 1 });
    return instantOf(end, timeZone);
  }
  if (kind === 'range') {
    return basis === 'YEAR_EARLIER'
      ? instantOf(clock.minus({ years: 1 }), timeZone)
      : new Date(whole.from.getTime() + asOf.getTime() - from.getTime());
  }
  const days = dateOf(from, timeZone).diff(dateOf(whole.from, timeZone), 'days').days;
  return instantOf(clock.minus({ days }), timeZone);
}

/** Compares a week with the one 52 weeks earlier, so that both begin on a Monday. */
function yearEarlier(period: Period): Range {
  const { from, to, kind, timeZone } = period;
  const step: Step = kind === 'week' ? { weeks: 52 } : { years: 1 };
  if (kind === 'range') {
    return between(clockOf(from, timeZone).minus(step), clockOf(to, timeZone).minus(step), timeZone);
  }
  const start = dateOf(from, timeZone).minus(step);
  return between(start, start.plus(stepOf(period)), timeZone);
}

const COARSER: Record<TimelineInterval, string> = {
  HOUR: 'DAY, WEEK or MONTH',
  DAY: 'WEEK or MONTH',
  WEEK: 'MONTH',
  MONTH: 'a shorter period',
};

/**
 * The bounds of a range's buckets, without gaps: b0 = from < b1 < ... < bn = to. The first and last bucket end at the
 * range's ends. A local day that does not exist has no bucket. Hours end where the clock shows a full hour and where
 * the clock is changed, so a repeated hour has two buckets. An empty range has none. Throws BAD_USER_INPUT, which names
 * a coarser interval, for more than `limit` buckets.
 */
export function buckets(range: Range, interval: TimelineInterval, zone: string, limit = 2_000): Date[] {
  if (range.to <= range.from) return [];
  const bounds = [range.from];
  let last = range.from;
  for (const cut of interval === 'HOUR' ? hourCuts(range, zone) : dateCuts(range.from, interval, zone)) {
    if (cut >= range.to) break;
    if (cut <= last) continue;
    bounds.push(cut);
    last = cut;
    if (bounds.length > limit) {
      throw badInput(
        `The period has more than ${limit} points by ${interval}. Ask for ${COARSER[interval]}.`,
      );
    }
  }
  bounds.push(range.to);
  return bounds;
}

function* hourCuts(range: Range, zone: string): Generator<Date> {
  const segments = offsetSegments(range.from, range.to, zone);
  for (const [index, segment] of segments.entries()) {
    const end = segments[index + 1]?.from ?? range.to;
    const offset = segment.offsetMinutes * MINUTE_MS;
    yield segment.from;
    const first = Math.ceil((segment.from.getTime() + offset) / HOUR_MS) * HOUR_MS - offset;
    for (let ms = first; ms < end.getTime(); ms += HOUR_MS) yield new Date(ms);
  }
}

type DateInterval = Exclude<TimelineInterval, 'HOUR'>;

/** The starts of the local days, weeks or months, beginning with the one that holds `from`; never ends. */
function* dateCuts(from: Date, interval: DateInterval, zone: string): Generator<Date> {
  for (const date of dates(dateOf(from, zone), interval)) yield firstInstantAt(date, zone);
}

function* dates(first: DateTime, interval: DateInterval): Generator<number> {
  if (interval === 'MONTH') {
    for (let date = first.startOf('month'); ; date = date.plus({ months: 1 })) yield date.toMillis();
  }
  const step = interval === 'DAY' ? DAY_MS : 7 * DAY_MS;
  const start = first.startOf(interval === 'DAY' ? 'day' : 'week').toMillis();
  for (let date = start; ; date += step) yield date;
}

export interface LocalStretch {
  /** 'YYYY-MM-DD'; for a month, its first day. */
  date: string;
  from: Date;
  to: Date;
}

/** The local days that lie wholly inside the range. */
export const localDays = (range: Range, zone: string): LocalStretch[] => wholeUnits(range, 'DAY', zone);

/** The local months that lie wholly inside the range. */
export const localMonths = (range: Range, zone: string): LocalStretch[] => wholeUnits(range, 'MONTH', zone);

function wholeUnits(range: Range, interval: 'DAY' | 'MONTH', zone: string): LocalStretch[] {
  const whole: LocalStretch[] = [];
  let before: Date | undefined;
  for (const cut of dateCuts(range.from, interval, zone)) {
    if (cut > range.to) break;
    // A date that the zone left out begins where the next date begins, so that instant belongs to the next date.
    if (before && before >= range.from && before < cut) {
      whole.push({ date: localDate(before, zone), from: before, to: cut });
    }
    before = cut;
  }
  return whole;
}
