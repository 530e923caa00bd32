// A server and a database that can be killed, on addresses that stay.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { aFolder, type RunningServer, runCommand, startServer } from '../../support/command';
import { canAsk, killAllIn, until } from '../../support/embedded-process';
import { FaultyNetwork } from '../../support/faulty-network';
import { Child, freePort } from '../../support/process';

export const WORKSPACE = 'workspace-123';
/** How long what was killed stays away, as in the table of docs/n8n.md. */
const AWAY_MS = 6_000;

export interface StoredTurn {
  key: string;
  message: string;
  response: string | null;
  phone: string | null;
  outcome: string;
  charges: number;
}

export class Centesimo {
  private server: RunningServer | undefined;

  private constructor(
    private readonly folder: { path: string; remove(): Promise<void> },
    private readonly database: { process: Child; url: string },
    private readonly network: FaultyNetwork,
    private readonly port: number,
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** A workspace as the documentation has it; Mario, Zoë and a hidden number are its customers. */
  static async start(allowHosts: string): Promise<Centesimo> {
    const folder = await aFolder();
    const holder = new Child({ script: join(__dirname, 'database-process.ts'), args: [folder.path] });
    const [, url = ''] = await holder.says(/ready (\S+)/);
    const database = { process: holder, url };
    const network = await FaultyNetwork.to(new URL(database.url));
    const product = new Centesimo(folder, database, network, await freePort(), {
      SECRETS_KEY: 'a_key_for_tests_that_is_no_secret',
      WEBHOOK_ALLOW_HOSTS: allowHosts,
    });
    await product.cli('migrate');
    // As before migrate --contract: these tests find turns by their keys, of which only digests are kept after it.
    await product.sql('ALTER TABLE messages ADD COLUMN idempotency_key text', []);
    await product.createWorkspace(WORKSPACE);
    await product.startServer();
    return product;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async cli(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runCommand(args, {
      ...this.environment,
      DATABASE_URL: this.database.url,
    });
    if (code !== 0) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  }

  async token(kind: 'service' | 'client', workspace = WORKSPACE, ...scopes: string[]): Promise<string> {
    const made = await this.cli(
      ...['token', 'create', '--kind', kind, '--name', 'n8n', '--workspace', workspace],
      ...(scopes.length > 0 ? ['--scope', ...scopes] : []),
    );
    const token = /ctm_\w+/.exec(made)?.[0];
    if (token === undefined) throw new Error(`no token in ${made}`);
    return token;
  }

  async createWorkspace(id: string): Promise<void> {
    await this.cli(
      ...['workspace', 'create', '--id', id, '--name', id],
      ...['--time-zone', 'Europe/Rome', '--currency', 'EUR'],
    );
  }

  async register(name: string, phone: string): Promise<void> {
    await this.cli('customer', 'add', '--workspace', WORKSPACE, '--name', name, '--phone', phone);
  }

  private async sql(text: string, values: unknown[]): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.database.url, ssl: false });
    await client.connect();
    try {
      return (await client.query(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Turns whose key begins so, by when they happened. */
  async turns(prefix: string): Promise<StoredTurn[]> {
    const rows = await this.sql(
      `
      SELECT m.idempotency_key AS key, m.message, m.response, m.phone_number AS phone, m.outcome,
        (SELECT count(*)::int FROM charges c WHERE c.workspace_id = m.workspace_id AND c.message_id = m.id) AS charges
      FROM messages m WHERE starts_with(m.idempotency_key, $1)
      ORDER BY m.occurred_at, m.idempotency_key`,
      [prefix],
    );
    return rows.map((row) => ({
      key: String(row.key),
      message: String(row.message),
      response: row.response === null ? null : String(row.response),
      phone: row.phone === null ? null : String(row.phone),
      outcome: String(row.outcome),
      charges: Number(row.charges),
    }));
  }

  /** kill -9, and back on the same port after six seconds. */
  async killServer(): Promise<void> {
    await this.server?.stop('SIGKILL');
    await sleep(AWAY_MS);
    await this.startServer();
  }

  /** kill -9 of every process of PostgreSQL; whatever brings it back sooner, nobody gets through for six seconds. */
  async killDatabase(): Promise<void> {
    this.network.set('refuse');
    killAllIn(this.folder.path);
    await sleep(AWAY_MS);
    await until(() => canAsk(this.database.url), 'the database after its crash');
    this.network.set('pass');
  }

  /** While nobody gets through to the database. */
  async withoutDatabase<Value>(during: () => Promise<Value>): Promise<Value> {
    this.network.set('refuse');
    try {
      return await during();
    } finally {
      this.network.set('pass');
    }
  }

  /** While a table is not there: a failure of the product's own. */
  async withRenamed<Value>(table: string, during: () => Promise<Value>): Promise<Value> {
    await this.sql(`ALTER TABLE ${table} RENAME TO ${table}_away`, []);
    try {
      return await during();
    } finally {
      await this.sql(`ALTER TABLE ${table}_away RENAME TO ${table}`, []);
    }
  }

  async stop(): Promise<void> {
    await this.server?.stop();
    await this.network.close();
    await this.database.process.end('SIGTERM');
    await this.folder.remove();
  }

  private async startServer(): Promise<void> {
    this.server = await startServer([], {
      PORT: String(this.port),
      DATABASE_URL: this.network.through(this.database.url),
      LOG_LEVEL: 'warn',
      ...this.environment,
    });
  }
}
