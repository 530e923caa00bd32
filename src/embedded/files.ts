import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../values/error-code';
import { isRoot, type RunAs } from './run-as';

/** The trimmed text, or undefined when there is no such file. Other errors are thrown. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** With its parents. Node's own `recursive` hides a read-only disk behind ENOENT. */
export async function makeFolder(path: string, mode: number): Promise<void> {
  if (await exists(path)) return;
  await makeFolder(dirname(path), mode);
  await mkdir(path, { mode }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error; // another start was faster
  });
}

/** Writes the whole file or nothing; it is safe on the disk before this returns. */
export async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes a rename in the folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Throws ENOSPC when the disk is almost full. */
export async function checkSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < 1_000_000) throw Object.assign(new Error('The disk is full'), { code: 'ENOSPC' });
}

/** Its owner, unless that is root. */
export async function ordinaryOwner(path: string): Promise<RunAs | undefined> {
  const { uid, gid } = await stat(path);
  return uid === 0 ? undefined : { uid, gid };
}

/** Gives files that root makes in somebody's folder to that user, so that they can continue without root. */
export async function giveToOwnerOf(folder: string, path: string): Promise<void> {
  const owner = isRoot() ? await ordinaryOwner(folder) : undefined;
  if (owner !== undefined) await chown(path, owner.uid, owner.gid);
}
