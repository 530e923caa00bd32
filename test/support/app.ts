// A whole server on a database of its own, and builders that make data in one line.
import pino from 'pino';
import { type App, type Services, startApp as start } from '../../src/app';
import { type Config, loadConfig } from '../../src/config';
import type { StatementObserver } from '../../src/database/sql';
import type { Registration } from '../../src/services/customers/customer-service';
import type { Customer } from '../../src/services/customers/customers';
import type { NewWorkspace } from '../../src/services/workspaces/workspace-service';
import { Api } from './api';
import { createDatabase, type TestDatabase } from './database';
import { demoTemplate } from './demo';
import { checkStatements, noteStatement } from './sql-rules';

afterAll(checkStatements);

/** Who makes changes in tests, for the audit trail. */
export const ACTOR = { name: 'test' };

/** A clock that a test sets. It stands still unless it is moved. */
export class TestClock {
  private at = new Date('2026-03-15T12:00:00Z');

  private aheadMs: number | undefined;

  readonly now = (): Date =>
    this.aheadMs === undefined ? new Date(this.at) : new Date(Date.now() + this.aheadMs);

  /** Runs like the machine's clock, ahead of it by this much. */
  run(aheadMs = 0): this {
    this.aheadMs = aheadMs;
    return this;
  }

  set(at: Date | string): void {
    this.aheadMs = undefined;
    this.at = new Date(at);
  }

  advance(ms: number): void {
    this.at = new Date(this.at.getTime() + ms);
  }
}

export interface TestApp extends App {
  api: Api;
  clock: TestClock;
  database: App['database'] & TestDatabase;
  /** Names of the statements that were run since the last call. */
  statements(): string[];
  /** What was logged, as one text. */
  logs(): string;
}

export interface StartOptions {
  config?: Partial<Config>;
  /** A database to share, for two servers on one. */
  database?: TestDatabase;
  clock?: TestClock;
  /** Saves as on Citus; by default as the database wants it, or as CENTESIMO_TEST_ONE_WORKSPACE_EACH says for all. */
  oneWorkspaceEach?: boolean;
  /** With the demo's workspace, as it is at the clock's time. */
  demo?: boolean;
}

export async function startApp(options: StartOptions = {}): Promise<TestApp> {
  const clock = options.clock ?? new TestClock();
  const database =
    options.database ??
    (await createDatabase(options.demo ? { copyOf: await demoTemplate(clock.now()) } : {}));
  const lines: string[] = [];
  const ran: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  const config: Config = {
    ...loadConfig({}),
    databaseUrl: database.url,
    port: 0,
    migrateAtStart: false,
    ...{ readPointsPerSecond: 1_000_000_000, heavyReads: 100, heavyReadsOfToken: 100, lightReads: 100 },
    reconcileIntervalMs: 3_600_000,
    webhookLookIntervalMs: 3_600_000,
    budgetLookIntervalMs: 3_600_000,
    // On a machine that is busy with other work this limit must not refuse anything; it has a test of its own.
    overloadLagMs: 600_000,
    ...options.config,
  };
  const observe: StatementObserver = (name, _ms, _failed, text) => {
    ran.push(name);
    noteStatement(name, text);
  };
  const app = await start(config, {
    ...{ clock: clock.now, logger, observe },
    ...((options.oneWorkspaceEach ?? process.env.CENTESIMO_TEST_ONE_WORKSPACE_EACH)
      ? { oneWorkspaceEach: true }
      : {}),
  });
  return {
    ...app,
    api: new Api(app.url, undefined),
    clock,
    database: { ...app.database, ...database },
    statements: () => ran.splice(0),
    logs: () => lines.join(''),
    stop: async () => {
      await app.stop();
      if (!options.database) await database.drop();
    },
  };
}

/** A second server on the database of the first, with its clock. It is stopped first. */
export const startBeside = (first: TestApp, config: Partial<Config> = {}): Promise<TestApp> =>
  startApp({ database: first.database, clock: first.clock, config });

let made = 0;

export interface TestWorkspace {
  id: string;
  /** Tokens of each kind for this workspace, with the default scopes of the kind. */
  service: string;
  client: string;
  analyst: string;
}

export async function aWorkspace(
  app: { services: Services },
  input: Partial<NewWorkspace> = {},
): Promise<TestWorkspace> {
  made += 1;
  const id = input.id ?? `shop-${made}`;
  await app.services.workspaces.create(
    { name: `Shop ${made}`, timeZone: 'Europe/Rome', currency: 'EUR', ...input, id },
    ACTOR,
  );
  const token = (kind: string) => aToken(app, { kind, workspaceIds: [id] });
  return {
    id,
    service: await token('service'),
    client: await token('client'),
    analyst: await token('analyst'),
  };
}

export interface TokenInput {
  kind: string;
  workspaceIds: string[];
  scopes?: string[];
  expiresInDays?: number;
}

export async function aToken(app: { services: Services }, input: TokenInput): Promise<string> {
  return (await app.services.tokens.create({ name: `test ${input.kind}`, ...input }, ACTOR)).token;
}

export function aCustomer(
  app: { services: Services },
  workspace: { id: string },
  input: Partial<Registration> = {},
): Promise<Customer> {
  return app.services.customers.register(workspace.id, { name: 'Mario Rossi', ...input }, ACTOR);
}

/** The input of saveMessage: a turn by +393331234567 with a response, and a key of its own. */
export function aTurn(
  workspace: { id: string },
  input: Record<string, unknown> = {},
): Record<string, unknown> {
  made += 1;
  return {
    workspaceId: workspace.id,
    phoneNumber: '+393331234567',
    message: 'ciao',
    response: 'Ciao!',
    idempotencyKey: `wamid.${made}`,
    ...input,
  };
}
