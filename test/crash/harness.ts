// A real server on a real database, a client that records every answer, and kill -9.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createDataSource } from '../../src/database/data-source';
import { SqlConnection } from '../../src/database/sql';
import { verifyWorkspace } from '../../src/services/upkeep/verify';
import { listAllWorkspaces } from '../../src/services/workspaces/workspaces';
import { ask, killAllIn, until } from '../support/embedded-process';
import { aMadeFolder } from '../support/made-folder';
import { Child, freePort } from '../support/process';
import { type Acknowledged, readRecord, turnOf, WORKSPACE } from './record';

const SERVER = join(__dirname, '../../src/main.ts');
const BROKEN_SERVER = join(__dirname, 'broken-server.ts');
const FILL = join(__dirname, 'fill.ts');
const CLIENT = join(__dirname, 'client.ts');
const CALLERS = 16;

export type Target = 'server' | 'database' | 'both';

/** The result when nothing is running any more. */
export interface Verdict {
  sent: number;
  acknowledged: number;
  /** Acknowledged turns that are missing, or have another id or outcome. */
  lost: number;
  /** Turns that are stored more than once. */
  duplicated: number;
  /** Turns that are charged twice, not charged, or charged although they should not be. */
  chargedWrongly: number;
  /** Answers that were neither an acknowledgement nor "try again". */
  refused: string[];
  /** Keys without an acknowledgement that did not get the same result when they were sent again. */
  notRetried: number;
  /** Rows of the roll-ups that differ from the records. */
  differences: number;
  /** Messages that nobody sent, or that are missing after every key was sent again. */
  strays: number;
  /** Milliseconds from each kill to the first acknowledgement after it. */
  recoveriesMs: number[];
}

export interface RigOptions {
  /** Starts the server that acknowledges before it commits. */
  broken?: boolean;
  /** Lets the database acknowledge transactions before they are on the disk. */
  asynchronousCommit?: boolean;
}

export class CrashRig {
  private server: Child | undefined;
  private client: Child | undefined;
  private clients = 0;
  private readonly recoveriesMs: number[] = [];

  private constructor(
    private readonly folder: { path: string; remove(): Promise<void> },
    private readonly port: number,
    private readonly options: RigOptions,
  ) {}

  private filled = { token: '', databaseUrl: '' };

  static async start(options: RigOptions = {}): Promise<CrashRig> {
    const rig = new CrashRig(await aMadeFolder(), await freePort(), options);
    try {
      await rig.startServer();
      await rig.fill();
      if (options.asynchronousCommit) await rig.breakDurability();
    } catch (error) {
      await rig.close();
      throw error;
    }
    writeFileSync(rig.record, '');
    return rig;
  }

  get acknowledged(): number {
    return readFileSync(this.record, 'utf8').split('"kind":"acknowledged"').length - 1;
  }

  startClient(): void {
    this.clients += 1;
    const args = [this.url, this.filled.token, this.record, String(CALLERS), `c${this.clients}`];
    this.client = new Child({ script: CLIENT, args });
  }

  /** Waits until this many more turns were acknowledged. */
  async progress(more: number): Promise<void> {
    const goal = this.acknowledged + more;
    await until(() => this.acknowledged >= goal, `${more} more acknowledgements\n${this.server?.output}`);
  }

  /** kill -9, start again, and wait until the client is served. */
  async kill(target: Target): Promise<void> {
    const killedAt = Date.now();
    if (target !== 'database') await this.server?.end('SIGKILL');
    // All processes that work in the cluster's folder at once, so that none can write any more.
    if (target !== 'server') killAllIn(this.folder.path);
    if (target !== 'database') await this.startServer();
    const isBack = (): boolean =>
      readRecord(this.record).some(({ kind, at }) => kind === 'acknowledged' && at > killedAt + 50);
    await until(isBack, `an acknowledgement after the kill of ${target}\n${this.server?.output}`);
    const first = readRecord(this.record).find(
      ({ kind, at }) => kind === 'acknowledged' && at > killedAt + 50,
    );
    this.recoveriesMs.push((first?.at ?? Number.NaN) - killedAt);
  }

  /** Stops the load, sends again what has no acknowledgement, and counts. */
  async judge(): Promise<Verdict> {
    await this.client?.end('SIGTERM');
    const lines = readRecord(this.record);
    const sent = lines.flatMap((line) => (line.kind === 'sent' ? [line.key] : []));
    const told = new Map(
      lines.flatMap((line) => (line.kind === 'acknowledged' ? [[line.key, line] as const] : [])),
    );
    const open = sent.filter((key) => !told.has(key));
    // Before anything is sent again: what was acknowledged must be there already.
    const before = await this.count(told);
    const again = await Promise.all(open.map((key) => this.sendAgain(key)));
    const notRetried = again.filter((saved) => !saved).length;
    const after = await this.count(told);
    return {
      ...{ sent: sent.length, acknowledged: told.size, notRetried, recoveriesMs: this.recoveriesMs },
      ...{ lost: before.lost, duplicated: after.duplicated },
      chargedWrongly: Math.max(before.chargedWrongly, after.chargedWrongly),
      refused: lines.flatMap((line) => (line.kind === 'refused' ? [line.why] : [])),
      ...{ differences: before.differences + after.differences, strays: after.messages - sent.length },
    };
  }

  async close(): Promise<void> {
    await this.client?.end('SIGKILL');
    await this.server?.end('SIGTERM');
    killAllIn(dirname(this.folder.path));
    await this.folder.remove();
  }

  private get record(): string {
    return join(dirname(this.folder.path), 'record.ndjson');
  }

  private get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  private async startServer(): Promise<void> {
    this.server = new Child({
      script: this.options.broken ? BROKEN_SERVER : SERVER,
      args: ['serve', '--no-demo'],
      environment: { PORT: String(this.port), DATA_DIR: this.folder.path, LOG_LEVEL: 'warn' },
    });
    await this.server.says(/Centesimo is ready/);
  }

  private async fill(): Promise<void> {
    const child = new Child({ script: FILL, environment: { DATA_DIR: this.folder.path } });
    const [text] = await child.says(/^\{.*\}$/m);
    this.filled = JSON.parse(text);
    await child.ended;
  }

  /** Applies to new sessions, so the server is started again. */
  private async breakDurability(): Promise<void> {
    await ask(this.filled.databaseUrl, 'ALTER DATABASE centesimo SET synchronous_commit = off');
    await ask(this.filled.databaseUrl, "ALTER SYSTEM SET wal_writer_delay = '10s'");
    await this.server?.end('SIGTERM');
    await this.startServer();
  }

  private async sendAgain(key: string): Promise<boolean> {
    const answer = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.filled.token}` },
      body: turnOf({ key }),
    });
    const { data }: { data?: { saveMessage: object } | null } = JSON.parse(await answer.text());
    return Boolean(data?.saveMessage);
  }

  private async count(told: ReadonlyMap<string, Acknowledged>): Promise<Count> {
    const dataSource = createDataSource({ url: this.filled.databaseUrl, poolSize: 2 });
    await dataSource.initialize();
    const runner = dataSource.createQueryRunner();
    try {
      const sql = new SqlConnection(await runner.connect());
      await sql.query('begin', 'BEGIN ISOLATION LEVEL REPEATABLE READ');
      const rows = await sql.query<Stored>('stored', STORED, [WORKSPACE]);
      const [workspace] = await listAllWorkspaces(sql, new Date());
      if (!workspace) throw new Error('no workspace');
      const { differences } = await verifyWorkspace(sql, workspace);
      return { ...countRows(rows, told), messages: rows.length, differences: Number(differences) };
    } finally {
      await runner.release();
      await dataSource.destroy();
    }
  }
}

interface Count {
  lost: number;
  duplicated: number;
  chargedWrongly: number;
  messages: number;
  differences: number;
}

interface Stored {
  key: string;
  id: string;
  outcome: string;
  charges: number;
}

/**
 * One row per message, found by walking the tables and not by the unique index. The client's text contains the key,
 * since only a digest of the key is stored.
 */
const STORED = `
  SELECT substr(m.message, length('words of ') + 1) AS key, m.id, m.outcome,
    (SELECT count(*)::int FROM charges c WHERE c.workspace_id = m.workspace_id AND c.message_id = m.id) AS charges
  FROM messages m WHERE m.workspace_id || '' = $1`;

function countRows(
  rows: readonly Stored[],
  told: ReadonlyMap<string, Acknowledged>,
): Pick<Count, 'lost' | 'duplicated' | 'chargedWrongly'> {
  const stored = new Map(rows.map((row) => [row.key, row]));
  const lost = [...told.values()].filter(({ key, id, outcome }) => {
    const row = stored.get(key);
    return row === undefined || row.id !== id || row.outcome !== outcome;
  });
  const wrong = rows.filter(({ outcome, charges }) => charges !== (outcome === 'TRACKED' ? 1 : 0));
  return { lost: lost.length, duplicated: rows.length - stored.size, chargedWrongly: wrong.length };
}
