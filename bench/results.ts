// The measured rows, as a table with the targets.
import type { Spread } from './client';

export interface Row {
  what: string;
  /** The figure as a person reads it. */
  measured: string;
  target: string;
  met: boolean | null;
  /** The figure's numbers. */
  values: Record<string, number | Spread>;
}

export class Results {
  readonly rows: Row[] = [];

  add(row: Row): void {
    this.rows.push(row);
    process.stderr.write(`  -> ${row.what}: ${row.measured} (${row.target})\n`);
  }

  table(): string {
    const cells = [
      ['what', 'measured', 'target', 'met'],
      ...this.rows.map(({ what, measured, target, met }) => [
        what,
        measured,
        target,
        met === null ? '' : met ? 'yes' : 'NO',
      ]),
    ];
    const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
    const line = (row: readonly string[]) =>
      `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
    const [head = [], ...rest] = cells;
    const rule = widths.map((width) => '-'.repeat(width));
    return [line(head), line(rule), ...rest.map(line)].join('\n');
  }
}

export const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
export const times = (value: number): string => `${value.toFixed(2)} ×`;
export const mb = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`;
export const rate = (value: number): string => `${Math.round(value)}/s`;
export const range = ({ median, min, max }: Spread, print: (value: number) => string): string =>
  `${print(median)} (${print(min)} to ${print(max)})`;
