// Roll-ups made anew from the records, which are the only truth.

import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { type LocalStretch, localDays } from '../../values/period';
import { slotsFromRecords } from '../roll-ups';
import { lockWorkspace, type Workspace } from '../workspaces/workspaces';

/** Longer than any local day: one of 25 hours, or more where a zone went back over the date line. */
const MARGIN_MS = 2 * 86_400_000;

/** The local days from the one that holds `first` to the one that holds `last`, each with its first instant. */
export function daysOf(first: Date, last: Date, timeZone: string): LocalStretch[] {
  const margin = { from: new Date(first.getTime() - MARGIN_MS), to: new Date(last.getTime() + MARGIN_MS) };
  return localDays(margin, timeZone).filter((day) => day.to > first && day.from <= last);
}

/**
 * The customers' days and months of a workspace, cut by this zone. The caller holds the workspace's row FOR UPDATE:
 * no save can write a day of the old zone behind it.
 */
export async function rebuildCustomerRollUps(sql: Sql, workspaceId: string, timeZone: string): Promise<void> {
  await sql.query('no_time_limit', 'SET LOCAL statement_timeout = 0');
  await sql.query('clear_customer_days', 'DELETE FROM customer_days WHERE workspace_id = $1', [workspaceId]);
  await sql.query('clear_customer_months', 'DELETE FROM customer_months WHERE workspace_id = $1', [
    workspaceId,
  ]);
  const span = await findSpan(sql, workspaceId);
  if (!span) return;
  const days = daysOf(span.first, span.last, timeZone);
  await sql.query('rebuild_customer_days', CUSTOMER_DAYS, [
    workspaceId,
    days.map(({ from }) => from),
    days.map(({ date }) => date),
    span.first,
    new Date(span.last.getTime() + 1),
  ]);
  await sql.query('rebuild_customer_months', CUSTOMER_MONTHS, [workspaceId, '-infinity', 'infinity']);
}

/** Told after each local day that was made anew. */
export type Progress = (done: number, of: number) => void;

/**
 * Makes all roll-ups of a workspace anew, a local day at a time, each in a transaction of its own: saves wait for one
 * day's rebuild at most. Roll-ups that no record stands behind disappear.
 */
export async function rebuildWorkspace(
  database: Database,
  workspace: Workspace,
  progress: Progress,
): Promise<{ days: number }> {
  const span = await inTransaction(database, (sql) => findRebuildSpan(sql, workspace.id));
  if (!span) return { days: 0 };
  const days = daysOf(span.first, span.last, workspace.timeZone);
  for (const [index, day] of days.entries()) {
    await inTransaction(database, async (sql) => {
      await sql.query('no_time_limit', 'SET LOCAL statement_timeout = 0');
      const locked = await lockWorkspace(sql, workspace.id, day.from);
      if (locked.timeZone !== workspace.timeZone)
        throw new Error('The zone was changed meanwhile. Run the rebuild again.');
      await rebuildDay(sql, workspace.id, day);
      const monthEnds = days[index + 1]?.date.slice(0, 7) !== day.date.slice(0, 7);
      if (monthEnds) await rebuildMonth(sql, workspace.id, day.date);
    });
    progress(index + 1, days.length);
  }
  return { days: days.length };
}

async function rebuildDay(sql: Sql, workspaceId: string, day: LocalStretch): Promise<void> {
  const range = [workspaceId, day.from, day.to];
  await sql.query(
    'clear_slots',
    'DELETE FROM usage_slots WHERE workspace_id = $1 AND slot_at >= $2 AND slot_at < $3',
    range,
  );
  await sql.query('rebuild_slots', SLOTS, range);
  await sql.query('clear_day', 'DELETE FROM customer_days WHERE workspace_id = $1 AND day = $2', [
    workspaceId,
    day.date,
  ]);
  await sql.query('rebuild_day', CUSTOMER_DAYS, [workspaceId, [day.from], [day.date], day.from, day.to]);
}

async function rebuildMonth(sql: Sql, workspaceId: string, date: string): Promise<void> {
  const month = `${date.slice(0, 7)}-01`;
  const next = new Date(Date.parse(`${month}T00:00:00Z`) + 32 * 86_400_000).toISOString().slice(0, 7);
  const range = [workspaceId, month, `${next}-01`];
  await sql.query(
    'clear_months',
    'DELETE FROM customer_months WHERE workspace_id = $1 AND month >= $2 AND month < $3',
    range,
  );
  await sql.query('rebuild_months', CUSTOMER_MONTHS, range);
}

interface Span {
  first: Date;
  last: Date;
}

async function findSpan(sql: Sql, workspaceId: string): Promise<Span | undefined> {
  return toSpan(
    await sql.query<SpanRow>(
      'span_of_charges',
      'SELECT min(c.occurred_at) AS first, max(c.occurred_at) AS last FROM charges c WHERE c.workspace_id = $1',
      [workspaceId],
    ),
  );
}

/** From the first to the last of the records and of what the roll-ups say, right or wrong. */
async function findRebuildSpan(sql: Sql, workspaceId: string): Promise<Span | undefined> {
  return toSpan(
    await sql.query<SpanRow>(
      'span_of_rebuild',
      `SELECT least(m.first, u.first, d.first) AS first, greatest(m.last, u.last, d.last) AS last FROM
         (SELECT min(occurred_at) AS first, max(occurred_at) AS last FROM messages WHERE workspace_id = $1) m,
         (SELECT min(slot_at) AS first, max(slot_at) AS last FROM usage_slots WHERE workspace_id = $1) u,
         (SELECT min(day)::timestamptz AS first, max(day)::timestamptz AS last FROM
           (SELECT day FROM customer_days WHERE workspace_id = $1
            UNION ALL SELECT month FROM customer_months WHERE workspace_id = $1) r) d`,
      [workspaceId],
    ),
  );
}

interface SpanRow {
  first: Date | null;
  last: Date | null;
}

const toSpan = ([row]: readonly SpanRow[]): Span | undefined =>
  row?.first && row.last ? { first: row.first, last: row.last } : undefined;

const SLOTS = `
  INSERT INTO usage_slots (workspace_id, slot_at, shard, messages, cost_micros, first_at, last_at, no_response,
    unknown_customer, inactive_customer)
  SELECT $1, s.slot_at, 0, s.messages, s.cost_micros, s.first_at, s.last_at, s.no_response, s.unknown_customer,
    s.inactive_customer
  FROM (${slotsFromRecords((table) => `${table}.occurred_at >= $2 AND ${table}.occurred_at < $3`)}) s`;

const CUSTOMER_DAYS = `
  INSERT INTO customer_days (workspace_id, day, customer_id, messages, cost_micros, first_at, last_at)
  SELECT c.workspace_id, ($3::date[])[width_bucket(c.occurred_at, $2::timestamptz[])] AS day, c.customer_id,
    count(*) FILTER (WHERE NOT c.reversal), sum(c.amount_micros)::bigint, min(c.occurred_at), max(c.occurred_at)
  FROM charges c WHERE c.workspace_id = $1 AND c.occurred_at >= $4 AND c.occurred_at < $5
  GROUP BY c.workspace_id, 2, c.customer_id`;

/** A date's month is a matter of the calendar, not of a zone. */
const CUSTOMER_MONTHS = `
  INSERT INTO customer_months (workspace_id, month, customer_id, messages, cost_micros, first_at, last_at)
  SELECT d.workspace_id, date_trunc('month', d.day::timestamp)::date AS month, d.customer_id,
    sum(d.messages)::bigint, sum(d.cost_micros)::bigint, min(d.first_at), max(d.last_at)
  FROM customer_days d WHERE d.workspace_id = $1 AND d.day >= $2::date AND d.day < $3::date
  GROUP BY d.workspace_id, 2, d.customer_id`;
