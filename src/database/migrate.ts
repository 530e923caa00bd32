// Brings a database to this version. Several servers may start at once: one migrates, the others wait for it.
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase, QueryResultRow } from 'pg';
import { type DataSource, MigrationExecutor, type MigrationInterface, type QueryRunner } from 'typeorm';
import { badInput, unavailable } from '../errors';
import type { Contraction } from '../migrations/contraction';
import {
  type DistributeProgress,
  distribute,
  endSession,
  findCitusState,
  isCoordinator,
  prepareSession,
} from './citus';
import { CONTRACTIONS } from './data-source';
import { isLockTimeout, type Sql } from './sql';

/** An arbitrary number that all servers of one database share. */
const MIGRATION_LOCK = 0x63746d01;

export interface MigrationStep {
  /** The migration's name; a table's where it is distributed. */
  name: string;
  direction: 'up' | 'down' | 'contract' | 'distribute';
}

/**
 * A migration that waits longer for a lock fails: everybody who needs the table later would queue behind it. It is
 * tried again after a pause, in which they get their turn.
 */
const LOCK_WITHIN_MS = 3_000;
const ATTEMPTS = 10;
const PAUSE_MS = 1_000;
const LOOK_EVERY_MS = 50;

/** Each migration has its own transaction or none: an index that is built CONCURRENTLY can't share one. */
const TRANSACTION = 'each';

/**
 * Runs every migration that the database lacks, under an advisory lock and on the connection that holds it. No older
 * server has used a database without a workspace, so it is contracted at once. On Citus new tables are distributed, but
 * for a database that has workspaces and never was: that takes long, and has a command of its own. Throws
 * SERVICE_UNAVAILABLE when somebody keeps a table locked for half a minute, BAD_USER_INPUT on a worker of Citus.
 */
export function migrate(dataSource: DataSource): Promise<MigrationStep[]> {
  return underLock(dataSource, async (executor, runner) => {
    const state = await findCitusState(runner);
    if (state !== 'plain' && !(await isCoordinator(runner))) {
      // A server beside a worker starts as any other. What is made there would be a table of that one node.
      if (state === 'distributed' && (await executor.getPendingMigrations()).length === 0) return [];
      throw onWorker();
    }
    const done = await executor.executePendingMigrations();
    if (done.length > 0 && (await isUnused(runner))) await contractAll(runner);
    const steps: MigrationStep[] = done.map(({ name }) => ({ name, direction: 'up' }));
    if (state === 'distributed' || (state === 'empty' && (await isUnused(runner))))
      steps.push(...(await distributed(runner)));
    return steps;
  });
}

/**
 * Distributes a database that has data. Throws BAD_USER_INPUT where there is no Citus, on a worker, and where migrations
 * are missing or not contracted.
 */
export function distributeUsed(
  dataSource: DataSource,
  progress: DistributeProgress,
): Promise<MigrationStep[]> {
  return underLock(dataSource, async (executor, runner) => {
    const state = await findCitusState(runner);
    if (state !== 'plain' && !(await isCoordinator(runner))) throw onWorker();
    if (state === 'plain')
      throw badInput(
        'This database has no Citus. On each node: CREATE EXTENSION citus; then add the workers. See docs/scale.md.',
      );
    if ((await executor.getPendingMigrations()).length > 0)
      throw badInput('The database lacks migrations. Run centesimo migrate first.');
    for (const contraction of CONTRACTIONS)
      if (!(await contraction.isDone(runner)))
        throw badInput(
          'The database still has what only older servers need. Run centesimo migrate --contract first.',
        );
    return distributed(runner, progress);
  });
}

const onWorker = (): Error =>
  badInput("This is a worker of Citus. Migrate with the coordinator's address. Nothing was changed.");

async function distributed(runner: QueryRunner, progress?: DistributeProgress): Promise<MigrationStep[]> {
  const client: ClientBase = await runner.connect();
  return (await distribute(client, progress)).map((name) => ({ name, direction: 'distribute' }));
}

/** Removes what only older servers needed. Throws BAD_USER_INPUT that says what must be done before. */
export function contract(dataSource: DataSource): Promise<MigrationStep[]> {
  return underLock(dataSource, async (executor, runner) => {
    if ((await executor.getPendingMigrations()).length > 0)
      throw badInput('The database lacks migrations. Run centesimo migrate first.');
    return contractAll(runner);
  });
}

async function contractAll(runner: QueryRunner): Promise<MigrationStep[]> {
  const steps: MigrationStep[] = [];
  for (const contraction of CONTRACTIONS) {
    if (await contraction.isDone(runner)) continue;
    await checkFilled(runner, contraction);
    await contraction.run(runner);
    steps.push({ name: contraction.name, direction: 'contract' });
  }
  return steps;
}

/** Looks into the table, since an interrupted contraction may have dropped the index already. */
async function checkFilled(
  runner: QueryRunner,
  { unfilled: { table, missing } }: Contraction,
): Promise<void> {
  const [found]: { rows: bigint }[] = await runner.query(
    `SELECT count(*) AS rows FROM ${table} WHERE ${missing}`,
  );
  if (found && BigInt(found.rows) > 0n) {
    throw badInput(
      `${found.rows} ${table} of an older version are not filled in yet. A running server fills them in and logs its progress.`,
    );
  }
}

async function isUnused(runner: QueryRunner): Promise<boolean> {
  const [found]: { used: boolean }[] = await runner.query('SELECT EXISTS (SELECT FROM workspaces) AS used');
  return found?.used === false;
}

/** Takes back the newest migration; answers with nothing when there is none. */
export function migrateDown(dataSource: DataSource): Promise<MigrationStep[]> {
  return underLock(dataSource, async (executor, runner) => {
    const [newest] = await executed(askedThrough(dataSource));
    if (newest === undefined) return [];
    if (!namesOf(dataSource).includes(newest))
      throw badInput(`${newest} is of a newer version: revert it with that version.`);
    const migration = dataSource.migrations.find((one) => (one.name ?? one.constructor.name) === newest);
    const obstacle = migration && mayRefuse(migration) ? await migration.obstacleToDown(runner) : undefined;
    if (obstacle !== undefined) throw badInput(obstacle);
    await executor.undoLastMigration();
    return [{ name: newest, direction: 'down' as const }];
  });
}

/** A migration after which rows may exist that the version before would misread. */
interface Refusing extends MigrationInterface {
  /** Why the migration can't be reverted; undefined: it can. */
  obstacleToDown(runner: QueryRunner): Promise<string | undefined>;
}

const mayRefuse = (migration: MigrationInterface): migration is Refusing => 'obstacleToDown' in migration;

/** The migrations that the database has of a newer version than this, newest first. */
export async function newerMigrations(dataSource: DataSource): Promise<string[]> {
  const known = namesOf(dataSource);
  return (await executed(askedThrough(dataSource))).filter((name) => !known.includes(name));
}

/** The migrations that this version has and the database lacks, oldest first. */
export async function pendingMigrations(
  dataSource: DataSource,
  sql: Sql = askedThrough(dataSource),
): Promise<string[]> {
  const done = new Set(await executed(sql));
  return namesOf(dataSource).filter((name) => !done.has(name));
}

const namesOf = ({ migrations }: DataSource): string[] =>
  migrations.map((migration) => migration.name ?? migration.constructor.name);

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

async function underLock<T>(
  dataSource: DataSource,
  work: (executor: MigrationExecutor, runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner();
  await runner.connect();
  const executor = new MigrationExecutor(dataSource, runner);
  executor.transaction = TRANSACTION;
  try {
    await runner.query('SET statement_timeout = 0');
    await taken(runner);
    try {
      await runner.query(`SET lock_timeout = ${LOCK_WITHIN_MS}`);
      const citus = (await findCitusState(runner)) !== 'plain';
      if (citus) await prepareSession(runner);
      try {
        return await withPatience(() => work(executor, runner));
      } finally {
        if (citus) await endSession(runner);
      }
    } finally {
      await runner.query('RESET lock_timeout');
      await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
      await runner.query('RESET statement_timeout');
    }
  } finally {
    await runner.release();
  }
}

/**
 * Asks again and again instead of waiting inside one statement: a waiting statement holds a snapshot, and building an
 * index CONCURRENTLY waits for snapshots.
 */
async function taken(runner: QueryRunner): Promise<void> {
  for (;;) {
    const [row]: { got: boolean }[] = await runner.query('SELECT pg_try_advisory_lock($1) AS got', [
      MIGRATION_LOCK,
    ]);
    if (row?.got) return;
    await delay(LOOK_EVERY_MS);
  }
}

async function withPatience<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      if (attempt === ATTEMPTS) {
        throw unavailable(
          'A migration needs a table that another session keeps locked. Find that session in pg_stat_activity, end it, and migrate again.',
          error,
        );
      }
      await delay(PAUSE_MS);
    }
  }
}
