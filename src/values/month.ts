// Calendar months as text, '2025-01', and as the date of their first day.
import { badInput } from '../errors';

/** Checks the form only; period.ts checks the year. */
export const isMonth = (text: string): boolean => /^\d{4}-(0[1-9]|1[0-2])$/.test(text);

/** Returns the text. Throws BAD_USER_INPUT when it is not a month. */
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

/** The number of a month, or of the month of a date. Each month's number is one more than that of the month before. */
export const monthNumber = (month: string): number =>
  12 * Number(month.slice(0, 4)) + Number(month.slice(5, 7)) - 1;

/** The month that has this number. */
export const numberedMonth = (number: number): string =>
  `${String(Math.floor(number / 12)).padStart(4, '0')}-${String((number % 12) + 1).padStart(2, '0')}`;

/** '2025-12' -> '2026-01' */
export const monthAfter = (month: string): string => numberedMonth(monthNumber(month) + 1);
