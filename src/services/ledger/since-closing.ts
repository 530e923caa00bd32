// Why does a closed month's usage differ from its statement? Three causes explain the difference exactly.
import type { Sql } from '../../database/sql';
import { firstDayOf, monthOf } from '../../values/month';
import { resolvePeriod } from '../../values/period';
import { findSums } from '../analytics/totals';
import type { Workspace } from '../workspaces/workspaces';
import type { StatementRow } from './statements';

/** In micro-units. The statement's own amount + cameLate + takenBack + zoneChanged = usage today. */
export interface SinceClosing {
  /** What the month costs today, by the workspace's zone of today. */
  usageMicros: bigint;
  /** What the statement has of its own month, without what it carries. */
  ownMicros: bigint;
  /** Turns of the month that were charged after it was closed. */
  cameLateMicros: bigint;
  /** Charges of the month that were taken back after it was closed; not positive. */
  takenBackMicros: bigint;
  /** The difference that another zone makes at the month's beginning and end. */
  zoneChangedMicros: bigint;
  /** Of cameLate and takenBack what no statement has yet: the next month that is closed carries it. */
  openMicros: bigint;
}

type Posted = Pick<SinceClosing, 'cameLateMicros' | 'takenBackMicros' | 'openMicros'>;
const NOTHING: Posted = { cameLateMicros: 0n, takenBackMicros: 0n, openMicros: 0n };

/** Of one workspace's statements, in their order. */
export async function findSinceClosing(
  sql: Sql,
  workspace: Workspace,
  statements: readonly StatementRow[],
  asOf: Date,
): Promise<SinceClosing[]> {
  const periods = statements.map(({ month }) => resolvePeriod({ month }, workspace.timeZone, asOf));
  const usage = await findSums(sql, workspace.id, periods);
  const posted = await findPosted(sql, workspace.id, statements);
  return statements.map((statement, index) => {
    const usageMicros = usage[index]?.costMicros ?? 0n;
    const ownMicros = statement.totalMicros - statement.carriedMicros;
    const since = posted.get(statement.month) ?? NOTHING;
    const zoneChangedMicros = usageMicros - ownMicros - since.cameLateMicros - since.takenBackMicros;
    return { usageMicros, ownMicros, ...since, zoneChangedMicros };
  });
}

/** By month, what was posted to it after it was closed. */
async function findPosted(
  sql: Sql,
  workspaceId: string,
  statements: readonly StatementRow[],
): Promise<Map<string, Posted>> {
  const months = statements.map(({ month }) => firstDayOf(month)).sort();
  const epochs = statements.map(({ epoch }) => epoch);
  const rows = await sql.query<{ month: string; late: bigint; taken: bigint; open: bigint }>(
    'since_closing',
    // Months close in order, and each closing ends an epoch. A line of an earlier month than the one whose closing ended
    // the line's epoch was posted after its own month was closed. So the query reads one range of the index (workspace,
    // epoch, month) for each epoch, however many statements it is asked about, and no month's own lines. (An OR instead
    // of coalesce is no bound of the index: PostgreSQL would read them all and drop them.)
    `SELECT c.month, coalesce(sum(c.late), 0)::bigint AS late, coalesce(sum(c.taken), 0)::bigint AS taken,
       coalesce(sum(c.amount) FILTER (WHERE e.epoch = w.epoch), 0)::bigint AS open
     FROM workspaces w
     CROSS JOIN generate_series($2::int + 1, w.epoch) AS e (epoch)
     LEFT JOIN statements s ON s.workspace_id = $1 AND s.epoch = e.epoch
     CROSS JOIN LATERAL (
       SELECT c.month, sum(c.amount_micros) AS amount,
         sum(c.amount_micros) FILTER (WHERE NOT c.reversal) AS late,
         sum(c.amount_micros) FILTER (WHERE c.reversal) AS taken
       FROM charges c
       WHERE c.workspace_id = $1 AND c.epoch = e.epoch AND c.month >= $3::date AND c.month <= $4::date
         AND c.month < coalesce(s.month, 'infinity')
       GROUP BY c.month) c
     WHERE w.id = $1 GROUP BY c.month`,
    [workspaceId, Math.min(...epochs), months[0], months.at(-1)],
  );
  return new Map(
    rows.map(({ month, late, taken, open }) => [
      monthOf(month),
      { cameLateMicros: late, takenBackMicros: taken, openMicros: open },
    ]),
  );
}
