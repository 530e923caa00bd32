// The cluster's files. They are made whole or not at all.
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Binaries } from './binaries';
import { exists, giveToOwnerOf, readIfThere, syncFolder, writeWhole } from './files';
import type { Folder, Log } from './folder';
import { type Place, putAside } from './place';
import { run } from './run-as';
import { fromOutput, StartError } from './start-error';

const INITDB = [
  '--username=centesimo',
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  // This collation sorts by code point and knows Unicode's letters on every system: no update of a library changes an
  // index.
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--data-checksums',
  // Settings in postgresql.conf, which an operator may change. Settings that must hold are passed at every start.
  '--set=max_connections=150',
  '--set=shared_buffers=128MB',
  '--set=timezone=UTC',
];

/** True when the cluster in that folder has all that a start needs. */
export async function isComplete(clusterDir: string): Promise<boolean> {
  const files = ['PG_VERSION', join('global', 'pg_control'), 'postgresql.conf'];
  return (await Promise.all(files.map((file) => exists(join(clusterDir, file))))).every(Boolean);
}

/** The password of the cluster, made before the cluster: after a crash both can be used or made anew. */
export async function ensurePassword(
  { dataDir, passwordFile: file }: Folder,
  clusterDir: string,
): Promise<string> {
  const kept = await readIfThere(file);
  if (kept !== undefined && kept !== '') return kept;
  if (await isComplete(clusterDir)) {
    throw new StartError(
      `The password of the embedded database in ${clusterDir} is missing: restore ${file} from a backup, or move both away to begin with an empty database (docs/operations.md).`,
    );
  }
  const password = randomBytes(24).toString('hex');
  await writeWhole(file, `${password}\n`, 0o600);
  await giveToOwnerOf(dataDir, file);
  return password;
}

/** The key that secrets in the database are sealed with; made when it is missing. */
export async function ensureSecretsKey({ dataDir, secretsKeyFile: file }: Folder): Promise<string> {
  const kept = await readIfThere(file);
  if (kept !== undefined && kept !== '') return kept;
  const key = randomBytes(32).toString('base64');
  await writeWhole(file, `${key}\n`, 0o600);
  await giveToOwnerOf(dataDir, file);
  return key;
}

/** Makes the cluster where there is none. True: it was made now. */
export async function ensureCluster(
  place: Place,
  binaries: Binaries,
  password: string,
  log: Log,
): Promise<boolean> {
  await removeHalfMade(place.clusterDir);
  if (await isComplete(place.clusterDir)) {
    await checkVersion(place.clusterDir, binaries);
    return false;
  }
  if (await exists(place.clusterDir)) await clearAway(place.clusterDir, log);
  await makeCluster(place, binaries, password);
  return true;
}

const temporaryPrefix = (clusterDir: string): string => `${basename(clusterDir)}-new-`;

/** Removes what a killed initdb left: it never got its final name, so it never held data. */
async function removeHalfMade(clusterDir: string): Promise<void> {
  const home = dirname(clusterDir);
  const names = (await readdir(home)).filter((name) => name.startsWith(temporaryPrefix(clusterDir)));
  // An initdb may outlive the process that started it and still be writing: the rest is removed next time.
  const options = { recursive: true, force: true, maxRetries: 5 };
  await Promise.all(names.map((name) => rm(join(home, name), options).catch(() => undefined)));
}

async function clearAway(clusterDir: string, log: Log): Promise<void> {
  if ((await readdir(clusterDir)).length > 0) await putAside(clusterDir, log);
  else await rm(clusterDir, { recursive: true });
}

async function checkVersion(clusterDir: string, { major }: Binaries): Promise<void> {
  const found = await readIfThere(join(clusterDir, 'PG_VERSION'));
  if (found === major) return;
  throw new StartError(
    `The embedded database in ${clusterDir} was made by PostgreSQL ${found}, and this version of Centesimo brings PostgreSQL ${major}, which cannot read it. Nothing was changed. Write it out with the version of Centesimo that made it (pg_dump), move ${clusterDir} away, start, and read it in again: docs/operations.md.`,
  );
}

async function makeCluster(
  { clusterDir, user }: Place,
  { binDir }: Binaries,
  password: string,
): Promise<void> {
  const home = dirname(clusterDir);
  const temporary = join(home, temporaryPrefix(clusterDir) + randomBytes(4).toString('hex'));
  const [fresh, secret] = [join(temporary, 'cluster'), join(temporary, 'password')];
  try {
    await mkdir(temporary, { mode: 0o700 });
    // initdb runs as another user, who cannot read our password file.
    await writeFile(secret, `${password}\n`, { mode: 0o600 });
    await mkdir(fresh, { mode: 0o700 });
    if (user !== undefined) {
      for (const path of [secret, fresh, temporary]) await chown(path, user.uid, user.gid);
    }
    const made = await run(
      join(binDir, 'initdb'),
      [`--pgdata=${fresh}`, `--pwfile=${secret}`, ...INITDB],
      user,
    );
    if (made.code !== 0) throw fromOutput('PostgreSQL could not make its files', made.output, home);
    await chmod(fresh, 0o700);
    await rename(fresh, clusterDir);
    await syncFolder(home);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
