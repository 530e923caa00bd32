// The running PostgreSQL of a cluster: find it, start it, stop it.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../values/error-code';
import { readIfThere } from './files';
import type { Log } from './folder';
import { identify, isPostmasterOf, isRunning, listWorkersOf, type ProcessIdentity } from './processes';
import { CLEAN_ENVIRONMENT, type RunAs } from './run-as';

export interface Postmaster extends ProcessIdentity {
  port: number;
  /** "starting", "ready" or "stopping". */
  status: string;
}

export interface Launch {
  binDir: string;
  clusterDir: string;
  logFile: string;
  user: RunAs | undefined;
}

/** What must hold at every start, whatever the cluster's own files say. Nothing secret: arguments are public. */
const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'fsync=on',
  'full_page_writes=on',
  'logging_collector=off',
  'log_destination=stderr',
  'log_line_prefix=%m [%p] ',
  'log_timezone=UTC',
  // Keeps customers' words out of the log: no statements, no parameters, no errors of statements (they can quote a
  // value; the caller logs their codes), and no DETAIL, which quotes rows.
  'log_statement=none',
  'log_duration=off',
  'log_min_duration_statement=-1',
  'log_min_duration_sample=-1',
  'log_min_messages=log',
  'log_min_error_statement=panic',
  'log_error_verbosity=terse',
  'log_parameter_max_length=0',
  'log_parameter_max_length_on_error=0',
];

/** The postmaster that runs on the cluster, even if another process started it. */
export async function findPostmaster(clusterDir: string): Promise<Postmaster | undefined> {
  const lines = ((await readIfThere(join(clusterDir, 'postmaster.pid'))) ?? '').split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 1 || !Number.isInteger(port) || port <= 0) return undefined;
  const identity = await identify(pid);
  if (identity === undefined || !(await isPostmasterOf(pid, clusterDir))) return undefined;
  return { ...identity, port, status: lines[7]?.trim() ?? 'starting' };
}

/**
 * PostgreSQL refuses to start while the process id in its pid file is alive. After a crash, or in a new container,
 * another process may have that id. The rest of the file stays: by it PostgreSQL finds the shared memory of children
 * that may still run, and refuses to start beside them.
 */
export async function disownStalePid(clusterDir: string): Promise<void> {
  const file = join(clusterDir, 'postmaster.pid');
  const text = await readIfThere(file);
  const [first, ...rest] = text?.split('\n') ?? [];
  const pid = Number(first);
  if (pid <= 1 || (await identify(pid)) === undefined || (await isPostmasterOf(pid, clusterDir))) return;
  await writeFile(file, `${[String(NOBODY_PID), ...rest].join('\n')}\n`);
}

/** Higher than any system's process ids. */
const NOBODY_PID = 2_147_483_647;

/**
 * Starts it in a process group of its own: Ctrl-C in the terminal must not end it before the server has saved what
 * waits.
 */
export function launch({ binDir, clusterDir, logFile, user }: Launch, port: number): ChildProcess {
  const settings = [...SETTINGS, `port=${port}`].flatMap((setting) => ['-c', setting]);
  const log = openSync(logFile, 'a', 0o600);
  try {
    const child = spawn(join(binDir, 'postgres'), ['-D', clusterDir, ...settings], {
      ...user,
      cwd: '/',
      detached: true,
      env: CLEAN_ENVIRONMENT,
      stdio: ['ignore', log, log],
    });
    child.on('error', () => undefined); // seen by its missing pid
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** Children of a killed postmaster mostly end by themselves; one inside a long statement does not. */
export async function endLeftovers(clusterDir: string): Promise<void> {
  for (const pid of await listWorkersOf(clusterDir)) signal(pid, 'SIGQUIT');
}

const STOP_STEPS: readonly { signal: NodeJS.Signals; waitMs: number }[] = [
  { signal: 'SIGINT', waitMs: 60_000 }, // fast: ends sessions, writes a checkpoint
  { signal: 'SIGQUIT', waitMs: 15_000 }, // at once: the next start recovers
];

/** Stops PostgreSQL and waits for its end. False: it did not run, or it did not stop (which is logged). */
export async function stopPostmaster(clusterDir: string, log: Log): Promise<boolean> {
  const running = await findPostmaster(clusterDir);
  if (running === undefined) return false;
  for (const step of STOP_STEPS) {
    signal(running.pid, step.signal);
    const deadline = Date.now() + step.waitMs;
    while (Date.now() < deadline) {
      if (!(await isRunning(running))) return true;
      await sleep(20);
    }
  }
  log('The embedded database does not stop', { postmaster: running.pid, folder: clusterDir });
  return false;
}

/** A free port on loopback, if possible the preferred one. Another process may take it meanwhile: callers try again. */
export async function findFreePort(preferred?: number): Promise<number> {
  return (preferred !== undefined && (await tryPort(preferred))) || (await tryPort(0)) || 0;
}

/** The port (0: any), or undefined when it is taken. */
export function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : undefined));
    });
  });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}
