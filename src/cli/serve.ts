import type { Command } from 'commander';
import pino from 'pino';
import { type App, startApp } from '../app';
import { printSettings } from '../config';
import { describeError } from '../database/describe-error';
import { inTransaction } from '../database/transaction';
import { createDemo, DEMO_WORKSPACE } from '../services/demo/demo';
import { listAllWorkspaces } from '../services/workspaces';
import { type Cli, settings } from './cli';
import { type DemoTokens, printWelcome } from './welcome';

export const serveCommand = (cli: Cli): Command =>
  cli
    .command('serve', 'run the server until it is stopped')
    .option('--no-demo', 'leave out the demo workspace, which a first start on the embedded PostgreSQL makes')
    .addHelpText('after', `\nSettings, by environment or in a file .env:\n${printSettings()}`)
    .action(async (options: { demo: boolean }) => {
      const config = settings();
      const logger = pino({ level: config.logLevel });
      const app = await startApp(config, { clock: () => new Date(), logger });
      stopOnSignal(app, logger);
      const tokens =
        options.demo && config.databaseUrl === undefined ? await makeDemoOnce(app, logger) : undefined;
      process.stdout.write(printWelcome(app, config, tokens));
    });

/**
 * The demo is for an empty database of our own; somebody else's is never written to unasked. Its tokens are made last:
 * a demo without any token was broken off, and is finished.
 */
async function makeDemoOnce(app: App, logger: pino.Logger): Promise<DemoTokens | undefined> {
  const { services, database } = app;
  const workspaces = await inTransaction(database, (sql) => listAllWorkspaces(sql, services.clock()));
  const others = workspaces.filter(({ id }) => id !== DEMO_WORKSPACE.id);
  if (others.length > 0 || (workspaces.length > 0 && (await services.tokens.list()).length > 0))
    return undefined;
  await createDemo(services, services.clock, logger, true);
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

function stopOnSignal(app: App, logger: pino.Logger): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping: finishing what is in flight');
    app.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ error: describeError(error) }, 'could not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
