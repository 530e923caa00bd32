// Older rows lack what an expanding migration added. Servers fill it in, in small batches beside the saves.
import type { Logger } from 'pino';
import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import type { Clock } from '../../values/time';

/** Where a batch begins: the workspace and the id of the last row before it. */
export type Position = readonly [workspaceId: string, id: string];

/** Something that older rows lack. */
export interface Filling {
  readonly table: 'charges' | 'messages';
  /** SQL condition on the table's own columns that is true where it is missing. */
  readonly missing: string;
  /** The partial index on (workspace_id, id) of those rows; the contraction drops it. */
  readonly index: string;
  /**
   * Fills a batch behind `position`; undefined: nothing is left there. Rows that another server is filling are skipped.
   */
  fillFrom(sql: Sql, position: Position): Promise<{ filled: number; position: Position } | undefined>;
}

export const FILLING_BATCH = 500;
const COUNTED = 100_000;
const LOG_EVERY_MS = 30_000;
const BEGINNING: Position = ['', '00000000-0000-0000-0000-000000000000'];

/** False once the database is contracted: then no row can lack it. */
export async function mayBeUnfilled(sql: Sql, { index }: Filling): Promise<boolean> {
  const [found] = await sql.query<{ open: boolean }>(
    'filling_open',
    'SELECT to_regclass($1) IS NOT NULL AS open',
    [index],
  );
  return found?.open === true;
}

/** How many rows of this workspace are still to be filled; counted to 100 000 at most. */
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

/** Told how many rows are left. */
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

  /** Fills until nothing is left or `signal` is aborted; answers with how many rows were filled. */
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
      // Pauses as long as the batch took: saves come first.
      await pause(performance.now() - begun);
    }
    say();
    return done;
  }
}

/** Counts exactly while that is quick; larger numbers come from the index's statistics. */
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

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
