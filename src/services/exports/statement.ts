// What PostgreSQL writes of each charge, cell by cell, so that nothing is left to do for a row in JavaScript.
import { escapeLiteral } from 'pg';
import { currencyDigits } from '../../money';
import type { Period } from '../../period';
import { formatInstant, offsetSegments } from '../../time';
import type { CsvDialect, ExportFormat } from '../exports';
import type { Workspace } from '../workspaces';

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

/*
 * A million rows of one workspace, PostgreSQL's own time a row (embedded 18, 2 cores; plain columns by COPY: 3.5 µs):
 *   to_char for an instant 0.79 µs, substr of to_json 0.35; amounts by text functions 0.75, by round of numeric 0.25;
 *   json_build_object for a row 9, concat 2; zones by width_bucket over constants: nothing to be measured.
 * And of the whole way out: a cursor (pg-query-stream) with lines made in SQL 0.38 to 0.51 of COPY's rate as CSV, 0.33
 * as NDJSON, with 30 to 100 MB of memory; objects and csv-stringify a fifth of it.
 */

/** COPY takes no parameters: everything here is a literal, escaped or made from numbers and dates. */
export function copyStatement(
  workspace: Workspace,
  period: Period,
  format: ExportFormat,
  dialect: CsvDialect,
): string {
  const csv = format === 'csv';
  const cells = csv ? csvCells(dialect, workspace.currency) : [jsonLine(workspace.currency)];
  return `COPY (/* export */ SELECT ${cells.join(', ')} FROM (
    SELECT c.id, c.occurred_at, c.saved_at, c.customer_id, u.name, u.phone_number, u.whatsapp_user_id,
      ${amount(workspace.currency)} AS amount,
      ${ofSegment(period, 'interval', (minutes) => `${minutes} minutes`)} AS ahead,
      ${ofSegment(period, 'text', offsetText)} AS offset_text
    FROM charges c JOIN customers u ON u.workspace_id = c.workspace_id AND u.id = c.customer_id
    WHERE ${chargesOf(workspace, period)}
    ORDER BY c.occurred_at, c.id
  ) r) TO STDOUT (FORMAT text, DELIMITER ',', NULL '')`;
}

/** What the rows come to: asked in the same snapshot. */
export const sumStatement = (workspace: Workspace, period: Period): string =>
  `SELECT count(*) AS rows, coalesce(sum(c.amount_micros), 0)::text AS micros FROM charges c
    WHERE ${chargesOf(workspace, period)}`;

const chargesOf = ({ id }: Workspace, { from, to }: Period): string =>
  `c.workspace_id = ${escapeLiteral(id)} AND c.occurred_at >= ${instant(from)} AND c.occurred_at < ${instant(to)}`;

const instant = (at: Date): string => `timestamptz '${formatInstant(at)}'`;

/** A value of the stretch of constant offset that the charge lies in; zones are Node's alone. */
function ofSegment(
  { from, to, timeZone }: Period,
  type: 'interval' | 'text',
  value: (offsetMinutes: number) => string,
): string {
  const segments = offsetSegments(from, to, timeZone);
  const values = segments.map(({ offsetMinutes }) => `'${value(offsetMinutes)}'`);
  const bounds = segments.map((segment) => `'${formatInstant(segment.from)}'`);
  return `(ARRAY[${values.join()}]::${type}[])[width_bucket(c.occurred_at, ARRAY[${bounds.join()}]::timestamptz[])]`;
}

function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** Exact: the currency's own digits at least, no trailing zeros beyond. */
function amount(currency: string): string {
  const units = 'c.amount_micros * 0.000001';
  return `round(${units}, greatest(min_scale(${units}), ${currencyDigits(currency)}))`;
}

/**
 * RFC 3339 without the offset, with milliseconds always: instants are whole milliseconds, so the tenth of one that is
 * added makes the fraction four digits long, and the fourth is cut off. Sessions are in UTC.
 */
const clock = (at: string): string => `substr(to_json(${at} + interval '100 us')::text, 2, 23)`;
const OCCURRED = `${clock('r.occurred_at')} || 'Z'`;
const SAVED = `${clock('r.saved_at')} || 'Z'`;
const LOCAL = `${clock('r.occurred_at + r.ahead')} || r.offset_text`;

function csvCells(dialect: CsvDialect, currency: string): string[] {
  const contact = dialect === 'spreadsheet' ? defused : (cell: string) => cell;
  return [
    ...['r.id', OCCURRED, SAVED, LOCAL, 'r.customer_id'],
    csvCell(defused('r.name')),
    contact('r.phone_number'),
    csvCell(contact('r.whatsapp_user_id')),
    ...['r.amount', `'${currency}'`],
  ];
}

/** RFC 4180: quoted where a comma, a quote or a line break would end the cell. */
const csvCell = (cell: string): string =>
  `CASE WHEN ${cell} ~ '[",\\r\\n]' THEN '"' || replace(${cell}, '"', '""') || '"' ELSE ${cell} END`;

/** A spreadsheet runs a cell that begins so; an apostrophe in front makes it text. */
const defused = (cell: string): string =>
  `CASE WHEN ${cell} ~ '^[=+@\\t\\r-]' THEN '''' || ${cell} ELSE ${cell} END`;

function jsonLine(currency: string): string {
  const values: Record<(typeof EXPORT_COLUMNS)[number], string> = {
    id: quoted('r.id'),
    occurred_at: quoted(OCCURRED),
    saved_at: quoted(SAVED),
    local_time: quoted(LOCAL),
    customer_id: quoted('r.customer_id'),
    customer: 'to_json(r.name)::text',
    phone: "coalesce(to_json(r.phone_number)::text, 'null')",
    whatsapp_user_id: "coalesce(to_json(r.whatsapp_user_id)::text, 'null')",
    amount: quoted('r.amount'),
    currency: `'"${currency}"'`,
  };
  const parts = EXPORT_COLUMNS.map(
    (name, index) => `'${index === 0 ? '{' : ','}"${name}":', ${values[name]}`,
  );
  return `concat(${parts.join(', ')}, '}')`;
}

/** Of what holds nothing that JSON would escape. */
const quoted = (value: string): string => `'"', ${value}, '"'`;
