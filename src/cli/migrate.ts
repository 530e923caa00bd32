import { Command } from 'commander';
import pino from 'pino';
import { migrate, migrateDown } from '../database/migrate';
import { openDatabase } from '../database/open';
import { type Cli, settings } from './cli';

/** The only command that doesn't want the database to be of this version already. */
export const migrateCommand = (cli: Cli): Command =>
  cli
    .command('migrate', 'bring the database to this version')
    .option('--down', 'take back the newest migration instead; what it added is lost')
    .addHelpText('after', '\nExample:\n  centesimo migrate')
    .action(async (options: { down?: boolean }) => {
      const surroundings = { clock: () => new Date(), logger: pino({ level: 'warn' }, pino.destination(2)) };
      const database = await openDatabase({ ...settings(), migrateAtStart: false }, 'command', surroundings);
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
