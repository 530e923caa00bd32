// PostgreSQL refuses to run as root. Under root a system user runs it, which must be able to reach its files.
import { spawn } from 'node:child_process';
import { StartError } from './start-error';

/** The user that runs PostgreSQL; undefined stands for the one that runs this process. */
export interface RunAs {
  uid: number;
  gid: number;
}

export interface RunResult {
  /** Null when it could not be started or was killed. */
  code: number | null;
  output: string;
}

export const isRoot = (): boolean => process.getuid?.() === 0;

/** PostgreSQL gets none of our environment: no DATABASE_URL, no PG* variable that would change its behaviour. */
export const CLEAN_ENVIRONMENT = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * Runs a program to its end, from `/` (the user may not be allowed into the current folder). It has a process group of
 * its own: Ctrl-C in the terminal must not end what the start waits for.
 */
export async function run(file: string, args: readonly string[], as?: RunAs): Promise<RunResult> {
  const options = { ...as, cwd: '/', detached: true, env: CLEAN_ENVIRONMENT };
  try {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    return { code, output: Buffer.concat(chunks).toString('utf8') };
  } catch (error) {
    // Node throws some errors of a start (EPERM) and emits the others (ENOENT).
    return { code: null, output: `error: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Tries whether that user can enter the folder: modes alone don't show ACLs and mounts. */
export async function canEnter(folder: string, as: RunAs): Promise<boolean> {
  return (await run('/bin/sh', ['-c', 'test -x "$1"', 'sh', folder], as)).code === 0;
}

/** The system user for PostgreSQL under root: `postgres`, else `centesimo`, made when neither is there. */
export async function systemUser(log: (message: string) => void): Promise<RunAs> {
  const existing = (await findUser('postgres')) ?? (await findUser('centesimo'));
  const user = existing ?? (await createUser(log));
  if ((await run('/bin/sh', ['-c', 'true'], user)).code !== 0) {
    throw new StartError(
      'PostgreSQL refuses to run as root, and this root may not start a process as another user (a container without the capabilities SETUID and SETGID?): run as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.',
    );
  }
  return user;
}

async function findUser(name: string): Promise<RunAs | undefined> {
  const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
  return uid.code === 0 && gid.code === 0 && Number(uid.output) > 0
    ? { uid: Number(uid.output), gid: Number(gid.output) }
    : undefined;
}

async function createUser(log: (message: string) => void): Promise<RunAs> {
  const shell = '/usr/sbin/nologin';
  // The second form is BusyBox's, the third Debian's own wrapper.
  const ways: readonly (readonly [string, ...string[]])[] = [
    ['useradd', '--system', '--user-group', '--no-create-home', '--shell', shell, 'centesimo'],
    ['adduser', '-S', '-D', '-H', '-s', '/sbin/nologin', 'centesimo'],
    ['adduser', '--system', '--group', '--no-create-home', '--disabled-login', 'centesimo'],
  ];
  for (const [command, ...args] of ways) {
    const made = (await run(command, args)).code === 0 ? await findUser('centesimo') : undefined;
    if (made === undefined) continue;
    log('PostgreSQL refuses to run as root: made the system user centesimo for it');
    return made;
  }
  throw new StartError(
    'PostgreSQL refuses to run as root, there is no user "postgres" or "centesimo", and none could be made: run as an ordinary user, add such a user (useradd --system centesimo), or set DATABASE_URL to a PostgreSQL of your own.',
  );
}
