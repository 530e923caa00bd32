import { checkMonth, firstDayOf, monthAfter, monthNumber, monthOf, numberedMonth } from './month';

it.each(['2025-01', '1999-12', '0000-10'])('takes %s for a month', (text) => {
  expect(checkMonth(text)).toBe(text);
});

it.each(['', '2025', '2025-1', '2025-00', '2025-13', '2025-01-01', ' 2025-01', '2025-01\n', '٢٠٢٥-01'])(
  'refuses %j, and says what to write',
  (text) => {
    expect(() => checkMonth(text)).toThrow(
      `${JSON.stringify(text)} is not a calendar month. Write year and month, such as 2025-01.`,
    );
  },
);

it('begins on its first day', () => {
  expect(firstDayOf('2025-01')).toBe('2025-01-01');
  expect(monthOf('2025-01-31')).toBe('2025-01');
});

it('counts up by one each month, across years', () => {
  const months = ['2024-11', '2024-12', '2025-01', '2025-02'];
  expect(months.slice(0, -1).map(monthAfter)).toEqual(months.slice(1));
  const numbers = months.map(monthNumber);
  expect(numbers.map((number) => number - (numbers[0] ?? 0))).toEqual([0, 1, 2, 3]);
  expect(numbers.map(numberedMonth)).toEqual(months);
});
