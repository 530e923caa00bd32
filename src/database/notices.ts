// How one server tells the others something within a moment: PostgreSQL's LISTEN and NOTIFY, on a connection of its own,
// so that it takes none from the pool.
import type { TlsOptions } from 'node:tls';
import { Client, type ClientConfig } from 'pg';
import type { Logger } from 'pino';
import type { Database } from './database';

const CONNECT_WITHIN_MS = 3_000;
const RECONNECT_AFTER_MS = 1_000;
const KEEP_ALIVE_AFTER_MS = 10_000;

/** The messages of one channel. */
export interface Hearer {
  heard(payload: string): void;
  /** The connection was lost for a while, or is new: messages may have been missed. */
  missed(): void;
}

/** Listens until it is stopped, and again after a lost connection. */
export class Notices {
  private readonly hearers = new Map<string, Hearer>();
  private client: Client | undefined;
  private connected = false;
  private retry: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly logger: Logger,
  ) {}

  /** Before start(). `channel` is a name of ours. */
  hear(channel: string, hearer: Hearer): void {
    this.hearers.set(channel, hearer);
  }

  /** Resolves when it listens, or when the first try failed; then it goes on trying. */
  async start(): Promise<void> {
    const client = new Client(connectionOf(this.database));
    // One loss emits both 'error' and 'end'.
    client.once('end', () => this.lose(client));
    client.on('error', () => this.lose(client));
    client.on('notification', ({ channel, payload }) => this.hearers.get(channel)?.heard(payload ?? ''));
    this.client = client;
    try {
      await client.connect();
      for (const channel of this.hearers.keys()) await client.query(`LISTEN ${channel}`);
      this.connected = true;
      for (const hearer of this.hearers.values()) hearer.missed();
    } catch {
      this.lose(client);
    }
  }

  /** Sends to all listeners, including this server. Returns false when that failed. */
  async tell(channel: string, payload: string): Promise<boolean> {
    const { client, connected } = this;
    if (!client || !connected) return false;
    try {
      await client.query('SELECT pg_notify($1, $2)', [channel, payload]);
      return true;
    } catch {
      return false;
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.retry);
    await this.client?.end().catch(() => undefined);
  }

  private lose(client: Client): void {
    if (this.stopped || this.client !== client) return;
    this.client = undefined;
    this.connected = false;
    client.end().catch(() => undefined);
    this.logger.warn('lost the connection that hears of revocations and of what was saved; connecting again');
    this.retry = setTimeout(() => void this.start(), RECONNECT_AFTER_MS);
    this.retry.unref();
  }
}

function connectionOf({ dataSource: { options } }: Database): ClientConfig {
  if (options.type !== 'postgres') throw new Error(`PostgreSQL is expected, not ${options.type}.`);
  return {
    connectionString: options.url,
    ...tlsOf(options.ssl),
    application_name: options.applicationName ?? 'centesimo',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  };
}

function tlsOf(ssl: boolean | TlsOptions | undefined): Pick<ClientConfig, 'ssl'> {
  if (typeof ssl !== 'object') return ssl === undefined ? {} : { ssl };
  const { ca, rejectUnauthorized } = ssl;
  return { ssl: { ...(ca === undefined ? {} : { ca }), rejectUnauthorized: rejectUnauthorized !== false } };
}
