// Runs the command of argv and sets the exit code. The default command is serve.
import './environment';
import 'reflect-metadata';
import { CommanderError } from 'commander';
import { Cli, EXIT, explain } from './cli';
import { isEnding } from './ending';
import { createProgram } from './program';

export { loadServer } from '../http/load-server';

export async function main(): Promise<void> {
  const [, , ...words] = process.argv;
  try {
    await createProgram(new Cli()).parseAsync(words.length === 0 ? ['serve'] : words, { from: 'user' });
  } catch (error) {
    if (isEnding()) return;
    process.exitCode =
      error instanceof CommanderError ? (error.exitCode === 0 ? 0 : EXIT.badCall) : explain(error);
  }
}
