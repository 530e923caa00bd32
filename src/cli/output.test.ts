import { alignAmounts } from './output';

describe('amounts below each other', () => {
  it.each([
    [
      ['0.045', '12.00', '-0.03'],
      [' 0.045', '12.000', '-0.030'],
    ],
    [
      ['500', '12'],
      ['500', ' 12'],
    ],
    [
      ['0.5', '12'],
      [' 0.5', '12.0'],
    ],
    [[], []],
  ])('%j stand as %j', (amounts, aligned) => {
    expect(alignAmounts(amounts)).toEqual(aligned);
  });
});
