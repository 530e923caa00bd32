// Charges, clients or turns of a period as CSV, JSON or NDJSON, streamed from one snapshot with constant memory.
import type { Readable } from 'node:stream';
import type { Database } from '../../database/database';
import { badInput } from '../../errors';
import { formatMicros } from '../../values/money';
import type { Period } from '../../values/period';
import { type ScopeChoice, scopeOf } from '../analytics/scope';
import type { Workspace } from '../workspaces/workspaces';
import { CLIENTS } from './clients';
import { copyToFile } from './copied-file';
import {
  type CsvDialect,
  type Exportable,
  type ExportFormat,
  type ExportSummary,
  formOf,
  styleOf,
} from './form';
import { MESSAGES } from './messages';
import { RECORDS } from './records';

export const EXPORT_LISTS = ['records', 'clients', 'messages'] as const;
export type ExportList = (typeof EXPORT_LISTS)[number];

const EXPORTABLE: Readonly<Record<ExportList, Exportable>> = {
  records: RECORDS,
  clients: CLIENTS,
  messages: MESSAGES,
};

export interface ExportRequest {
  what: ExportList;
  format: ExportFormat;
  /** Of CSV alone; default: exact. */
  dialect?: CsvDialect | undefined;
  /** The id of the token that reads: it may have one export at a time. Absent for the operator's command. */
  reader?: string | undefined;
}

export interface Export {
  workspace: Workspace;
  period: Period;
  summary: ExportSummary;
  /**
   * Bytes of UTF-8. Fails when the database does; the export is then not whole. It holds a connection: read it to its
   * end, or destroy it, which ends the query.
   */
  file: Readable;
}

/**
 * The period is resolved as a report's. The caller has checked that the workspace may be read. Throws BAD_USER_INPUT,
 * SERVICE_UNAVAILABLE when no connection is available or too many exports are running, and RATE_LIMITED when the reader
 * already has a running export.
 */
export async function startExport(
  database: Database,
  workspace: Workspace,
  choice: ScopeChoice,
  request: ExportRequest,
  asOf: Date,
  /** Aborted when the caller goes away before the file begins. */
  signal?: AbortSignal,
): Promise<Export> {
  const { what, format, dialect = 'exact', reader } = request;
  if (format !== 'csv' && request.dialect !== undefined) {
    throw badInput('dialect is for format=csv. Leave it out, or ask for CSV.');
  }
  const scope = scopeOf(workspace, choice, asOf);
  const { period } = scope;
  const { columns, sum, copy } = EXPORTABLE[what];
  const { file, found } = await copyToFile(
    database,
    async (client) => {
      const { rows } = await client.query<{ rows: bigint; micros: string }>(sum(scope));
      const [whole = { rows: 0n, micros: '0' }] = rows;
      const amount = formatMicros(BigInt(whole.micros), workspace.currency);
      const summary: ExportSummary = { rows: Number(whole.rows), amount };
      return {
        copy: copy(scope, styleOf(format, dialect)),
        form: formOf({ list: what, columns, format, dialect }, workspace, period, summary),
        found: summary,
      };
    },
    { reader, signal },
  );
  return { workspace, period, summary: found, file };
}
