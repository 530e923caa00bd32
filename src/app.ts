// The composition root: the only place that makes services.
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from './config';
import { cannotEndAbandoned, createDataSource } from './database/data-source';
import { describeError } from './database/describe-error';
import { StartError, startEmbedded } from './database/embedded';
import { migrate, pendingMigrations } from './database/migrate';
import type { StatementObserver } from './database/sql';
import { tlsOf } from './database/tls';
import type { Database } from './database/transaction';
import { within } from './database/within';
import { createServer, type Server, type Urls } from './http/server';
import { CustomerImporter } from './services/customer-import';
import { CustomerService } from './services/customer-service';
import { Reconciler } from './services/reconcile';
import { shardsOf } from './services/roll-ups';
import { SaveMessageService } from './services/save-message';
import { TokenService } from './services/tokens';
import { WorkspaceService } from './services/workspace-service';
import { BatchWriter } from './services/write-batch';
import { WriteQueue } from './services/write-queue';
import type { Clock } from './time';

export interface Services {
  readonly clock: Clock;
  readonly workspaces: WorkspaceService;
  readonly customers: CustomerService;
  readonly customerImporter: CustomerImporter;
  readonly saveMessages: SaveMessageService;
  readonly tokens: TokenService;
  readonly reconciler: Reconciler;
  /** Saves what waits, and gives the write path's connections back. */
  drain(): Promise<void>;
}

export interface Surroundings {
  clock: Clock;
  logger: Logger;
  /** This process's number among those that serve on the same address, from 0. */
  worker?: number | undefined;
  /** Sees every statement; for tests and metrics. */
  observe?: StatementObserver;
}

export interface OpenDatabase extends Database {
  /** With the password. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Connects to DATABASE_URL, or to the embedded PostgreSQL, which is started when it isn't running; brings it to
 * this version unless MIGRATE_AT_START is off.
 */
export async function openDatabase(
  config: Config,
  role: 'server' | 'command',
  { logger, observe = () => undefined }: Surroundings,
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
  let dataSource = createDataSource({ ...options, endAbandoned: true });
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
      dataSource = createDataSource(options);
      await dataSource.initialize();
    }
    await checkVersion(dataSource);
    await bringUp(dataSource, config, logger);
    return {
      dataSource,
      observe,
      answerWithinMs: role === 'server' ? statementTimeoutMs + GRACE_MS : 0,
      url,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A database that is silent doesn't say goodbye either. */
const CLOSED_WITHIN_MS = 2_000;
const notClosed = (): Error => new Error('The connections did not close.');

/** What PostgreSQL has on top of its own time-out before it is taken for gone. */
const GRACE_MS = 1_000;

/** What the statements need: nothing newer than PostgreSQL 15, and nothing older. */
const OLDEST_POSTGRES = 15;

async function checkVersion(dataSource: Database['dataSource']): Promise<void> {
  const [row] = await dataSource.query<{ server_version_num: string }[]>('SHOW server_version_num');
  const major = Math.floor(Number(row?.server_version_num) / 10_000);
  if (major < OLDEST_POSTGRES) {
    throw new StartError(`DATABASE_URL is a PostgreSQL ${major}; ${OLDEST_POSTGRES} or newer is needed.`);
  }
}

async function bringUp(dataSource: Database['dataSource'], config: Config, logger: Logger): Promise<void> {
  if (!config.migrateAtStart) {
    const pending = await pendingMigrations(dataSource);
    if (pending.length > 0)
      logger.warn({ pending }, 'the database lacks migrations: run the migrate command');
    return;
  }
  for (const { name } of await migrate(dataSource)) logger.info({ migration: name }, 'migrated the database');
}

export function createServices(
  database: Database,
  config: Config,
  { clock, logger, worker = 0 }: Surroundings,
): Services {
  const shards = shardsOf(`${hostname()}:${config.port}`, worker, config.writeLanes);
  const writer = new BatchWriter(clock, logger);
  const limits = {
    batchMax: config.writeBatchMax,
    queueMax: config.writeQueueMax,
    queueMaxBytes: config.writeQueueMaxBytes,
  };
  const queue = new WriteQueue(database, writer, limits, shards);
  return {
    clock,
    workspaces: new WorkspaceService(database, clock),
    customers: new CustomerService(database, clock),
    customerImporter: new CustomerImporter(database, clock),
    saveMessages: new SaveMessageService(queue, clock),
    tokens: new TokenService(database, clock, logger, { cacheMs: config.tokenCacheMs }),
    reconciler: new Reconciler(database, clock, logger),
    drain: () => queue.drain(),
  };
}

export interface App extends Readonly<Urls> {
  readonly services: Services;
  readonly database: Database;
  /** Finishes what is in flight, then closes everything. */
  stop(): Promise<void>;
}

/** Starts a server on a database that is ready for it. */
export async function startApp(config: Config, surroundings: Surroundings): Promise<App> {
  const { clock, logger } = surroundings;
  const database = await openDatabase(config, 'server', surroundings);
  try {
    const services = createServices(database, config, surroundings);
    const server = createServer({ config, services, database, clock, logger });
    const urls = await server.start();
    const stop = () => stopAll({ server, services, reconciling, database }, config.shutdownTimeoutMs);
    const reconciling = reconcileEvery(config.reconcileIntervalMs, services, logger);
    return { services, database, ...urls, stop };
  } catch (error) {
    await database.close();
    throw error;
  }
}

interface Parts {
  server: Server;
  services: Services;
  reconciling: { stop(): Promise<void> };
  database: OpenDatabase;
}

/** What is still to be saved when the requests are done gets what is left of the time, and a second at least. */
const LAST_SAVES_MS = 1_000;

/** Throws when turns were left unsaved; their callers have heard so, or nothing. */
async function stopAll({ server, services, reconciling, database }: Parts, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  await server.stop();
  const finish = async (): Promise<void> => {
    await reconciling.stop();
    await services.drain();
    await services.tokens.close();
  };
  const late = (): Error =>
    new Error(`The database did not answer within ${timeoutMs} ms: turns were left unsaved.`);
  try {
    await within(Math.max(LAST_SAVES_MS, deadline - performance.now()), finish(), late);
  } finally {
    await database.close();
  }
}

/** Looks for charges that failed, once an interval; several servers may do so at once. */
function reconcileEvery(intervalMs: number, services: Services, logger: Logger): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = running
      .then(() => services.reconciler.run())
      .catch((error: unknown) =>
        logger.warn({ error: describeError(error) }, 'reconciliation failed; it is tried again'),
      );
  }, intervalMs);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
