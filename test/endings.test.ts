// How our processes end, and that no database keeps running: real pipes, real signals, a real terminal.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { aFolder } from './support/command';
import { isAlive, until } from './support/embedded-process';
import { longForm } from './support/long-form';
import { aMadeFolder } from './support/made-folder';
import { freePort } from './support/process';
import { hasTerminal, openTerminal, type Terminal } from './support/terminal';

const MAIN = join(__dirname, '../dist/src/main.js');
/** Only a bound against hanging: a start takes a few seconds. */
const LONG_MS = 120_000;
jest.setTimeout(3 * LONG_MS);

let folder: Awaited<ReturnType<typeof aFolder>>;
let children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await aMadeFolder();
});
afterEach(async () => {
  for (const { pid } of children) if (pid !== undefined) killGroup(pid, 'SIGKILL');
  children = [];
  for (const pid of holders()) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  const left = postmaster();
  if (left !== undefined && isAlive(left)) process.kill(left, 'SIGKILL');
  await folder.remove();
});

const { PATH = '', HOME = '/' } = process.env;
const environment = (more: Record<string, string> = {}) => ({ PATH, HOME, DATA_DIR: folder.path, ...more });

/** In a process group of its own, as a shell starts it. */
function start(
  file: string,
  args: readonly string[],
  options: { stdout?: 'pipe' | number; more?: Record<string, string> } = {},
): ChildProcess {
  const child = spawn(file, [...args], {
    cwd: tmpdir(),
    detached: true,
    env: environment(options.more),
    stdio: ['pipe', options.stdout ?? 'pipe', 'pipe'],
  });
  child.stderr?.resume();
  child.stdin?.on('error', () => undefined);
  children.push(child);
  return child;
}

const endOf = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once('exit', (code) => resolve(code)));

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}

/** Our processes that a failed test left with the database. */
const holders = (): number[] =>
  existsSync(join(folder.path, 'holders'))
    ? readdirSync(join(folder.path, 'holders')).map((name) => Number(name.split('-')[1]))
    : [];

/** The process id in PostgreSQL's pid file, wherever root had to put the cluster. */
function postmaster(): number | undefined {
  const pointer = join(folder.path, 'postgres-location');
  const cluster = existsSync(pointer) ? readFileSync(pointer, 'utf8').trim() : join(folder.path, 'postgres');
  const file = join(cluster, 'postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
}

async function runningPostmaster(): Promise<number> {
  await until(() => postmaster() !== undefined, 'a running database', LONG_MS);
  return postmaster() ?? 0;
}

const isReady = async (port: number): Promise<boolean> => {
  const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
  return answer?.status === 200;
};
const untilReady = (port: number) => until(() => isReady(port), 'a server that is ready', LONG_MS);

async function servesOn(port: number): Promise<number> {
  await untilReady(port);
  return runningPostmaster();
}

async function expectAllGone(database: number): Promise<void> {
  await until(() => !isAlive(database), 'the end of the database', LONG_MS);
}

const serve = (port: number, more: Record<string, string> = {}) => ({ PORT: String(port), ...more });

it('a server writes JSON into a pipe: one object a line, one pid in each, and where it listens in the last', async () => {
  const child = start(process.execPath, [MAIN, 'serve'], { more: serve(0) });
  let log = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  await until(() => log.includes('Centesimo is ready'), 'a server that is ready', LONG_MS);
  child.kill('SIGTERM');
  expect(await endOf(child)).toBe(0);
  const lines = log.trimEnd().split('\n');
  const entries: Record<string, unknown>[] = lines.map((line) => JSON.parse(line));
  expect(lines.filter((line) => line.split('"pid":').length !== 2)).toEqual([]);
  expect(new Set(entries.map(({ pid }) => pid))).toEqual(new Set([child.pid]));
  expect(entries.find(({ msg }) => msg === 'The embedded database is ready')).toMatchObject({
    postmaster: expect.any(Number),
  });
  expect(entries.find(({ msg }) => msg === 'Centesimo is ready')).toMatchObject({
    url: expect.stringMatching(/^http:/),
    demo: { workspaceId: 'workspace-123', tokens: { service: expect.stringMatching(/^ctm_svc_/) } },
  });
});

describe('a server whose log has lost its reader', () => {
  it('goes on when the reader of the pipe ends, and stops in order later', async () => {
    const port = await freePort();
    const child = start(process.execPath, [MAIN, 'serve', '--no-demo'], { more: serve(port) });
    const database = await servesOn(port);
    child.stdout?.destroy();
    for (let request = 0; request < 20; request += 1) expect(await isReady(port)).toBe(true);
    child.kill('SIGTERM');
    expect(await endOf(child)).toBe(0);
    await expectAllGone(database);
  });

  longForm('starts although the reader ended before it was ready: serve | head -1', async () => {
    const port = await freePort();
    const line = `"$0" "$1" serve | head -n 1`;
    const shell = start('sh', ['-c', line, process.execPath, MAIN], { more: serve(port) });
    const database = await servesOn(port);
    expect(await isReady(port)).toBe(true);
    killGroup(shell.pid ?? 0, 'SIGTERM');
    await expectAllGone(database);
  });

  longForm('leaves no database behind: npm start | head -1', async () => {
    const port = await freePort();
    const project = join(__dirname, '..');
    const shell = start('sh', ['-c', `cd "$0" && npm start | head -n 1`, project], { more: serve(port) });
    const database = await servesOn(port);
    expect(await isReady(port)).toBe(true);
    killGroup(shell.pid ?? 0, 'SIGINT');
    await expectAllGone(database);
    await until(async () => !(await isReady(port)), 'the end of the server', LONG_MS);
  });

  longForm('goes on when its log is a file on a full disk', async () => {
    const port = await freePort();
    const child = start(process.execPath, [MAIN, 'serve', '--no-demo'], {
      stdout: openSync('/dev/full', 'w'),
      more: serve(port),
    });
    const database = await servesOn(port);
    for (let request = 0; request < 5; request += 1) expect(await isReady(port)).toBe(true);
    child.kill('SIGTERM');
    expect(await endOf(child)).toBe(0);
    await expectAllGone(database);
  });
});

describe('a server that is told to stop', () => {
  it('twice by SIGTERM to its group stops once, in order, with its database', () => stopsOnce('SIGTERM'));

  longForm.each(['SIGINT', 'SIGHUP', 'SIGQUIT'] as const)('by %s as well', (signal) => stopsOnce(signal));

  const stopsOnce = async (signal: NodeJS.Signals): Promise<void> => {
    const port = await freePort();
    const child = start(process.execPath, [MAIN, 'serve', '--no-demo'], { more: serve(port) });
    child.stdout?.resume();
    const database = await servesOn(port);
    killGroup(child.pid ?? 0, signal);
    killGroup(child.pid ?? 0, signal);
    expect(await endOf(child)).toBe(0);
    await expectAllGone(database);
  };

  it('while its database is being made leaves none behind', async () => {
    await folder.remove();
    folder = await aFolder();
    const child = start(process.execPath, [MAIN, 'serve', '--no-demo'], { more: serve(0) });
    child.stdout?.resume();
    await until(() => existsSync(join(folder.path, 'postgres-password')), 'the making of a cluster', LONG_MS);
    killGroup(child.pid ?? 0, 'SIGINT');
    killGroup(child.pid ?? 0, 'SIGINT');
    expect(await endOf(child)).toBe(0);
    expect(postmaster()).toBeUndefined();
  });

  longForm('ends its workers too', async () => {
    const port = await freePort();
    const child = start(process.execPath, [MAIN, 'serve', '--no-demo'], {
      more: serve(port, { WEB_CONCURRENCY: '2' }),
    });
    child.stdout?.resume();
    const database = await servesOn(port);
    killGroup(child.pid ?? 0, 'SIGINT');
    killGroup(child.pid ?? 0, 'SIGINT');
    expect(await endOf(child)).toBe(0);
    await expectAllGone(database);
  });

  longForm('by a mistake of its own that nobody caught says so, stops, and fails', async () => {
    const port = await freePort();
    const hook = join(dirname(folder.path), 'mistake.cjs');
    writeFileSync(
      hook,
      `process.on('SIGWINCH', () => setImmediate(() => { throw new Error('a mistake of ours'); }));`,
    );
    const child = start(process.execPath, ['--require', hook, MAIN, 'serve', '--no-demo'], {
      more: serve(port),
    });
    let log = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
    const database = await servesOn(port);
    child.kill('SIGWINCH');
    expect(await endOf(child)).toBe(1);
    expect(log).toMatch(/a mistake of ours/);
    await expectAllGone(database);
  });
});

const inTerminal = hasTerminal ? it : it.skip;
const longInTerminal = hasTerminal ? longForm : it.skip;

/** A command in a terminal of its own. */
function terminal(command: string, more: Record<string, string> = {}): Terminal {
  const opened = openTerminal(command, environment(more));
  children.push(opened.window);
  return opened;
}

describe('in a terminal (skipped without script of util-linux)', () => {
  longInTerminal('the log is in words and colours, and the making of the demo is counted', async () => {
    const { ended, shown, shows, type } = terminal('serve', serve(0));
    await shows(/Health/);
    const url = /GraphQL +(http:\S+)\/graphql/.exec(shown())?.[1];
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    await shows(/request|health\/live/);
    type('\u0003');
    expect(await ended).toBe(0);
    expect(shown()).toMatch(/demo turns \d+ of \d+/);
    expect(shown()).toContain('\u001b[32minfo \u001b[39m The embedded database is ready');
    expect(shown()).toMatch(/GET \/health\/live 200 \d+(\.\d)? ms/);
    expect(shown()).not.toContain('{"level"');
  });

  longInTerminal('NO_COLOR leaves the colours out', async () => {
    const { ended, shown, shows, type } = terminal('serve --no-demo', serve(0, { NO_COLOR: '1' }));
    await shows(/Health/);
    type('\u0003');
    expect(await ended).toBe(0);
    expect(shown()).toMatch(/^\d\d:\d\d:\d\d info {2}The embedded database is ready/m);
    expect(shown()).not.toContain('\u001b[');
  });

  longInTerminal('a server whose terminal is lost stops with its database', async () => {
    const port = await freePort();
    const { window } = terminal('serve --no-demo', serve(port));
    const database = await servesOn(port);
    window.kill('SIGKILL');
    await expectAllGone(database);
    await until(async () => !(await isReady(port)), 'the end of the server', LONG_MS);
  });

  longInTerminal('Ctrl-C, twice, stops the server with its database', async () => {
    const port = await freePort();
    const { ended, type } = terminal('serve --no-demo', serve(port));
    const database = await servesOn(port);
    type('\u0003\u0003');
    expect(await ended).toBe(0);
    await expectAllGone(database);
  });

  describe('a command that waits for an answer', () => {
    beforeEach(() => {
      const shop = ['--id', 'shop', '--name', 'Shop', '--time-zone', 'UTC', '--currency', 'EUR'];
      const options = { env: environment(), cwd: tmpdir() };
      expect(spawnSync(process.execPath, [MAIN, 'workspace', 'create', ...shop], options).status).toBe(0);
    });

    inTerminal.each([
      ['Ctrl-C', '\u0003', 130],
      ['Ctrl-D', '\u0004', 2],
    ])('ends by %s, and so does its database', async (_, key, code) => {
      const { ended, type, shows } = terminal('workspace delete shop');
      await shows(/Type the name/);
      const database = await runningPostmaster();
      type(key);
      expect(await ended).toBe(code);
      await expectAllGone(database);
    });

    longInTerminal('ends when its terminal is lost, and so does its database', async () => {
      const { window, shows } = terminal('workspace delete shop');
      await shows(/Type the name/);
      const database = await runningPostmaster();
      window.kill('SIGKILL');
      await expectAllGone(database);
    });
  });
});

it('a command whose reader ends early ends too, without a stack, and stops its database', async () => {
  await folder.remove();
  folder = await aMadeFolder('demo');
  const line = `{ "$0" "$1" export --workspace workspace-123; echo "ended $?" >&2; } | head -n 1`;
  const ran = spawnSync('sh', ['-c', line, process.execPath, MAIN], {
    env: environment(),
    cwd: tmpdir(),
    encoding: 'utf8',
  });
  expect(ran.stderr).toMatch(/^Standard output was closed before [^\n]*\nended 1\n$/);
  expect(postmaster()).toBeUndefined();
});
