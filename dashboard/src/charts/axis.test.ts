import { createFormat } from '../lib/format';
import { axisOf, moneyAxis } from './axis';

const format = createFormat('en-GB', 'Europe/Rome');
const UNIT = 1_000_000;

describe("an amount's axis", () => {
  it.each<[string, number[], string[]]>([
    ['JPY', [0, 1 * UNIT], ['JP¥1', 'JP¥0']],
    ['JPY', [3 * UNIT, 10 * UNIT], ['JP¥10', 'JP¥5', 'JP¥0']],
    ['EUR', [0.01 * UNIT], ['€0.01', '€0.00']],
  ])('in %s of %j has no tick finer than the unit of the currency', (currency, amounts, ticks) => {
    expect(moneyAxis(amounts, currency, format).ticks).toEqual(ticks);
  });

  it('has finer ticks where an amount is finer', () => {
    expect(moneyAxis([0, 0.005 * UNIT], 'EUR', format).ticks).toEqual([
      '€0.006',
      '€0.004',
      '€0.002',
      '€0.000',
    ]);
    expect(moneyAxis([0.5 * UNIT, UNIT], 'JPY', format).ticks).toHaveLength(5);
  });

  it('ends at or above the highest amount', () => {
    expect(moneyAxis([0.125 * UNIT], 'EUR', format).top).toBe(0.15 * UNIT);
    expect(moneyAxis([], 'EUR', format).top).toBe(0.01 * UNIT);
  });
});

it.each([
  [1, ['1', '0']],
  [8, ['8', '6', '4', '2', '0']],
  [10, ['10', '5', '0']],
  [90, ['100', '75', '50', '25', '0']],
])('an axis of counts up to %s has round, whole ticks', (highest, ticks) => {
  expect(axisOf(highest, () => format.count).ticks).toEqual(ticks);
});
