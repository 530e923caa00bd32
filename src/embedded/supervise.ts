// Starts the database again whenever it ends while the server runs.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from './folder';
import { isRunning, type ProcessIdentity } from './processes';

const POLL_MS = 500;
const BACKOFF_MS = [0, 200, 500, 1_000, 2_000, 5_000];
/** A database that ends sooner than this counts as a failed attempt: the next one waits longer. */
const STABLE_MS = 10_000;

export interface Supervised {
  postmaster: ProcessIdentity;
  /** Brings it up again, on the same port. */
  restart: () => Promise<ProcessIdentity>;
  /** Called about every half minute. */
  tend: () => Promise<void>;
  log: Log;
}

/**
 * Looks twice a second, without keeping the process alive. Returns a function that stops it, after a running restart.
 */
export function supervise(supervised: Supervised): () => Promise<void> {
  const ended = new AbortController();
  const watching = watch(supervised, ended.signal);
  return async () => {
    ended.abort();
    await watching;
  };
}

async function watch({ postmaster, restart, tend, log }: Supervised, signal: AbortSignal): Promise<void> {
  let current = postmaster;
  let startedAtMs = Date.now();
  let failures = 0;
  for (let look = 1; await pause(POLL_MS, signal); look += 1) {
    if (look % 60 === 0) await tend().catch(() => undefined);
    if (await isRunning(current).catch(() => true)) continue;
    if (Date.now() - startedAtMs > STABLE_MS) failures = 0;
    if (failures === 0) log('The embedded database ended: starting it again', { postmaster: current.pid });
    if (!(await pause(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 0, signal))) return;
    startedAtMs = Date.now();
    failures += 1;
    try {
      current = await restart();
      log('The embedded database is back', { postmaster: current.pid, ms: Date.now() - startedAtMs });
    } catch (error) {
      log('The embedded database could not be started again, trying on', {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

/** False: it was stopped meanwhile. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  await sleep(ms, undefined, { ref: false, signal }).catch(() => undefined);
  return !signal.aborted;
}
