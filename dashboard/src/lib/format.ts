// Figures and dates in the reader's language and the workspace's time zone.
import { addDays, addMonths, dayOf } from './dates';
import { type Decimal, decimalsOf, type Money, shift } from './decimal';

export interface Format {
  money(value: Money, options?: { signed?: boolean }): string;
  /** An estimate or an average: rounded (exactly) to the currency's digits, or to three that say something. */
  about(value: Money): string;
  /** For an axis: no more digits than the amount has. */
  tick(value: Money): string;
  count(value: number, options?: { signed?: boolean }): string;
  /** "31.58" -> +31.58% */
  percent(value: Decimal): string;
  /** "0.36" -> 36% */
  share(value: Decimal): string;
  /** By name when it is a month, a year or a day, else its days. From is included, to is excluded: instants. */
  period(from: string, to: string): string;
  /** To the minute: from this instant to that. */
  span(from: string, to: string): string;
  day(at: string): string;
  dayAndMonth(at: string): string;
  month(at: string): string;
  /** Of a month such as 2025-01, whatever the zone. */
  monthName(month: string, width?: 'long' | 'short'): string;
  dateTime(at: string): string;
  /** With seconds, for "as of". */
  time(at: string): string;
  hourOf(at: string): string;
  hour(hour: number): string;
  /** 1 is Monday. */
  weekday(weekday: number, width: 'long' | 'short'): string;
}

export function createFormat(locale: string, timeZone: string): Format {
  const dates = memoised((options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options));
  const numbers = memoised((options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options));
  const date = (at: string, options: Intl.DateTimeFormatOptions): string =>
    dates({ timeZone, ...options }).format(new Date(at));
  const currency = ({ amount, currency }: Money, options: Intl.NumberFormatOptions): string =>
    numbers({ style: 'currency', currency, ...options }).format(amount);
  const percent = (value: Decimal, options: Intl.NumberFormatOptions): string =>
    numbers({
      style: 'unit',
      unit: 'percent',
      unitDisplay: 'short',
      minimumFractionDigits: decimalsOf(value),
      maximumFractionDigits: decimalsOf(value),
      ...options,
    }).format(value);
  return {
    money: (value, { signed = false } = {}) => {
      const digits = decimalsOf(value.amount);
      return currency(value, {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
        signDisplay: signed ? 'exceptZero' : 'auto',
      });
    },
    about: (value) => currency(value, { maximumSignificantDigits: 3, roundingPriority: 'morePrecision' }),
    tick: (value) =>
      currency(value, {
        ...(decimalsOf(value.amount) === 0 ? { minimumFractionDigits: 0 } : {}),
        maximumFractionDigits: 6,
      }),
    count: (value, { signed = false } = {}) =>
      numbers({ signDisplay: signed ? 'exceptZero' : 'auto' }).format(value),
    percent: (value) => percent(value, { signDisplay: 'exceptZero' }),
    share: (value) => percent(shift(value, 2), {}),
    period: (from, to) => {
      const first = dayOf(new Date(from), timeZone);
      const end = dayOf(new Date(to), timeZone);
      if (end === addDays(first, 1)) return date(from, LONG_DAY);
      if (first.endsWith('-01') && end === addMonths(first, 1)) return capitalised(date(from, MONTH));
      if (first.endsWith('-01-01') && end === addMonths(first, 12)) return first.slice(0, 4);
      return dates({ timeZone, day: 'numeric', month: 'short', year: 'numeric' }).formatRange(
        new Date(from),
        new Date(new Date(to).getTime() - 1),
      );
    },
    span: (from, to) => `${date(from, MINUTE)} – ${date(to, MINUTE)}`,
    day: (at) => date(at, LONG_DAY),
    dayAndMonth: (at) => date(at, { day: 'numeric', month: 'short' }),
    month: (at) => date(at, MONTH),
    monthName: (month, width = 'long') =>
      dates({ timeZone: 'UTC', month: width, year: width === 'long' ? 'numeric' : '2-digit' }).format(
        new Date(`${month}-01T00:00:00Z`),
      ),
    dateTime: (at) => date(at, MINUTE),
    time: (at) => date(at, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }),
    hourOf: (at) => date(at, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
    hour: (hour) => `${String(hour).padStart(2, '0')}:00`,
    // 1 January 2024 was a Monday.
    weekday: (weekday, width) =>
      dates({ timeZone: 'UTC', weekday: width }).format(new Date(Date.UTC(2024, 0, weekday))),
  };
}

const LONG_DAY = { weekday: 'short', day: 'numeric', month: 'long', year: 'numeric' } as const;
const MINUTE = {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
} as const;
const MONTH = { month: 'long', year: 'numeric' } as const;

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Making an Intl object costs more than using it a thousand times. */
function memoised<Options extends object, Made>(
  make: (options: Options) => Made,
): (options: Options) => Made {
  const made = new Map<string, Made>();
  return (options) => {
    const key = JSON.stringify(options);
    let known = made.get(key);
    if (known === undefined) {
      known = make(options);
      made.set(key, known);
    }
    return known;
  };
}
