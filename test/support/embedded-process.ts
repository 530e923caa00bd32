// Processes that hold the embedded database, seen from a test.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

interface Line {
  event: 'log' | 'ready' | 'error' | 'stopped';
  message?: string;
  name?: string;
  url?: string;
  created?: boolean;
}

/** One process that called startEmbedded. */
export class HolderProcess {
  readonly lines: Line[] = [];
  readonly child: ChildProcess;
  private ended = false;

  constructor(script: string, dataDir: string, role: 'server' | 'command', uid?: number) {
    this.child = spawn(process.execPath, [script, dataDir, role], {
      ...(uid === undefined ? {} : { uid, gid: uid }),
      cwd: '/',
      env: { PATH: process.env.PATH },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.child.stdout === null) throw new Error('The process has no standard output');
    createInterface({ input: this.child.stdout }).on('line', (line) => this.lines.push(JSON.parse(line)));
    this.child.on('close', () => {
      this.ended = true;
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The first line of that kind; fails with all lines when it does not come. */
  async line(event: Line['event']): Promise<Line> {
    const find = (): Line | undefined => this.lines.find((line) => line.event === event);
    await until(() => find() !== undefined || this.ended, `${event} from the process`);
    const found = find();
    if (found === undefined) throw new Error(`No "${event}", but: ${JSON.stringify(this.lines, null, 1)}`);
    return found;
  }

  async ready(): Promise<{ url: string; created: boolean }> {
    const { url, created } = await this.line('ready');
    if (url === undefined || created === undefined) throw new Error('No address');
    return { url, created };
  }

  /** The operator's message of a start that failed. */
  async failure(): Promise<string> {
    const { name, message = '' } = await this.line('error');
    if (name !== 'StartError') throw new Error(`Not meant for the operator: ${name} ${message}`);
    return message;
  }

  async stop(): Promise<void> {
    this.child.stdin?.write('stop\n');
    await this.line('stopped');
    await until(() => this.ended, 'the end of the process');
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await until(() => this.ended, 'the end of the killed process');
  }
}

/** Polls; fails by name when it does not come true in time. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 60_000,
): Promise<void> {
  for (const deadline = Date.now() + limitMs; !(await isTrue()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`Waited ${limitMs} ms in vain for ${what}`);
  }
}

/** Runs one statement, and gives its rows. */
export async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url, ssl: false });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

export const canAsk = (url: string): Promise<boolean> =>
  ask(url, 'SELECT 1').then(
    () => true,
    () => false,
  );

export const postmasterPid = (clusterDir: string): number =>
  Number(readFileSync(`${clusterDir}/postmaster.pid`, 'utf8').split('\n')[0]);

/** False also for a zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // It ended before it was asked for, or while it was read.
    return false;
  }
}

/** Ends every process that works in a folder below this one: what a failed test left running. */
export function killAllIn(folder: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (!workingFolder(pid).startsWith(folder)) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Gone by itself.
    }
  }
}

function workingFolder(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
