// Roll-ups made anew from the records, which are the only truth.

import type { Database } from '../../database/database';
import { liftTimeLimit, type Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { firstDayOf, monthAfter, monthOf } from '../../values/month';
import type { LocalStretch } from '../../values/period';
import { COST_DAYS, CUSTOMER_COST_DAYS } from '../roll-ups/costs';
import {
  CUSTOMER_DAYS,
  CUSTOMER_MONTHS,
  daysOf,
  type Span,
  type SpanRow,
  toSpan,
} from '../roll-ups/day-roll-ups';
import { DIMENSION_DAYS } from '../roll-ups/dimensions';
import { slotsFromRecords } from '../roll-ups/roll-ups';
import { lockWorkspace, type Workspace } from '../workspaces/workspaces';
import { stampZones } from '../workspaces/zone-stamps';

/** Called after each local day that was rebuilt. */
export type Progress = (done: number, of: number) => void;

/**
 * Makes all roll-ups of a workspace anew, a local day at a time, each in a transaction of its own: saves wait for one
 * day's rebuild at most. Roll-ups without records are deleted.
 */
export async function rebuildWorkspace(
  database: Database,
  workspace: Workspace,
  progress: Progress,
): Promise<{ days: number }> {
  const span = await inTransaction(database, (sql) => findRebuildSpan(sql, workspace.id));
  if (!span) {
    await inTransaction(database, (sql) => stampZones(sql, [workspace]));
    return { days: 0 };
  }
  const days = daysOf(span.first, span.last, workspace.timeZone);
  for (const [index, day] of days.entries()) {
    await inTransaction(database, async (sql) => {
      await liftTimeLimit(sql);
      const locked = await lockWorkspace(sql, workspace.id, day.from);
      if (locked.timeZone !== workspace.timeZone)
        throw new Error('The zone was changed meanwhile. Run the rebuild again.');
      await rebuildDay(sql, workspace.id, day);
      const monthEnds = monthOf(days[index + 1]?.date ?? '') !== monthOf(day.date);
      if (monthEnds) await rebuildMonth(sql, workspace.id, day.date);
    });
    progress(index + 1, days.length);
  }
  await inTransaction(database, (sql) => stampZones(sql, [workspace]));
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
  const bounds = [workspaceId, [day.from], [day.date], day.from, day.to];
  await sql.query('rebuild_day', CUSTOMER_DAYS, bounds);
  await sql.query('clear_dimensions', 'DELETE FROM dimension_days WHERE workspace_id = $1 AND day = $2', [
    workspaceId,
    day.date,
  ]);
  await sql.query('rebuild_dimensions', DIMENSION_DAYS, bounds);
  for (const [table, statement] of [
    ['cost_days', COST_DAYS],
    ['customer_cost_days', CUSTOMER_COST_DAYS],
  ] as const) {
    await sql.query(`clear_${table}`, `DELETE FROM ${table} WHERE workspace_id = $1 AND day = $2`, [
      workspaceId,
      day.date,
    ]);
    await sql.query(`rebuild_${table}`, statement, bounds);
  }
}

async function rebuildMonth(sql: Sql, workspaceId: string, date: string): Promise<void> {
  const month = monthOf(date);
  const range = [workspaceId, firstDayOf(month), firstDayOf(monthAfter(month))];
  await sql.query(
    'clear_months',
    'DELETE FROM customer_months WHERE workspace_id = $1 AND month >= $2 AND month < $3',
    range,
  );
  await sql.query('rebuild_months', CUSTOMER_MONTHS, range);
}

/** In UTC, whatever the session's zone: on Citus it is that of the node. */
const startOfDay = (day: string): string =>
  `timestamptz '1970-01-01 00:00:00+00' + (${day} - date '1970-01-01') * interval '24 hours'`;

/** From the first to the last instant of records and of roll-ups, even wrong ones. */
async function findRebuildSpan(sql: Sql, workspaceId: string): Promise<Span | undefined> {
  return toSpan(
    await sql.query<SpanRow>(
      'span_of_rebuild',
      `SELECT least(m.first, u.first, d.first) AS first, greatest(m.last, u.last, d.last) AS last FROM
         (SELECT min(occurred_at) AS first, max(occurred_at) AS last FROM messages WHERE workspace_id = $1) m,
         (SELECT min(slot_at) AS first, max(slot_at) AS last FROM usage_slots WHERE workspace_id = $1) u,
         (SELECT ${startOfDay('min(day)')} AS first, ${startOfDay('max(day)')} AS last FROM
           (SELECT day FROM customer_days WHERE workspace_id = $1
            UNION ALL SELECT month FROM customer_months WHERE workspace_id = $1
            UNION ALL SELECT day FROM dimension_days WHERE workspace_id = $1
            UNION ALL SELECT day FROM cost_days WHERE workspace_id = $1
            UNION ALL SELECT day FROM customer_cost_days WHERE workspace_id = $1) r) d`,
      [workspaceId],
    ),
  );
}

const SLOTS = `
  INSERT INTO usage_slots (workspace_id, slot_at, shard, messages, cost_micros, first_at, last_at, no_response,
    unknown_customer, inactive_customer)
  SELECT $1, s.slot_at, 0, s.messages, s.cost_micros, s.first_at, s.last_at, s.no_response, s.unknown_customer,
    s.inactive_customer
  FROM (${slotsFromRecords((table) => `${table}.occurred_at >= $2 AND ${table}.occurred_at < $3`)}) s`;
