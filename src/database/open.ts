// A database that is ready to be used: found or started, of a version we speak, brought up to ours.
import type { Logger } from 'pino';
import type { Config } from '../config';
import { StartError, startEmbedded } from '../embedded/embedded';
import { findCitusState } from './citus';
import { cannotEndAbandoned, createDataSource } from './data-source';
import type { Database } from './database';
import { migrate, newerMigrations, pendingMigrations } from './migrate';
import type { StatementObserver } from './sql';
import { tlsOf } from './tls';
import { within } from './within';

export interface OpenDatabase extends Database {
  /** With the password. */
  readonly url: string;
  /** SECRETS_KEY, or the one beside the embedded database; undefined: there is none. */
  readonly secretsKey: string | undefined;
  close(): Promise<void>;
}

interface Opening {
  logger: Logger;
  observe?: StatementObserver;
  /** The database stays of the version that it is, and nothing is said about it: for `migrate`, which is told what to do. */
  asItIs?: boolean;
}

/**
 * Connects to DATABASE_URL, or to the embedded PostgreSQL, which is started when it isn't running; brings it to
 * this version unless MIGRATE_AT_START is off.
 */
export async function openDatabase(
  config: Config,
  role: 'server' | 'command',
  { logger, observe = () => undefined, asItIs = false }: Opening,
): Promise<OpenDatabase> {
  const embedded =
    config.databaseUrl === undefined
      ? await startEmbedded({
          dataDir: config.dataDir,
          role,
          log: (message, details) => logger[role === 'server' ? 'info' : 'debug'](details ?? {}, message),
        })
      : undefined;
  const url = config.databaseUrl ?? embedded?.url ?? '';
  const { statementTimeoutMs } = config;
  const options = {
    ...{ url, poolSize: config.databasePoolSize, statementTimeoutMs, samePlans: role === 'server' },
    ...tlsOf(config),
  };
  let endAbandoned = true;
  let dataSource = createDataSource({ ...options, endAbandoned });
  const close = async (): Promise<void> => {
    if (dataSource.isInitialized)
      await within(CLOSED_WITHIN_MS, dataSource.destroy(), notClosed).catch(() => undefined);
    await embedded?.stop();
  };
  try {
    try {
      await dataSource.initialize();
    } catch (error) {
      if (!cannotEndAbandoned(error)) throw error;
      endAbandoned = false;
      dataSource = createDataSource(options);
      await dataSource.initialize();
    }
    await checkVersion(dataSource);
    if (!asItIs) await bringUp(dataSource, config, logger);
    const isDistributed = (await findCitusState(dataSource)) === 'distributed';
    if (isDistributed && options.samePlans) {
      // Citus reads from a parameter's value which node a statement is for: one plan for all values has none.
      await dataSource.destroy();
      dataSource = createDataSource({ ...options, samePlans: false, endAbandoned });
      await dataSource.initialize();
    }
    return {
      dataSource,
      observe,
      isDistributed,
      answerWithinMs: role === 'server' ? statementTimeoutMs + GRACE_MS : 0,
      url,
      secretsKey: config.secretsKey ?? embedded?.secretsKey,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How long closing waits: a silent database never confirms it. */
const CLOSED_WITHIN_MS = 2_000;
const notClosed = (): Error => new Error('The connections did not close.');

/** How much longer than PostgreSQL's own time-out we wait before the connection counts as lost. */
const GRACE_MS = 1_000;

/** The statements need PostgreSQL 15 and nothing newer. */
const OLDEST_POSTGRES = 15;

async function checkVersion(dataSource: Database['dataSource']): Promise<void> {
  const [row] = await dataSource.query<{ server_version_num: string }[]>('SHOW server_version_num');
  const major = Math.floor(Number(row?.server_version_num) / 10_000);
  if (major < OLDEST_POSTGRES) {
    throw new StartError(`DATABASE_URL is a PostgreSQL ${major}; ${OLDEST_POSTGRES} or newer is needed.`);
  }
}

async function bringUp(dataSource: Database['dataSource'], config: Config, logger: Logger): Promise<void> {
  const newer = await newerMigrations(dataSource);
  if (newer.length > 0)
    logger.warn({ newer }, 'the database is of a newer version: this server runs on it until it is replaced');
  if (!config.migrateAtStart) {
    const pending = await pendingMigrations(dataSource);
    if (pending.length > 0)
      logger.warn({ pending }, 'the database lacks migrations: run the migrate command');
    return;
  }
  for (const { name } of await migrate(dataSource)) logger.info({ migration: name }, 'migrated the database');
}
