import type { Command } from 'commander';
import type pino from 'pino';
import { type App, createServices, type Surroundings, startApp } from '../app';
import { type Config, printSettings } from '../config';
import { describeError } from '../database/describe-error';
import { openDatabase } from '../database/open';
import { inTransaction } from '../database/transaction';
import { loadServer } from '../http/load-server';
import { createDemo, DEMO_WORKSPACE } from '../services/demo/demo';
import { listAllWorkspaces } from '../services/workspaces/workspaces';
import { type Cli, settings } from './cli';
import { announceReady, isWorker, startWorkers, workerNumber } from './cluster';
import { stopInOrder } from './ending';
import { createLogger } from './log';
import { progressLine } from './progress';
import { type DemoTokens, sayReady } from './welcome';

const STANDARD_OUTPUT = 1;

export const serveCommand = (cli: Cli): Command =>
  cli
    .command('serve', 'run the server until it is stopped')
    .option('--no-demo', 'leave out the demo workspace, which a first start on the embedded PostgreSQL makes')
    .addHelpText('after', `\nSettings, by environment or in a file .env:\n${printSettings()}`)
    .action(async (options: Options) => {
      const config = settings();
      const logger = createLogger(config.logLevel, STANDARD_OUTPUT);
      const surroundings = { clock: () => new Date(), logger, worker: workerNumber() };
      if (isWorker()) await serveAsWorker(config, surroundings);
      else if (config.webConcurrency > 1) await serveWithWorkers(config, surroundings, options);
      else await serveAlone(config, surroundings, options);
    });

async function serveAlone(config: Config, surroundings: Surroundings, options: Options): Promise<void> {
  const app = await stoppable(startApp(config, surroundings), surroundings.logger);
  try {
    const tokens = wantsDemo(config, options) ? await makeDemoOnce(app, surroundings.logger) : undefined;
    sayReady(app, config, tokens, surroundings.logger);
  } catch (error) {
    await app.stop();
    throw error;
  }
}

async function serveAsWorker(config: Config, surroundings: Surroundings): Promise<void> {
  const { url, internalUrl } = await stoppable(startApp(config, surroundings), surroundings.logger);
  announceReady({ url, internalUrl });
}

async function serveWithWorkers(config: Config, surroundings: Surroundings, options: Options): Promise<void> {
  const primary = await stoppable(startPrimary(config, surroundings, options), surroundings.logger);
  sayReady(primary, config, primary.tokens, surroundings.logger);
}

/** Owns the database and serves nobody: the database starts before the first worker and stops after the last. */
async function startPrimary(config: Config, surroundings: Surroundings, options: Options) {
  const { logger } = surroundings;
  const { createRateLimits, metricsOfWorkers, startMetricsServer } = loadServer();
  const database = await openDatabase(config, 'server', surroundings);
  try {
    const services = createServices(database, config, surroundings);
    const tokens = wantsDemo(config, options)
      ? await makeDemoOnce({ services, database }, logger)
      : undefined;
    await services.drain();
    await services.tokens.close();
    const workers = await startWorkers(config, database, logger);
    const rateLimits = createRateLimits(config);
    const counting = await startMetricsServer(config, metricsOfWorkers(), rateLimits, logger);
    const stop = async (): Promise<void> => {
      await workers.stop();
      await counting?.stop();
      await database.close();
    };
    return { ...workers.urls, metricsUrl: counting?.url, tokens, stop };
  } catch (error) {
    await database.close();
    throw error;
  }
}

interface Options {
  demo: boolean;
}

const wantsDemo = (config: Config, options: Options): boolean =>
  options.demo && config.databaseUrl === undefined;

/**
 * The demo is written only to an empty embedded database; a database of the operator gets it only on request. Its
 * tokens are made last: a demo without a token was interrupted, and is finished now.
 */
async function makeDemoOnce(
  { services, database }: Pick<App, 'services' | 'database'>,
  logger: pino.Logger,
): Promise<DemoTokens | undefined> {
  const workspaces = await inTransaction(database, (sql) => listAllWorkspaces(sql, services.clock()));
  const others = workspaces.filter(({ id }) => id !== DEMO_WORKSPACE.id);
  if (others.length > 0 || (workspaces.length > 0 && (await services.tokens.list()).length > 0))
    return undefined;
  await createDemo(services, services.clock, logger, { resume: true, progress: progressLine('demo turns') });
  const make = async (kind: string, name: string): Promise<string> => {
    const input = { kind, name, workspaceIds: [DEMO_WORKSPACE.id] };
    return (await services.tokens.create(input, { name: 'demo' })).token;
  };
  return {
    service: await make('service', 'demo n8n'),
    client: await make('client', 'demo dashboard'),
    analyst: await make('analyst', 'demo analyst'),
  };
}

/** A server that stopped because it was told to has succeeded: 0. */
const stoppable = <T extends { stop(): Promise<void> }>(
  starting: Promise<T>,
  logger: pino.Logger,
): Promise<T> =>
  stopInOrder(starting, {
    told: (signal) => logger.info({ signal }, 'stopping: finishing what is in flight'),
    failed: (error, what) => logger.error({ error: describeError(error) }, what),
    code: 0,
  });
