// How a migration changes a table that is in use without stopping saves. Each function can be run again.
import type { QueryRunner } from 'typeorm';

export interface NewIndex {
  name: string;
  /** Table and columns, as they follow ON in CREATE INDEX. */
  on: string;
  unique?: true;
}

/** Builds them one after another. An index that an interrupted build left is invalid, and is built again. */
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

/** With a valid CHECK, SET NOT NULL does not scan the table under a lock that stops everybody. */
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
  // A statement of its own: in one statement PostgreSQL drops constraints first, and SET NOT NULL would scan the table.
  await runner.query(`ALTER TABLE ${table} DROP CONSTRAINT ${check}`);
}

/** Lifts lock_timeout: CONCURRENTLY waits for every running transaction, and blocks nobody while it waits. */
async function waitingForLocks(runner: QueryRunner, work: () => Promise<void>): Promise<void> {
  const [before]: { lock_timeout: string }[] = await runner.query('SHOW lock_timeout');
  await runner.query('SET lock_timeout = 0');
  await work();
  await runner.query("SELECT set_config('lock_timeout', $1, false)", [before?.lock_timeout]);
}
