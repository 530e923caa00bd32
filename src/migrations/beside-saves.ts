// How a migration changes a table that is in use, so that saves go on meanwhile. Each may be run again.
import type { QueryRunner } from 'typeorm';

export interface NewIndex {
  name: string;
  /** Table and columns, as CREATE INDEX has them behind ON. */
  on: string;
  unique?: true;
}

/** Builds them one after another. One that was left half-built is invalid, and is made anew. */
export const buildIndexes = (runner: QueryRunner, indexes: readonly NewIndex[]): Promise<void> =>
  waitingForLocks(runner, async () => {
    for (const { name, on, unique } of indexes) {
      await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
      await runner.query(`CREATE ${unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${name} ON ${on}`);
    }
  });

export const dropIndex = (runner: QueryRunner, name: string): Promise<void> =>
  waitingForLocks(runner, async () => {
    await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
  });

/** A valid CHECK spares SET NOT NULL its scan under a lock that stops everybody. */
export async function setNotNull(
  runner: QueryRunner,
  table: string,
  columns: readonly string[],
): Promise<void> {
  const check = `${table}_filled`;
  const filled = columns.map((column) => `${column} IS NOT NULL`).join(' AND ');
  const set = columns.map((column) => `ALTER COLUMN ${column} SET NOT NULL`).join(', ');
  await runner.query(`ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${check},
    ADD CONSTRAINT ${check} CHECK (${filled}) NOT VALID`);
  await runner.query(`ALTER TABLE ${table} VALIDATE CONSTRAINT ${check}`);
  await runner.query(`ALTER TABLE ${table} ${set}`);
  // By itself: a statement drops constraints before it does anything else, and SET NOT NULL would scan after all.
  await runner.query(`ALTER TABLE ${table} DROP CONSTRAINT ${check}`);
}

/** CONCURRENTLY waits for every transaction that is under way, and stops nobody while it does. */
async function waitingForLocks(runner: QueryRunner, work: () => Promise<void>): Promise<void> {
  const [before]: { lock_timeout: string }[] = await runner.query('SHOW lock_timeout');
  await runner.query('SET lock_timeout = 0');
  await work();
  await runner.query("SELECT set_config('lock_timeout', $1, false)", [before?.lock_timeout]);
}
