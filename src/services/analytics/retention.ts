// Of the clients who came first in a month, how many came again in each month after?
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';
import { firstDayOf, monthNumber, numberedMonth } from '../../values/month';
import { resolvePeriod } from '../../values/period';
import { localDate } from '../../values/time';
import type { Workspace } from '../workspaces/workspaces';

export interface Cohort {
  /** '2025-01' */
  month: string;
  clients: bigint;
  /** How many of them came in this month (all of them), in the next one, and so on. */
  retained: bigint[];
}

export const MONTHS_LIMIT = 60;

/**
 * One cohort for each month of the workspace's zone from `from` to `to`, both included, up to the running month. Its
 * columns end there too. Throws BAD_USER_INPUT.
 */
export async function findRetention(
  sql: Sql,
  workspace: Workspace,
  { from, to }: { from: string; to: string },
  asOf: Date,
): Promise<Cohort[]> {
  // Checks that the months lie in the years that may be asked for.
  for (const month of [from, to]) resolvePeriod({ month }, workspace.timeZone, asOf);
  const first = monthNumber(from);
  const months = monthNumber(to) - first + 1;
  if (months < 1) throw badInput(`from ${from} is after to ${to}. Both are included.`);
  if (months > MONTHS_LIMIT)
    throw badInput(`From ${from} to ${to} are ${months} months; at most ${MONTHS_LIMIT} can be asked for.`);
  const last = Math.min(monthNumber(to), monthNumber(localDate(asOf, workspace.timeZone)));
  const rows = await sql.query<{ first: string; month: string; clients: bigint }>(
    'retention',
    `SELECT to_char(f.first, 'YYYY-MM') AS first, to_char(f.month, 'YYYY-MM') AS month, count(*) AS clients FROM (
       SELECT m.month, min(m.month) OVER (PARTITION BY m.customer_id) AS first
       FROM customer_months m WHERE m.workspace_id = $1 AND m.month <= $3::date
     ) f WHERE f.first >= $2::date GROUP BY f.first, f.month`,
    [workspace.id, firstDayOf(from), firstDayOf(to)],
  );
  const found = new Map(rows.map((row) => [`${row.first} ${row.month}`, row.clients]));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
    const cohort = first + index;
    const retained = Array.from(
      { length: last - cohort + 1 },
      (_, after) => found.get(`${numberedMonth(cohort)} ${numberedMonth(cohort + after)}`) ?? 0n,
    );
    return { month: numberedMonth(cohort), clients: retained[0] ?? 0n, retained };
  });
}
