// Fills in what older rows lack since an expanding migration, in small batches between saves.
import type { Logger } from 'pino';
import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { pause } from '../../values/pace';
import type { Clock } from '../../values/time';

/** Where a batch begins: the workspace and id of the last row before it. */
export type Position = readonly [workspaceId: string, id: string];

/** One kind of value that older rows lack. */
export interface Filling {
  readonly table: 'charges' | 'messages';
  /** SQL condition on the table's own columns that is true for a row that lacks the value. */
  readonly missing: string;
  /** The partial index of those rows on (workspace_id, id); the contraction drops it. */
  readonly index: string;
  /** Fills a batch after `position`; undefined: no row is left. Rows that another server is filling are skipped. */
  fillFrom(sql: Sql, position: Position): Promise<{ filled: number; position: Position } | undefined>;
}

export const FILLING_BATCH = 500;
const COUNTED = 100_000;
const LOG_EVERY_MS = 30_000;
const BEGINNING: Position = ['', '00000000-0000-0000-0000-000000000000'];

/** False once the database is contracted: from then on no row can lack the value. */
export async function mayBeUnfilled(sql: Sql, { index }: Filling): Promise<boolean> {
  const [found] = await sql.query<{ open: boolean }>(
    'filling_open',
    'SELECT to_regclass($1) IS NOT NULL AS open',
    [index],
  );
  return found?.open === true;
}

/** How many rows of this workspace are still to be filled, at most 100 000. */
export async function countUnfilledOf(sql: Sql, filling: Filling, workspaceId: string): Promise<bigint> {
  if (!(await mayBeUnfilled(sql, filling))) return 0n;
  const [found] = await sql.query<{ rows: bigint }>(
    'count_unfilled',
    `SELECT count(*) AS rows FROM (SELECT FROM ${filling.table} t
       WHERE t.workspace_id = $1 AND ${filling.missing} LIMIT ${COUNTED}) u`,
    [workspaceId],
  );
  return found?.rows ?? 0n;
}

/** Called with the number of rows that are left. */
export interface FillingObserver {
  rowsUnfilled(table: string, left: number): void;
}

export class Filler {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly fillings: readonly Filling[],
  ) {}

  /** Fills until no row is left or `signal` is aborted; returns how many rows were filled. */
  async run(signal?: AbortSignal, observer?: FillingObserver): Promise<number> {
    let filled = 0;
    for (const filling of this.fillings) filled += await this.fill(filling, signal, observer);
    return filled;
  }

  private async fill(filling: Filling, signal?: AbortSignal, observer?: FillingObserver): Promise<number> {
    const { table } = filling;
    const total = await inTransaction(this.database, async (sql) =>
      (await mayBeUnfilled(sql, filling)) ? countAll(sql, filling) : 0,
    );
    observer?.rowsUnfilled(table, total);
    if (total === 0) return 0;
    let done = 0;
    let saidAt = this.clock().getTime();
    let position = BEGINNING;
    const say = () =>
      this.logger.info({ filled: done, of: total }, `${table} of an older version are filled`);
    say();
    for (;;) {
      const begun = performance.now();
      const found = await inTransaction(this.database, (sql) => filling.fillFrom(sql, position));
      if (!found) break;
      done += found.filled;
      position = found.position;
      observer?.rowsUnfilled(table, Math.max(0, total - done));
      if (signal?.aborted) break;
      if (this.clock().getTime() - saidAt >= LOG_EVERY_MS) {
        saidAt = this.clock().getTime();
        say();
      }
      // Pauses for as long as the batch took, so that saves come first.
      await pause(performance.now() - begun);
    }
    say();
    return done;
  }
}

/** Counts exactly as long as that is quick; a larger number comes from the index's statistics. */
async function countAll(sql: Sql, { table, missing, index }: Filling): Promise<number> {
  const [found] = await sql.query<{ counted: bigint; estimated: number }>(
    'count_all_unfilled',
    `SELECT (SELECT count(*) FROM (SELECT FROM ${table} WHERE ${missing} LIMIT ${COUNTED}) u) AS counted,
       (SELECT i.reltuples FROM pg_class i WHERE i.oid = to_regclass($1)) AS estimated`,
    [index],
  );
  const counted = Number(found?.counted ?? 0n);
  return counted < COUNTED ? counted : Math.max(counted, found?.estimated ?? 0);
}
