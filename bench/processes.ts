// The measured servers, each a process of its own; all end with this one.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Reading, Statuses } from './readers';
import type { Subscribing } from './subscribers';

const ROOT = join(__dirname, '..');
const READY_WITHIN_MS = 60_000;
const children = new Set<ChildProcess>();

const SETTINGS = {
  LOG_LEVEL: 'warn',
  READ_POINTS_PER_SECOND: '1000000000',
  RECONCILE_INTERVAL_MS: '86400000',
};

const environment = (more: Record<string, string>): NodeJS.ProcessEnv => ({
  ...process.env,
  ...SETTINGS,
  PORT: '0',
  ...more,
});

function kept(child: ChildProcess): ChildProcess {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

export async function startServer(
  more: Record<string, string>,
): Promise<{ url: string; pid: number; stop: () => Promise<void> }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = kept(
    spawn(process.execPath, [...execArgs(), join(ROOT, 'src', 'main.js'), 'serve', '--no-demo'], {
      env: environment({ ...more, PORT: String(port) }),
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  await untilReady(url, child);
  return { url, pid: child.pid ?? 0, stop: () => ended(child) };
}

/** BENCH_NODE_ARGS: to profile the server, e.g. --cpu-prof. */
const execArgs = (): string[] => (process.env.BENCH_NODE_ARGS ?? '').split(' ').filter((arg) => arg !== '');

export async function startSubject(
  kind: 'noop' | 'three' | 'bare',
  databaseUrl: string,
  more: Record<string, string> = {},
): Promise<{ url: string; stop: () => Promise<void> }> {
  const child = kept(
    fork(join(__dirname, 'subject.js'), [kind], { env: environment({ DATABASE_URL: databaseUrl, ...more }) }),
  );
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve(String(message)));
    child.once('exit', () => reject(new Error(`The subject ${kind} ended.`)));
  });
  return { url, stop: () => ended(child) };
}

const TICK_MS = 10;

/**
 * Milliseconds of processor time that this process, its children and those of them that have ended took. 0 where there
 * is no /proc.
 */
export async function processorMs(pid: number): Promise<number> {
  const entries = await readdir('/proc').catch(() => []);
  let ticks = 0;
  for (const entry of entries) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await statOf(Number(entry));
    if (!stat) continue;
    if (stat.pid === pid) ticks += stat.own + stat.endedChildren;
    else if (stat.parent === pid) ticks += stat.own;
  }
  return ticks * TICK_MS;
}

/** The process that all sessions of the database are children of. */
export const parentOf = async (pid: number): Promise<number> => (await statOf(pid))?.parent ?? 0;

/** proc(5): after the name in brackets, the fields from the third on. */
async function statOf(pid: number) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 15) return undefined;
  const ticks = (field: number): number => Number(fields[field - 3]);
  return { pid, parent: ticks(4), own: ticks(14) + ticks(15), endedChildren: ticks(16) + ticks(17) };
}

/** 0 where there is no /proc. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1_024;
}

/** With the most memory that the process used meanwhile. */
export async function watchMemory<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ result: T; peak: number }> {
  let peak = 0;
  const watching = setInterval(() => {
    void residentBytes(pid).then((bytes) => {
      peak = Math.max(peak, bytes);
    });
  }, 20);
  try {
    return { result: await work(), peak };
  } finally {
    clearInterval(watching);
  }
}

/** Readers that send their documents until they are ended. */
export function startReaders(reading: Reading): { end: () => Promise<Statuses> } {
  const child = kept(fork(join(__dirname, 'readers.js'), { env: process.env }));
  child.send(reading);
  return {
    end: () =>
      new Promise((resolve, reject) => {
        child.once('message', (statuses: Statuses) => resolve(statuses));
        child.once('exit', () => reject(new Error('The readers ended.')));
        child.send('end');
      }),
  };
}

/** Resolves when all have had their first tick. */
export async function startSubscribers(subscribing: Subscribing): Promise<{ ticks: () => Promise<number> }> {
  const child = kept(fork(join(__dirname, 'subscribers.js'), { env: process.env }));
  const answer = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('The subscribers ended.'));
      child.once('exit', ended);
      child.once('message', (message) => {
        child.off('exit', ended);
        resolve(message);
      });
    });
  child.send(subscribing);
  await answer();
  return {
    ticks: async () => {
      child.send('count');
      return Number(await answer());
    },
  };
}

export async function stopAll(): Promise<void> {
  await Promise.all([...children].map(ended));
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    child.once('exit', () => {
      clearTimeout(late);
      resolve();
    });
    child.kill('SIGTERM');
    if (child.connected) child.disconnect();
  });
}

/** From the start until the server says that it is ready. */
export async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error('The server ended before it was ready.');
    const ready = await fetch(`${url}/health/ready`).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok;
      },
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('The server was not ready in time.');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
