// Why does a closed month's usage differ from its statement? Three causes explain the difference exactly.
import type { Sql } from '../../database/sql';
import { firstDayOf } from '../../values/month';
import type { StatementRow } from './statements';

/** In micro-units. The statement's own amount + cameLate + takenBack + zoneChanged = usage today. */
export interface SinceClosing {
  /** What the statement has of its own month, without what it carries. */
  ownMicros: bigint;
  /** Turns of the month that were charged after it was closed. */
  cameLateMicros: bigint;
  /** Charges of the month that were taken back after it was closed; not positive. */
  takenBackMicros: bigint;
  /** The difference that another zone makes at the month's beginning and end. */
  zoneChangedMicros: bigint;
}

/** `usageMicros`: what the month costs today, by the workspace's zone of today. */
export async function findSinceClosing(
  sql: Sql,
  statement: StatementRow,
  usageMicros: bigint,
): Promise<SinceClosing> {
  const [found] = await sql.query<{ late: bigint; taken: bigint }>(
    'since_closing',
    // Reads epoch by epoch, each by the index (workspace, epoch, month): the month alone would read all of it.
    `SELECT coalesce(sum(c.late), 0)::bigint AS late, coalesce(sum(c.taken), 0)::bigint AS taken
     FROM generate_series($3::int + 1, (SELECT w.epoch FROM workspaces w WHERE w.id = $1)) AS e (epoch)
     CROSS JOIN LATERAL (
       SELECT sum(c.amount_micros) FILTER (WHERE NOT c.reversal) AS late,
         sum(c.amount_micros) FILTER (WHERE c.reversal) AS taken
       FROM charges c WHERE c.workspace_id = $1 AND c.epoch = e.epoch AND c.month = $2::date) c`,
    [statement.workspaceId, firstDayOf(statement.month), statement.epoch],
  );
  const ownMicros = statement.totalMicros - statement.carriedMicros;
  const cameLateMicros = found?.late ?? 0n;
  const takenBackMicros = found?.taken ?? 0n;
  return {
    ...{ ownMicros, cameLateMicros, takenBackMicros },
    zoneChangedMicros: usageMicros - ownMicros - cameLateMicros - takenBackMicros,
  };
}
