import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { PoolClient } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { createDataSource } from '../database/data-source';
import { migrate } from '../database/migrate';
import { badInput } from '../errors';
import { at, type Cli, type CommandContext, EXIT } from './cli';

/** Every table, those that others point at first. */
const TABLES = [
  'workspaces',
  'prices',
  'customers',
  'messages',
  'charges',
  'tokens',
  'token_workspaces',
  'audit_entries',
  'usage_slots',
  'customer_days',
  'customer_months',
  'zone_stamps',
] as const;

const IDENTITIES = ['prices', 'audit_entries'] as const;

export const moveCommand = (cli: Cli): Command =>
  cli
    .command('move', 'copy everything into an empty PostgreSQL, such as from the embedded one to your own')
    .requiredOption('--to <url>', 'the database to fill: postgres://user:password@host:5432/database')
    .addHelpText(
      'after',
      '\nStop the server first: what it saves meanwhile is not copied.\n\nExample:\n  centesimo move --to postgres://centesimo:secret@127.0.0.1:5432/centesimo',
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
      'Everything is copied. Set DATABASE_URL, start the server, and run: centesimo verify',
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

/** One snapshot of the source into one transaction of the target: all of it or nothing. */
async function copyAll(
  from: PoolClient,
  into: PoolClient,
  copied: (table: string, rows: number) => void,
): Promise<Record<string, number>> {
  await from.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await from.query('SET LOCAL statement_timeout = 0');
  await into.query('BEGIN');
  const rows: Record<string, number> = {};
  try {
    await checkEmpty(into);
    for (const table of TABLES) {
      const write = into.query(copyFrom(`COPY ${table} FROM STDIN`));
      await pipeline(from.query(copyTo(`COPY ${table} TO STDOUT`)), write);
      rows[table] = write.rowCount;
      copied(table, write.rowCount);
    }
    for (const table of IDENTITIES) {
      await into.query(
        `SELECT setval(pg_get_serial_sequence('${table}', 'id'), greatest(1, (SELECT max(id) FROM ${table})))`,
      );
    }
    await into.query('COMMIT');
  } catch (error) {
    await into.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    await from.query('COMMIT').catch(() => undefined);
  }
  return rows;
}

async function checkEmpty(into: PoolClient): Promise<void> {
  const { rows } = await into.query<{ used: boolean }>('SELECT EXISTS (SELECT FROM workspaces) AS used');
  if (rows[0]?.used)
    throw badInput('The database at --to has workspaces already. Give an empty one; nothing was written.');
}
