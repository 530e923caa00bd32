// Money as whole micro-units (1/1 000 000 of the currency) in bigint. No float ever holds an amount.
import { badInput } from '../errors';
import { ISO_4217 } from './iso-4217';

export const MICROS = 1_000_000n;
const MICRO_DIGITS = 6;

/**
 * "0.005" -> 5000n, also for negative amounts. Throws BAD_USER_INPUT unless the text is a plain decimal of whole
 * micro-units with at most twelve digits before the point, so that it fits into 64 bits.
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

/** 125000n, EUR -> "0.125": exact, with at least the currency's own decimals and no further trailing zeros. */
export function formatMicros(micros: bigint, currency: string): string {
  const size = micros < 0n ? -micros : micros;
  const all = String(size % MICROS).padStart(MICRO_DIGITS, '0');
  const digits = Math.max(currencyDigits(currency), all.replace(/0+$/, '').length);
  const whole = `${micros < 0n ? '-' : ''}${size / MICROS}`;
  return digits === 0 ? whole : `${whole}.${all.slice(0, digits)}`;
}

/** For a code that ISO has withdrawn since its workspace was made: nearly all of them had two decimals. */
const DIGITS_OF_OLD = 2;

/** The decimals of a currency's minor unit by ISO 4217: EUR 2, JPY 0, KWD 3, CLF 4; 0 without a minor unit (gold). */
export const currencyDigits = (currency: string): number => ISO_4217.get(currency) ?? DIGITS_OF_OLD;

/** True for a code that is on ISO 4217's list of those in use, such as EUR. */
export const isCurrency = (code: string): boolean => ISO_4217.has(code);

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

/**
 * A fraction, 0 to 1, with at most four decimals, rounded down: 1 only when nothing lacks, and of nothing it is 1.
 */
export function formatFloor(part: bigint, whole: bigint): string {
  if (part >= whole) return '1';
  const scaled = String((part * 10_000n) / whole).padStart(4, '0');
  return `0.${scaled}`.replace(/\.?0+$/, '');
}
