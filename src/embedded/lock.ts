// One start or stop at a time in a data folder, among processes that may be killed at any point.
import { mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../values/error-code';
import { identifySelf, isRunning, parseIdentity, printIdentity } from './processes';
import { StartError } from './start-error';

const POLL_MS = 50;
/** How many old turns are kept, so that a process which slept through some of them finds its next number taken. */
const KEPT = 8;

interface Generation {
  number: number;
  free: boolean;
  file: string;
}

/**
 * Runs the action while no other process runs one in this folder. A holder that died is passed over.
 *
 * Every turn has a number. `turn.7` is a symbolic link whose target names its holder: it appears at once, with its
 * content, or not at all. It is given back by renaming it to `turn.7.free`, which needs no space on the disk. The next
 * one links `turn.8`; only one process can. The highest number is never deleted, so nobody can remove a lock that
 * looked stale but has a new holder by now.
 */
export async function withLock<T>(folder: string, action: () => Promise<T>, timeoutMs = 300_000): Promise<T> {
  await mkdir(folder, { recursive: true });
  const mine = await acquire(folder, Date.now() + timeoutMs);
  try {
    return await action();
  } finally {
    await rename(mine.file, `${mine.file}.free`);
  }
}

async function acquire(folder: string, deadline: number): Promise<Generation> {
  const self = printIdentity(await identifySelf());
  for (;;) {
    const highest = (await list(folder)).at(-1);
    const owner = highest === undefined || highest.free ? undefined : await liveOwner(highest);
    if (owner === undefined) {
      const mine = await take(folder, (highest?.number ?? 0) + 1, self);
      if (mine !== undefined) return mine;
    } else if (Date.now() > deadline) {
      throw new StartError(
        `The process ${owner} has been starting or stopping the embedded database in ${folder} for too long: look at what it does, or end it.`,
      );
    }
    await sleep(POLL_MS);
  }
}

async function take(folder: string, number: number, self: string): Promise<Generation | undefined> {
  const file = join(folder, `turn.${number}`);
  try {
    await symlink(self, file);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  }
  const all = await list(folder);
  if (all.some((other) => other.file !== file && other.number >= number)) {
    await rm(file, { force: true });
    return undefined;
  }
  const old = all.filter((other) => other.number < number - KEPT);
  await Promise.all(old.map((other) => rm(other.file, { force: true })));
  return { number, free: false, file };
}

async function liveOwner(generation: Generation): Promise<number | undefined> {
  // It was given back meanwhile: the link is gone, and the next look finds it free.
  const owner = parseIdentity(await readlink(generation.file).catch(() => ''));
  return owner !== undefined && (await isRunning(owner)) ? owner.pid : undefined;
}

async function list(folder: string): Promise<Generation[]> {
  const generations = (await readdir(folder)).flatMap((name) => {
    const match = /^turn\.(\d+)(\.free)?$/.exec(name);
    return match === null
      ? []
      : [{ number: Number(match[1]), free: match[2] !== undefined, file: join(folder, name) }];
  });
  return generations.sort((a, b) => a.number - b.number);
}
