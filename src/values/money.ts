// Money as whole micro-units (1/1 000 000 of the currency) in bigint. No float ever holds an amount.
import { badInput } from '../errors';

export const MICROS = 1_000_000n;
const MICRO_DIGITS = 6;

/**
 * "0.005" -> 5000n; negative ones too. Throws BAD_USER_INPUT unless it is a plain decimal of whole micro-units, with
 * at most twelve digits before the point: what a 64-bit integer holds.
 */
export function parseAmount(text: string): bigint {
  const shown = JSON.stringify(text.slice(0, 64));
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,30}))?$/.exec(text.trim());
  if (!match) throw badInput(`${shown} is not an amount. Write a plain decimal, such as 0.005.`);
  const [, sign, whole = '', written = ''] = match;
  const decimals = written.replace(/0+$/, '');
  if (decimals.length > MICRO_DIGITS) {
    throw badInput(`${shown} is finer than a micro-unit. Write at most six decimals, such as 0.005.`);
  }
  const micros = BigInt(whole) * MICROS + BigInt(decimals.padEnd(MICRO_DIGITS, '0'));
  return sign === '-' ? -micros : micros;
}

/** 125000n, EUR -> "0.125": exact, with at least the currency's own digits and no trailing zeros beyond them. */
export function formatMicros(micros: bigint, currency: string): string {
  const size = micros < 0n ? -micros : micros;
  const all = String(size % MICROS).padStart(MICRO_DIGITS, '0');
  const digits = Math.max(currencyDigits(currency), all.replace(/0+$/, '').length);
  const whole = `${micros < 0n ? '-' : ''}${size / MICROS}`;
  return digits === 0 ? whole : `${whole}.${all.slice(0, digits)}`;
}

const digitsOf = new Map<string, number>();

/** The decimals that a currency is written with: EUR 2, JPY 0. */
export function currencyDigits(currency: string): number {
  const known = digitsOf.get(currency);
  if (known !== undefined) return known;
  const digits =
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  digitsOf.set(currency, digits);
  return digits;
}

let currencies: ReadonlySet<string> | undefined;

/** True for an ISO 4217 code, such as EUR. */
export function isCurrency(code: string): boolean {
  currencies ??= new Set(Intl.supportedValuesOf('currency'));
  return currencies.has(code);
}

/** Rounds a quotient to a whole number, halves away from zero. */
export function divideHalfAwayFromZero(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const n = numerator < 0n ? -numerator : numerator;
  const d = denominator < 0n ? -denominator : denominator;
  const rounded = (2n * n + d) / (2n * d);
  return negative ? -rounded : rounded;
}

/** numerator / denominator as a plain decimal with exactly `decimals` decimals, halves away from zero. */
export function formatRatio(numerator: bigint, denominator: bigint, decimals: number): string {
  const scale = 10n ** BigInt(decimals);
  const scaled = divideHalfAwayFromZero(numerator * scale, denominator);
  const size = scaled < 0n ? -scaled : scaled;
  const whole = `${scaled < 0n ? '-' : ''}${size / scale}`;
  return decimals === 0 ? whole : `${whole}.${String(size % scale).padStart(decimals, '0')}`;
}
