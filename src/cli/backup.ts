import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { DatabaseError, type PoolClient } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { copyTarget, filling, findTables, inSnapshot, migrationsOf, type Tables } from '../database/tables';
import { badInput } from '../errors';
import { listAllWorkspaces } from '../services/workspaces/workspaces';
import { formatInstant } from '../values/time';
import { BackupReader, writeBackup } from './backup-file';
import { type Cli, type CommandContext, EXIT } from './cli';
import { example } from './how-to-run';
import { conclusion, verifyOne } from './verify';

export const backupCommand = (cli: Cli): Command =>
  cli
    .command('backup', 'write everything into one file, of one instant; the server may go on')
    .argument('<file>', 'made for its owner alone; it is there only when it is whole')
    .addHelpText('after', example('backup centesimo.backup'))
    .action((file: string) => cli.run((context) => backUp(context, file)));

async function backUp({ database, services, output }: CommandContext, file: string): Promise<void> {
  const runner = database.dataSource.createQueryRunner();
  try {
    const client: PoolClient = await runner.connect();
    const rows = await inSnapshot(client, async () => {
      const head = { takenAt: formatInstant(services.clock()), migrations: await migrationsOf(client) };
      return writeBackup(file, head, copied(client, await findTables(client)));
    });
    output.result(
      { file, rows },
      `Wrote ${total(rows)} rows of ${Object.keys(rows).length} tables to ${file}.`,
    );
  } finally {
    await runner.release();
  }
}

async function* copied(client: PoolClient, tables: Tables) {
  for (const table of tables.names) {
    const rows = client.query(copyTo(`COPY ${copyTarget(tables, table)} TO STDOUT`));
    yield { table, columns: tables.columns.get(table) ?? [], rows, count: () => rows.rowCount };
  }
}

const total = (rows: Record<string, number>): number =>
  Object.values(rows).reduce((sum, count) => sum + count, 0);

export const restoreCommand = (cli: Cli): Command =>
  cli
    .command('restore', 'read a backup into an empty database, all of it or nothing, and verify it')
    .argument('<file>', 'what backup wrote')
    .addHelpText(
      'after',
      `\nWithout DATABASE_URL the embedded database is made when there is none.\n${example('restore centesimo.backup')}`,
    )
    .action((file: string) => cli.run((context) => restore(context, file), { create: true }));

async function restore(context: CommandContext, file: string): Promise<void> {
  const { database, services, sql, output } = context;
  const runner = database.dataSource.createQueryRunner();
  let rows: Record<string, number>;
  try {
    const client: PoolClient = await runner.connect();
    rows = await filling(client, 'This database', () => fill(client, file));
  } finally {
    await runner.release();
  }
  let differences = 0n;
  for (const workspace of await listAllWorkspaces(sql, services.clock()))
    differences += (await verifyOne(context, workspace)).differences;
  output.result(
    { file, rows, differences },
    `Restored ${total(rows)} rows of ${Object.keys(rows).length} tables. ${conclusion(differences)}`,
  );
  if (differences > 0n) process.exitCode = EXIT.failed;
}

async function fill(client: PoolClient, file: string): Promise<Record<string, number>> {
  const reader = new BackupReader(file);
  checkVersion(await migrationsOf(client), (await reader.head()).migrations);
  const tables = await findTables(client);
  const { names } = tables;
  const rows: Record<string, number> = {};
  for await (const { table, columns, rows: copied } of reader.tables()) {
    // A name from the file becomes SQL, so only a name that the database has is accepted.
    if (!names.includes(table))
      throw badInput(`The backup has a table ${JSON.stringify(table)}, which this version doesn't know.`);
    const write = client.query(copyFrom(`COPY ${copyTarget(tables, table, columns)} FROM STDIN`));
    try {
      await pipeline(copied, write);
    } catch (error) {
      throw isOfRows(error) ? notWhole(file) : error;
    }
    rows[table] = write.rowCount;
  }
  const isWhole = names.every((name) => rows[name] !== undefined && rows[name] === reader.counted[name]);
  if (!isWhole) throw notWhole(file);
  return rows;
}

const notWhole = (file: string): Error =>
  badInput(`${file} doesn't have as many rows as its last line says. Nothing was written.`);

/** True when PostgreSQL refused the rows themselves: SQLSTATE classes 22 (data) and 23 (constraints). */
const isOfRows = (error: unknown): boolean =>
  error instanceof DatabaseError && /^2[23]/.test(error.code ?? '');

function checkVersion(ours: readonly string[], theirs: readonly string[]): void {
  if (ours.join() === theirs.join()) return;
  throw badInput(
    `The backup is of another version (its newest migration is ${theirs.at(-1)}, this database's is ${ours.at(-1)}). Restore it with the version that made it, then upgrade. Nothing was written.`,
  );
}
