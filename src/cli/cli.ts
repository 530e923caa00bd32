// What all commands share: settings, a database, services, and exit codes.

import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Logger } from 'pino';
import { createServices, type Services } from '../app';
import { type Config, ConfigError, loadConfig } from '../config';
import type { Database } from '../database/database';
import { Lease } from '../database/lease';
import { type OpenDatabase, openDatabase } from '../database/open';
import { isConnectionLoss, isTransient, type Sql } from '../database/sql';
import { embeddedExists, StartError } from '../embedded/embedded';
import { AppError, badInput, ERROR_CODES } from '../errors';
import type { Actor } from '../services/audit';
import { codeOf } from '../values/error-code';
import { stopInOrder } from './ending';
import { environment } from './environment';
import { toType } from './how-to-run';
import { createLogger } from './log';
import { createOutput, type Output } from './output';
import { print, ReaderGone, tell } from './streams';

/** The name in the audit trail for changes by the command line. */
export const OPERATOR: Actor = { name: 'operator' };

/** 1: the command failed; 2: wrong arguments or settings; 3: it may succeed later. */
export const EXIT = { failed: 1, badCall: 2, tryAgain: 3 } as const;

export interface CommandContext {
  config: Config;
  services: Services;
  database: Database;
  /** A connection for reads. */
  sql: Sql;
  output: Output;
  logger: Logger;
}

export class Cli {
  private json = false;

  /** A command with --json. */
  command(name: string, description: string): Command {
    return new Command(name)
      .exitOverride()
      .configureOutput({ writeOut: print, writeErr: tell })
      .description(description)
      .option('--json', 'print JSON, for scripts')
      .hook('preAction', (command) => {
        this.json = command.opts<{ json?: boolean }>().json === true;
      });
  }

  /** Groups commands under a noun: "token create". */
  group(name: string, description: string, commands: readonly Command[]): Command {
    const group = new Command(name)
      .exitOverride()
      .configureOutput({ writeOut: print, writeErr: tell })
      .description(description);
    for (const command of commands) group.addCommand(command);
    return group;
  }

  get output(): Output {
    return createOutput(this.json);
  }

  /** Runs beside a running server; without one, the command starts the database for its own duration. */
  async run(
    work: (context: CommandContext) => Promise<void>,
    options: { create?: boolean } = {},
  ): Promise<void> {
    const config = settings();
    const logger = commandLogger(config);
    const surroundings = { clock: () => new Date(), logger };
    const database = await openForCommand(config, logger, options);
    const services = createServices(database, config, surroundings);
    try {
      const sql = await Lease.take(database);
      try {
        await work({ config, services, database, sql, output: this.output, logger });
      } finally {
        await sql.release();
      }
    } finally {
      await services.drain();
      await services.tokens.close();
      await database.close();
    }
  }
}

const STANDARD_ERROR = 2;

/** A command's log goes beside its output; usual messages are left out. */
export const commandLogger = ({ logLevel }: Config): Logger =>
  createLogger(logLevel === 'info' ? 'warn' : logLevel, STANDARD_ERROR);

/**
 * Opens the database. It is closed in order even when the command is interrupted. Throws BAD_USER_INPUT when there is
 * none, unless `create`: a command in the wrong folder must not create a database.
 */
export async function openForCommand(
  config: Config,
  logger: Logger,
  { create = false, asItIs = false }: { create?: boolean; asItIs?: boolean } = {},
): Promise<OpenDatabase> {
  if (!create && config.databaseUrl === undefined && !(await embeddedExists(config.dataDir)))
    throw badInput(noDatabase(config.dataDir));
  const opening = openDatabase(config, 'command', { logger, asItIs });
  await stopInOrder(
    opening.then((database) => ({ stop: () => database.close() })),
    { told: () => undefined, failed: (error) => explain(error) },
  );
  return opening;
}

const noDatabase = (dataDir: string): string =>
  [
    `There is no database: DATABASE_URL is not set, and ${resolve(dataDir)} (DATA_DIR) has no embedded PostgreSQL.`,
    'Run the command in the folder where the server was started, or set DATA_DIR or DATABASE_URL.',
    `A new embedded database is made by the first start of the server, or by: ${toType('migrate --create')}`,
  ].join('\n');

export const settings = (): Config => loadConfig(environment);

/** Reports the error on standard error, in words for the operator; returns the exit code. */
export function explain(error: unknown): number {
  const write = (text: string) => tell(`${text}\n`);
  if (error instanceof AppError) {
    write(error.message);
    return error.code === 'BAD_USER_INPUT'
      ? EXIT.badCall
      : ERROR_CODES[error.code].retryable
        ? EXIT.tryAgain
        : EXIT.failed;
  }
  if (error instanceof ConfigError) {
    write(error.message);
    return EXIT.badCall;
  }
  if (error instanceof StartError || error instanceof ReaderGone) {
    write(error.message);
    return EXIT.failed;
  }
  const words = inWords(error);
  write(words ?? (error instanceof Error ? (error.stack ?? error.message) : String(error)));
  return words !== undefined && isTransient(error) ? EXIT.tryAgain : EXIT.failed;
}

/** The message for an error that the operator can act on; undefined for a bug, whose stack is printed. */
function inWords(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = codeOf(error) ?? '';
  if (code === 'EADDRINUSE')
    return `The port ${addressOf(error)} is taken by another program. Set PORT to another one, or 0 for a free one.`;
  if (code === 'EACCES') return `${error.message}. Is it a port below 1024, or a folder of somebody else's?`;
  if (code === 'EADDRNOTAVAIL')
    return 'HOST is not an address of this machine. Set it to 127.0.0.1, or 0.0.0.0 for all.';
  const database = placeOf(error);
  if (/^28/.test(code)) return `The database ${database} refused the user or the password of its URL.`;
  if (code === '3D000') return `The database ${database} does not exist. Create it first.`;
  if (code === '42501')
    return `The user of DATABASE_URL lacks a right: ${error.message}. See docs/operations.md#least-rights`;
  if (code === '42P01') return `The database lacks tables. Run: ${toType('migrate')}`;
  if (isConnectionLoss(error))
    return `The database ${database} can't be reached (${code || error.message}). Is its URL right, and is it running?`;
  return undefined;
}

/** A port with its address, as the system writes it in errors. */
const addressOf = (error: Error): string => {
  const { address, port } = { address: undefined, port: undefined, ...error };
  return address === undefined ? String(port ?? '') : `${address}:${port}`;
};

const places = new WeakMap<Error, string>();

/** Adds the database's address to the error when it is not the database of the settings. */
export const at = (url: string, error: unknown): unknown => {
  if (error instanceof Error) places.set(error, placeOfUrl(url));
  return error;
};

const placeOf = (error: Error): string =>
  places.get(error) ??
  (environment.DATABASE_URL ? `${placeOfUrl(environment.DATABASE_URL)} (DATABASE_URL)` : '');

/** host:port/database, without user and password. */
function placeOfUrl(url: string): string {
  if (!URL.canParse(url)) return '';
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || DEFAULT_PORT}${pathname}`;
}

const DEFAULT_PORT = 5432;
