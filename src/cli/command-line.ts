// argv -> command -> exit code.
import './environment';
import 'reflect-metadata';
import { CommanderError } from 'commander';
import { Cli, EXIT, explain } from './cli';
import { isEnding } from './ending';
import { createProgram } from './program';

export { loadServer } from '../http/load-server';

export async function main(): Promise<void> {
  try {
    await createProgram(new Cli()).parseAsync();
  } catch (error) {
    if (isEnding()) return;
    process.exitCode =
      error instanceof CommanderError ? (error.exitCode === 0 ? 0 : EXIT.badCall) : explain(error);
  }
}
