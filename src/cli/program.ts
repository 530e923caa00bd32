// All commands.
import { Command } from 'commander';
import { auditCommand } from './audit';
import { backupCommand, restoreCommand } from './backup';
import { budgetCommand } from './budget';
import { chargeCommand } from './charge';
import { type Cli } from './cli';
import { configCommand } from './config';
import { customerCommand } from './customer';
import { demoCommand } from './demo';
import { distributeCommand } from './distribute';
import { eventsCommand } from './events';
import { exportCommand } from './export';
import { howToRun } from './how-to-run';
import { migrateCommand } from './migrate';
import { modelPriceCommand } from './model-price';
import { moveCommand } from './move';
import { placementCommand } from './placement';
import { channelPriceCommand, priceCommand } from './price';
import { reconcileCommand } from './reconcile';
import { reportCommand } from './report';
import { serveCommand } from './serve';
import { statementCommand } from './statement';
import { print, tell } from './streams';
import { tokenCommand } from './token';
import { rebuildCommand, verifyCommand } from './verify';
import { version } from './version';
import { webhookCommand } from './webhook';
import { workspaceCommand } from './workspace';

export const createProgram = (cli: Cli): Command =>
  new Command(howToRun())
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: tell })
    .version(version(), '--version', 'print the version')
    .description('Usage metering for WhatsApp chatbots')
    .addCommand(serveCommand(cli))
    .addCommand(migrateCommand(cli))
    .addCommand(distributeCommand(cli))
    .addCommand(placementCommand(cli))
    .addCommand(workspaceCommand(cli))
    .addCommand(customerCommand(cli))
    .addCommand(tokenCommand(cli))
    .addCommand(priceCommand(cli))
    .addCommand(channelPriceCommand(cli))
    .addCommand(modelPriceCommand(cli))
    .addCommand(chargeCommand(cli))
    .addCommand(statementCommand(cli))
    .addCommand(budgetCommand(cli))
    .addCommand(eventsCommand(cli))
    .addCommand(webhookCommand(cli))
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
