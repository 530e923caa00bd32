// Child processes of a test: a server, a client. They can be killed, and are waited for.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const HOOK = join(__dirname, 'typescript-hook.cjs');

export interface ChildOptions {
  /** A TypeScript file. */
  script: string;
  args?: readonly string[];
  environment?: Record<string, string>;
}

/** A running script. All that it prints is kept, for the message of a failure. */
export class Child {
  private readonly child: ChildProcess;
  private printed = '';
  readonly ended: Promise<number | null>;
  private over = false;

  constructor({ script, args = [], environment = {} }: ChildOptions) {
    const { PATH = '', HOME = '/' } = process.env;
    this.child = spawn(process.execPath, ['-r', HOOK, script, ...args], {
      cwd: tmpdir(),
      env: { PATH, HOME, TZ: 'Pacific/Apia', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const read = (chunk: Buffer): void => {
      this.printed += chunk.toString();
    };
    this.child.stdout?.on('data', read);
    this.child.stderr?.on('data', read);
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code) => {
        this.over = true;
        resolve(code);
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get output(): string {
    return this.printed;
  }

  /** Waits until the text was printed; fails with all output when the process ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.printed);
      if (found) return found;
      if (this.over) throw new Error(`the process ended before it said ${pattern}\n${this.printed}`);
      await new Promise<void>((resolve) => {
        this.child.stdout?.once('data', () => resolve());
        void this.ended.then(() => resolve());
      });
    }
  }

  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }
}

/**
 * A port that is free now, for a server that must come back on the same one: below those that a system lends to outgoing
 * connections, or one of these could take it while the server is away.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    return port;
  }
}
