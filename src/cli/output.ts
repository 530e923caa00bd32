// The two forms of a command's output: a table for people, JSON for scripts.
import { print } from './streams';

/** One row of a listing: column title -> text. */
export type Row = Record<string, string>;

export interface Output {
  /** Prints one result: JSON with --json, the sentence otherwise. */
  result(value: object, sentence: string): void;
  /** Prints a listing: a JSON array with --json, a table otherwise. */
  table(values: readonly object[], rows: readonly Row[], empty: string): void;
  /** Text for people only. */
  say(text: string): void;
}

export function createOutput(json: boolean, write: (text: string) => void = print): Output {
  const line = (text: string) => write(`${text}\n`);
  return {
    result: (value, sentence) => line(json ? toJson(value) : sentence),
    table: (values, rows, empty) =>
      line(json ? toJson(values) : rows.length === 0 ? empty : printTable(rows)),
    say: (text) => {
      if (!json) line(text);
    },
  };
}

/** Amounts of micro-units become text, which is exact: JSON's numbers are read as floats. */
const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part), 2);

function printTable(rows: readonly Row[]): string {
  const titles = Object.keys(rows[0] ?? {});
  const widths = titles.map((title) =>
    Math.max(title.length, ...rows.map((row) => (row[title] ?? '').length)),
  );
  const print = (cells: readonly string[]) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return [print(titles), ...rows.map((row) => print(titles.map((title) => row[title] ?? '')))].join('\n');
}

/** Aligns amounts of one currency at the right; all get as many decimals as the one with the most. */
export function alignAmounts(amounts: readonly string[]): string[] {
  const digits = Math.max(0, ...amounts.map((amount) => decimalsOf(amount).length));
  const exact = amounts.map((amount) => {
    const decimals = decimalsOf(amount);
    return digits === 0 ? amount : `${amount.split('.')[0]}.${decimals.padEnd(digits, '0')}`;
  });
  const width = Math.max(0, ...exact.map((amount) => amount.length));
  return exact.map((amount) => amount.padStart(width));
}

const decimalsOf = (amount: string): string => amount.split('.')[1] ?? '';
