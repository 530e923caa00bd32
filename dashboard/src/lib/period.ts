// The period that a reader chose, what it is compared with, and both as the API wants them (docs/semantics.md#growth).
import type { GrowthBasis, PeriodInput, PeriodPreset, TimelineInterval } from '../gql/graphql';
import { addDays, addMonths, type Day, dayOf, daysBetween, startOf, weekdayOf } from './dates';

export const PRESETS = [
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
] as const satisfies readonly PeriodPreset[];

/**
 * Two are the page's own. SAME_WEEKDAYS: the stretch so many whole weeks earlier, so that a Friday meets a Friday.
 * RANGE: the days that the reader chose.
 */
export const COMPARISONS = [
  'SAME_ELAPSED',
  'FULL_PREVIOUS',
  'YEAR_EARLIER',
  'SAME_WEEKDAYS',
  'RANGE',
] as const satisfies readonly (GrowthBasis | 'SAME_WEEKDAYS' | 'RANGE')[];
export type Comparison = (typeof COMPARISONS)[number];

/** Days that the reader chose; the last is included. */
export interface Range {
  from: Day;
  to: Day;
}

/** What a period is compared with. */
export interface Comparing {
  compare: Comparison;
  /** The days of RANGE. */
  against: Range | undefined;
}

/** A range's last day is included. */
export type Choice =
  | { kind: 'preset'; preset: PeriodPreset }
  | { kind: 'month'; month: string }
  | ({ kind: 'range' } & Range);

/** Local days; `to` is excluded. */
interface Days {
  from: Day;
  to: Day;
}

export const THIS_MONTH: Choice = { kind: 'preset', preset: 'THIS_MONTH' };

const monthOf = (day: Day): Days => {
  const from = `${day.slice(0, 7)}-01`;
  return { from, to: addMonths(from, 1) };
};
const yearOf = (day: Day): Days => {
  const from = `${day.slice(0, 4)}-01-01`;
  return { from, to: addMonths(from, 12) };
};
const weekOf = (day: Day): Days => {
  const from = addDays(day, 1 - weekdayOf(day));
  return { from, to: addDays(from, 7) };
};

const PRESET_DAYS: Record<PeriodPreset, (today: Day) => Days> = {
  TODAY: (today) => ({ from: today, to: addDays(today, 1) }),
  YESTERDAY: (today) => ({ from: addDays(today, -1), to: today }),
  LAST_7_DAYS: (today) => ({ from: addDays(today, -6), to: addDays(today, 1) }),
  LAST_30_DAYS: (today) => ({ from: addDays(today, -29), to: addDays(today, 1) }),
  THIS_WEEK: weekOf,
  LAST_WEEK: (today) => weekOf(addDays(today, -7)),
  THIS_MONTH: monthOf,
  LAST_MONTH: (today) => monthOf(addMonths(monthOf(today).from, -1)),
  THIS_YEAR: yearOf,
  LAST_YEAR: (today) => yearOf(addMonths(today, -12)),
};

const daysIn = ({ from, to }: Range): Days => ({ from, to: addDays(to, 1) });

/** The whole period in local days, also while it runs. */
export function daysOf(choice: Choice, timeZone: string, now: Date): Days {
  if (choice.kind === 'month') return monthOf(`${choice.month}-01`);
  if (choice.kind === 'range') return daysIn(choice);
  return PRESET_DAYS[choice.preset](dayOf(now, timeZone));
}

const isOf = (unit: 'WEEK' | 'MONTH' | 'YEAR', choice: Choice): boolean =>
  choice.kind === 'month' ? unit === 'MONTH' : choice.kind === 'preset' && choice.preset.endsWith(unit);

/** The calendar month that it begins in, and whether it is that month. */
export const monthOfChoice = (
  choice: Choice,
  timeZone: string,
  now: Date,
): { month: string; isMonth: boolean } => ({
  month: daysOf(choice, timeZone, now).from.slice(0, 7),
  isMonth: isOf('MONTH', choice),
});

/** Months have no weekdays to compare. */
export const hasWeekdays = (choice: Choice, timeZone: string, now: Date): boolean =>
  intervalOf(choice, timeZone, now) !== 'MONTH';

const inWholeWeeks = (days: number): number => 7 * Math.ceil(days / 7);

/**
 * What is drawn behind: the period before, the same one a year earlier, the one that starts on the same weekday, or the
 * reader's own.
 */
export function previousDays(choice: Choice, comparing: Comparing, timeZone: string, now: Date): Days {
  const { compare, against } = comparing;
  if (compare === 'RANGE' && against) return daysIn(against);
  const { from, to } = daysOf(choice, timeZone, now);
  const byDays = (days: number): Days => ({ from: addDays(from, -days), to: addDays(to, -days) });
  const byMonths = (months: number): Days => ({ from: addMonths(from, -months), to: addMonths(to, -months) });
  if (compare === 'SAME_WEEKDAYS' && hasWeekdays(choice, timeZone, now))
    return byDays(inWholeWeeks(daysBetween(from, to)));
  if (compare === 'YEAR_EARLIER') return isOf('WEEK', choice) ? byDays(364) : byMonths(12);
  if (isOf('MONTH', choice)) return byMonths(1);
  if (isOf('YEAR', choice)) return byMonths(12);
  return byDays(daysBetween(from, to));
}

/** Of what is drawn behind, as much as has passed of the period itself; the reader's own days are whole. */
export function elapsedBefore(
  choice: Choice,
  comparing: Comparing,
  timeZone: string,
  now: Date,
): { from: string; to: string } {
  const before = previousDays(choice, comparing, timeZone, now);
  const whole = instantsOf(before, timeZone);
  const days = daysOf(choice, timeZone, now);
  const today = dayOf(now, timeZone);
  if (comparing.compare === 'RANGE' || today < days.from || today >= days.to) return whole;
  const day = addDays(before.from, daysBetween(days.from, today));
  const sinceMidnight = now.getTime() - startOf(today, timeZone).getTime();
  const to = new Date(startOf(day, timeZone).getTime() + Math.max(sinceMidnight, 60_000)).toISOString();
  return { from: whole.from, to: to < whole.to ? to : whole.to };
}

/** Days as instants of the zone. */
export const instantsOf = ({ from, to }: Days, timeZone: string): { from: string; to: string } => ({
  from: startOf(from, timeZone).toISOString(),
  to: startOf(to, timeZone).toISOString(),
});

/** As GraphQL and the exports take it. A preset stays one: the server's clock says what it means. */
export function inputOf(choice: Choice, timeZone: string): PeriodInput {
  if (choice.kind === 'preset') return { preset: choice.preset };
  if (choice.kind === 'month') return { month: choice.month };
  return instantsOf(daysIn(choice), timeZone);
}

/** Buckets that are few enough to read and many enough to see something. */
export function intervalOf(choice: Choice, timeZone: string, now: Date): TimelineInterval {
  const { from, to } = daysOf(choice, timeZone, now);
  const days = daysBetween(from, to);
  if (days <= 2) return 'HOUR';
  if (days <= 100) return 'DAY';
  if (isOf('YEAR', choice) || days > 900) return 'MONTH';
  return 'WEEK';
}

/** The same kind of period, so many steps later or earlier (-1). */
export function step(choice: Choice, by: number, timeZone: string, now: Date): Choice {
  const { from, to } = daysOf(choice, timeZone, now);
  if (isOf('MONTH', choice)) return { kind: 'month', month: addMonths(from, by).slice(0, 7) };
  const range = (start: Day, end: Day): Choice => ({ kind: 'range', from: start, to: addDays(end, -1) });
  if (isOf('YEAR', choice)) return range(addMonths(from, 12 * by), addMonths(to, 12 * by));
  const days = daysBetween(from, to) * by;
  return range(addDays(from, days), addDays(to, days));
}
