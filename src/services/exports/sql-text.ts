// What the statements of exports share. COPY takes no parameters: all values are literals, escaped or made from numbers
// and dates.
import { escapeLiteral } from 'pg';
import { utcTimestamp } from '../../database/sql';
import type { Period } from '../../values/period';
import { formatInstant, offsetSegments } from '../../values/time';
import type { Workspace } from '../workspaces/workspaces';
import type { CellStyle } from './cells';

/** COPY of a query's rows; the remark lets an operator find running exports. */
export const copyOf = (query: string, { delimiter }: CellStyle): string =>
  `COPY (/* export */ ${query}) TO STDOUT (FORMAT text, DELIMITER ${delimiter}, NULL '')`;

/** The rows of a workspace and period in a table that knows both. */
export const rowsOf = (table: string, workspace: Workspace, { from, to }: Period): string =>
  `${ofWorkspace(table, workspace)}
    AND ${table}.occurred_at >= ${instant(from)} AND ${table}.occurred_at < ${instant(to)}`;

/** A table's rows of a workspace: named on each table, so that Citus sees that one node has all of them. */
export const ofWorkspace = (table: string, { id }: Workspace): string =>
  `${table}.workspace_id = ${escapeLiteral(id)}`;

const instant = (at: Date): string => `timestamptz '${formatInstant(at)}'`;

/** A statement with each $n replaced by the n-th value, as the driver would send it. */
export const withValues = (sql: string, values: readonly unknown[]): string =>
  sql.replace(/\$(\d+)/g, (_parameter, n: string) => literal(values[Number(n) - 1]));

function literal(value: unknown): string {
  return escapeLiteral(Array.isArray(value) ? `{${value.map(element).join()}}` : plain(value));
}

const element = (value: unknown): string => `"${plain(value).replace(/["\\]/g, '\\$&')}"`;

function plain(value: unknown): string {
  if (value instanceof Date) return formatInstant(value);
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new Error(`A statement has a value of type ${typeof value}.`);
}

/**
 * RFC 3339 without the offset, with milliseconds always: adding a tenth of one makes the
 * fraction four digits long, and the fourth is cut off: instants are whole milliseconds. In UTC whatever the session's
 * zone: on Citus it is that of the node.
 */
const clock = (at: string): string => `substr(to_json(${utcTimestamp(at)} + interval '100 us')::text, 2, 23)`;

/** An instant in UTC, to milliseconds. */
export const utcCell = (at: string): string => `${clock(at)} || 'Z'`;

/** The same on the clocks of the period's zone, with their offset. `at` lies in the period. */
export const localCell = (at: string, period: Period): string => {
  const ahead = ofSegment(at, period, 'interval', (minutes) => `${minutes} minutes`);
  return `${clock(`(${at} + ${ahead})`)} || ${ofSegment(at, period, 'text', offsetText)}`;
};

/** A value of the stretch of constant offset that an instant lies in; only Node computes with zones. */
function ofSegment(
  at: string,
  { from, to, timeZone }: Period,
  type: 'interval' | 'text',
  value: (offsetMinutes: number) => string,
): string {
  const segments = offsetSegments(from, to, timeZone);
  const values = segments.map(({ offsetMinutes }) => `'${value(offsetMinutes)}'`);
  const starts = segments.map((segment) => `'${formatInstant(segment.from)}'`);
  return `(ARRAY[${values.join()}]::${type}[])[width_bucket(${at}, ARRAY[${starts.join()}]::timestamptz[])]`;
}

function offsetText(minutes: number): string {
  const size = Math.floor(Math.abs(minutes));
  const two = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
