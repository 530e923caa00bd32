// Every charge and reversal of a period as CSV, JSON or NDJSON, streamed from one snapshot with constant memory.
import type { Readable } from 'node:stream';
import type { Database } from '../../database/database';
import { badInput } from '../../errors';
import { formatMicros } from '../../values/money';
import type { Period } from '../../values/period';
import { type ScopeChoice, scopeOf } from '../analytics/scope';
import type { Workspace } from '../workspaces/workspaces';
import { copyToFile } from './copied-file';
import { type CsvDialect, type ExportFormat, type ExportSummary, formOf } from './form';
import { copyCharges, sumCharges } from './query';

export interface ExportRequest {
  format: ExportFormat;
  dialect: CsvDialect;
  /** The id of the token that reads: it may have one export at a time. Absent for the operator's command. */
  reader?: string;
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
 * SERVICE_UNAVAILABLE when there is no connection to be had or too many exports are under way, and RATE_LIMITED when
 * the reader has one under way.
 */
export async function exportRecords(
  database: Database,
  workspace: Workspace,
  choice: ScopeChoice,
  request: ExportRequest,
  asOf: Date,
  /** Aborted when the caller goes away before the file begins. */
  signal?: AbortSignal,
): Promise<Export> {
  if (request.format !== 'csv' && request.dialect !== 'exact') {
    throw badInput('dialect is for format=csv. Leave it out, or ask for CSV.');
  }
  const { period } = scopeOf(workspace, choice, asOf);
  const { format, dialect, reader } = request;
  const { file, found } = await copyToFile(
    database,
    async (client) => {
      const { rows } = await client.query<{ rows: bigint; micros: string }>(sumCharges(workspace, period));
      const [sum = { rows: 0n, micros: '0' }] = rows;
      const amount = formatMicros(BigInt(sum.micros), workspace.currency);
      const summary: ExportSummary = { rows: Number(sum.rows), amount };
      return {
        copy: copyCharges(workspace, period, format, dialect),
        form: formOf(format, workspace, period, summary),
        found: summary,
      };
    },
    { reader, signal },
  );
  return { workspace, period, summary: found, file };
}
