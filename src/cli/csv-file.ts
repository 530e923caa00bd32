// CSV files that operators import.
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { AppError, badInput } from '../errors';

export interface CsvRow {
  /** By which a person finds it: the line on which it ends; the header is line 1. */
  line: number;
  record: Record<string, string>;
  /** Why it can't be read as a row of this header; absent: it can. */
  why?: string;
}

interface CsvRecord {
  record: Record<string, string>;
  info: { lines: number; error?: Error };
}

/**
 * The rows of a file in UTF-8 with a header, which has columns of `columns`, among them all of `needed`. Commas or
 * semicolons separate. Throws BAD_USER_INPUT.
 */
export async function* readCsv(
  file: string,
  { columns, needed }: { columns: readonly string[]; needed: readonly string[] },
): AsyncGenerator<CsvRow> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw badInput(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  const checkHeader = (header: string[]): string[] => {
    const names = header.map((name) => name.toLowerCase());
    const unknown = names.find((name) => !columns.includes(name));
    if (unknown === undefined && needed.every((name) => names.includes(name))) return names;
    throw badInput(
      `The header must have columns of this list, and ${needed.length === 1 ? 'one of them' : 'among them'} must be ${needed.join(', ')}: ${columns.join(', ')}; got ${header.join(', ')}.`,
    );
  };
  const parser = Readable.from([text]).pipe(
    parse({
      bom: true,
      columns: checkHeader,
      delimiter: delimiterOf(text),
      info: true,
      skip_empty_lines: true,
      trim: true,
      relax_column_count: true,
    }),
  );
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRecord>) {
      const why = whyMisread(info);
      yield { line: info.lines, record, ...(why === undefined ? {} : { why }) };
    }
  } catch (error) {
    throw error instanceof Error && !(error instanceof AppError)
      ? badInput(`${file}: ${error.message}`)
      : error;
  }
}

/**
 * Spreadsheets of countries that write 0,5 separate by semicolons. The header tells which: its names contain neither.
 */
const delimiterOf = (text: string): string => (text.split('\n', 1)[0]?.includes(';') ? ';' : ',');

const whyMisread = ({ error }: CsvRecord['info']): string | undefined =>
  error?.message.includes('got') && moreThanExpected(error.message)
    ? 'It has more fields than the header. Put a field with the separator in it between double quotes.'
    : undefined;

/** Missing fields at the end are allowed: they are optional, and spreadsheets leave them out. */
function moreThanExpected(message: string): boolean {
  const [, expected, got] = /is (\d+), got (\d+)/.exec(message) ?? [];
  return Number(got) > Number(expected);
}
