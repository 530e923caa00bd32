import type { QueryRunner } from 'typeorm';

/**
 * What an expanding migration put off until no older server runs: it takes away what only those needed. Never run by a
 * start or by plain `migrate`, but on a database that is new and empty. Each statement may be run again.
 */
export interface Contraction {
  readonly name: string;
  /** The rows that servers must have filled before: a table, and SQL of it that is true where something is missing. */
  readonly unfilled: { readonly table: string; readonly missing: string };
  /** Columns that go, as table.column: a copy of the database leaves them out. */
  readonly drops: readonly string[];
  isDone(runner: QueryRunner): Promise<boolean>;
  run(runner: QueryRunner): Promise<void>;
}
