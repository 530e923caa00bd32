// Uses several cores: one primary owns the database and serves nobody, and workers serve. Workers share the port.
import cluster, { type Worker } from 'node:cluster';
import type { Logger } from 'pino';
import type { Config } from '../config';
import type { OpenDatabase } from '../database/open';
import type { Urls } from '../http/server';

/** The shortest time between two starts of a worker: one that ends at once would do so again. */
const RESTART_PAUSE_MS = 1_000;
/** The number of this worker, from 0; a replacement gets the number of the worker that ended. */
const NUMBER = 'CENTESIMO_WORKER';

export interface Cluster {
  readonly urls: Urls;
  /** Ends the workers; each one finishes its running requests first. */
  stop(): Promise<void>;
}

/** True in a process that was started by startWorkers. */
export const isWorker = (): boolean => cluster.isWorker && process.env[NUMBER] !== undefined;

/** This process's number among the workers; undefined when there are no workers. */
export const workerNumber = (): number | undefined =>
  process.env[NUMBER] === undefined ? undefined : Number(process.env[NUMBER]);

/** Tells the primary that this worker is ready. */
export const announceReady = (urls: Urls): void => {
  process.send?.({ ...urls });
};

/**
 * Starts WEB_CONCURRENCY workers on this database, which already has this version, and resolves when all of them are
 * ready. Rejects when one of them ends before.
 */
export async function startWorkers(
  config: Config,
  { url, secretsKey }: Pick<OpenDatabase, 'url' | 'secretsKey'>,
  logger: Logger,
): Promise<Cluster> {
  // Each worker accepts connections itself: a connection that the primary gave to a worker which just ended would hang.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const running = new Map<number, Worker>();
  let stopping = false;
  const start = (number: number): Promise<Urls> => {
    const worker = cluster.fork({
      ...{ [NUMBER]: String(number), DATABASE_URL: url, MIGRATE_AT_START: 'false' },
      // The embedded database's own key lies in its folder, of which a worker knows nothing.
      ...(secretsKey === undefined ? {} : { SECRETS_KEY: secretsKey }),
    });
    running.set(number, worker);
    return new Promise<Urls>((resolve, reject) => {
      worker.once('message', (message: Urls) => resolve(message));
      worker.once('exit', (code, signal) => {
        running.delete(number);
        reject(new Error(`Worker ${number} ended (${signal ?? code}).`));
        if (stopping) return;
        logger.error({ worker: number, code, signal }, 'a worker ended; it is started again');
        setTimeout(() => {
          if (!stopping) start(number).catch(() => undefined);
        }, RESTART_PAUSE_MS);
      });
    });
  };
  const stop = async (): Promise<void> => {
    stopping = true;
    await Promise.all([...running.values()].map(ended));
  };
  try {
    const [urls] = await Promise.all(Array.from({ length: config.webConcurrency }, (_, n) => start(n)));
    if (!urls) throw new Error('WEB_CONCURRENCY is at least 1.');
    return { urls, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function ended(worker: Worker): Promise<void> {
  if (worker.isDead()) return Promise.resolve();
  return new Promise((resolve) => {
    worker.once('exit', () => resolve());
    worker.process.kill('SIGTERM');
  });
}
