// Charges of an older version lack epoch and month. Servers of this one fill them, in small batches beside the saves.
import type { Logger } from 'pino';
import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import type { Clock } from '../../values/time';
import { rollUpKeys } from '../roll-ups';
import { shareWorkspaces } from '../workspaces/workspaces';

/** The epoch of what was charged before there were epochs: nothing had been closed. */
const FIRST_EPOCH = 1;
const BATCH = 500;
const COUNTED = 100_000;
const LOG_EVERY_MS = 30_000;

interface Unfilled {
  workspace_id: string;
  id: string;
  occurred_at: Date;
}

/** False once the database is contracted: then no charge can lack anything, and nothing needs to be looked for. */
async function mayBeUnfilled(sql: Sql): Promise<boolean> {
  const [found] = await sql.query<{ open: boolean }>(
    'filling_open',
    "SELECT to_regclass('charges_unfilled') IS NOT NULL AS open",
  );
  return found?.open === true;
}

/** How many charges of this workspace are still to be filled; counted to 100 000 at most. */
export async function countUnfilled(sql: Sql, workspaceId: string): Promise<bigint> {
  if (!(await mayBeUnfilled(sql))) return 0n;
  const [found] = await sql.query<{ rows: bigint }>(
    'count_unfilled',
    `SELECT count(*) AS rows FROM (
       SELECT FROM charges c WHERE c.workspace_id = $1 AND c.month IS NULL LIMIT ${COUNTED}) u`,
    [workspaceId],
  );
  return found?.rows ?? 0n;
}

/**
 * Fills a few charges of a workspace whose row the caller holds, and answers with how many it tried: all that there are
 * when it is less than a batch.
 */
export async function fillSome(sql: Sql, workspace: { id: string; timeZone: string }): Promise<number> {
  if (!(await mayBeUnfilled(sql))) return 0;
  const rows = await sql.query<{ id: string; occurred_at: Date }>(
    'find_unfilled_of_workspace',
    `SELECT c.id, c.occurred_at FROM charges c
     WHERE c.workspace_id = $1 AND c.month IS NULL ORDER BY c.id LIMIT ${BATCH}`,
    [workspace.id],
  );
  await fillCharges(sql, workspace, rows);
  return rows.length;
}

/** Fills these charges of a workspace whose row the caller holds. */
export async function fillCharges(
  sql: Sql,
  workspace: { id: string; timeZone: string },
  charges: readonly { id: string; occurred_at: Date }[],
): Promise<void> {
  const rows = charges.map(({ id, occurred_at }) => ({ workspace_id: workspace.id, id, occurred_at }));
  await fill(sql, rows, () => workspace.timeZone);
}

const FIND = `
  SELECT c.workspace_id, c.id, c.occurred_at FROM charges c
  WHERE c.month IS NULL AND (c.workspace_id, c.id) > ($1::text, $2::uuid)
  ORDER BY c.workspace_id, c.id LIMIT ${BATCH}`;

/** What another server is filling is left to it. */
const FILL = `
  WITH taken AS MATERIALIZED (
    SELECT c.workspace_id, c.id, i.month FROM charges c
    JOIN unnest($1::text[], $2::uuid[], $3::date[]) AS i (workspace_id, id, month)
      ON i.workspace_id = c.workspace_id AND i.id = c.id
    WHERE c.month IS NULL ORDER BY c.workspace_id, c.id FOR NO KEY UPDATE OF c SKIP LOCKED
  )
  UPDATE charges c SET epoch = coalesce(c.epoch, ${FIRST_EPOCH}), month = t.month
  FROM taken t WHERE c.workspace_id = t.workspace_id AND c.id = t.id
  RETURNING c.id`;

async function fill(
  sql: Sql,
  rows: readonly Unfilled[],
  zoneOf: (workspaceId: string) => string,
): Promise<number> {
  if (rows.length === 0) return 0;
  const filled = await sql.query('fill_charges', FILL, [
    rows.map((row) => row.workspace_id),
    rows.map((row) => row.id),
    rows.map((row) => rollUpKeys(row.occurred_at, zoneOf(row.workspace_id)).month),
  ]);
  return filled.length;
}

/** Told how many charges are left. */
export interface FillingObserver {
  chargesUnfilled(left: number): void;
}

export class Filler {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Fills until nothing is left or `signal` is aborted; answers with how many charges were filled. */
  async run(signal?: AbortSignal, observer?: FillingObserver): Promise<number> {
    const total = await inTransaction(this.database, async (sql) =>
      (await mayBeUnfilled(sql)) ? countAll(sql) : 0,
    );
    observer?.chargesUnfilled(total);
    if (total === 0) return 0;
    let done = 0;
    let saidAt = this.clock().getTime();
    let position: readonly [string, string] = ['', '00000000-0000-0000-0000-000000000000'];
    const say = () => this.logger.info({ filled: done, of: total }, 'charges of an older version are filled');
    say();
    for (;;) {
      const begun = performance.now();
      const found = await inTransaction(this.database, (sql) => this.fillFrom(sql, position));
      if (!found) break;
      done += found.filled;
      position = found.position;
      observer?.chargesUnfilled(Math.max(0, total - done));
      if (signal?.aborted) break;
      if (this.clock().getTime() - saidAt >= LOG_EVERY_MS) {
        saidAt = this.clock().getTime();
        say();
      }
      // As long as it worked: saves come first.
      await pause(performance.now() - begun);
    }
    say();
    return done;
  }

  private async fillFrom(
    sql: Sql,
    position: readonly [string, string],
  ): Promise<{ filled: number; position: readonly [string, string] } | undefined> {
    const rows = await sql.query<Unfilled>('find_unfilled', FIND, position);
    const last = rows.at(-1);
    if (!last) return undefined;
    // A zone that changes meanwhile waits, as for a save.
    const workspaces = await shareWorkspaces(sql, [...new Set(rows.map((row) => row.workspace_id))]);
    const filled = await fill(sql, rows, (id) => {
      const workspace = workspaces.get(id);
      if (!workspace) throw new Error(`The workspace ${id} is gone.`);
      return workspace.timeZone;
    });
    return { filled, position: [last.workspace_id, last.id] };
  }
}

/** Counted as far as it is quick; beyond, as the index's statistics have it. */
async function countAll(sql: Sql): Promise<number> {
  const [found] = await sql.query<{ counted: bigint; estimated: number }>(
    'count_all_unfilled',
    `SELECT (SELECT count(*) FROM (SELECT FROM charges c WHERE c.month IS NULL LIMIT ${COUNTED}) u) AS counted,
       (SELECT i.reltuples FROM pg_class i WHERE i.oid = to_regclass('charges_unfilled')) AS estimated`,
  );
  const counted = Number(found?.counted ?? 0n);
  return counted < COUNTED ? counted : Math.max(counted, found?.estimated ?? 0);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
