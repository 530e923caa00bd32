// Removes texts that are older than a workspace keeps them, each night, in batches between saves.
import type { Logger } from 'pino';
import type { Database } from '../../database/database';
import { instantText, type Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { DAY_MS } from '../../values/duration';
import { pause } from '../../values/pace';
import type { Clock } from '../../values/time';
import { countUnfilledOf } from '../jobs/filler';
import { keyFilling } from '../turns/key-filling';
import { nextNight, WHOLE_EVERY_MS } from '../workspaces/keep-days';
import { getWorkspace } from '../workspaces/workspaces';
import { holdRawKeys, removeTexts } from './forgetting';
import { BEGINNING } from './personal-data';

/** How long a server may work on a workspace before another one takes it over. */
const TAKEN_FOR_MS = 60_000;
/** Turns that one transaction reads. It writes new row versions all at once, and saves wait for the disk meanwhile. */
export const RETENTION_BATCH = 500;
/** A pause is so many times as long as the batch before it: there is a whole night, and saves come first. */
const REST = 3;

/**
 * An interrupted night is due again and continues where it stopped. A new night begins there too, since everything
 * before was checked; once a week it begins with the first turn.
 */
const TAKE = `
  UPDATE text_retentions r SET due_at = $2,
    walked_at = CASE WHEN r.whole_at <= $1 THEN NULL ELSE r.walked_at END,
    walked_id = CASE WHEN r.whole_at <= $1 THEN NULL ELSE r.walked_id END,
    whole_at = CASE WHEN r.whole_at <= $1 THEN $3 ELSE r.whole_at END
  WHERE r.workspace_id = $4 AND r.due_at <= $1
  RETURNING r.workspace_id`;

/** Looked for among all workspaces, and taken one by one: Citus locks rows on one node only. */
const DUE = `
  SELECT r.workspace_id FROM text_retentions r WHERE r.due_at <= $1 ORDER BY r.due_at LIMIT 20`;

const HOLD = `
  SELECT r.keep_days, ${instantText('r.walked_at')} AS walked_at, r.walked_id FROM text_retentions r
  WHERE r.workspace_id = $1 FOR UPDATE`;

/** Walks the index by time. A turn that is already emptied costs one look-up. */
const HOLD_PAGE = `
  WITH page AS MATERIALIZED (
    SELECT m.id, m.occurred_at, m.text_removed_at FROM messages m
    WHERE m.workspace_id = $1 AND (m.occurred_at, m.id) > ($2::timestamptz, $3::uuid) AND m.occurred_at < $4
    ORDER BY m.occurred_at, m.id LIMIT ${RETENTION_BATCH}
  ), last AS (
    SELECT p.occurred_at, p.id FROM page p ORDER BY p.occurred_at DESC, p.id DESC LIMIT 1
  ), held AS MATERIALIZED (
    SELECT m.id FROM messages m JOIN page p ON p.id = m.id AND p.text_removed_at IS NULL
    WHERE m.workspace_id = $1 AND m.text_removed_at IS NULL
    ORDER BY m.occurred_at, m.id FOR NO KEY UPDATE OF m
  )
  SELECT ${instantText('l.occurred_at')} AS last_at, l.id AS last_id, ARRAY(SELECT h.id FROM held h) AS held FROM last l`;

export class Retention {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /**
   * Removes texts that are too old in each due workspace; returns the number of turns. Stops between two batches when
   * `signal` is aborted; a later run continues there.
   */
  async runDue(signal?: AbortSignal): Promise<number> {
    let removed = 0;
    while (!signal?.aborted) {
      const taken = await inTransaction(this.database, (sql) => this.take(sql));
      if (taken === undefined) break;
      removed += await this.walk(taken, signal);
    }
    return removed;
  }

  /** The workspace of a night that no other server took; undefined: none is due. */
  private async take(sql: Sql): Promise<string | undefined> {
    const now = this.clock();
    for (const { workspace_id } of await sql.query<{ workspace_id: string }>('due_retentions', DUE, [now])) {
      const [taken] = await sql.query('take_retention', TAKE, [
        ...[now, this.heldTo(), new Date(now.getTime() + WHOLE_EVERY_MS), workspace_id],
      ]);
      if (taken) return workspace_id;
    }
    return undefined;
  }

  private async walk(workspaceId: string, signal?: AbortSignal): Promise<number> {
    // Without its digest a turn would be charged again by a replay, so the night stays due until servers have filled in
    // the digests.
    const unfilled = await inTransaction(this.database, (sql) =>
      countUnfilledOf(sql, keyFilling, workspaceId),
    );
    if (unfilled > 0n) return 0;
    let removed = 0;
    while (!signal?.aborted) {
      const begun = performance.now();
      const batch = await inTransaction(this.database, (sql) => this.step(sql, workspaceId));
      if (batch === undefined) {
        if (removed > 0)
          this.logger.info({ workspaceId, turns: removed }, 'texts that were too old are removed');
        break;
      }
      removed += batch;
      await pause(REST * (performance.now() - begun));
    }
    return removed;
  }

  /** One transaction's work: the number of turns that it emptied; undefined: the night is done. */
  private async step(sql: Sql, workspaceId: string): Promise<number | undefined> {
    // The row is locked: a change of the days, and another server, wait for this batch.
    const [row] = await sql.query<{ keep_days: number; walked_at: string | null; walked_id: string | null }>(
      'hold_retention',
      HOLD,
      [workspaceId],
    );
    if (!row) return undefined;
    const now = this.clock();
    const position =
      row.walked_at === null || row.walked_id === null ? BEGINNING : [row.walked_at, row.walked_id];
    const keepsRawKeys = await holdRawKeys(sql);
    const [page] = await sql.query<{ last_at: string; last_id: string; held: string[] }>(
      'hold_old_texts',
      HOLD_PAGE,
      [workspaceId, ...position, new Date(now.getTime() - row.keep_days * DAY_MS)],
    );
    if (page && page.held.length > 0)
      await sql.query('remove_old_texts', removeTexts(keepsRawKeys), [workspaceId, page.held, now]);
    const dueAt = page ? this.heldTo() : nextNight(now, (await getWorkspace(sql, workspaceId, now)).timeZone);
    await sql.query(
      'retention_walked',
      `UPDATE text_retentions SET due_at = $2, walked_at = coalesce($3::timestamptz, walked_at),
         walked_id = coalesce($4::uuid, walked_id) WHERE workspace_id = $1`,
      [workspaceId, dueAt, page?.last_at ?? null, page?.last_id ?? null],
    );
    return page?.held.length;
  }

  private heldTo(): Date {
    return new Date(this.clock().getTime() + TAKEN_FOR_MS);
  }
}
