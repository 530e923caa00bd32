import fc from 'fast-check';
import { ISO_4217 } from './iso-4217';
import {
  currencyDigits,
  divideHalfAwayFromZero,
  formatMicros,
  formatRatio,
  isCurrency,
  MICROS,
  parseAmount,
} from './money';

const micros = fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n });
const currency = fc.constantFrom('EUR', 'JPY', 'KWD', 'USD');
const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

describe('parseAmount', () => {
  test.each([
    ['0.005', 5_000n],
    ['0', 0n],
    ['-0.00', 0n],
    ['-0.50', -500_000n],
    ['12', 12_000_000n],
    [' 007.1 ', 7_100_000n],
    ['0.000001', 1n],
    ['0.00500000', 5_000n],
    ['999999999999.999999', 999_999_999_999_999_999n],
  ])('reads %j as %s micro-units', (text, expected) => {
    expect(parseAmount(text)).toBe(expected);
  });

  test.each([
    '',
    '.5',
    '5.',
    '1e-3',
    '+1',
    '1,50',
    '0x10',
    'NaN',
    'Infinity',
    '1 000',
    '--1',
    '٣',
    '1234567890123',
  ])('refuses %j, which is no plain decimal, and quotes it', (text) => {
    expect(() => parseAmount(text)).toThrow(`${JSON.stringify(text)} is not an amount. Write`);
  });

  test('refuses what is finer than a micro-unit instead of rounding it', () => {
    expect(() => parseAmount('0.0000001')).toThrow(/finer than a micro-unit/);
    expect(() => parseAmount('0.0000010')).not.toThrow();
  });

  test('says BAD_USER_INPUT and never repeats a very long text', () => {
    expect(() => parseAmount('9'.repeat(10_000))).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT' }),
    );
    expect(() => parseAmount('x'.repeat(10_000))).toThrow(/^.{1,200}$/);
  });
});

describe('formatMicros', () => {
  test.each([
    [125_000n, 'EUR', '0.125'],
    [5_000n, 'EUR', '0.005'],
    [12_000_000n, 'EUR', '12.00'],
    [-500_000n, 'EUR', '-0.50'],
    [0n, 'EUR', '0.00'],
    [1n, 'EUR', '0.000001'],
    [-1n, 'JPY', '-0.000001'],
    [12_000_000n, 'JPY', '12'],
    [12_500_000n, 'JPY', '12.5'],
    [1_000_000n, 'KWD', '1.000'],
  ])('prints %s micro-units of %s as %s', (amount, code, expected) => {
    expect(formatMicros(amount, code)).toBe(expected);
  });

  test('is read back as the same amount, whatever the currency', () => {
    fc.assert(
      fc.property(micros, currency, (amount, code) => {
        expect(parseAmount(formatMicros(amount, code))).toBe(amount);
      }),
    );
  });

  test('uses no float: 64-bit sums keep their last micro-unit', () => {
    expect(formatMicros(9_223_372_036_854_775_807n, 'EUR')).toBe('9223372036854.775807');
    expect(formatMicros(2n ** 53n + 1n, 'EUR')).toBe('9007199254.740993');
  });

  test("shows the currency's own digits, and beyond them no trailing zero", () => {
    fc.assert(
      fc.property(micros, currency, (amount, code) => {
        const [, decimals = ''] = formatMicros(amount, code).split('.');
        expect(decimals.length).toBeGreaterThanOrEqual(currencyDigits(code));
        if (decimals.length > currencyDigits(code)) expect(decimals).not.toMatch(/0$/);
      }),
    );
  });
});

describe('currencies', () => {
  test.each([
    ['EUR', 2, '5.00'],
    ['JPY', 0, '5'],
    ['KWD', 3, '5.000'],
    // Two by ISO, none by CLDR.
    ['HUF', 2, '5.00'],
    ['IQD', 3, '5.000'],
    ['CLF', 4, '5.0000'],
    ['UYW', 4, '5.0000'],
    // No minor unit.
    ['XAU', 0, '5'],
    ['XDR', 0, '5'],
    // Withdrawn; a workspace that has it goes on.
    ['HRK', 2, '5.00'],
  ])('%s has %d digits, by ISO 4217: %s', (code, digits, five) => {
    expect(currencyDigits(code)).toBe(digits);
    expect(formatMicros(5_000_000n, code)).toBe(five);
    expect(formatMicros(5_000n, code)).toBe(digits === 4 ? '0.0050' : '0.005');
  });

  test('are the 179 codes of ISO 4217 in use, in capitals', () => {
    expect(['EUR', 'USD', 'JPY', 'CLF', 'XCG', 'XAD', 'USN', 'XXX'].every(isCurrency)).toBe(true);
    expect(['eur', 'EURO', 'ZZZ', '', '€', 'HRK', 'DEM', 'BGN'].some(isCurrency)).toBe(false);
    expect(ISO_4217.size).toBe(179);
  });

  test('can all be written by Intl, which the dashboard does', () => {
    for (const currency of ISO_4217.keys())
      expect(new Intl.NumberFormat('it', { style: 'currency', currency }).format(5)).toMatch(/5/);
  });
});

describe('rounding', () => {
  test.each([
    [5n, 2n, 3n],
    [-5n, 2n, -3n],
    [5n, -2n, -3n],
    [-5n, -2n, 3n],
    [4n, 3n, 1n],
    [-4n, 3n, -1n],
    [0n, 7n, 0n],
  ])('%s / %s is %s: halves go away from zero', (numerator, denominator, expected) => {
    expect(divideHalfAwayFromZero(numerator, denominator)).toBe(expected);
  });

  test('differs by at most half a unit, and is symmetric about zero', () => {
    const whole = fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n });
    const divisor = fc.bigInt({ min: 1n, max: 2n ** 64n });
    fc.assert(
      fc.property(whole, divisor, (numerator, denominator) => {
        const rounded = divideHalfAwayFromZero(numerator, denominator);
        expect(2n * magnitude(rounded * denominator - numerator) <= denominator).toBe(true);
        expect(divideHalfAwayFromZero(-numerator, denominator)).toBe(-rounded);
      }),
    );
  });

  test.each([
    [600n, 19n, 2, '31.58'],
    [0n, 19n, 2, '0.00'],
    [-1250n, 100n, 2, '-12.50'],
    [-1n, 1000n, 2, '0.00'],
    [-5n, 1000n, 2, '-0.01'],
    [9n, 25n, 4, '0.3600'],
    [7n, 2n, 0, '4'],
  ])('prints %s / %s with %s decimals as %s', (numerator, denominator, decimals, expected) => {
    expect(formatRatio(numerator, denominator, decimals)).toBe(expected);
  });

  test('prints a ratio that is read back within half of its last decimal', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 11n), max: 10n ** 11n }),
        fc.bigInt({ min: 1n, max: 10n ** 9n }),
        fc.integer({ min: 0, max: 6 }),
        (numerator, denominator, decimals) => {
          const printed = parseAmount(formatRatio(numerator, denominator, decimals));
          const error = magnitude(printed * denominator - numerator * MICROS);
          expect(2n * error * 10n ** BigInt(decimals) <= MICROS * denominator).toBe(true);
        },
      ),
    );
  });
});
