import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { PoolClient } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { createDataSource } from '../database/data-source';
import { migrate } from '../database/migrate';
import { copyTarget, filling, findTables, inSnapshot } from '../database/tables';
import { at, type Cli, type CommandContext, EXIT } from './cli';
import { example, toType } from './how-to-run';

export const moveCommand = (cli: Cli): Command =>
  cli
    .command('move', 'copy everything into an empty PostgreSQL, such as from the embedded one to your own')
    .requiredOption('--to <url>', 'the database to fill: postgres://user:password@host:5432/database')
    .addHelpText(
      'after',
      `\nStop the server first: what it saves meanwhile is not copied.\n${example('move --to postgres://centesimo:secret@127.0.0.1:5432/centesimo')}`,
    )
    .action((options: { to: string }) => cli.run((context) => move(context, options.to)));

async function move({ database, output }: CommandContext, url: string): Promise<void> {
  const target = createDataSource({ url, poolSize: 2, applicationName: 'centesimo move' });
  await target.initialize().catch((error: unknown) => {
    throw at(url, error);
  });
  const source = database.dataSource.createQueryRunner();
  const sink = target.createQueryRunner();
  try {
    await migrate(target);
    const from: PoolClient = await source.connect();
    const into: PoolClient = await sink.connect();
    const rows = await copyAll(from, into, (table, count) => output.say(`${table.padEnd(18)} ${count}`));
    output.result(
      { rows },
      `Everything is copied. Set DATABASE_URL, start the server, and run: ${toType('verify')}`,
    );
  } catch (error) {
    process.exitCode = EXIT.failed;
    throw error;
  } finally {
    await source.release();
    await sink.release();
    await target.destroy();
  }
}

/** Copies one snapshot of the source in one transaction of the target. */
const copyAll = (
  from: PoolClient,
  into: PoolClient,
  copied: (table: string, rows: number) => void,
): Promise<Record<string, number>> =>
  inSnapshot(from, () =>
    filling(into, 'The database at --to', async () => {
      const rows: Record<string, number> = {};
      const tables = await findTables(from);
      for (const table of tables.names) {
        const target = copyTarget(tables, table);
        const write = into.query(copyFrom(`COPY ${target} FROM STDIN`));
        await pipeline(from.query(copyTo(`COPY ${target} TO STDOUT`)), write);
        rows[table] = write.rowCount;
        copied(table, write.rowCount);
      }
      return rows;
    }),
  );
