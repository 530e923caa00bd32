import { Command } from 'commander';
import { migrate, migrateDown } from '../database/migrate';
import { type Cli, commandLogger, openForCommand, settings } from './cli';

/** The only command that doesn't want the database to be of this version already. */
export const migrateCommand = (cli: Cli): Command =>
  cli
    .command('migrate', 'bring the database to this version')
    .option('--create', 'make the embedded database when there is none')
    .option('--down', 'take back the newest migration instead; what it added is lost')
    .addHelpText('after', '\nExample:\n  centesimo migrate')
    .action(async (options: { create?: boolean; down?: boolean }) => {
      const config = { ...settings(), migrateAtStart: false };
      const database = await openForCommand(config, commandLogger(config), {
        create: options.create === true,
      });
      try {
        const steps = options.down
          ? await migrateDown(database.dataSource)
          : await migrate(database.dataSource);
        cli.output.table(
          steps,
          steps.map((step) => ({ MIGRATION: step.name, DIRECTION: step.direction })),
          options.down ? 'There is nothing to take back.' : 'The database is of this version already.',
        );
      } finally {
        await database.close();
      }
    });
