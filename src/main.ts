#!/usr/bin/env node
// argv -> command -> exit code.
import './cli/environment';
import 'reflect-metadata';
import { CommanderError } from 'commander';
import { Cli, EXIT, explain } from './cli/cli';
import { isEnding } from './cli/ending';
import { createProgram } from './cli/program';

async function main(): Promise<void> {
  try {
    await createProgram(new Cli()).parseAsync();
  } catch (error) {
    if (isEnding()) return;
    process.exitCode =
      error instanceof CommanderError ? (error.exitCode === 0 ? 0 : EXIT.badCall) : explain(error);
  }
}

void main();
