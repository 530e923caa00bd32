#!/usr/bin/env node
// argv -> command -> exit code.
import 'reflect-metadata';
import { Command, CommanderError } from 'commander';
import { Cli, EXIT, explain } from './cli/cli';
import { customerCommand } from './cli/customer';
import { migrateCommand } from './cli/migrate';
import { priceCommand } from './cli/price';
import { reconcileCommand } from './cli/reconcile';
import { serveCommand } from './cli/serve';
import { tokenCommand } from './cli/token';
import { workspaceCommand } from './cli/workspace';

async function main(): Promise<void> {
  const cli = new Cli();
  const program = new Command('centesimo')
    .description('Usage metering for WhatsApp chatbots')
    .addCommand(serveCommand(cli))
    .addCommand(migrateCommand(cli))
    .addCommand(workspaceCommand(cli))
    .addCommand(customerCommand(cli))
    .addCommand(tokenCommand(cli))
    .addCommand(priceCommand(cli))
    .addCommand(reconcileCommand(cli));
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? error.exitCode || EXIT.badCall : explain(error);
  }
}

void main();
