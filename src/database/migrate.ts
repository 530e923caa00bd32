// Brings a database to this version. Several servers may start at once: one migrates, the others wait for it.
import type { QueryResultRow } from 'pg';
import type { DataSource } from 'typeorm';
import type { Sql } from './sql';

/** Any fixed number: all servers of one database must agree on it. */
const MIGRATION_LOCK = 0x63746d01;

export interface MigrationStep {
  name: string;
  direction: 'up' | 'down';
}

/**
 * Runs every migration that the database lacks, under an advisory lock held by a connection of its own.
 * A lock that a migration can't get within 5 s fails it, rather than queueing everybody behind it.
 */
export function migrate(dataSource: DataSource): Promise<MigrationStep[]> {
  return underLock(dataSource, async () => {
    const done = await dataSource.runMigrations({ transaction: 'each' });
    return done.map(({ name }) => ({ name, direction: 'up' as const }));
  });
}

/** Takes back the newest migration; answers with nothing when there is none. */
export function migrateDown(dataSource: DataSource): Promise<MigrationStep[]> {
  return underLock(dataSource, async () => {
    const [newest] = await executed(askedThrough(dataSource));
    if (newest === undefined) return [];
    await dataSource.undoLastMigration({ transaction: 'each' });
    return [{ name: newest, direction: 'down' as const }];
  });
}

/** The migrations that this version has and the database lacks, oldest first. */
export async function pendingMigrations(
  dataSource: DataSource,
  sql: Sql = askedThrough(dataSource),
): Promise<string[]> {
  const done = new Set(await executed(sql));
  return dataSource.migrations
    .map((migration) => migration.name ?? migration.constructor.name)
    .filter((name) => !done.has(name));
}

async function executed(sql: Sql): Promise<string[]> {
  const [found] = await sql.query<{ exists: boolean }>(
    'migrations_exist',
    "SELECT to_regclass('migrations') IS NOT NULL AS exists",
  );
  if (!found?.exists) return [];
  const rows = await sql.query<{ name: string }>(
    'list_migrations',
    'SELECT name FROM migrations ORDER BY id DESC',
  );
  return rows.map((row) => row.name);
}

const askedThrough = (dataSource: DataSource): Sql => ({
  query: <Row extends QueryResultRow>(_name: string, text: string) => dataSource.query<Row[]>(text),
});

async function underLock<T>(dataSource: DataSource, work: () => Promise<T>): Promise<T> {
  const runner = dataSource.createQueryRunner();
  await runner.connect();
  try {
    await runner.query('SET statement_timeout = 0');
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    try {
      return await work();
    } finally {
      await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
      await runner.query('RESET statement_timeout');
    }
  } finally {
    await runner.release();
  }
}
