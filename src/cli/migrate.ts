import { Command } from 'commander';
import { contract, migrate, migrateDown } from '../database/migrate';
import { badInput } from '../errors';
import { type Cli, commandLogger, openForCommand, settings } from './cli';
import { example } from './how-to-run';

/** The only command that does not need the database to have this version. */
export const migrateCommand = (cli: Cli): Command =>
  cli
    .command('migrate', 'bring the database to this version')
    .option('--create', 'make the embedded database when there is none')
    .option('--down', 'take back the newest migration instead; what it added is lost')
    .option('--contract', 'take away what only older servers needed: none may run any more')
    .addHelpText('after', example('migrate'))
    .action(async (options: { create?: boolean; down?: boolean; contract?: boolean }) => {
      if (options.down && options.contract) throw badInput('Give --down or --contract, not both.');
      const config = settings();
      const database = await openForCommand(config, commandLogger(config), {
        ...{ create: options.create === true, asItIs: true },
      });
      try {
        const [work, nothing] = options.down
          ? [migrateDown, 'There is nothing to take back.']
          : options.contract
            ? [contract, 'There is nothing to take away.']
            : [migrate, 'The database is of this version already.'];
        const steps = await work(database.dataSource);
        cli.output.table(
          steps,
          steps.map((step) => ({ MIGRATION: step.name, DIRECTION: step.direction })),
          nothing,
        );
      } finally {
        await database.close();
      }
    });
