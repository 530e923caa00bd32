// Every charge and reversal of a period as CSV, JSON or NDJSON, streamed from one snapshot with constant memory.
import { pipeline, type Readable } from 'node:stream';
import { to as copyTo } from 'pg-copy-streams';
import type { Database } from '../../database/database';
import { Lease } from '../../database/lease';
import { AppError, badInput, unavailable } from '../../errors';
import { formatMicros } from '../../values/money';
import type { Period } from '../../values/period';
import { type ScopeChoice, scopeOf } from '../analytics/scope';
import type { Workspace } from '../workspaces/workspaces';
import { CopiedRows } from './copy-text';
import { type CsvDialect, type ExportFormat, type ExportSummary, formOf } from './form';
import { copyStatement, sumStatement } from './query';

export interface ExportRequest {
  format: ExportFormat;
  dialect: CsvDialect;
  /** Whoever may have one export at a time: a token's id. Absent for the operator's command. */
  reader?: string;
}

export interface Export {
  workspace: Workspace;
  period: Period;
  summary: ExportSummary;
  /**
   * Bytes of UTF-8. Fails when the database does; what was written by then is no whole export. To be read to its end
   * or destroyed, which ends the query: it holds a connection.
   */
  file: Readable;
}

/** Each holds a connection for as long as its caller takes: the rest of the pool is for everybody else. */
const EXPORTS_AT_ONCE = 4;
const PUT_OFF_SECONDS = 10;
const underWay = new WeakMap<Database['dataSource'], Place[]>();

/** One export under way, and who reads it. */
interface Place {
  readonly reader: string | undefined;
}

/** Takes one of the places; answers with what gives it back. Throws SERVICE_UNAVAILABLE or RATE_LIMITED when there is none. */
function takePlace(database: Database, reader: string | undefined): () => void {
  const places = underWay.get(database.dataSource) ?? [];
  underWay.set(database.dataSource, places);
  if (reader !== undefined && places.some((place) => place.reader === reader)) {
    throw new AppError(
      'RATE_LIMITED',
      'This token has an export under way: it may have one at a time. Wait for it to end, or end it.',
      PUT_OFF_SECONDS,
    );
  }
  if (places.length >= EXPORTS_AT_ONCE) {
    throw unavailable(
      `${places.length} exports are under way, which is as many as there may be.`,
      undefined,
      PUT_OFF_SECONDS,
    );
  }
  const place: Place = { reader };
  places.push(place);
  return () => void places.splice(places.indexOf(place), 1);
}

/**
 * The same period as a report's would be. The caller has checked that the workspace may be read. Throws BAD_USER_INPUT,
 * SERVICE_UNAVAILABLE when there is no connection to be had or too many exports are under way, and RATE_LIMITED when the
 * reader has one under way.
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
  const done = takePlace(database, request.reader);
  try {
    const lease = await Lease.take(database);
    return { workspace, period, ...(await openFile(lease, workspace, period, request, { done, signal })) };
  } catch (error) {
    done();
    throw error;
  }
}

async function openFile(
  lease: Lease,
  workspace: Workspace,
  period: Period,
  { format, dialect }: ExportRequest,
  { done, signal }: { done: () => void; signal: AbortSignal | undefined },
): Promise<Pick<Export, 'summary' | 'file'>> {
  const { client } = lease;
  const breakOff = (): void => lease.breakOff();
  signal?.addEventListener('abort', breakOff);
  try {
    signal?.throwIfAborted();
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query('SET LOCAL statement_timeout = 0');
    const { rows } = await client.query<{ rows: bigint; micros: string }>(sumStatement(workspace, period));
    const [sum = { rows: 0n, micros: '0' }] = rows;
    const summary = {
      rows: Number(sum.rows),
      amount: formatMicros(BigInt(sum.micros), workspace.currency),
    };
    const copied = client.query(copyTo(copyStatement(workspace, period, format, dialect)));
    const file = new CopiedRows(formOf(format, workspace, period, summary));
    pipeline(copied, file, (error) => {
      done();
      void giveBack(lease, error);
    });
    return { summary, file };
  } catch (error) {
    await giveBack(lease, error);
    throw signal?.aborted ? unavailable('The caller went away before the export began.') : error;
  } finally {
    signal?.removeEventListener('abort', breakOff);
  }
}

/** With an error the connection is closed, which ends a statement that still runs: its caller may have gone away. */
async function giveBack(lease: Lease, error: unknown): Promise<void> {
  if (!error) await lease.query('commit', 'COMMIT').catch(() => lease.breakOff());
  if (error) lease.breakOff();
  await lease.release();
}
