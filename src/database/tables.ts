// What a whole copy of the database consists of, as the database itself says it: no table can be forgotten.
import type { ClientBase } from 'pg';
import { badInput } from '../errors';
import type { Contraction } from '../migrations/contraction';
import { CONTRACTIONS } from './data-source';
import { NO_TIME_LIMIT } from './sql';

export interface Tables {
  /** All tables but the list of migrations. A table comes after those that it refers to. */
  names: string[];
  /**
   * The columns of each table, without those that `migrate --contract` removes: an empty database doesn't have them.
   */
  columns: ReadonlyMap<string, readonly string[]>;
  /** The tables whose ids count up. */
  identities: { table: string; column: string }[];
}

const LIST_OF_MIGRATIONS = 'migrations';

export async function findTables(client: ClientBase): Promise<Tables> {
  const { rows } = await client.query<{ name: string; needs: string[]; columns: string[] }>(
    `SELECT c.relname AS name,
            ARRAY(SELECT a.attname::text FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                    AND c.relname || '.' || a.attname <> ALL ($1::text[])
                  ORDER BY a.attnum) AS columns,
            ARRAY(SELECT DISTINCT r.relname::text FROM pg_constraint k JOIN pg_class r ON r.oid = k.confrelid
                  WHERE k.conrelid = c.oid AND k.contype = 'f' AND r.oid <> c.oid) AS needs
     FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     ORDER BY c.relname`,
    [CONTRACTIONS.flatMap(({ drops }) => drops)],
  );
  const identities = await client.query<{ table: string; column: string }>(
    `SELECT c.relname AS table, a.attname AS column
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND a.attidentity <> '' ORDER BY 1, 2`,
  );
  const names = inOrder(rows.filter(({ name }) => name !== LIST_OF_MIGRATIONS));
  const columns = new Map(rows.map((row) => [row.name, row.columns]));
  return { names, columns, identities: identities.rows };
}

/** A table as COPY names it, with its columns. Throws when the table has not all of them: they become SQL. */
export function copyTarget({ columns }: Tables, table: string, wanted = columns.get(table) ?? []): string {
  if (!wanted.every((name) => columns.get(table)?.includes(name)))
    throw badInput(`The table ${table} has other columns than this version. Nothing was written.`);
  return `${table} (${wanted.map((name) => `"${name}"`).join(', ')})`;
}

function inOrder(tables: readonly { name: string; needs: readonly string[] }[]): string[] {
  const done = new Set<string>();
  while (done.size < tables.length) {
    const next = tables.filter(({ name, needs }) => !done.has(name) && needs.every((need) => done.has(need)));
    if (next.length === 0) throw new Error('The tables refer to each other in a circle.');
    for (const { name } of next) done.add(name);
  }
  return [...done];
}

/** The migrations that made the database, oldest first. */
export async function migrationsOf(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${LIST_OF_MIGRATIONS} ORDER BY id`);
  return rows.map(({ name }) => name);
}

/**
 * Everything that is read in `work` is of one instant. Throws BAD_USER_INPUT while rows of an older version are being
 * filled: an empty database, which is contracted, takes none that lacks something.
 */
export async function inSnapshot<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    await client.query(NO_TIME_LIMIT);
    for (const { unfilled } of CONTRACTIONS) await checkFilled(client, unfilled);
    return await work();
  } finally {
    await client.query('COMMIT').catch(() => undefined);
  }
}

async function checkFilled(client: ClientBase, { table, missing }: Contraction['unfilled']): Promise<void> {
  const { rows } = await client.query<{ unfilled: boolean }>(
    `SELECT EXISTS (SELECT FROM ${table} WHERE ${missing}) AS unfilled`,
  );
  if (rows[0]?.unfilled) {
    throw badInput(
      `Rows of ${table} of an older version are still being filled in by a running server; centesimo_unfilled_rows and its log show the progress. Try again when it is done; nothing was copied.`,
    );
  }
}

/** Fills an empty database: all of it or nothing. Throws BAD_USER_INPUT when it has workspaces. */
export async function filling<T>(client: ClientBase, what: string, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    await client.query(NO_TIME_LIMIT);
    const { rows } = await client.query<{ used: boolean }>('SELECT EXISTS (SELECT FROM workspaces) AS used');
    if (rows[0]?.used)
      throw badInput(`${what} has workspaces already. Give an empty one; nothing was written.`);
    const done = await work();
    for (const { table, column } of (await findTables(client)).identities) {
      await client.query(
        `SELECT setval(pg_get_serial_sequence('${table}', '${column}'), greatest(1, (SELECT max(${column}) FROM ${table})))`,
      );
    }
    await client.query('COMMIT');
    return done;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
