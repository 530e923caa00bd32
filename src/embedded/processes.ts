// A process is identified by its id and its start, since the system reuses ids.
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { codeOf } from '../values/error-code';

export interface ProcessIdentity {
  pid: number;
  /** Opaque; another value means another process, also across reboots. */
  startedAt: string;
}

/** Undefined when there is no such process, or only its zombie (nobody reaps orphans where node is pid 1). */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const startedAt = process.platform === 'linux' ? await startFromProc(pid) : await startFromPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.startedAt === identity.startedAt;
}

/** Who this process is. */
export async function identifySelf(): Promise<ProcessIdentity> {
  return (await identify(process.pid)) ?? { pid: process.pid, startedAt: 'unknown' };
}

export const printIdentity = (identity: ProcessIdentity): string => `${identity.pid} ${identity.startedAt}`;

/** Undefined for a text that no `printIdentity` made. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const match = /^(\d+) (.+)$/.exec(text);
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : { pid: Number(match[1]), startedAt: match[2] };
}

/** True when this process is a postmaster of that cluster, and not another process that got its id later. */
export async function isPostmasterOf(pid: number, clusterDir: string): Promise<boolean> {
  if (process.platform !== 'linux') return (await ps(pid, 'command=')).includes(` -D ${clusterDir}`);
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  // PostgreSQL's children replace their title ("postgres: checkpointer"); only the postmaster keeps its arguments.
  return command.split('\0').includes(clusterDir);
}

/** Every process that works in the cluster's folder. Only Linux can tell; elsewhere the list is empty. */
export async function listWorkersOf(clusterDir: string): Promise<number[]> {
  if (process.platform !== 'linux') return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => undefined)));
  return pids.filter((_, index) => folders[index] === clusterDir).map(Number);
}

let bootId: string | undefined;

async function startFromProc(pid: number): Promise<string | undefined> {
  try {
    bootId ??= (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may itself hold spaces and parentheses: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${bootId}/${fields[19]}`;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

async function startFromPs(pid: number): Promise<string | undefined> {
  const [state = '', ...start] = (await ps(pid, 'stat=,lstart=')).trim().split(/\s+/);
  return state === '' || state.startsWith('Z') ? undefined : start.join(' ');
}

function ps(pid: number, columns: string): Promise<string> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' } };
    execFile('ps', ['-ww', '-o', columns, '-p', String(pid)], options, (_error, stdout) => resolve(stdout));
  });
}
