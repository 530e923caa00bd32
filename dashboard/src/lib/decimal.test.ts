import { readDecimal } from './decimal';

it.each([
  ['12', ',', '12'],
  ['12,5', ',', '12.5'],
  // A phone's keyboard may have the other sign alone.
  ['12.5', ',', '12.5'],
  ['12,5', '.', '12.5'],
  ['0.005', ',', '0.005'],
  ['0,005', '.', '0.005'],
  ['1,000', ',', '1.000'],
  ['1000.125', ',', '1000.125'],
  [' 1 000 ', '.', '1000'],
  ['-1', '.', '-1'],
])('reads %s, where %s is the sign, as %s', (text, sign, expected) => {
  expect(readDecimal(text, sign)).toBe(expected);
});

it.each([
  ['1.000', ','],
  ['1,000', '.'],
  ['999.999', ','],
  ['1.000.000', ','],
  ['1.000,50', ','],
  ['', '.'],
  ['.5', '.'],
  ['5.', '.'],
  ['1e3', '.'],
  ['ten', '.'],
  ['12 €', ','],
])('does not guess what %s is, where %s is the sign', (text, sign) => {
  expect(readDecimal(text, sign)).toBeUndefined();
});
