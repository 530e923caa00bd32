// Every charge of a period as CSV, JSON or NDJSON, streamed from one snapshot with constant memory.
import type { PoolClient } from 'pg';
import { connect, type Database } from '../database/transaction';
import { badInput } from '../errors';
import { currencyDigits, formatMicros } from '../money';
import type { Period } from '../period';
import { formatInstant, offsetSegments } from '../time';
import { type ScopeChoice, scopeOf } from './analytics/scope';
import type { Workspace } from './workspaces';

export const EXPORT_FORMATS = ['csv', 'json', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** exact: data as it is, names defused. spreadsheet: every text cell that a spreadsheet would run is defused. */
export const CSV_DIALECTS = ['exact', 'spreadsheet'] as const;
export type CsvDialect = (typeof CSV_DIALECTS)[number];

export interface ExportRequest {
  format: ExportFormat;
  dialect: CsvDialect;
}

/** What the whole export came to; right only when `lines` has ended. */
export interface ExportSummary {
  rows: number;
  /** Exact decimal text. */
  amount: string;
}

export interface Export {
  workspace: Workspace;
  period: Period;
  /** Pieces of text. Fails when the database does; what was written by then is no whole export. */
  lines: AsyncIterable<string>;
  summary(): ExportSummary;
}

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
] as const;

/** The same period as a report's would be. The caller has checked that the workspace may be read. */
export function exportRecords(
  database: Database,
  workspace: Workspace,
  choice: ScopeChoice,
  request: ExportRequest,
  asOf: Date,
): Export {
  if (request.format !== 'csv' && request.dialect !== 'exact') {
    throw badInput('dialect is for format=csv. Leave it out, or ask for CSV.');
  }
  const { period } = scopeOf(workspace, choice, asOf);
  const counted = { rows: 0, micros: 0n };
  const summary = (): ExportSummary => ({
    rows: counted.rows,
    amount: formatMicros(counted.micros, workspace.currency),
  });
  const lines = write(database, workspace, period, request, counted, summary);
  return { workspace, period, lines, summary };
}

async function* write(
  database: Database,
  workspace: Workspace,
  period: Period,
  { format, dialect }: ExportRequest,
  counted: { rows: number; micros: bigint },
  summary: () => ExportSummary,
): AsyncGenerator<string> {
  yield opening(format, workspace, period);
  let first = true;
  for await (const batch of readLines(database, workspace, period, lineOf(format, dialect))) {
    for (const [, micros] of batch) counted.micros += BigInt(micros);
    counted.rows += batch.length;
    const text = batch
      .map(([line]) => line)
      .join(format === 'json' ? ',\n' : format === 'csv' ? '\r\n' : '\n');
    if (format === 'json') yield first ? `\n${text}` : `,\n${text}`;
    else yield `${text}${format === 'csv' ? '\r\n' : '\n'}`;
    first = false;
  }
  const { rows, amount } = summary();
  if (format === 'json') yield `\n],"rows":${rows},"amount":${JSON.stringify(amount)}}\n`;
  if (format === 'ndjson') yield `${JSON.stringify({ rows, amount, currency: workspace.currency })}\n`;
}

function opening(format: ExportFormat, workspace: Workspace, period: Period): string {
  if (format === 'csv') return `${EXPORT_COLUMNS.join(',')}\r\n`;
  if (format === 'ndjson') return '';
  const head = {
    workspaceId: workspace.id,
    from: formatInstant(period.from),
    to: formatInstant(period.to),
    timeZone: period.timeZone,
    currency: workspace.currency,
  };
  return `${JSON.stringify(head).slice(0, -1)},"records":[`;
}

type Line = [line: string, micros: string];

/*
 * PostgreSQL writes the line and we pass it on: a cursor with lines made in SQL moved a million rows at more than half
 * of the rate of COPY ... TO STDOUT, which takes no parameters. A stream over a portal (pg-query-stream) never ends when
 * its connection dies between two fetches; plain FETCHes fail as they should.
 */
async function* readLines(
  database: Database,
  workspace: Workspace,
  period: Period,
  line: string,
): AsyncGenerator<Line[]> {
  const runner = await connect(database);
  const client: PoolClient = await runner.connect();
  const segments = offsetSegments(period.from, period.to, period.timeZone);
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query('SET LOCAL statement_timeout = 0');
    await client.query(statement(line), [
      workspace.id,
      period.from,
      period.to,
      segments.map(({ from }) => from),
      segments.map(({ offsetMinutes }) => offsetMinutes),
      segments.map(({ offsetMinutes }) => offsetText(offsetMinutes)),
      currencyDigits(workspace.currency),
      workspace.currency,
    ]);
    for (;;) {
      const { rows } = await client.query<Line>({ text: FETCH, rowMode: 'array' });
      if (rows.length > 0) yield rows;
      if (rows.length < ROWS_A_FETCH) break;
    }
  } finally {
    // Also when the caller went away: it closes the cursor, which ends the query.
    await client.query('ROLLBACK').catch(() => undefined);
    await runner.release();
  }
}

const ROWS_A_FETCH = 5_000;
const FETCH = `/* export_fetch */ FETCH ${ROWS_A_FETCH} FROM export_lines`;

const statement = (line: string): string => `/* export */
  DECLARE export_lines NO SCROLL CURSOR FOR SELECT ${line} AS line, r.amount_micros::text FROM (
    SELECT c.id, c.occurred_at, c.saved_at, c.customer_id, cu.name, cu.phone_number, cu.whatsapp_user_id,
      c.amount_micros,
      ($5::int[])[width_bucket(c.occurred_at, $4::timestamptz[])] AS offset_minutes,
      ($6::text[])[width_bucket(c.occurred_at, $4::timestamptz[])] AS offset_text,
      lpad((abs(c.amount_micros) % 1000000)::text, 6, '0') AS fraction
    FROM charges c JOIN customers cu ON cu.workspace_id = c.workspace_id AND cu.id = c.customer_id
    WHERE c.workspace_id = $1 AND c.occurred_at >= $2 AND c.occurred_at < $3
    ORDER BY c.occurred_at, c.id
  ) r`;

/** RFC 3339; sessions are in UTC, so shifting the instant by the offset gives the local clock. */
const UTC_TIME = (column: string): string => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const LOCAL_TIME = `to_char(r.occurred_at + r.offset_minutes * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS.MS') || r.offset_text`;
/** Exact: the currency's own digits at least, no trailing zeros beyond. */
const AMOUNT = `CASE WHEN r.amount_micros < 0 THEN '-' ELSE '' END || (abs(r.amount_micros) / 1000000)::text ||
  CASE WHEN greatest($7::int, length(rtrim(r.fraction, '0'))) = 0 THEN ''
    ELSE '.' || left(r.fraction, greatest($7::int, length(rtrim(r.fraction, '0')))) END`;

function lineOf(format: ExportFormat, dialect: CsvDialect): string {
  const everywhere = dialect === 'spreadsheet' ? defused : (cell: string) => cell;
  if (format === 'csv') {
    return [
      'r.id::text',
      UTC_TIME('r.occurred_at'),
      UTC_TIME('r.saved_at'),
      LOCAL_TIME,
      'r.customer_id::text',
      csvCell(defused('r.name')),
      csvCell(everywhere("coalesce(r.phone_number, '')")),
      csvCell(everywhere("coalesce(r.whatsapp_user_id, '')")),
      AMOUNT,
      '$8::text',
    ].join(" || ',' || ");
  }
  return `json_build_object('id', r.id, 'occurred_at', ${UTC_TIME('r.occurred_at')}, 'saved_at', ${UTC_TIME('r.saved_at')},
    'local_time', ${LOCAL_TIME}, 'customer_id', r.customer_id, 'customer', r.name, 'phone', r.phone_number,
    'whatsapp_user_id', r.whatsapp_user_id, 'amount', ${AMOUNT}, 'currency', $8::text)::text`;
}

/** RFC 4180: quoted where a comma, a quote or a line break would end the cell. */
const csvCell = (cell: string): string =>
  `CASE WHEN ${cell} ~ '[",\\r\\n]' THEN '"' || replace(${cell}, '"', '""') || '"' ELSE ${cell} END`;

/** A spreadsheet runs a cell that begins so; an apostrophe in front makes it text. */
const defused = (cell: string): string =>
  `CASE WHEN ${cell} ~ '^[=+@\\t\\r-]' THEN '''' || ${cell} ELSE ${cell} END`;

function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
