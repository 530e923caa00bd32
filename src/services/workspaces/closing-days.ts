// On which day does a workspace close its months by itself? Stored in a row of its own, since every save holds the
// workspace's row.
import { DateTime } from 'luxon';
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';
import { firstDayOf, monthAfter } from '../../values/month';
import { firstInstantAt } from '../../values/time';

const CLOSE_HOUR = 6;

/** When a month is closed by itself: on this day of the next one at 06:00 of the local clock. */
export function dueInstant(month: string, closeDay: number, timeZone: string): Date {
  const clock = DateTime.fromISO(firstDayOf(monthAfter(month)), { zone: 'utc' }).set({
    day: closeDay,
    hour: CLOSE_HOUR,
  });
  return firstInstantAt(clock.toMillis(), timeZone);
}

/** Throws BAD_USER_INPUT. */
export function checkCloseDay(day: number): void {
  if (!Number.isInteger(day) || day < 1 || day > 28)
    throw badInput('Give the day of the next month on which a month closes by itself, 1 to 28, or off.');
}

/** The day by workspace; a workspace that is missing closes no month by itself. */
export async function findCloseDays(sql: Sql, workspaceIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await sql.query<{ workspace_id: string; close_day: number }>(
    'find_close_days',
    'SELECT s.workspace_id, s.close_day FROM closing_schedules s WHERE s.workspace_id = ANY ($1::text[])',
    [workspaceIds],
  );
  return new Map(rows.map((row) => [row.workspace_id, row.close_day]));
}

export interface DueSchedule {
  workspaceId: string;
  closeDay: number;
}

/**
 * The schedule that has been due for the longest time; with `workspaceId`, that one if it is due. Whoever changes a
 * schedule holds the workspace, so callers ask again once they hold the workspace.
 */
export async function findDueSchedule(
  sql: Sql,
  now: Date,
  workspaceId?: string,
): Promise<DueSchedule | undefined> {
  const [row] = await sql.query<{ workspace_id: string; close_day: number }>(
    'find_due_schedule',
    `SELECT s.workspace_id, s.close_day FROM closing_schedules s
     WHERE s.due_at <= $1 ${workspaceId === undefined ? '' : 'AND s.workspace_id = $2'}
     ORDER BY s.due_at LIMIT 1`,
    [now, ...(workspaceId === undefined ? [] : [workspaceId])],
  );
  return row && { workspaceId: row.workspace_id, closeDay: row.close_day };
}

/**
 * `day` null: no month closes by itself any more. Due months are looked for from `at` on. The caller holds the
 * workspace's row.
 */
export async function setCloseDay(
  sql: Sql,
  workspaceId: string,
  day: number | null,
  at: Date,
): Promise<void> {
  if (day === null)
    await sql.query('delete_schedule', 'DELETE FROM closing_schedules WHERE workspace_id = $1', [
      workspaceId,
    ]);
  else
    await sql.query(
      'set_schedule',
      `INSERT INTO closing_schedules (workspace_id, close_day, due_at) VALUES ($1, $2, $3)
       ON CONFLICT ON CONSTRAINT closing_schedules_pkey DO UPDATE SET close_day = excluded.close_day,
         due_at = excluded.due_at`,
      [workspaceId, day, at],
    );
}

/** Looks at its months again at this instant. A caller who also locks the workspace must lock it first. */
export async function lookAtSchedule(sql: Sql, workspaceId: string, at: Date): Promise<void> {
  await sql.query('look_at_schedule', 'UPDATE closing_schedules SET due_at = $2 WHERE workspace_id = $1', [
    workspaceId,
    at,
  ]);
}
