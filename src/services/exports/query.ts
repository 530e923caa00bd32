// What PostgreSQL writes of each charge and reversal, cell by cell, each in its final form.
import { escapeLiteral } from 'pg';
import type { Period } from '../../values/period';
import { formatInstant, offsetSegments } from '../../values/time';
import type { Workspace } from '../workspaces/workspaces';
import { amountCell, csvCell, defused, jsonCell } from './cells';
import type { CsvDialect, ExportFormat } from './form';

/*
 * Measured with a million charges of 2 000 customers (embedded PostgreSQL 18, 2 cores), against COPY of the bare
 * columns as CSV, 2.6 µs of the database's time a row: this, as CSV     0.67 to 0.70 of its rate, 3.6 µs a row; as
 * NDJSON 0.58, 3.7 µs; memory grows by 2 to 22 MB a cursor (pg-query-stream) over lines made in SQL   CSV 0.38 to 0.51,
 * NDJSON 0.33; 30 to 100 MB JSON objects made in SQL   json_build_object 9 µs a row, concat 7; keys set in JavaScript,
 * beside the database: 3.7 Per cell: to_char for an instant 0.8 µs, substr of to_json 0.35; an amount by text functions
 * 0.75, by round 0.25; names escaped for each charge 0.5, for each customer (LATERAL ... OFFSET 0 is what Memoize
 * keeps) nothing to be measured.
 */

/** COPY takes no parameters, so every value here is a literal: escaped text, or made from numbers and dates. */
export function copyCharges(
  workspace: Workspace,
  period: Period,
  format: ExportFormat,
  dialect: CsvDialect,
): string {
  const customer = format === 'csv' ? csvCustomer(dialect) : JSON_CUSTOMER;
  const delimiter = format === 'csv' ? "','" : "E'\\t'";
  return `COPY (/* export */ SELECT ${CELLS}, '${workspace.currency}', r.kind FROM (
    SELECT c.id, c.occurred_at, c.saved_at, c.customer_id, u.name, u.phone, u.user_id,
      CASE WHEN c.reversal THEN 'REVERSAL' ELSE 'CHARGE' END AS kind,
      ${amountCell('c.amount_micros', workspace.currency)} AS amount,
      ${ofSegment(period, 'interval', (minutes) => `${minutes} minutes`)} AS ahead,
      ${ofSegment(period, 'text', offsetText)} AS offset_text
    FROM charges c CROSS JOIN LATERAL (
      SELECT ${customer} FROM customers u WHERE u.workspace_id = c.workspace_id AND u.id = c.customer_id OFFSET 0) u
    WHERE ${chargesOf(workspace, period)}
    ORDER BY c.occurred_at, c.id
  ) r) TO STDOUT (FORMAT text, DELIMITER ${delimiter}, NULL '')`;
}

/** The rows' count and sum, read in the same snapshot. */
export const sumCharges = (workspace: Workspace, period: Period): string =>
  `SELECT count(*) AS rows, coalesce(sum(c.amount_micros), 0)::text AS micros FROM charges c
    WHERE ${chargesOf(workspace, period)}`;

const chargesOf = ({ id }: Workspace, { from, to }: Period): string =>
  `c.workspace_id = ${escapeLiteral(id)} AND c.occurred_at >= ${instant(from)} AND c.occurred_at < ${instant(to)}`;

const instant = (at: Date): string => `timestamptz '${formatInstant(at)}'`;

/** A value of the stretch of constant offset that the charge lies in: only Node computes with zones. */
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
  const size = Math.floor(Math.abs(minutes));
  const two = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/**
 * RFC 3339 without the offset, always with milliseconds. Instants are whole milliseconds: adding a tenth of one makes
 * the fraction four digits long, and the fourth is cut off. Sessions are in UTC.
 */
const clock = (at: string): string => `substr(to_json(${at} + interval '100 us')::text, 2, 23)`;
const OCCURRED = `${clock('r.occurred_at')} || 'Z'`;
const SAVED = `${clock('r.saved_at')} || 'Z'`;
const LOCAL = `${clock('r.occurred_at + r.ahead')} || r.offset_text`;

const CELLS = [
  'r.id',
  OCCURRED,
  SAVED,
  LOCAL,
  'r.customer_id',
  'r.name',
  'r.phone',
  'r.user_id',
  'r.amount',
].join();

function csvCustomer(dialect: CsvDialect): string {
  const contact = dialect === 'spreadsheet' ? defused : (cell: string) => cell;
  return `${csvCell(defused('u.name'))} AS name, ${contact('u.phone_number')} AS phone,
    ${csvCell(contact('u.whatsapp_user_id'))} AS user_id`;
}

const JSON_CUSTOMER = `to_json(u.name)::text AS name, ${jsonCell('u.phone_number')} AS phone,
    ${jsonCell('u.whatsapp_user_id')} AS user_id`;
