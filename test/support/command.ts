// The product as a person runs it: a process with arguments and an environment.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(__dirname, '../../dist/src/main.js');

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

type Environment = Record<string, string>;

export function spawnMain(args: readonly string[], environment: Environment): ChildProcess {
  const { PATH = '', HOME = '/' } = process.env;
  // Neither this run's environment nor a .env file may decide what a test sees.
  return spawn(process.execPath, [MAIN, ...args], {
    cwd: tmpdir(),
    env: { PATH, HOME, TZ: 'Pacific/Apia', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs one command to its end. */
export function runCommand(args: readonly string[], environment: Environment = {}): Promise<Ran> {
  const child = spawnMain(args, environment);
  const ran: Ran = { code: null, stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    ran.stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    ran.stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...ran, code }));
  });
}

export interface RunningServer {
  url: string;
  metricsUrl: string | undefined;
  pid: number;
  /** All that it has printed. */
  output(): string;
  /** Ends it with a signal; answers with its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a server and waits until it says that it is ready. Fails with its output when it ends before. */
export function startServer(args: readonly string[], environment: Environment = {}): Promise<RunningServer> {
  const child = spawnMain(['serve', ...args], { PORT: '0', ...environment });
  let output = '';
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const line = /^\{.*"msg":"Centesimo is ready"\}$/m.exec(output)?.[0];
      if (!line) return;
      const ready: { url: string; metricsUrl?: string } = JSON.parse(line);
      resolve({
        url: ready.url,
        metricsUrl: ready.metricsUrl,
        pid: child.pid ?? 0,
        output: () => output,
        stop: (signal = 'SIGTERM') => {
          child.kill(signal);
          return ended;
        },
      });
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    void ended.then((code) => reject(new Error(`the server ended with ${code}\n${output}`)));
  });
}

/** A folder that the database's system user can enter; its name has a space. */
export async function aFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const parent = await mkdtemp(join(tmpdir(), 'centesimo test '));
  await chmod(parent, 0o755);
  return { path: join(parent, 'data'), remove: () => rm(parent, { recursive: true, force: true }) };
}
