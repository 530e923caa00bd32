// Exact decimals as text. Nothing here puts one through a float on its way to a reader (docs/semantics.md#money).

/** A plain decimal number: "0.125". What Intl formats exactly. */
export type Decimal = `${number}`;

export interface Money {
  amount: Decimal;
  currency: string;
}

/** How many digits stand behind the point. */
export const decimalsOf = (value: Decimal): number => value.split('.')[1]?.length ?? 0;

/** The number times ten to the power of `places`: ("0.3158", 2) is "31.58"; negative places divide. */
export function shift(value: Decimal, places: number): Decimal {
  const negative = value.startsWith('-');
  const [whole = '0', fraction = ''] = value.replace('-', '').split('.');
  const digits = `${'0'.repeat(Math.max(0, -places))}${whole}${fraction}${'0'.repeat(Math.max(0, places))}`;
  const point = digits.length - Math.max(0, places) - fraction.length + places;
  const left = digits.slice(0, point).replace(/^0+(?=\d)/, '') || '0';
  const right = digits.slice(point).replace(/0+$/, '');
  const text = right === '' ? left : `${left}.${right}`;
  return asDecimal(negative && /[1-9]/.test(text) ? `-${text}` : text);
}

/** Text that is known to be a plain decimal. Throws a RangeError for any other. */
export function asDecimal(text: string): Decimal {
  if (!isDecimal(text)) throw new RangeError(`Not a plain decimal: ${text}`);
  return text;
}

const isDecimal = (text: string): text is Decimal => /^-?\d+(\.\d+)?$/.test(text);

/** A micro-unit is the millionth part of a currency's unit. */
export const MICRO_PLACES = 6;

/** Whole micro-units, for the geometry of a plot: exact up to nine thousand million units of a currency. */
export const microsOf = ({ amount }: Money): number => Number(shift(amount, MICRO_PLACES));

const microsExactly = (amount: Decimal): bigint => BigInt(shift(amount, MICRO_PLACES));

/** Of one currency, exactly. */
export const plus = (a: Money, b: Money): Money =>
  ofMicros(microsExactly(a.amount) + microsExactly(b.amount), a);
export const minus = (a: Money, b: Money): Money =>
  ofMicros(microsExactly(a.amount) - microsExactly(b.amount), a);

export const isZero = (amount: Decimal): boolean => microsExactly(amount) === 0n;

/** With as many decimals as the one beside it, or as many as it needs. */
function ofMicros(micros: bigint, beside: Money): Money {
  const amount = shift(asDecimal(String(micros)), -MICRO_PLACES);
  const missing = decimalsOf(beside.amount) - decimalsOf(amount);
  const padded = missing <= 0 ? amount : `${amount}${amount.includes('.') ? '' : '.'}${'0'.repeat(missing)}`;
  return { amount: asDecimal(padded), currency: beside.currency };
}

/** By how many percent the first differs from the second: two decimals, half away from zero; null without a base. */
export function percentOf(current: Decimal, previous: Decimal): Decimal | null {
  const base = microsExactly(previous);
  if (base === 0n) return null;
  const doubled = ((microsExactly(current) - base) * 20_000n) / base;
  const hundredths = (doubled + (doubled < 0n ? -1n : 1n)) / 2n;
  const text = String(hundredths < 0n ? -hundredths : hundredths).padStart(3, '0');
  return asDecimal(`${hundredths < 0n ? '-' : ''}${text.slice(0, -2)}.${text.slice(-2)}`);
}

/** A tick of a plot's axis, in micro-units, as an amount. */
export const amountOf = (micros: number): Decimal =>
  shift(asDecimal(String(Math.round(micros))), -MICRO_PLACES);

/**
 * What a person typed, as a plain decimal. A comma or a point is the decimal sign, whatever keyboard wrote it; `sign` is
 * the reader's own. Undefined where it is no number, or where it can be read in two ways: "1.000" in Italian.
 */
export function readDecimal(text: string, sign: string): Decimal | undefined {
  const match = /^(-?\d{1,30})(?:([.,])(\d{1,30}))?$/.exec(text.replace(/\s/g, ''));
  if (!match) return undefined;
  const [, whole = '', written, fraction] = match;
  if (written === undefined || fraction === undefined) return asDecimal(whole);
  const mayGroup = written !== sign && fraction.length === 3 && /^-?[1-9]\d{0,2}$/.test(whole);
  return mayGroup ? undefined : asDecimal(`${whole}.${fraction}`);
}
