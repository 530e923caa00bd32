// The files of a data folder that the embedded database's processes share. docs/operations.md lists them.
import { open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { giveToOwnerOf, makeFolder, readIfThere, writeWhole } from './files';
import { isRoot } from './run-as';

/** For the operator. */
export type Log = (message: string, details?: object) => void;

export interface Folder {
  /** Its real path. */
  dataDir: string;
  locks: string;
  holders: string;
  logFile: string;
  portFile: string;
  passwordFile: string;
  secretsKeyFile: string;
}

export const folderOf = (dataDir: string): Folder => ({
  dataDir,
  locks: join(dataDir, 'locks'),
  holders: join(dataDir, 'holders'),
  logFile: join(dataDir, 'postgres.log'),
  portFile: join(dataDir, 'postgres-port'),
  passwordFile: join(dataDir, 'postgres-password'),
  secretsKeyFile: join(dataDir, 'secrets-key'),
});

/** Creates the files that are missing. */
export async function openFolder(dataDir: string): Promise<Folder> {
  // Under root, the user that runs PostgreSQL has to pass through to its cluster.
  await makeFolder(dataDir, isRoot() ? 0o711 : 0o700);
  const folder = folderOf(await realpath(dataDir));
  for (const path of [folder.locks, folder.holders]) {
    await makeFolder(path, 0o755);
    await giveToOwnerOf(folder.dataDir, path);
  }
  return folder;
}

/** The log: creates it, so that PostgreSQL's user can append to it. */
export async function openLog(folder: Folder): Promise<void> {
  await (await open(folder.logFile, 'a', 0o600)).close();
  await giveToOwnerOf(folder.dataDir, folder.logFile);
}

/** The port of the last start. It is used again if possible, so that addresses which people noted stay valid. */
export async function readPort(folder: Folder): Promise<number | undefined> {
  const port = Number(await readIfThere(folder.portFile));
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

export async function keepPort(folder: Folder, port: number): Promise<void> {
  if ((await readPort(folder)) === port) return;
  await writeWhole(folder.portFile, `${port}\n`, 0o644);
  await giveToOwnerOf(folder.dataDir, folder.portFile);
}
