// Exact figures in the reader's language.
import { formatMicros } from '../../values/money';

export interface Figures {
  count(value: bigint): string;
  /** '0,125' with `digits` decimals, at least as many as the amount has; with the currency's sign if asked for. */
  amount(micros: bigint, digits: number, sign?: boolean): string;
}

/** By default Italian doesn't group four digits, which looks like a mistake in a column. */
const GROUPED = { useGrouping: 'always' } as const;

/** How many decimals an amount has, at least those of its currency. */
export const decimalsOf = (micros: bigint, currency: string): number =>
  formatMicros(micros, currency).split('.')[1]?.length ?? 0;

/** `shows`: whether a sign such as € can be printed; otherwise the currency's code is printed. */
export function createFigures(locale: string, currency: string, shows: (text: string) => boolean): Figures {
  const counts = new Intl.NumberFormat(locale, GROUPED);
  const made = new Map<string, Intl.NumberFormat>();
  const inCurrency = (digits: number, currencyDisplay: 'symbol' | 'code'): Intl.NumberFormat => {
    const key = `${digits} ${currencyDisplay}`;
    const known = made.get(key);
    if (known) return known;
    const format = new Intl.NumberFormat(locale, {
      ...{ ...GROUPED, style: 'currency', currency, currencyDisplay },
      ...{ minimumFractionDigits: digits, maximumFractionDigits: digits },
    });
    made.set(key, format);
    return format;
  };
  return {
    count: (value) => counts.format(value),
    amount(micros, digits, sign = false) {
      const size = formatMicros(micros < 0n ? -micros : micros, currency);
      const [whole = '0', fraction = ''] = size.split('.');
      const format = (display: 'symbol' | 'code') =>
        // A BigInt keeps every digit of the whole; the decimals are put in by hand for the same reason.
        inCurrency(digits, display)
          .formatToParts(BigInt(whole))
          .filter(({ type }) => sign || !['currency', 'literal'].includes(type))
          .map(({ type, value }) => (type === 'fraction' ? fraction.padEnd(digits, '0') : value))
          .join('');
      const symbol = format('symbol');
      return `${micros < 0n ? '-' : ''}${shows(symbol) ? symbol : format('code')}`;
    },
  };
}
