// Periods: half-open ranges of time cut by a zone's days, weeks (Monday first), months and years.
import { DateTime } from 'luxon';
import { badInput } from './errors';
import { formatInstant } from './time';

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

/** What a period is by the calendar: it decides which one came before it. */
export type PeriodKind = 'day' | 'days' | 'week' | 'month' | 'year' | 'range';

/** `from` included, `to` excluded, whole even while it still runs. */
export interface Period {
  readonly from: Date;
  readonly to: Date;
  /** IANA zone whose days, weeks and months cut it. */
  readonly timeZone: string;
  readonly kind: PeriodKind;
}

/** Which period is asked for: one of preset; month; from and to. Nothing: THIS_MONTH. */
export interface PeriodChoice {
  preset?: PeriodPreset | null | undefined;
  /** A calendar month, '2025-01'. */
  month?: string | null | undefined;
  from?: Date | null | undefined;
  to?: Date | null | undefined;
}

interface Range {
  from: Date;
  to: Date;
}

const MAX_YEARS = 20;

/** Throws BAD_USER_INPUT when more than one is chosen, when it ends before it starts, or is longer than 20 years. */
export function resolvePeriod(choice: PeriodChoice | null | undefined, timeZone: string, now: Date): Period {
  const { preset, month, from, to } = choice ?? {};
  const ranged = Boolean(from) || Boolean(to);
  if ([Boolean(preset), Boolean(month), ranged].filter(Boolean).length > 1) {
    throw badInput('A period is one of: preset; month; from and to. Give only one of them.');
  }
  if (month) return resolveMonth(month, timeZone);
  if (ranged) return resolveRange(from, to, timeZone);
  return resolvePreset(preset ?? 'THIS_MONTH', timeZone, now);
}

/** True when nothing of the period lies after `asOf`. */
export const isComplete = (period: Range, asOf: Date): boolean => period.to <= asOf;

function resolveMonth(month: string, timeZone: string): Period {
  const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month);
  const year = Number(match?.[1]);
  if (!match || year < 1970 || year > 2200) {
    throw badInput(
      `${JSON.stringify(month.slice(0, 32))} is not a calendar month. Write year and month, such as 2025-01.`,
    );
  }
  const start = DateTime.fromObject({ year, month: Number(match[2]), day: 1 }, { zone: timeZone });
  return calendarPeriod('month', start, start.plus({ months: 1 }));
}

function resolveRange(from: Date | null | undefined, to: Date | null | undefined, timeZone: string): Period {
  if (!from || !to) throw badInput('A free period needs both from and to.');
  if (to <= from) {
    throw badInput(
      `The period ends (${formatInstant(to)}) before it starts (${formatInstant(from)}). to is excluded, so it must lie after from.`,
    );
  }
  if (to > DateTime.fromJSDate(from, { zone: timeZone }).plus({ years: MAX_YEARS }).toJSDate()) {
    throw badInput(`The period is longer than ${MAX_YEARS} years. Ask for a shorter one.`);
  }
  return { from, to, timeZone, kind: 'range' };
}

function resolvePreset(preset: PeriodPreset, timeZone: string, now: Date): Period {
  const today = DateTime.fromJSDate(now, { zone: timeZone }).startOf('day');
  const unit = {
    TODAY: 'day',
    YESTERDAY: 'day',
    THIS_WEEK: 'week',
    LAST_WEEK: 'week',
    THIS_MONTH: 'month',
    LAST_MONTH: 'month',
    THIS_YEAR: 'year',
    LAST_YEAR: 'year',
  } as const;
  if (preset === 'LAST_7_DAYS' || preset === 'LAST_30_DAYS') {
    const end = nextDay(today);
    return calendarPeriod('days', startOfDay(today.minus({ days: preset === 'LAST_7_DAYS' ? 6 : 29 })), end);
  }
  const kind = unit[preset];
  const current = today.startOf(kind);
  const past = preset.startsWith('LAST') || preset === 'YESTERDAY';
  const start = past ? startOfDay(current.minus({ [kind]: 1 })) : current;
  return calendarPeriod(kind, start, past ? current : startOfDay(start.plus({ [kind]: 1 })));
}

const calendarPeriod = (kind: PeriodKind, from: DateTime, to: DateTime): Period => ({
  from: startOfDay(from).toJSDate(),
  to: startOfDay(to).toJSDate(),
  timeZone: from.zoneName ?? 'UTC',
  kind,
});

/** The first instant of the local day, also where midnight itself does not exist. */
const startOfDay = (at: DateTime): DateTime => at.startOf('day');

const nextDay = (at: DateTime): DateTime => startOfDay(at.plus({ days: 1 }));

/** The whole period before this one: the calendar's for a calendar period, one of equal length for a free range. */
export function previousPeriod(period: Period): Period {
  const { kind, timeZone } = period;
  const from = DateTime.fromJSDate(period.from, { zone: timeZone });
  if (kind === 'range') {
    const lengthMs = period.to.getTime() - period.from.getTime();
    return { ...period, from: new Date(period.from.getTime() - lengthMs), to: period.from };
  }
  return { ...period, from: startOfDay(from.minus(stepOf(period))).toJSDate(), to: period.from };
}

/** How far a calendar period lies from the one before it. */
function stepOf(period: Period): Record<string, number> {
  if (period.kind !== 'days') return { [period.kind]: 1 };
  const zone = { zone: period.timeZone };
  const days = DateTime.fromJSDate(period.to, zone).diff(DateTime.fromJSDate(period.from, zone), 'days').days;
  return { days: Math.round(days) };
}

/** What growth compares (docs/semantics.md#growth): two half-open ranges. */
export function comparison(
  period: Period,
  basis: GrowthBasis,
  asOf: Date,
): { current: Range; previous: Range } {
  const whole = basis === 'YEAR_EARLIER' ? yearEarlier(period) : previousPeriod(period);
  const runs = period.from < asOf && asOf < period.to;
  if (basis === 'FULL_PREVIOUS' || !runs) return { current: rangeOf(period), previous: rangeOf(whole) };
  const end =
    period.kind === 'range' && basis === 'SAME_ELAPSED'
      ? new Date(whole.from.getTime() + asOf.getTime() - period.from.getTime())
      : sameLocalTime(asOf, basis === 'YEAR_EARLIER' ? yearStep(period) : stepOf(period), period.timeZone);
  const to = new Date(Math.min(Math.max(end.getTime(), whole.from.getTime()), whole.to.getTime()));
  return { current: { from: period.from, to: asOf }, previous: { from: whole.from, to } };
}

const rangeOf = ({ from, to }: Range): Range => ({ from, to });

/** Weeks are moved by 52 weeks, so that Mondays meet Mondays. */
const yearStep = (period: Period): Record<string, number> =>
  period.kind === 'week' ? { weeks: 52 } : { years: 1 };

function yearEarlier(period: Period): Period {
  const step = yearStep(period);
  const shift = (at: Date) => sameLocalTime(at, step, period.timeZone);
  return { ...period, from: shift(period.from), to: shift(period.to) };
}

/** The same local time so much earlier. 31 March a month earlier is the end of February, not its 28th. */
function sameLocalTime(at: Date, step: Record<string, number>, timeZone: string): Date {
  const local = DateTime.fromJSDate(at, { zone: timeZone });
  const moved = local.minus(step);
  const clipped = moved.day !== local.day && ('month' in step || 'year' in step || 'years' in step);
  return (clipped ? nextDay(moved) : moved).toJSDate();
}

const UNITS = { DAY: 'day', WEEK: 'week', MONTH: 'month' } as const;
const COARSER: Record<TimelineInterval, string> = {
  HOUR: 'DAY, WEEK or MONTH',
  DAY: 'WEEK or MONTH',
  WEEK: 'MONTH',
  MONTH: 'a shorter period',
};

/**
 * The bounds of a range's gapless buckets: b0 = from < b1 < ... < bn = to. Ragged ends are clipped; a local day that
 * does not exist leaves no bucket. Throws BAD_USER_INPUT naming a coarser interval when there are more than `limit`.
 */
export function buckets(range: Range, interval: TimelineInterval, zone: string, limit = 2_000): Date[] {
  const bounds = [range.from];
  let next = firstCut(range.from, interval, zone);
  while (next < range.to) {
    bounds.push(next);
    if (bounds.length > limit) {
      throw badInput(
        `The period has more than ${limit} points by ${interval}. Ask for ${COARSER[interval]}.`,
      );
    }
    next = cutAfter(next, interval, zone);
  }
  bounds.push(range.to);
  return bounds;
}

const firstCut = (from: Date, interval: TimelineInterval, zone: string): Date =>
  cutAfter(from, interval, zone);

/** The first cut after an instant: the start of the next local hour, day, week or month. */
function cutAfter(at: Date, interval: TimelineInterval, zone: string): Date {
  const local = DateTime.fromJSDate(at, { zone });
  if (interval === 'HOUR') return nextHour(at, local.offset, zone);
  const unit = UNITS[interval];
  // A step of days may land on the same instant where a local day does not exist; the next one does not.
  for (let steps = 1; ; steps += 1) {
    const cut = local
      .startOf(unit)
      .plus({ [unit]: steps })
      .startOf(unit)
      .toJSDate();
    if (cut > at) return cut;
  }
}

/** A local hour ends at the next full hour of the clock, or where the clock is changed within it. */
function nextHour(at: Date, offsetMinutes: number, zone: string): Date {
  const local = at.getTime() + offsetMinutes * 60_000;
  const next = (Math.floor(local / 3_600_000) + 1) * 3_600_000 - offsetMinutes * 60_000;
  const after = DateTime.fromMillis(next, { zone });
  if (after.offset === offsetMinutes) return new Date(next);
  // Changes happen on quarters of an hour: the first quarter with another offset is where the hour was cut.
  for (let ms = at.getTime() - (at.getTime() % 900_000) + 900_000; ms < next; ms += 900_000) {
    if (DateTime.fromMillis(ms, { zone }).offset !== offsetMinutes) return new Date(ms);
  }
  return new Date(next);
}

export interface LocalStretch {
  /** 'YYYY-MM-DD', of a month its first day. */
  date: string;
  from: Date;
  to: Date;
}

/** The local days that lie wholly inside the range. */
export const localDays = (range: Range, zone: string): LocalStretch[] => wholeUnits(range, 'DAY', zone);

/** The local months that lie wholly inside the range. */
export const localMonths = (range: Range, zone: string): LocalStretch[] => wholeUnits(range, 'MONTH', zone);

const ANY = 1_000_000;

function wholeUnits(range: Range, interval: 'DAY' | 'MONTH', zone: string): LocalStretch[] {
  const bounds = buckets(range, interval, zone, ANY);
  const whole: LocalStretch[] = [];
  for (let index = 0; index + 1 < bounds.length; index += 1) {
    const from = bounds[index];
    const to = bounds[index + 1];
    if (!from || !to) continue;
    const local = DateTime.fromJSDate(from, { zone });
    const starts = local.startOf(UNITS[interval]).toMillis() === from.getTime();
    const ends = cutAfter(from, interval, zone).getTime() === to.getTime();
    if (starts && ends) whole.push({ date: local.toFormat('yyyy-MM-dd'), from, to });
  }
  return whole;
}
