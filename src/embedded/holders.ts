// Who uses the cluster: one symbolic link per process, whose target names the process. Read and written under the lock.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { identifySelf, isRunning, type ProcessIdentity, parseIdentity, printIdentity } from './processes';

export type HolderRole = 'server' | 'command';

export interface Holder extends ProcessIdentity {
  role: HolderRole;
  file: string;
}

/** Registers this process; returns the file to remove when it leaves. */
export async function addHolder(folder: string, role: HolderRole): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${role}-${process.pid}-${randomBytes(4).toString('hex')}`);
  await symlink(printIdentity(await identifySelf()), file);
  return file;
}

/** The holders that are alive. */
export async function listHolders(folder: string): Promise<Holder[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const found = await Promise.all(names.map((name) => readHolder(folder, name)));
  return found.filter((holder) => holder !== undefined);
}

/** Removes the links of killed processes. */
export async function forgetDeadHolders(folder: string): Promise<void> {
  const live = new Set((await listHolders(folder)).map((holder) => holder.file));
  const names = await readdir(folder).catch((): string[] => []);
  const dead = names.map((name) => join(folder, name)).filter((file) => !live.has(file));
  await Promise.all(dead.map((file) => rm(file, { force: true })));
}

async function readHolder(folder: string, name: string): Promise<Holder | undefined> {
  const role = /^(server|command)-/.exec(name)?.[1];
  const file = join(folder, name);
  const identity = parseIdentity(await readlink(file).catch(() => ''));
  if ((role !== 'server' && role !== 'command') || identity === undefined) return undefined;
  return (await isRunning(identity)) ? { ...identity, role, file } : undefined;
}
