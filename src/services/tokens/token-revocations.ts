// How a revocation reaches every server within a second: PostgreSQL's LISTEN, on a connection of its own, so that it
// takes none from the pool.
import type { TlsOptions } from 'node:tls';
import { Client, type ClientConfig } from 'pg';
import type { Logger } from 'pino';
import type { Database } from '../../database/database';

export const REVOCATIONS = 'centesimo_revocations';

const CONNECT_WITHIN_MS = 3_000;
const RECONNECT_AFTER_MS = 1_000;
const KEEP_ALIVE_AFTER_MS = 10_000;

/** What a listener is told. */
export interface RevocationHearer {
  /** A token was revoked, or its end was moved. */
  forget(tokenId: string): void;
  /** The connection was lost for a while: any token may have been revoked meanwhile. */
  forgetAll(): void;
}

/** Listens until it is stopped, and again after a lost connection. */
export class RevocationListener {
  private client: Client | undefined;
  private retry: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly logger: Logger,
    private readonly hearer: RevocationHearer,
  ) {}

  /** Resolves when it listens, or when the first try failed; it goes on trying then. */
  async start(): Promise<void> {
    const client = new Client(connectionOf(this.database));
    // One loss emits both 'error' and 'end'.
    client.once('end', () => this.lose(client));
    client.on('error', () => this.lose(client));
    client.on('notification', ({ payload }) => this.hearer.forget(payload ?? ''));
    this.client = client;
    try {
      await client.connect();
      await client.query(`LISTEN ${REVOCATIONS}`);
      this.hearer.forgetAll();
    } catch {
      this.lose(client);
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
    client.end().catch(() => undefined);
    this.logger.warn('not listening for revocations: listening again shortly');
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
