// Migrations and the schema that they make.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../src/database/data-source';
import { migrate, migrateDown, pendingMigrations } from '../src/database/migrate';
import { createDatabase, type TestDatabase } from './support/database';
import { describeSchema } from './support/describe-schema';

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase({ empty: true });
});
afterEach(() => database.drop());

async function connected<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> {
  const dataSource = createDataSource({ url: database.url, poolSize: 4, connectTimeoutMs: 20_000 });
  await dataSource.initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

const tables = async () =>
  (
    await database.sql<{ name: string }>(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    )
  ).map(({ name }) => name);

it('go up, down to nothing, and up again to the same schema', async () => {
  await connected(async (dataSource) => {
    await migrate(dataSource);
    const first = await describeSchema(database);
    while ((await migrateDown(dataSource)).length > 0);
    expect(await tables()).toEqual(['migrations']);
    await migrate(dataSource);
    expect(await describeSchema(database)).toBe(first);
    expect(await pendingMigrations(dataSource)).toEqual([]);
  });
});

it('are run once when 20 servers start at the same moment', async () => {
  const ran = await Promise.all(
    Array.from({ length: 20 }, () => connected((dataSource) => migrate(dataSource))),
  );
  expect(ran.filter((steps) => steps.length > 0)).toHaveLength(1);
});

it('make the schema that is kept in test/schema.txt, so that a change is seen in review', async () => {
  await connected((dataSource) => migrate(dataSource));
  const file = join(__dirname, 'schema.txt');
  const made = await describeSchema(database);
  if (process.env.UPDATE_SCHEMA) writeFileSync(file, made);
  expect(made).toBe(readFileSync(file, 'utf8'));
});

describe('the catalogue', () => {
  const GLOBAL = ['workspaces', 'tokens', 'audit_entries', 'migrations'];
  beforeEach(() => connected((dataSource) => migrate(dataSource)));

  it('has no timestamp without a zone and no float', async () => {
    const columns = await database.sql(
      `SELECT table_name, column_name, data_type FROM information_schema.columns
       WHERE table_schema = 'public' AND table_name <> 'migrations'
         AND data_type IN ('timestamp without time zone', 'real', 'double precision', 'money', 'numeric')`,
    );
    expect(columns).toEqual([]);
  });

  it('keeps every amount in bigint micro-units', async () => {
    const columns = await database.sql<{ data_type: string }>(
      `SELECT DISTINCT data_type FROM information_schema.columns WHERE table_schema = 'public' AND column_name LIKE '%_micros'`,
    );
    expect(columns).toEqual([{ data_type: 'bigint' }]);
  });

  it("starts every tenant table's primary key, unique index and foreign key with workspace_id", async () => {
    const keys = await database.sql<{ table: string; name: string; first: string }>(
      `SELECT c.conrelid::regclass::text AS table, c.conname AS name, a.attname AS first
       FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
       WHERE c.contype IN ('p', 'u', 'f') AND c.connamespace = 'public'::regnamespace
       UNION ALL
       SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, a.attname
       FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
       WHERE i.indisunique AND i.indrelid::regclass::text !~ '^pg_|information_schema'`,
    );
    const strays = keys.filter(
      ({ table, first, name }) =>
        !GLOBAL.includes(table) && first !== 'workspace_id' && name !== 'token_workspaces_token_fkey',
    );
    expect(strays).toEqual([]);
    expect(keys.length).toBeGreaterThan(15);
  });

  it('has an index for every foreign key', async () => {
    const unindexed = await database.sql(
      `SELECT c.conname FROM pg_constraint c
       WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND NOT EXISTS (
         SELECT FROM pg_index i WHERE i.indrelid = c.conrelid
           AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
           AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] <@ c.conkey)`,
    );
    expect(unindexed).toEqual([]);
  });

  it.each(['charges', 'prices', 'audit_entries'])('refuses to change or delete rows of %s', async (table) => {
    await database.sql(
      `INSERT INTO workspaces (id, name, time_zone, currency, created_at) VALUES ('w', 'w', 'UTC', 'EUR', now())`,
    );
    await database.sql(
      `INSERT INTO prices (workspace_id, starts_at, amount_micros, recorded_at) VALUES ('w', now(), 1, now())`,
    );
    await database.sql(
      `INSERT INTO audit_entries (at, actor, action, subject) VALUES (now(), 'a', 'a', 'a')`,
    );
    await database.sql(`INSERT INTO customers (workspace_id, id, name, phone_number, active_chatbot, created_at, updated_at)
      VALUES ('w', '00000000-0000-7000-8000-000000000001', 'c', '+39333', true, now(), now())`);
    await database.sql(`INSERT INTO messages (workspace_id, id, idempotency_key, phone_number, message, outcome, occurred_at, saved_at)
      VALUES ('w', '00000000-0000-7000-8000-000000000002', 'k', '+39333', '', 'TRACKED', now(), now())`);
    await database.sql(`INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at)
      SELECT workspace_id, '00000000-0000-7000-8000-000000000003', id, '00000000-0000-7000-8000-000000000001', 5, now(), now() FROM messages`);
    const column = table === 'audit_entries' ? 'actor' : 'workspace_id';
    await expect(database.sql(`UPDATE ${table} SET ${column} = 'x'`)).rejects.toThrow(/never changed/);
    await expect(database.sql(`DELETE FROM ${table}`)).rejects.toThrow(/never changed/);
    await expect(database.sql(`TRUNCATE ${table} CASCADE`)).rejects.toThrow(/never changed/);
  });
});
