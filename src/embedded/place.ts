// Where the cluster of a data folder lies, and which user runs it.
import { createHash } from 'node:crypto';
import { chmod, mkdir, realpath, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '../values/error-code';
import { exists, giveToOwnerOf, ordinaryOwner, readIfThere, writeWhole } from './files';
import type { Log } from './folder';
import { stopPostmaster } from './postmaster';
import { canEnter, isRoot, type RunAs, systemUser } from './run-as';
import { StartError } from './start-error';

export interface Place {
  clusterDir: string;
  /** Undefined: the user that runs this process. */
  user: RunAs | undefined;
}

const OUTSIDE = '/var/lib/centesimo';
const POINTER = 'postgres-location';
/** The file beside a cluster outside of its data folder, which names that folder. */
const BELONGS_TO = 'data-folder';

/** True when the data folder says that its cluster lies outside. */
export const hasPointer = (dataDir: string): Promise<boolean> => exists(join(dataDir, POINTER));

/** Where the cluster is, or would be by default; changes nothing. */
export async function findClusterDir(dataDir: string): Promise<string> {
  return (await readIfThere(join(dataDir, POINTER))) ?? join(dataDir, 'postgres');
}

/**
 * The cluster lies in the data folder. Only when root runs this, and the user for PostgreSQL cannot enter the
 * data folder (a project in a home folder), it lies under /var/lib/centesimo, and a file in the data folder says so.
 */
export async function choosePlace(dataDir: string, log: Log): Promise<Place> {
  const pointer = await readIfThere(join(dataDir, POINTER));
  const inside = join(dataDir, 'postgres');
  if (!isRoot()) return ownPlace(pointer ?? inside);
  if (pointer !== undefined) return placeByPointer(pointer, dataDir, log);
  if (await exists(join(inside, 'PG_VERSION'))) return placeInside(inside, dataDir, log);
  const user = (await ordinaryOwner(dataDir)) ?? (await systemUser(log));
  return (await canEnter(dataDir, user)) ? { clusterDir: inside, user } : placeOutside(dataDir, user, log);
}

/** `/var/lib/centesimo`, readable by everybody: also where the binaries go when they cannot be reached. */
export async function outsideFolder(user: RunAs): Promise<string> {
  await mkdir(OUTSIDE, { recursive: true });
  await chmod(OUTSIDE, 0o755);
  if (!(await canEnter(OUTSIDE, user))) {
    throw new StartError(
      `PostgreSQL refuses to run as root, and the user with the id ${user.uid} that would run it can enter neither the project nor ${OUTSIDE}: set DATA_DIR to a folder it can enter, run as an ordinary user, or set DATABASE_URL.`,
    );
  }
  return realpath(OUTSIDE);
}

async function ownPlace(clusterDir: string): Promise<Place> {
  const owner = await stat(clusterDir).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (owner !== undefined && owner.uid !== process.getuid?.()) {
    throw new StartError(
      `The embedded database in ${clusterDir} belongs to the user with the id ${owner.uid}: run this as the user that started it first (root, if it was root), or set DATA_DIR to another folder.`,
    );
  }
  return { clusterDir, user: undefined };
}

async function placeInside(clusterDir: string, dataDir: string, log: Log): Promise<Place> {
  const user = (await ordinaryOwner(clusterDir)) ?? (await systemUser(log));
  if (await canEnter(dataDir, user)) return { clusterDir, user };
  throw new StartError(
    `The embedded database in ${clusterDir} belongs to the user with the id ${user.uid}, which can no longer enter that folder: move the data folder to where it can and set DATA_DIR, or let it pass through the folders above.`,
  );
}

async function placeByPointer(clusterDir: string, dataDir: string, log: Log): Promise<Place> {
  const record = join(dirname(clusterDir), BELONGS_TO);
  const belongsTo = await readIfThere(record);
  const pointer = join(dataDir, POINTER);
  if (belongsTo === undefined) {
    throw new StartError(
      `The embedded database of ${dataDir} was in ${clusterDir}, which is gone (another container or machine?): restore that folder, or delete ${pointer} to begin with an empty database.`,
    );
  }
  if (belongsTo !== dataDir) {
    if ((await readIfThere(join(belongsTo, POINTER)).catch(() => undefined)) === clusterDir) {
      throw new StartError(
        `${dataDir} is a copy of ${belongsTo}, and both name the same database in ${clusterDir}: delete the copy's data folder to give it an empty database of its own.`,
      );
    }
    await writeWhole(record, `${dataDir}\n`, 0o644); // the project was moved
  }
  const owner = (await exists(clusterDir)) ? await ordinaryOwner(clusterDir) : undefined;
  return { clusterDir, user: owner ?? (await systemUser(log)) };
}

async function placeOutside(dataDir: string, user: RunAs, log: Log): Promise<Place> {
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  const home = join(await outsideFolder(user), hash);
  const clusterDir = join(home, 'postgres');
  // No data folder refers to it any more: it was deleted, and its password with it.
  if (await exists(clusterDir)) await putAside(clusterDir, log);
  await mkdir(home, { recursive: true });
  await chmod(home, 0o755);
  await writeWhole(join(home, BELONGS_TO), `${dataDir}\n`, 0o644);
  await writeWhole(join(dataDir, POINTER), `${clusterDir}\n`, 0o644);
  await giveToOwnerOf(dataDir, join(dataDir, POINTER));
  log(
    `PostgreSQL does not run as root, and the user that runs it cannot enter ${dataDir}: the database lies in ${clusterDir}`,
  );
  return { clusterDir, user };
}

/** What may be data is never deleted: it is renamed, and the log says so. */
export async function putAside(clusterDir: string, log: Log): Promise<void> {
  await stopPostmaster(clusterDir, log);
  const aside = `${clusterDir}-aside-${new Date(Date.now()).toISOString().replace(/[:.]/g, '-')}`;
  await rename(clusterDir, aside);
  log(`${clusterDir} was no database that this data folder can use: it was moved to ${aside}`);
}
