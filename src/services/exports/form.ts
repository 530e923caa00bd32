// The forms of an export: its formats, its columns, and the text around the rows.
import type { Period } from '../../values/period';
import { formatInstant } from '../../values/time';
import type { Workspace } from '../workspaces/workspaces';
import type { FileForm } from './copy-text';

export const EXPORT_FORMATS = ['csv', 'json', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** exact: data as it is; names can't run as formulas. spreadsheet: no text cell can run as a formula. */
export const CSV_DIALECTS = ['exact', 'spreadsheet'] as const;
export type CsvDialect = (typeof CSV_DIALECTS)[number];

export const EXPORT_COLUMNS = [
  'id',
  'occurred_at',
  'saved_at',
  'local_time',
  'customer_id',
  'customer',
  'phone',
  'whatsapp_user_id',
  'amount',
  'currency',
  'kind',
] as const;

/** The export's count and sum, computed in the snapshot that the rows are read from. */
export interface ExportSummary {
  rows: number;
  /** Exact decimal text. */
  amount: string;
}

export function formOf(
  format: ExportFormat,
  workspace: Workspace,
  period: Period,
  summary: ExportSummary,
): FileForm {
  const { currency } = workspace;
  const lines = (rowEnd: string) => ({ rows: summary.rows, rowEnd, lastRowEnd: rowEnd });
  if (format === 'csv') return { ...lines('\r\n'), opening: `${EXPORT_COLUMNS.join(',')}\r\n`, closing: '' };
  if (format === 'ndjson') {
    return {
      ...lines('\n'),
      row: jsonRow,
      opening: '',
      closing: `${JSON.stringify({ ...summary, currency })}\n`,
    };
  }
  const head = JSON.stringify({
    workspaceId: workspace.id,
    from: formatInstant(period.from),
    to: formatInstant(period.to),
    timeZone: period.timeZone,
    currency,
  });
  return {
    opening: `${head.slice(0, -1)},"records":[\n`,
    rows: summary.rows,
    row: jsonRow,
    rowEnd: ',\n',
    lastRowEnd: '\n',
    closing: `],${JSON.stringify(summary).slice(1)}\n`,
  };
}

/** Names and contacts arrive as JSON; other cells hold nothing that JSON would escape. */
function jsonRow(copied: string): string {
  const [id, occurredAt, savedAt, localTime, customerId, customer, phone, userId, amount, currency, kind] =
    copied.split('\t');
  return `{"id":"${id}","occurred_at":"${occurredAt}","saved_at":"${savedAt}","local_time":"${localTime}","customer_id":"${customerId}","customer":${customer},"phone":${phone},"whatsapp_user_id":${userId},"amount":"${amount}","currency":"${currency}","kind":"${kind}"}`;
}
