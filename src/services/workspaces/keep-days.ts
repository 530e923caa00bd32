// For how many days are the texts of a workspace's turns kept? Stored in a row of its own, since every save holds the
// workspace's row.
import { DateTime } from 'luxon';
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';
import { DAY_MS } from '../../values/duration';
import { firstInstantAt, localDate } from '../../values/time';

/** A time before shops open, and hours away from the closing of months. */
const NIGHT_HOUR = 3;
/** Turns that came later than their night are looked for once in this time. */
export const WHOLE_EVERY_MS = 7 * DAY_MS;
export const KEEP_DAYS_MAX = 3_650;

/** The first instant after `at` at which the local clock shows 03:00 or later, if that hour is skipped. */
export function nextNight(at: Date, timeZone: string): Date {
  let day = DateTime.fromISO(localDate(at, timeZone), { zone: 'utc' }).minus({ days: 1 });
  for (;;) {
    const night = firstInstantAt(day.plus({ hours: NIGHT_HOUR }).toMillis(), timeZone);
    if (night > at) return night;
    day = day.plus({ days: 1 });
  }
}

/** Throws BAD_USER_INPUT. */
export function checkKeepDays(days: number): void {
  if (!Number.isInteger(days) || days < 1 || days > KEEP_DAYS_MAX)
    throw badInput(`Texts are kept for 1 to ${KEEP_DAYS_MAX} days, such as 90d, or for ever: off.`);
}

export interface Keeping {
  days: number;
  /** When older texts are removed next. */
  dueAt: Date;
}

/** The days by workspace; a workspace that is missing keeps all texts. */
export async function findKeepings(sql: Sql, workspaceIds: readonly string[]): Promise<Map<string, Keeping>> {
  const rows = await sql.query<{ workspace_id: string; keep_days: number; due_at: Date }>(
    'find_keepings',
    'SELECT r.workspace_id, r.keep_days, r.due_at FROM text_retentions r WHERE r.workspace_id = ANY ($1::text[])',
    [workspaceIds],
  );
  return new Map(rows.map((row) => [row.workspace_id, { days: row.keep_days, dueAt: row.due_at }]));
}

/**
 * `days` null: all texts are kept from now on. Nothing is removed before the next night, so that a mistake can be
 * corrected. The caller holds the workspace's row.
 */
export async function setKeepDays(
  sql: Sql,
  workspace: { id: string; timeZone: string },
  days: number | null,
  at: Date,
): Promise<void> {
  if (days === null)
    await sql.query('delete_retention', 'DELETE FROM text_retentions WHERE workspace_id = $1', [
      workspace.id,
    ]);
  else
    await sql.query(
      'set_retention',
      `INSERT INTO text_retentions (workspace_id, keep_days, due_at, whole_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT ON CONSTRAINT text_retentions_pkey DO UPDATE SET keep_days = excluded.keep_days,
         due_at = greatest(text_retentions.due_at, excluded.due_at)`,
      [workspace.id, days, nextNight(at, workspace.timeZone), new Date(at.getTime() + WHOLE_EVERY_MS)],
    );
}
