// The product in a pseudo-terminal, by script of util-linux.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './embedded-process';

const MAIN = join(__dirname, '../../dist/src/main.js');

export const hasTerminal =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;

export interface Terminal {
  /** The program that is the terminal: killed, the terminal is lost. */
  window: ChildProcess;
  ended: Promise<number | null>;
  shown(): string;
  type(keys: string): void;
  /** Waits until something is shown; only a bound against hanging. */
  shows(text: RegExp, limitMs?: number): Promise<void>;
}

/** Runs a command of ours in a terminal of its own, without a shell between the two. */
export function openTerminal(command: string, environment: Record<string, string>): Terminal {
  const window = spawn(
    'script',
    ['-q', '-e', '-c', `exec "${process.execPath}" "${MAIN}" ${command}`, '/dev/null'],
    {
      cwd: tmpdir(),
      env: { TERM: 'xterm', SHELL: '/bin/sh', ...environment },
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  let shown = '';
  window.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  window.stdin.on('error', () => undefined);
  const ended = new Promise<number | null>((resolve) => window.once('close', (code) => resolve(code)));
  return {
    window,
    ended,
    shown: () => shown,
    type: (keys) => void window.stdin.write(keys),
    shows: (text, limitMs = 120_000) => until(() => text.test(shown), `${text} in the terminal`, limitMs),
  };
}
