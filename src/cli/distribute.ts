import type { Command } from 'commander';
import { findSizes } from '../database/citus';
import { distributeUsed } from '../database/migrate';
import type { Cli } from './cli';
import { confirm } from './confirm';
import { example } from './how-to-run';

export const distributeCommand = (cli: Cli): Command =>
  cli
    .command('distribute', 'spread a database that has data over the nodes of Citus')
    .option('--yes', "don't ask")
    .addHelpText(
      'after',
      `\nStop the servers first: nothing is saved while the tables are copied. See docs/scale.md.\n${example('distribute')}`,
    )
    .action(({ yes }: { yes?: boolean }) =>
      cli.run(async ({ database, output }) => {
        const { bytes, tables } = await findSizes(database.dataSource);
        await confirm(
          `${tables} tables, ${formatMegabytes(bytes)}, are copied to the nodes. Nothing is saved meanwhile, and there is no way back but a backup.`,
          yes,
        );
        const steps = await distributeUsed(database.dataSource, (table, done, of) =>
          output.say(`${done + 1} of ${of}: ${table}`),
        );
        output.table(
          steps,
          steps.map(({ name }) => ({ TABLE: name })),
          'Every table is where it belongs already.',
        );
      }),
    );

const MEGABYTE = 1_000_000n;
const formatMegabytes = (bytes: bigint): string => `${bytes / MEGABYTE} MB`;
