// How a month is closed. The database's locks make the cut: a save holds the workspace's row shared and copies its
// epoch; a closing holds the row alone and raises the epoch.
import type { Logger } from 'pino';
import type { Database } from '../../database/database';
import { describeError } from '../../database/describe-error';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { badInput, unavailable } from '../../errors';
import { DAY_MS } from '../../values/duration';
import { firstDayOf, monthAfter, monthOf } from '../../values/month';
import { type Period, resolvePeriod } from '../../values/period';
import { type Clock, formatInstant } from '../../values/time';
import { type Actor, recordAudit } from '../audit';
import { writeEvents } from '../signals/events';
import { dueInstant, findDueSchedule, lookAtSchedule } from '../workspaces/closing-days';
import { getWorkspace, lockCallersWorkspace, lockWorkspace, type Workspace } from '../workspaces/workspaces';
import { countUnfilled, fillSome } from './filling';
import { sealUpTo } from './sealing';
import { findStatement, type StatementRow } from './statements';

export interface CloseResult {
  statement: StatementRow;
  /** True when the month had been closed before: nothing was written again. */
  replayed: boolean;
}

/** The actor of closings that nobody asked for: the schedule of `workspace update --close-day`. */
const SCHEDULE: Actor = { name: 'schedule' };
const AGAIN_AFTER_MS = 600_000;

export class ClosingService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /**
   * Closes a month that has ended; a second call returns the result of the first. Saves wait for the short transaction
   * that makes the cut; the statement's lines are written after it. Throws BAD_USER_INPUT, SERVICE_UNAVAILABLE.
   */
  async close(workspaceId: string, month: string, actor: Actor): Promise<CloseResult> {
    const { number, replayed } = await inTransaction(this.database, async (sql) => {
      const workspace = await lockCallersWorkspace(sql, workspaceId, this.clock());
      return this.closeLocked(sql, workspace, month, actor);
    });
    await sealUpTo(this.database, workspaceId, number, this.clock());
    const statement = await inTransaction(this.database, (sql) => findStatement(sql, workspaceId, month));
    if (!statement) throw new Error('A sealed statement is gone.');
    return { statement, replayed };
  }

  /** Closes every open month up to this one, in order. Throws as `close` does. */
  async closeThrough(
    workspaceId: string,
    last: string,
    actor: Actor,
    progress: (month: string) => void,
  ): Promise<CloseResult[]> {
    const results: CloseResult[] = [];
    // If the last month can't be closed, the months before it stay open too.
    const workspace = await inTransaction(this.database, (sql) =>
      getWorkspace(sql, workspaceId, this.clock()),
    );
    const period = resolvePeriod({ month: last }, workspace.timeZone, this.clock());
    checkEnded(last, period, this.clock());
    for (;;) {
      const next = await inTransaction(this.database, (sql) => findNextMonth(sql, workspaceId));
      if (next === undefined || next > last) break;
      progress(next);
      results.push(await this.close(workspaceId, next, actor));
    }
    // The month is closed already, or can't be closed: the answer is that of closing it alone.
    if (results.length === 0) results.push(await this.close(workspaceId, last, actor));
    return results;
  }

  /** Closes the months that are due by their schedules, and seals the statements that a killed server left open. */
  async closeDue(signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted && (await this.takeDue()));
    const failed: string[] = [];
    while (!signal?.aborted && (await this.sealLeft(failed)));
  }

  /** The caller holds the workspace's row. */
  private async closeLocked(
    sql: Sql,
    workspace: Workspace,
    month: string,
    actor: Actor,
  ): Promise<{ number: number; replayed: boolean }> {
    const period = resolvePeriod({ month }, workspace.timeZone, this.clock());
    const [closed] = await sql.query<{ number: number }>(
      'closed_before',
      'SELECT s.number FROM statements s WHERE s.workspace_id = $1 AND s.month = $2::date',
      [workspace.id, firstDayOf(month)],
    );
    if (closed) return { number: closed.number, replayed: true };
    checkEnded(month, period, this.clock());
    await checkFilled(sql, workspace);
    const next = await findNextMonth(sql, workspace.id);
    if (next === undefined) throw badInput('There is nothing to close: nothing was ever charged here.');
    if (month !== next) {
      throw badInput(
        month < next
          ? `${month} is before the first month that can be closed, ${next}. Its late charges are carried to the next statement.`
          : `Months are closed in order: ${next} comes first.`,
      );
    }
    const closedAt = this.clock();
    const made = await findNextStatement(sql, workspace.id);
    await sql.query('insert_statement', INSERT, [
      ...[workspace.id, firstDayOf(month), workspace.timeZone, period.from, period.to, closedAt, actor.name],
      ...[made.number, made.epoch],
    ]);
    await sql.query('next_epoch', 'UPDATE workspaces SET epoch = epoch + 1 WHERE id = $1', [workspace.id]);
    await recordAudit(sql, {
      ...{ at: closedAt, actor, action: 'statement.closed', workspaceId: workspace.id, subject: month },
      ...{ before: null, after: { number: made.number, month } },
    });
    // The figures are missing: they are known when the statement is sealed.
    const data = {
      ...{ number: made.number, month, from: formatInstant(period.from), to: formatInstant(period.to) },
      timeZone: workspace.timeZone,
    };
    await writeEvents(sql, workspace.id, [{ type: 'STATEMENT_CLOSED', data }], closedAt);
    return { number: made.number, replayed: false };
  }

  private async takeDue(): Promise<boolean> {
    let taken: string | undefined;
    try {
      return await inTransaction(this.database, async (sql) => {
        taken = (await findDueSchedule(sql, this.clock()))?.workspaceId;
        if (taken === undefined) return false;
        const workspace = await lockWorkspace(sql, taken, this.clock());
        const due = await findDueSchedule(sql, this.clock(), taken);
        // Another server was quicker.
        if (!due) return true;
        const next = await findMonthOfSchedule(sql, workspace);
        const now = this.clock();
        // Nothing to close yet: looks again a day later.
        const dueAt =
          next === undefined
            ? new Date(now.getTime() + DAY_MS)
            : dueInstant(next, due.closeDay, workspace.timeZone);
        if (next !== undefined && dueAt <= now) {
          await this.closeLocked(sql, workspace, next, SCHEDULE);
          const nextDueAt = dueInstant(monthAfter(next), due.closeDay, workspace.timeZone);
          await lookAtSchedule(sql, workspace.id, nextDueAt);
        } else await lookAtSchedule(sql, workspace.id, dueAt);
        return true;
      });
    } catch (error) {
      if (taken === undefined) throw error;
      // A workspace that fails does not hold up the others.
      this.logger.warn(
        { workspaceId: taken, error: describeError(error) },
        'a month could not be closed; it is tried again',
      );
      const later = new Date(this.clock().getTime() + AGAIN_AFTER_MS);
      const workspaceId = taken;
      await inTransaction(this.database, (sql) => lookAtSchedule(sql, workspaceId, later));
      return true;
    }
  }

  /** `failed`: workspaces to skip until the next run; one that fails now is added. */
  private async sealLeft(failed: string[]): Promise<boolean> {
    const left = await inTransaction(this.database, (sql) => findUnsealed(sql, failed));
    if (!left) return false;
    try {
      await sealUpTo(this.database, left.workspace_id, left.number, this.clock());
    } catch (error) {
      failed.push(left.workspace_id);
      this.logger.warn(
        { workspaceId: left.workspace_id, number: left.number, error: describeError(error) },
        'the lines of a closed month could not be written; it is tried again',
      );
    }
    return true;
  }
}

interface Unsealed {
  workspace_id: string;
  number: number;
}

const LOOKED_AT = 20;

/** One that no other server is sealing. Rows are locked a workspace at a time: Citus locks on one node alone. */
async function findUnsealed(sql: Sql, failed: readonly string[]): Promise<Unsealed | undefined> {
  const left = await sql.query<Unsealed>(
    'find_unsealed',
    `SELECT s.workspace_id, s.number FROM statements s
     WHERE s.sealed_at IS NULL AND s.workspace_id <> ALL ($1::text[])
     ORDER BY s.closed_at LIMIT ${LOOKED_AT}`,
    [failed],
  );
  for (const one of left) {
    const [free] = await sql.query(
      'take_unsealed_of_workspace',
      `SELECT s.number FROM statements s WHERE s.workspace_id = $1 AND s.number = $2 AND s.sealed_at IS NULL
       FOR UPDATE SKIP LOCKED`,
      [one.workspace_id, one.number],
    );
    if (free) return one;
  }
  return undefined;
}

function checkEnded(month: string, { to, timeZone }: Period, now: Date): void {
  if (to > now)
    throw badInput(`${month} has not ended in ${timeZone}: it can be closed from ${formatInstant(to)} on.`);
}

/** The number follows the last statement's. The workspace's row, which the caller holds, has the epoch that ends. */
async function findNextStatement(sql: Sql, workspaceId: string): Promise<{ number: number; epoch: number }> {
  const [next] = await sql.query<{ number: number; epoch: number }>(
    'next_statement',
    `SELECT coalesce((SELECT max(s.number) FROM statements s WHERE s.workspace_id = $1), 0) + 1 AS number, w.epoch
     FROM workspaces w WHERE w.id = $1`,
    [workspaceId],
  );
  if (!next) throw new Error('The workspace that the caller holds is gone.');
  return next;
}

const INSERT = `
  INSERT INTO statements (workspace_id, number, month, epoch, time_zone, from_at, to_at, closed_at, closed_by)
  VALUES ($1, $8, $2, $9, $3, $4, $5, $6, $7)`;

/**
 * The month after the last closed one. If none is closed, the month of the earliest line; undefined if there is no
 * line.
 */
export async function findNextMonth(sql: Sql, workspaceId: string): Promise<string | undefined> {
  const [found] = await sql.query<{ closed: string | null; earliest: string | null }>(
    'next_month',
    `SELECT (SELECT max(s.month) FROM statements s WHERE s.workspace_id = $1) AS closed,
       (SELECT c.month FROM charges c WHERE c.workspace_id = $1 ORDER BY c.epoch, c.month LIMIT 1) AS earliest`,
    [workspaceId],
  );
  if (found?.closed) return monthAfter(monthOf(found.closed));
  return found?.earliest ? monthOf(found.earliest) : undefined;
}

/**
 * The month that a schedule closes next. An archived workspace is closed only while a ledger line is on no statement
 * (its last month, or a charge that was made or taken back later): otherwise it would get empty months for ever.
 */
async function findMonthOfSchedule(sql: Sql, { id, archivedAt }: Workspace): Promise<string | undefined> {
  if (archivedAt === null) return findNextMonth(sql, id);
  const [found] = await sql.query<{ open: boolean }>('open_line', OPEN_LINE, [id]);
  return found?.open ? findNextMonth(sql, id) : undefined;
}

/**
 * Looks for a line of the running epoch, or of an earlier epoch in a month after the last closed one. The newest month
 * of each epoch is one lookup in the index (workspace, epoch, month).
 */
const OPEN_LINE = `
  SELECT EXISTS (
    SELECT FROM workspaces w
    CROSS JOIN LATERAL generate_series(1, w.epoch) AS e (epoch)
    CROSS JOIN LATERAL (SELECT max(c.month) AS month FROM charges c
      WHERE c.workspace_id = $1 AND c.epoch = e.epoch) newest
    WHERE w.id = $1 AND (e.epoch = w.epoch AND newest.month IS NOT NULL
      OR newest.month > (SELECT max(s.month) FROM statements s WHERE s.workspace_id = $1))
  ) AS open`;

/** Fills a few charges here, so that older servers that still run can't keep a month open. */
async function checkFilled(sql: Sql, workspace: Workspace): Promise<void> {
  await fillSome(sql, workspace);
  const left = await countUnfilled(sql, workspace.id);
  if (left > 0)
    throw unavailable(
      `Charges of an older version are still being filled in: ${left} of this workspace are left. Close the month when that is done; the server's log shows the progress.`,
      undefined,
      60,
    );
}
