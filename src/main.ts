#!/usr/bin/env node
// argv -> command -> exit code.
import './cli/environment';
import 'reflect-metadata';
import { Command, CommanderError } from 'commander';
import { auditCommand } from './cli/audit';
import { backupCommand, restoreCommand } from './cli/backup';
import { chargeCommand } from './cli/charge';
import { Cli, EXIT, explain } from './cli/cli';
import { configCommand } from './cli/config';
import { customerCommand } from './cli/customer';
import { demoCommand } from './cli/demo';
import { isEnding } from './cli/ending';
import { exportCommand } from './cli/export';
import { migrateCommand } from './cli/migrate';
import { moveCommand } from './cli/move';
import { priceCommand } from './cli/price';
import { reconcileCommand } from './cli/reconcile';
import { reportCommand } from './cli/report';
import { serveCommand } from './cli/serve';
import { print, tell } from './cli/streams';
import { tokenCommand } from './cli/token';
import { rebuildCommand, verifyCommand } from './cli/verify';
import { version } from './cli/version';
import { workspaceCommand } from './cli/workspace';

async function main(): Promise<void> {
  const cli = new Cli();
  const program = new Command('centesimo')
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: tell })
    .version(version(), '--version', 'print the version')
    .description('Usage metering for WhatsApp chatbots')
    .addCommand(serveCommand(cli))
    .addCommand(migrateCommand(cli))
    .addCommand(workspaceCommand(cli))
    .addCommand(customerCommand(cli))
    .addCommand(tokenCommand(cli))
    .addCommand(priceCommand(cli))
    .addCommand(chargeCommand(cli))
    .addCommand(reportCommand(cli))
    .addCommand(exportCommand(cli))
    .addCommand(reconcileCommand(cli))
    .addCommand(verifyCommand(cli))
    .addCommand(rebuildCommand(cli))
    .addCommand(backupCommand(cli))
    .addCommand(restoreCommand(cli))
    .addCommand(moveCommand(cli))
    .addCommand(auditCommand(cli))
    .addCommand(demoCommand(cli))
    .addCommand(configCommand(cli));
  try {
    await program.parseAsync();
  } catch (error) {
    if (isEnding()) return;
    process.exitCode =
      error instanceof CommanderError ? (error.exitCode === 0 ? 0 : EXIT.badCall) : explain(error);
  }
}

void main();
