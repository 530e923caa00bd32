// Brings the cluster from any state to a PostgreSQL that answers: adopt, wait, start, try again.
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeReady } from './connection';
import { checkSpace } from './files';
import type { Log } from './folder';
import { logSize, readLog, rotateLog } from './log-file';
import {
  disownStalePid,
  endLeftovers,
  findFreePort,
  findPostmaster,
  type Launch,
  launch,
  type Postmaster,
  tryPort,
} from './postmaster';
import { fromOutput, StartError } from './start-error';

export interface BringUp {
  clusterDir: string;
  logFile: string;
  password: string;
  /** The port of the last start. Fixed: somebody has an address with this port, so no other will do. */
  port: { last: number | undefined; fixed: boolean };
  /** Called only when PostgreSQL has to be started. */
  prepare: () => Promise<Launch>;
  log: Log;
}

const POLL_MS = 30;
/** Crash recovery of a large database takes minutes. */
const LIMIT_MS = 300_000;
const REPORT_EVERY_MS = 10_000;
const RETRY_LIMIT_MS = 60_000;
const LEFTOVERS_AFTER_MS = 3_000;

interface Attempt {
  child: ChildProcess;
  logStart: number;
}

/** Returns when a real connection works and the database exists. Gives up after a bounded time; throws StartError. */
export async function bringUp(request: BringUp): Promise<Postmaster> {
  const begun = Date.now();
  let attempt: Attempt | undefined;
  let reportAt = begun + REPORT_EVERY_MS;
  while (Date.now() - begun < LIMIT_MS) {
    const running = await findPostmaster(request.clusterDir);
    if (
      running?.status === 'ready' &&
      (await makeReady(running.port, request.password, request.clusterDir))
    ) {
      return running;
    }
    if (running === undefined && (attempt === undefined || hasEnded(attempt.child))) {
      if (attempt !== undefined) await mayTryAgain(request, attempt, Date.now() - begun);
      attempt = await begin(request);
    }
    if (Date.now() > reportAt) {
      request.log('The embedded database is still starting', {
        seconds: Math.round((Date.now() - begun) / 1000),
      });
      reportAt += REPORT_EVERY_MS;
    }
    await sleep(POLL_MS);
  }
  throw new StartError(
    `The embedded database in ${request.clusterDir} was not ready within ${LIMIT_MS / 1000} s: see ${request.logFile}.`,
  );
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

async function begin(request: BringUp): Promise<Attempt> {
  const { last, fixed } = request.port;
  if (fixed && last !== undefined && (await tryPort(last)) === undefined) {
    throw new StartError(
      `The embedded database needs its port ${last} again, which another process uses now.`,
    );
  }
  const ready = await request.prepare();
  await disownStalePid(request.clusterDir);
  await rotateLog(request.logFile);
  const logStart = await logSize(request.logFile);
  const port = fixed && last !== undefined ? last : await findFreePort(last);
  return { child: launch(ready, port), logStart };
}

/**
 * Throws what PostgreSQL said when it ended, unless the cause is temporary: a port just taken, children of a killed
 * process.
 */
async function mayTryAgain(request: BringUp, attempt: Attempt, elapsedMs: number): Promise<void> {
  const output = await readLog(request.logFile, attempt.logStart);
  const passing =
    /pre-existing shared memory block|lock file "postmaster.pid" already exists|Address already in use/.test(
      output,
    );
  if (!passing || elapsedMs > RETRY_LIMIT_MS) {
    await checkSpace(request.clusterDir); // on a full disk its log stays empty
    throw fromOutput('PostgreSQL does not start', output, request.clusterDir, request.logFile);
  }
  if (elapsedMs > LEFTOVERS_AFTER_MS) await endLeftovers(request.clusterDir);
  await sleep(200);
}
