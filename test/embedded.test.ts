// The embedded database with real processes, killed for real. Nothing here waits by sleeping: it polls with a deadline.
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  ask,
  canAsk,
  HolderProcess,
  isAlive,
  killAllIn,
  postmasterPid,
  until,
} from './support/embedded-process';
import { makeProject, type Project, removeLinks, removeOptionalPackages } from './support/embedded-project';
import { longForm } from './support/long-form';

const NOBODY = 65_534;
const OUTSIDE = '/var/lib/centesimo';
const isRoot = process.getuid?.() === 0;
/** Users, mounts and ownership can only be arranged by root; these tests are reported as skipped without. */
const testAsRoot = isRoot ? test : test.skip;
const longAsRoot = isRoot ? longForm : test.skip;

let base: string;
let project: Project;
let folders = 0;
const processes: HolderProcess[] = [];

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'centesimo-embedded-'));
  chmodSync(base, 0o755);
  project = makeProject(join(base, 'project'));
});

afterEach(async () => {
  await Promise.all(processes.splice(0).map((holder) => holder.kill()));
  killAllIn(base);
});

afterAll(() => {
  killAllIn(base);
  rmSync(base, { recursive: true, force: true, maxRetries: 5 });
});

const newDataDir = (name = 'data'): string => {
  folders += 1;
  return join(base, `${name}-${folders}`);
};

function start(
  dataDir: string,
  role: 'server' | 'command' = 'server',
  more: { in?: Project; uid?: number } = {},
) {
  const holder = new HolderProcess((more.in ?? project).holder, dataDir, role, more.uid);
  processes.push(holder);
  return holder;
}

let made: string | undefined;

/** A data folder whose cluster was made and stopped, and holds a table: a copy of one that the first test makes. */
async function stoppedDataDir(): Promise<string> {
  made ??= await makeDataDir();
  const dataDir = newDataDir();
  execFileSync('cp', ['-a', made, dataDir]);
  return dataDir;
}

async function makeDataDir(): Promise<string> {
  const dataDir = newDataDir();
  const holder = start(dataDir);
  const { url } = await holder.ready();
  await ask(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  await holder.stop();
  return dataDir;
}

const clusterOf = (dataDir: string): string => join(dataDir, 'postgres');
const passwordOf = (dataDir: string): string =>
  readFileSync(join(dataDir, 'postgres-password'), 'utf8').trim();
const answer = async (url: string): Promise<unknown> =>
  (await ask(url, 'SELECT answer FROM kept'))[0]?.answer;

describe('a first start', () => {
  test('in an empty folder with spaces and accents makes a safe cluster; a second start keeps its data', async () => {
    const dataDir = newDataDir('città è 日本 "data"');
    const first = start(dataDir);
    const { url, created } = await first.ready();
    expect(created).toBe(true);
    expect(url).toMatch(/^postgres:\/\/centesimo:[^@]+@127\.0\.0\.1:\d+\/centesimo$/);
    expect(statSync(join(dataDir, 'postgres-password')).mode & 0o777).toBe(0o600);
    expect(await settings(url)).toEqual({
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'on',
      data_checksums: 'on',
      server_encoding: 'UTF8',
      TimeZone: 'UTC',
      log_statement: 'none',
      log_error_verbosity: 'terse',
      log_min_error_statement: 'panic',
      log_parameter_max_length_on_error: '0',
    });
    expect(await ask(url, 'SELECT DISTINCT auth_method FROM pg_hba_file_rules')).toEqual([
      { auth_method: 'scram-sha-256' },
    ]);
    await ask(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const pid = postmasterPid(clusterOf(dataDir));
    await first.stop();
    expect(isAlive(pid)).toBe(false);
    expect(first.lines.filter((line) => JSON.stringify(line).includes(passwordOf(dataDir)))).toEqual([
      expect.objectContaining({ event: 'ready' }),
    ]);

    const second = await start(dataDir).ready();
    expect(second.created).toBe(false);
    expect(second.url).toBe(url); // the same port, since nobody took it
    expect(await answer(second.url)).toBe(42);
  });

  test('of a server and five commands at the same time makes one cluster, and all get the same address', async () => {
    const dataDir = newDataDir();
    const holders = [start(dataDir), ...Array.from({ length: 5 }, () => start(dataDir, 'command'))];
    const ready = await Promise.all(holders.map((holder) => holder.ready()));
    expect(new Set(ready.map(({ url }) => url)).size).toBe(1);
    expect(ready.filter(({ created }) => created)).toHaveLength(1);
    const pid = postmasterPid(clusterOf(dataDir));
    await Promise.all(holders.map((holder) => holder.stop()));
    expect(isAlive(pid)).toBe(false);
    expect(readdirSync(join(dataDir, 'holders'))).toEqual([]);
  });

  const isMadeGood = async (file: string): Promise<void> => {
    const dataDir = newDataDir();
    const killed = start(dataDir);
    const appeared = (): boolean =>
      existsSync(dataDir) &&
      readdirSync(dataDir).some((name) => name === file || (file.endsWith('-') && name.startsWith(file)));
    await until(appeared, file);
    await killed.kill();
    const { url } = await start(dataDir).ready();
    expect(await canAsk(url)).toBe(true);
    expect(readdirSync(dataDir).filter((name) => name.includes('-aside-'))).toEqual([]);
  };

  test('that was killed when its password appeared is repaired by the next start', () =>
    isMadeGood('postgres-password'));

  longForm.each(['postgres-new-', 'postgres', 'postgres-port'])('and when %s appeared', (file) =>
    isMadeGood(file),
  );

  test("with other files in the cluster's folder moves them aside, and deletes nothing", async () => {
    const dataDir = newDataDir();
    mkdirSync(clusterOf(dataDir), { recursive: true });
    writeFileSync(join(clusterOf(dataDir), 'precious.txt'), 'mine');
    expect((await start(dataDir).ready()).created).toBe(true);
    const aside = readdirSync(dataDir).find((name) => name.startsWith('postgres-aside-')) ?? '';
    expect(readFileSync(join(dataDir, aside, 'precious.txt'), 'utf8')).toBe('mine');
  });
});

describe('holders', () => {
  test('a second server is refused, naming the first', async () => {
    const dataDir = await stoppedDataDir();
    const first = start(dataDir);
    const { url } = await first.ready();
    expect(await start(dataDir).failure()).toContain(`(process ${first.pid})`);
    expect(await canAsk(url)).toBe(true);
  });

  test('a command joins the server and leaves it running; the last holder stops it', async () => {
    const dataDir = await stoppedDataDir();
    const server = start(dataDir);
    const { url } = await server.ready();
    const pid = postmasterPid(clusterOf(dataDir));
    const brief = start(dataDir, 'command');
    expect(await brief.ready()).toEqual({ url, created: false });
    await brief.stop();
    expect(await canAsk(url)).toBe(true);
    const long = start(dataDir, 'command');
    await long.ready();
    await server.stop();
    expect(await canAsk(url)).toBe(true);
    await long.stop();
    expect(isAlive(pid)).toBe(false);
  });

  test('a command alone starts it, a killed one is not counted, and a server may take over', async () => {
    const dataDir = await stoppedDataDir();
    const killed = start(dataDir, 'command');
    await killed.ready();
    const pid = postmasterPid(clusterOf(dataDir));
    await killed.kill();
    const server = start(dataDir);
    await server.ready();
    expect(postmasterPid(clusterOf(dataDir))).toBe(pid);
    await server.stop();
    expect(isAlive(pid)).toBe(false);
  });
});

describe('after a crash', () => {
  test('kill -9 of the server leaves an orphan, which the next start adopts and can stop', async () => {
    const dataDir = await stoppedDataDir();
    const killed = start(dataDir);
    const { url } = await killed.ready();
    const pid = postmasterPid(clusterOf(dataDir));
    await killed.kill();
    expect(isAlive(pid)).toBe(true);
    const next = start(dataDir);
    expect(await next.ready()).toEqual({ url, created: false });
    expect(postmasterPid(clusterOf(dataDir))).toBe(pid);
    expect(await answer(url)).toBe(42);
    await next.stop();
    expect(isAlive(pid)).toBe(false);
  });

  test.each(['nobody', 'a process that has nothing to do with it'])(
    'a pid file that names %s',
    async (whom) => {
      const dataDir = await stoppedDataDir();
      const { uid, gid } = statSync(clusterOf(dataDir));
      // Of the same user: the only one PostgreSQL would take for itself.
      const stranger = spawn('sleep', ['1000'], { uid, gid, cwd: '/', stdio: 'ignore' });
      const file = join(clusterOf(dataDir), 'postmaster.pid');
      const pid = whom === 'nobody' ? 999_999_999 : stranger.pid;
      writeFileSync(
        file,
        [pid, clusterOf(dataDir), 1_700_000_000, 5432, '', '127.0.0.1', '', 'ready   ', ''].join('\n'),
      );
      chownSync(file, uid, gid);
      const { url } = await start(dataDir).ready();
      expect(await answer(url)).toBe(42);
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
      stranger.kill('SIGKILL');
    },
  );

  longForm('kill -9 of server and database, with a statement still running in it', async () => {
    const dataDir = await stoppedDataDir();
    const killed = start(dataDir);
    const { url } = await killed.ready();
    const sleeping = ask(url, 'SELECT count(*) FROM generate_series(1, 10000000000)').catch(() => 'ended');
    const busy = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%10000000000)'";
    await until(async () => (await ask(url, busy)).length > 0, 'the long statement');
    await killed.kill();
    process.kill(postmasterPid(clusterOf(dataDir)), 'SIGKILL');
    const next = await start(dataDir).ready();
    expect(await answer(next.url)).toBe(42);
    expect(await sleeping).toBe('ended');
  });

  test('kill -9 of the database under a living server: back within seconds, on the same port', async () => {
    const dataDir = await stoppedDataDir();
    const server = start(dataDir);
    const { url } = await server.ready();
    for (let round = 0; round < 2; round += 1) {
      const pid = postmasterPid(clusterOf(dataDir));
      process.kill(pid, 'SIGKILL');
      await until(() => !isAlive(pid), 'its end');
      await until(() => canAsk(url), 'its return');
      expect(postmasterPid(clusterOf(dataDir))).not.toBe(pid);
    }
    const pid = postmasterPid(clusterOf(dataDir));
    await server.stop();
    expect(isAlive(pid)).toBe(false);
  });

  longForm('an adopted database is brought back as well', async () => {
    const dataDir = await stoppedDataDir();
    const killed = start(dataDir);
    const { url } = await killed.ready();
    await killed.kill();
    await start(dataDir).ready();
    const pid = postmasterPid(clusterOf(dataDir));
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid), 'its end');
    await until(() => canAsk(url), 'its return');
  });
});

describe('what other processes see', () => {
  test('Ctrl-C does not reach the database, and neither arguments nor the log tell secrets or words', async () => {
    const dataDir = await stoppedDataDir();
    const server = start(dataDir);
    const { url } = await server.ready();
    const pid = postmasterPid(clusterOf(dataDir));
    expect(execFileSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' }).trim()).toBe(
      String(pid),
    );
    await ask(url, 'CREATE TABLE said (words text UNIQUE, at timestamptz)');
    await ask(url, "INSERT INTO said VALUES ('a customer''s words')");
    await expect(ask(url, "INSERT INTO said VALUES ('a customer''s words')")).rejects.toThrow(/duplicate/);
    await expect(ask(url, "INSERT INTO said VALUES ('x', 'a customer''s words')")).rejects.toThrow(/syntax/);
    await expect(ask(url.replace(passwordOf(dataDir), 'wrong'), 'SELECT 1')).rejects.toThrow(/password/);
    const log = readFileSync(join(dataDir, 'postgres.log'), 'utf8');
    expect(log).toContain('password authentication failed');
    expect(log).not.toContain('customer');
    expect(log).not.toContain(passwordOf(dataDir));
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(passwordOf(dataDir));
  });
});

describe("a start that can't work says why, and what to do", () => {
  test('a cluster of another major version', async () => {
    const dataDir = await stoppedDataDir();
    writeFileSync(join(clusterOf(dataDir), 'PG_VERSION'), '17\n');
    expect(await start(dataDir).failure()).toMatch(/made by PostgreSQL 17.*docs\/operations\.md/);
    expect(readdirSync(join(dataDir, 'holders'))).toEqual([]);
  });

  test('a lost password', async () => {
    const dataDir = await stoppedDataDir();
    rmSync(join(dataDir, 'postgres-password'));
    expect(await start(dataDir).failure()).toMatch(/password .* is missing: restore/);
  });

  test('a broken configuration: the last words of PostgreSQL, and where its log is', async () => {
    const dataDir = await stoppedDataDir();
    writeFileSync(join(clusterOf(dataDir), 'postgresql.conf'), 'no_such_thing = 1\n');
    expect(await start(dataDir).failure()).toMatch(/FATAL.*The log is .*postgres\.log/);
  });

  test('a file where the folder should be', async () => {
    const dataDir = newDataDir();
    writeFileSync(dataDir, '');
    expect(await start(dataDir).failure()).toContain('is in the way');
  });

  test('a missing optional package: names DATABASE_URL', async () => {
    const bare = makeProject(join(base, 'bare'));
    removeOptionalPackages(bare);
    expect(await start(newDataDir(), 'server', { in: bare }).failure()).toMatch(/npm ci.*DATABASE_URL/);
  });

  testAsRoot('a full disk and a read-only disk', async () => {
    const disk = newDataDir('disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=755', 'tmpfs', disk]);
    try {
      expect(await start(join(disk, 'data')).failure()).toMatch(/is full .*DATA_DIR/);
      expect(readdirSync(join(disk, 'data')).filter((name) => name.startsWith('postgres-new'))).toEqual([]);
      execFileSync('mount', ['-o', 'remount,ro', disk]);
      expect(await start(join(disk, 'data')).failure()).toMatch(/read-only .*DATA_DIR/);
      expect(await start(join(disk, 'other')).failure()).toMatch(/read-only .*DATA_DIR/);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  longAsRoot('a disk that fills up after the database was made', async () => {
    const disk = newDataDir('disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=80m,mode=755', 'tmpfs', disk]);
    try {
      const holder = start(join(disk, 'data'));
      await holder.ready();
      await holder.stop();
      expect(() => writeFileSync(join(disk, 'filler'), Buffer.alloc(80_000_000))).toThrow(/ENOSPC/);
      expect(await start(join(disk, 'data')).failure()).toMatch(/is full .*DATA_DIR/);
      rmSync(join(disk, 'filler'));
      const next = start(join(disk, 'data'));
      await next.ready();
      await next.stop();
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

describe('users', () => {
  testAsRoot('an ordinary user, whose install script did not run', async () => {
    const theirs = makeProject(join(base, 'theirs'));
    removeLinks(theirs); // and the package's folder is root's, so they must be copied
    const dataDir = newDataDir();
    mkdirSync(dataDir);
    chownSync(dataDir, NOBODY, NOBODY);
    const holder = start(dataDir, 'server', { in: theirs, uid: NOBODY });
    expect((await holder.ready()).created).toBe(true);
    expect(readdirSync(dataDir).some((name) => name.startsWith('binaries-'))).toBe(true);
    await holder.stop();

    // Root on the same folder leaves it usable for them.
    const root = start(dataDir, 'server', { in: theirs });
    const { url } = await root.ready();
    expect(existsSync(join(theirs.native, 'lib', 'libpq.so.5'))).toBe(true); // root could make the links
    const joined = start(dataDir, 'command', { in: theirs, uid: NOBODY });
    expect((await joined.ready()).url).toBe(url);
    await root.stop();
    await joined.stop();
  });

  testAsRoot('a folder of somebody else: which user, which folder', async () => {
    const dataDir = newDataDir();
    mkdirSync(dataDir, { mode: 0o755 });
    expect(await start(dataDir, 'server', { uid: NOBODY }).failure()).toMatch(
      /may not use .*data-.*DATA_DIR/,
    );
    expect(await start(join(dataDir, 'new'), 'server', { uid: NOBODY }).failure()).toContain('EACCES');
    const taken = await stoppedDataDir();
    chownSync(taken, NOBODY, NOBODY);
    for (const name of ['locks', 'holders', 'postgres-password'])
      chownSync(join(taken, name), NOBODY, NOBODY);
    expect(await start(taken, 'server', { uid: NOBODY }).failure()).toMatch(
      /belongs to the user with the id/,
    );
  });

  longAsRoot('root with a project in a home folder that nobody else can enter', async () => {
    const hadBinaries = new Set(existsSync(OUTSIDE) ? readdirSync(OUTSIDE) : []);
    const home = join(base, 'home');
    mkdirSync(home, { mode: 0o700 });
    const hidden = makeProject(join(home, 'project'));
    const dataDir = join(hidden.folder, '.data');
    try {
      const first = start(dataDir, 'server', { in: hidden });
      const { url, created } = await first.ready();
      expect(created).toBe(true);
      await ask(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
      expect(first.lines.filter((line) => line.message?.includes(OUTSIDE))).toHaveLength(
        hadBinaries.size === 0 ? 2 : 1,
      );
      await first.stop();

      const second = start(dataDir, 'server', { in: hidden });
      expect((await second.ready()).created).toBe(false);
      expect(await answer(url)).toBe(42);
      expect(second.lines.some((line) => line.message?.includes(OUTSIDE))).toBe(false); // said once
      await second.stop();
      expect(statSync(home).mode & 0o777).toBe(0o700);

      const cluster = readFileSync(join(dataDir, 'postgres-location'), 'utf8').trim();
      rmSync(dataDir, { recursive: true });
      const anew = start(dataDir, 'server', { in: hidden });
      expect((await anew.ready()).created).toBe(true);
      await anew.stop();
      expect(readdirSync(dirname(cluster)).some((name) => name.startsWith('postgres-aside-'))).toBe(true);
    } finally {
      for (const name of existsSync(OUTSIDE) ? readdirSync(OUTSIDE) : []) {
        if (hadBinaries.has(name)) continue;
        killAllIn(join(OUTSIDE, name));
        rmSync(join(OUTSIDE, name), { recursive: true, force: true });
      }
    }
  });
});

async function settings(url: string): Promise<Record<string, unknown>> {
  const names = `'listen_addresses', 'unix_socket_directories', 'fsync', 'data_checksums', 'server_encoding', 'TimeZone',
    'log_statement', 'log_error_verbosity', 'log_min_error_statement', 'log_parameter_max_length_on_error'`;
  const rows = await ask(url, `SELECT name, setting FROM pg_settings WHERE name IN (${names})`);
  return Object.fromEntries(rows.map(({ name, setting }) => [String(name), setting]));
}
