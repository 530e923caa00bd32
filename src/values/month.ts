// Calendar months as text, '2025-01', and as dates, of which they are the first days.
import { badInput } from '../errors';

/** Which years may be asked for is period.ts's matter. */
export const isMonth = (text: string): boolean => /^\d{4}-(0[1-9]|1[0-2])$/.test(text);

/** The text as it is. Throws BAD_USER_INPUT when it is no month. */
export function checkMonth(text: string): string {
  if (isMonth(text)) return text;
  throw badInput(
    `${JSON.stringify(text.slice(0, 32))} is not a calendar month. Write year and month, such as 2025-01.`,
  );
}

/** '2025-01' -> '2025-01-01' */
export const firstDayOf = (month: string): string => `${month}-01`;

/** '2025-01-31' -> '2025-01' */
export const monthOf = (date: string): string => date.slice(0, 7);

/** A month, or a date's, as a number that counts up by one a month. */
export const monthNumber = (month: string): number =>
  12 * Number(month.slice(0, 4)) + Number(month.slice(5, 7)) - 1;

/** The month that has this number. */
export const numberedMonth = (number: number): string =>
  `${String(Math.floor(number / 12)).padStart(4, '0')}-${String((number % 12) + 1).padStart(2, '0')}`;

/** '2025-12' -> '2026-01' */
export const monthAfter = (month: string): string => numberedMonth(monthNumber(month) + 1);
