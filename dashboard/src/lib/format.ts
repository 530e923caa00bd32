// Figures and dates in the reader's language and the workspace's time zone.
import { addMonths, dayOf } from './dates';
import { asDecimal, type Decimal, decimalsOf, type Money, shift } from './decimal';

export interface Format {
  money(value: Money): string;
  /** One form for amounts that stand together: as many decimals as the longest of them has. */
  moneyLike(values: readonly Money[]): (value: Money) => string;
  /** The same with a plus where it is more, for what was added to something. */
  differenceLike(values: readonly Money[]): (value: Money) => string;
  /** An estimate or an average: rounded (exactly) to the currency's digits, below a cent to two that say something. */
  about(value: Money): string;
  /** For an axis: no decimals where its steps are whole, else the currency's, more only where they need more. */
  tickLike(step: Money): (value: Money) => string;
  /** How many decimals amounts of the currency usually have: EUR 2, JPY 0. */
  currencyDigits(currency: string): number;
  count(value: number): string;
  /** Between whole units and their parts: a point or a comma. */
  decimalSign: string;
  /** With a plus where it is more. */
  difference(value: number): string;
  /** "31.58" -> +31.58% */
  percent(value: Decimal): string;
  /** An average of counts: one decimal. */
  tenths(value: number): string;
  /** 8 -> 8% */
  wholePercent(value: number): string;
  /** "0.36" -> 36.0% */
  share(value: Decimal): string;
  /** By name when it is a month, a year or a day, else its days. From is included, to is excluded: instants. */
  period(from: string, to: string): string;
  /** The same within a sentence about a period that starts `beside`: no capital, no year that is its own. */
  periodBeside(from: string, to: string, beside: string): string;
  /** To the minute: from this instant to that. */
  span(from: string, to: string): string;
  day(at: string): string;
  /** Without its weekday, in short. */
  date(at: string): string;
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
  const inDigits = (value: Money, digits: number, options: Intl.NumberFormatOptions = {}): string =>
    currency(value, { minimumFractionDigits: digits, maximumFractionDigits: digits, ...options });
  const currencyDigits = (currency: string): number =>
    numbers({ style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 0;
  const digitsOf = (values: readonly Money[]): number =>
    Math.max(0, ...values.map(({ amount }) => decimalsOf(amount)));
  const yearOf = (at: string): string => dayOf(new Date(at), timeZone).slice(0, 4);
  const range = (from: Date, to: Date, year: object): string =>
    dates({ timeZone, day: 'numeric', month: 'short', ...year })
      .formatRangeToParts(from, to)
      // Italian ranges have 01 where its dates have 1.
      .map(({ type, value }) => (type === 'day' ? value.replace(/^0/, '') : value))
      .join('');
  const periodOf = (from: string, to: string, withYear: boolean): string => {
    const year = withYear ? ({ year: 'numeric' } as const) : {};
    const first = dayOf(new Date(from), timeZone);
    const end = dayOf(new Date(to), timeZone);
    const last = new Date(new Date(to).getTime() - 1);
    if (dayOf(last, timeZone) === first) return date(from, { ...DAY, ...year });
    if (first.endsWith('-01') && end === addMonths(first, 1)) return date(from, { month: 'long', ...year });
    if (first.endsWith('-01-01') && end === addMonths(first, 12)) return first.slice(0, 4);
    return range(new Date(from), last, year);
  };
  return {
    money: (value) => inDigits(value, decimalsOf(value.amount)),
    moneyLike: (values) => {
      const digits = digitsOf(values);
      return (value) => inDigits(value, digits);
    },
    differenceLike: (values) => {
      const digits = digitsOf(values);
      return (value) => inDigits(value, digits, { signDisplay: 'exceptZero' });
    },
    tickLike: (step) => {
      const needed = decimalsOf(shift(step.amount, 0));
      const digits = needed === 0 ? 0 : Math.max(needed, currencyDigits(step.currency));
      return (value) => inDigits(value, digits);
    },
    about: (value) =>
      currency(
        value,
        isBelowACent(value.amount) ? { maximumSignificantDigits: 2, roundingPriority: 'morePrecision' } : {},
      ),
    currencyDigits,
    count: (value) => numbers({}).format(value),
    decimalSign: numbers({})
      .formatToParts(0.5)
      .reduce((sign, { type, value }) => (type === 'decimal' ? value : sign), '.'),
    difference: (value) => numbers({ signDisplay: 'exceptZero' }).format(value),
    percent: (value) => percent(value, { signDisplay: 'exceptZero' }),
    tenths: (value) => numbers({ maximumFractionDigits: 1 }).format(value),
    wholePercent: (value) => percent(asDecimal(String(value)), {}),
    share: (value) => percent(shift(value, 2), { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    period: (from, to) => capitalised(periodOf(from, to, true)),
    periodBeside: (from, to, beside) => periodOf(from, to, yearOf(from) !== yearOf(beside)),
    span: (from, to) => `${date(from, MINUTE)} – ${date(to, MINUTE)}`,
    date: (at) => date(at, SHORT_DAY),
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

const DAY = { weekday: 'short', day: 'numeric', month: 'long' } as const;
const LONG_DAY = { ...DAY, year: 'numeric' } as const;
const SHORT_DAY = { day: 'numeric', month: 'short', year: 'numeric' } as const;
const MINUTE = {
  ...SHORT_DAY,
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
} as const;
const MONTH = { month: 'long', year: 'numeric' } as const;

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const isBelowACent = (amount: Decimal): boolean => /^-?0\.00/.test(amount) && /[1-9]/.test(amount);

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
