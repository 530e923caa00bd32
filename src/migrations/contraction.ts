import type { QueryRunner } from 'typeorm';

/**
 * The second half of an expanding migration: it removes what only older servers needed, once none of them runs.
 * `migrate --contract` runs it; a start or plain `migrate` does so only on a new, empty database. Each statement can be
 * run again.
 */
export interface Contraction {
  readonly name: string;
  /**
   * The rows that servers must have filled in before: the table, and an SQL condition that is true for a missing value.
   */
  readonly unfilled: { readonly table: string; readonly missing: string };
  /** Columns that are dropped, as table.column: a copy of the database leaves them out. */
  readonly drops: readonly string[];
  isDone(runner: QueryRunner): Promise<boolean>;
  run(runner: QueryRunner): Promise<void>;
}
