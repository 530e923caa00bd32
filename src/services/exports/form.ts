// The forms of an export: its formats, and the text around the rows.
import type { Period } from '../../values/period';
import { formatInstant } from '../../values/time';
import type { UsageScope } from '../analytics/scope';
import type { Workspace } from '../workspaces/workspaces';
import { type CellStyle, EXACT_CSV, ITALIAN_CSV, JSON_STYLE, SPREADSHEET_CSV } from './cells';
import type { FileForm } from './copy-text';

export const EXPORT_FORMATS = ['csv', 'json', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const CSV_DIALECTS = ['exact', 'spreadsheet', 'italian'] as const;
export type CsvDialect = (typeof CSV_DIALECTS)[number];

const CSV_STYLES: Readonly<Record<CsvDialect, CellStyle>> = {
  exact: EXACT_CSV,
  spreadsheet: SPREADSHEET_CSV,
  italian: ITALIAN_CSV,
};

export const styleOf = (format: ExportFormat, dialect: CsvDialect): CellStyle =>
  format === 'csv' ? CSV_STYLES[dialect] : JSON_STYLE;

/** The export's count and sum, computed in the snapshot that the rows are read from. */
export interface ExportSummary {
  rows: number;
  /** Exact decimal text. */
  amount: string;
}

/**
 * Columns in their order. In JSON, a `text` gets its quotes here, since it holds nothing that JSON would escape; a `value`
 * comes as JSON: what people wrote, what may be null, numbers.
 */
export type Columns = Readonly<Record<string, 'text' | 'value'>>;

/** What can be exported: its columns, and the statements that read it from one snapshot. */
export interface Exportable {
  columns: Columns;
  /** One row: `rows`, how many there are, and `micros`, what they come to. */
  sum: (scope: UsageScope) => string;
  /** COPY of the rows in their order, which runs for as long as the caller takes. */
  copy: (scope: UsageScope, style: CellStyle) => string;
}

export interface FormChoice {
  /** The list's key in a JSON document. */
  list: string;
  columns: Columns;
  format: ExportFormat;
  dialect: CsvDialect;
}

/** Without it, Excel takes a file for one of its machine's code page. */
const BYTE_ORDER_MARK = '\ufeff';

export function formOf(
  { list, columns, format, dialect }: FormChoice,
  workspace: Workspace,
  period: Period,
  summary: ExportSummary,
): FileForm {
  const { currency } = workspace;
  if (format === 'csv') {
    return dialect === 'italian'
      ? csvForm(columns, summary, { delimiter: ';', before: BYTE_ORDER_MARK })
      : csvForm(columns, summary);
  }
  if (format === 'ndjson') {
    return {
      ...{ rows: summary.rows, rowEnd: '\n', lastRowEnd: '\n' },
      row: jsonRows(columns),
      opening: '',
      closing: `${JSON.stringify({ ...summary, currency })}\n`,
    };
  }
  const head = {
    workspaceId: workspace.id,
    from: formatInstant(period.from),
    to: formatInstant(period.to),
    timeZone: period.timeZone,
    currency,
  };
  return jsonForm({ head, list, columns }, summary);
}

export const csvForm = (
  columns: Columns,
  { rows }: ExportSummary,
  { delimiter = ',', before = '' } = {},
): FileForm => ({
  ...{ opening: `${before}${Object.keys(columns).join(delimiter)}\r\n`, closing: '' },
  ...{ rows, rowEnd: '\r\n', lastRowEnd: '\r\n' },
});

/** One document: `head`, the list, the summary. */
export const jsonForm = (
  { head, list, columns }: { head: object; list: string; columns: Columns },
  summary: ExportSummary,
): FileForm => ({
  opening: `${JSON.stringify(head).slice(0, -1)},"${list}":[\n`,
  ...{ rows: summary.rows, row: jsonRows(columns), rowEnd: ',\n', lastRowEnd: '\n' },
  closing: `],${JSON.stringify(summary).slice(1)}\n`,
});

/** Makes an object of each row's cells. What stands around them is the same in every row, and made once. */
function jsonRows(columns: Columns): (copied: string) => string {
  const kinds = Object.values(columns);
  const quote = (kind: Columns[string] | undefined): string => (kind === 'text' ? '"' : '');
  const before = Object.keys(columns).map((name, index) => {
    const start = index === 0 ? '{' : `${quote(kinds[index - 1])},`;
    return `${start}"${name}":${quote(kinds[index])}`;
  });
  const end = `${quote(kinds.at(-1))}}`;
  return (copied) => {
    let row = '';
    for (const [index, cell] of copied.split('\t').entries()) row += before[index] + cell;
    return row + end;
  };
}
