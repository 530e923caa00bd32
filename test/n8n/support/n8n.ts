// The real n8n, headless, on a database of its own; driven by the API that its editor uses.
import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createDatabase, type TestDatabase } from '../../support/database';
import { until } from '../../support/embedded-process';
import { freePort } from '../../support/process';
import type { FakeMeta } from './stand-ins';
import type { Workflow } from './workflows';

const ROOT = join(__dirname, '../../..');
const READY_WITHIN_MS = 240_000;
const EXECUTION_WITHIN_MS = 240_000;

export interface Credential {
  id: string;
  name: string;
  type: string;
  data: Record<string, unknown>;
}

export interface Item {
  json: Record<string, unknown>;
}

/** One run of one node: its items by output. */
export interface NodeRun {
  outputs: Item[][];
  error: string | undefined;
}

export interface Execution {
  id: string;
  status: string;
  error: string | undefined;
  runs: Record<string, NodeRun[]>;
}

interface StartOptions {
  workflows: readonly Workflow[];
  credentials: readonly Credential[];
  meta: FakeMeta;
  /** What `npm pack` made of a community node. */
  nodePackage?: string | undefined;
  /** Where it listens. */
  port: number;
}

/** Where scripts/install-n8n.mjs installed it. */
function installation(): { bin: string; node: string } {
  const printed = execFileSync(process.execPath, ['scripts/install-n8n.mjs'], { cwd: ROOT }).toString();
  const modules = join(printed.trim(), 'node_modules');
  const own = join(modules, `node-linux-${process.arch}/bin/node`);
  return { bin: join(modules, 'n8n/bin/n8n'), node: existsSync(own) ? own : process.execPath };
}

export class N8n {
  private readonly output: string[] = [];
  private ended: Promise<void> = Promise.resolve();
  private endedWith: number | null | undefined;
  private pid: number | undefined;
  private cookie = '';

  private constructor(
    private readonly folder: string,
    private readonly database: TestDatabase,
    private readonly port: number,
    private readonly environment: Record<string, string>,
  ) {}

  /** Imports everything by n8n's own command, starts n8n, and publishes what has a trigger. */
  static async start(options: StartOptions): Promise<N8n> {
    const folder = mkdtempSync(join(tmpdir(), 'centesimo-n8n-'));
    const database = await createDatabase({ empty: true });
    const { port } = options;
    const brokerPort = await freePort();
    const { hostname, port: databasePort, username, password } = new URL(database.url);
    const n8n = new N8n(folder, database, port, {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      N8N_USER_FOLDER: folder,
      N8N_ENCRYPTION_KEY: 'a key for tests, no secret',
      DB_TYPE: 'postgresdb',
      DB_POSTGRESDB_HOST: hostname,
      DB_POSTGRESDB_PORT: databasePort,
      DB_POSTGRESDB_USER: decodeURIComponent(username),
      DB_POSTGRESDB_PASSWORD: decodeURIComponent(password),
      DB_POSTGRESDB_DATABASE: database.name,
      N8N_HOST: '127.0.0.1',
      N8N_LISTEN_ADDRESS: '127.0.0.1',
      N8N_PORT: String(port),
      N8N_RUNNERS_BROKER_PORT: String(brokerPort),
      WEBHOOK_URL: `http://127.0.0.1:${port}/`,
      // For a Code node that verifies a signature.
      NODE_FUNCTION_ALLOW_BUILTIN: 'crypto',
      N8N_DISABLE_UI: 'true',
      N8N_SECURE_COOKIE: 'false',
      N8N_LOG_LEVEL: 'info',
      GENERIC_TIMEZONE: 'Europe/Rome',
      ...OFFLINE,
      NODE_OPTIONS: `--import ${join(__dirname, 'offline.mjs')}`,
      NODE_EXTRA_CA_CERTS: options.meta.certificate,
      FAKE_META_PORT: String(options.meta.port),
      REFUSED_LOG: join(folder, 'refused.log'),
      NO_COLOR: '1',
    });
    try {
      if (options.nodePackage !== undefined) await n8n.installNode(options.nodePackage);
      await n8n.importAll(options);
      await n8n.run();
    } catch (error) {
      await n8n.stop();
      throw error;
    }
    return n8n;
  }

  /** What n8n printed. */
  get log(): string {
    return this.output.join('');
  }

  /** Hosts outside this machine that n8n tried to reach. */
  get refused(): string[] {
    const log = join(this.folder, 'refused.log');
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  }

  webhookUrl(path: string): string {
    return `http://127.0.0.1:${this.port}/${path}`;
  }

  async publish({ id, nodes }: Workflow): Promise<void> {
    const { versionId } = await this.ask<{ versionId: string }>('GET', `/workflows/${id}`);
    await this.ask('POST', `/workflows/${id}/activate`, { versionId });
    if (!nodes.some(({ type, webhookId }) => /(Trigger|\.webhook)$/.test(type) && webhookId)) return;
    // n8n registers webhooks a moment after its answer.
    const isRegistered = async (): Promise<boolean> => {
      const rows = await this.database.sql('SELECT 1 FROM webhook_entity WHERE "workflowId" = $1', [id]);
      return rows.length > 0;
    };
    await until(isRegistered, `${id} to be published\n${this.log}`);
  }

  /** Saves what a reader changed in the editor. */
  async change({ id, nodes, connections }: Workflow): Promise<void> {
    const { versionId } = await this.ask<{ versionId: string }>('GET', `/workflows/${id}`);
    await this.ask('PATCH', `/workflows/${id}`, { nodes, connections, versionId });
  }

  async unpublish(workflowId: string): Promise<void> {
    await this.ask('POST', `/workflows/${workflowId}/deactivate`, {});
  }

  /** Presses "Execute workflow", and waits for the end. */
  async execute(workflowId: string, trigger: string): Promise<Execution> {
    const { executionId } = await this.ask<{ executionId: string }>('POST', `/workflows/${workflowId}/run`, {
      triggerToStartFrom: { name: trigger },
    });
    return this.finished(executionId);
  }

  /** The ids of a workflow's executions, newest first. */
  async executionsOf(workflowId: string): Promise<string[]> {
    const filter = encodeURIComponent(JSON.stringify({ workflowId }));
    const { results } = await this.ask<{ results: { id: string }[] }>(
      'GET',
      `/executions?limit=100&filter=${filter}`,
    );
    return results.map(({ id }) => id);
  }

  /** Waits for that many more executions than `before`, and for their ends; oldest first. */
  async next(workflowId: string, before: readonly string[], count = 1): Promise<Execution[]> {
    let fresh: string[] = [];
    const areThere = async (): Promise<boolean> => {
      fresh = (await this.executionsOf(workflowId)).filter((id) => !before.includes(id));
      return fresh.length >= count;
    };
    await until(areThere, `${count} executions of ${workflowId}\n${this.log}`, EXECUTION_WITHIN_MS);
    return Promise.all(fresh.reverse().map((id) => this.finished(id)));
  }

  async finished(executionId: string): Promise<Execution> {
    let execution: RawExecution | undefined;
    const isOver = async (): Promise<boolean> => {
      execution = await this.ask<RawExecution>('GET', `/executions/${executionId}`);
      return !['new', 'running', 'waiting'].includes(execution.status);
    };
    await until(isOver, `the end of execution ${executionId}\n${this.log}`, EXECUTION_WITHIN_MS);
    if (!execution) throw new Error('no execution');
    return readExecution(execution);
  }

  /** What n8n's editor says when somebody presses "Test" on a credential. */
  async testCredential(credential: Credential): Promise<{ status: string; message: string }> {
    return this.ask('POST', '/credentials/test', { credentials: credential });
  }

  /** Whether n8n may offer a node to agents, by its description as n8n has loaded it. */
  async isTool(name: string): Promise<boolean> {
    const [description] = await this.ask<{ usableAsTool?: unknown }[]>('POST', '/node-types', {
      nodeInfos: [{ name, version: 1 }],
    });
    if (!description) throw new Error(`n8n has no node ${name}`);
    return Boolean(description.usableAsTool);
  }

  /** All rows of a Data Table. */
  async dataTable(name: string): Promise<Record<string, unknown>[]> {
    const { id: project } = await this.ask<{ id: string }>('GET', '/projects/personal');
    const { data: tables } = await this.ask<{ data: { id: string; name: string }[] }>(
      'GET',
      `/projects/${project}/data-tables`,
    );
    const table = tables.find((one) => one.name === name);
    if (!table) return [];
    const rows = await this.ask<{ data: Record<string, unknown>[] }>(
      'GET',
      `/projects/${project}/data-tables/${table.id}/rows`,
    );
    return rows.data;
  }

  async ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.port}/rest${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'browser-id': 'test', cookie: this.cookie },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    this.cookie ||= response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    return JSON.parse(text).data;
  }

  async stop(): Promise<void> {
    if (this.pid !== undefined && this.endedWith === undefined) process.kill(this.pid, 'SIGTERM');
    await this.ended;
    await this.database.drop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** As n8n installs a package from the registry: into ~/.n8n/nodes. */
  private async installNode(tarball: string): Promise<void> {
    const nodes = join(this.folder, '.n8n/nodes');
    mkdirSync(nodes, { recursive: true });
    writeFileSync(join(nodes, 'package.json'), JSON.stringify({ name: 'installed-nodes', private: true }));
    const args = ['install', '--ignore-scripts', '--omit=dev', '--omit=peer', '--legacy-peer-deps', tarball];
    await promisify(execFile)('npm', args, { cwd: nodes });
  }

  private async importAll({ workflows, credentials }: StartOptions): Promise<void> {
    const folder = join(this.folder, 'workflows');
    mkdirSync(folder);
    for (const workflow of workflows)
      writeFileSync(join(folder, `${workflow.id}.json`), JSON.stringify(workflow));
    const file = join(this.folder, 'credentials.json');
    writeFileSync(file, JSON.stringify(credentials));
    await this.command('import:credentials', `--input=${file}`);
    await this.command('import:workflow', '--separate', `--input=${folder}`);
  }

  private async command(...args: string[]): Promise<void> {
    const { bin, node } = installation();
    const ran = promisify(execFile)(node, [bin, ...args], { cwd: this.folder, env: this.environment });
    const { stdout, stderr } = await ran;
    this.output.push(stdout, stderr);
  }

  private async run(): Promise<void> {
    const { bin, node } = installation();
    const child = spawn(node, [bin, 'start'], {
      cwd: this.folder,
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.pid = child.pid;
    const keep = (chunk: Buffer): void => {
      this.output.push(chunk.toString());
      if (process.env.N8N_TEST_LOG) appendFileSync(process.env.N8N_TEST_LOG, chunk);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.ended = new Promise((resolve) => {
      child.on('close', (code) => {
        this.endedWith = code;
        resolve();
      });
    });
    const isReady = async (): Promise<boolean> => {
      if (this.endedWith !== undefined) throw new Error(`n8n ended with ${this.endedWith}\n${this.log}`);
      if (!this.log.includes('Editor is now accessible')) return false;
      const answer = await fetch(this.webhookUrl('healthz/readiness')).catch(() => undefined);
      return answer?.ok === true;
    };
    await until(isReady, `n8n\n${this.log}`, READY_WITHIN_MS);
    await this.ask('POST', '/owner/setup', {
      email: 'author@example.com',
      firstName: 'Ada',
      lastName: 'Author',
      password: 'Only-for-tests-1',
    });
  }
}

/** Switches off whatever calls home. */
const OFFLINE = {
  N8N_DIAGNOSTICS_ENABLED: 'false',
  N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
  N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED: 'false',
  N8N_TEMPLATES_ENABLED: 'false',
  N8N_PERSONALIZATION_ENABLED: 'false',
  N8N_HIRING_BANNER_ENABLED: 'false',
  N8N_DYNAMIC_BANNERS_ENABLED: 'false',
  N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
  N8N_PUBLIC_API_DISABLED: 'true',
  N8N_AI_ENABLED: 'false',
  N8N_PYTHON_ENABLED: 'false',
  EXTERNAL_FRONTEND_HOOKS_URLS: '',
  N8N_DISABLED_MODULES: 'mcp-registry,instance-ai,mcp,chat-hub,agents,agent-evals',
  N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS: 'false',
} as const;

interface RawExecution {
  id: string;
  status: string;
  data: string;
}

interface RawError {
  message?: string;
}

interface RawData {
  resultData: {
    error?: RawError;
    runData: Record<string, { error?: RawError; data?: { main?: (Item[] | null)[] } }[]>;
  };
}

function readExecution({ id, status, data }: RawExecution): Execution {
  const { resultData } = unflatten<RawData>(data);
  const runs = Object.entries(resultData.runData).map(([name, nodeRuns]) => [
    name,
    nodeRuns.map((run) => ({
      outputs: (run.data?.main ?? []).map((items) => items ?? []),
      error: run.error?.message,
    })),
  ]);
  return { id, status, error: resultData.error?.message, runs: Object.fromEntries(runs) };
}

/** n8n stores executions flat: an array whose objects and texts are told by their index in it. */
function unflatten<Value>(text: string): Value {
  const values: unknown[] = JSON.parse(text);
  const known = new Map<number, unknown>();
  const read = (index: number): unknown => {
    if (known.has(index)) return known.get(index);
    const value = values[index];
    if (typeof value !== 'object' || value === null) return value;
    const built: unknown[] | Record<string, unknown> = Array.isArray(value) ? [] : {};
    known.set(index, built);
    for (const [key, inner] of Object.entries(value)) {
      const resolved = typeof inner === 'string' ? read(Number(inner)) : inner;
      Object.assign(built, { [key]: resolved });
    }
    return built;
  };
  return JSON.parse(JSON.stringify(read(0)));
}
