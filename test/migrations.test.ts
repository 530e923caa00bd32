// Migrations and the schema that they make.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { DROPPED_ON_CITUS, placementOf } from '../src/database/citus';
import { createDataSource } from '../src/database/data-source';
import { migrate, migrateDown, pendingMigrations } from '../src/database/migrate';
import { TABLES_OF_UNUSED } from '../src/services/workspaces/workspace-service';
import { aCustomer, aTurn, aWorkspace, startApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { describeSchema } from './support/describe-schema';
import { until } from './support/embedded-process';
import { SAVE, type SaveData, TOTALS } from './support/operations';

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

it('run up, down to nothing, and up again to the same schema', async () => {
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

it("don't block others while a session keeps a table locked: they give up, wait, and try again", async () => {
  const holder = new Client({ connectionString: database.url });
  await holder.connect();
  try {
    await connected(async (dataSource) => {
      await migrate(dataSource);
      // The foreign keys of the newest need a lock on the workspaces.
      await migrateDown(dataSource);
      await holder.query('BEGIN');
      await holder.query('LOCK TABLE workspaces IN ROW EXCLUSIVE MODE');
      const migrating = migrate(dataSource);
      const waiting = () =>
        database.sql(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
      await until(async () => (await waiting()).length > 0, 'a migration that waits');
      // A writer waits behind the migration, but not for as long as the table stays locked.
      await database.sql("SET statement_timeout = '15s'; UPDATE workspaces SET name = name WHERE false");
      await holder.query('COMMIT');
      expect(await migrating).toHaveLength(1);
      expect(await pendingMigrations(dataSource)).toEqual([]);
    });
  } finally {
    await holder.end();
  }
});

it('of a newer version are left alone by an older one, which serves on the tables that they made', async () => {
  const shared = await createDatabase();
  await shared.sql(`
    ALTER TABLE messages ADD COLUMN channel text;
    ALTER TABLE charges ADD COLUMN note text DEFAULT 'none';
    CREATE TABLE future (workspace_id text NOT NULL REFERENCES workspaces (id));
    CREATE INDEX messages_of_tomorrow ON messages (workspace_id, channel);
    INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'Tomorrow9999999999999');`);
  const older = await startApp({ database: shared, config: { migrateAtStart: true } });
  try {
    expect(older.logs()).toContain('"newer":["Tomorrow9999999999999"]');
    expect((await older.api.get('/health/ready')).status).toBe(200);
    const shop = await aWorkspace(older);
    await aCustomer(older, shop, { phoneNumber: '+393331234567' });
    const input = aTurn(shop);
    const { saveMessage } = await older.api.as(shop.service).data<SaveData>(SAVE, { input });
    expect(saveMessage.message.tracking.outcome).toBe('TRACKED');
    const report = await older.api.as(shop.client).send(TOTALS, { workspaceId: shop.id });
    expect([report.status, report.body.errors]).toEqual([200, undefined]);
    await expect(migrateDown(older.database.dataSource)).rejects.toThrow('is of a newer version');
  } finally {
    await older.stop();
    await shared.drop();
  }
});

it('make the schema in test/schema.txt, so that a change is seen in review', async () => {
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

  it('has no table that is left out when an unused workspace is deleted', async () => {
    const tenants = await database.sql<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.columns
       WHERE table_schema = 'public' AND column_name = 'workspace_id' ORDER BY 1`,
    );
    // A workspace that has rows of these has turns, and is archived.
    const withTurns = [
      'messages',
      'charges',
      'usage_slots',
      'customer_days',
      'customer_months',
      'dimension_days',
      'cost_days',
      'customer_cost_days',
      'voids',
      'statement_lines',
    ];
    expect([...TABLES_OF_UNUSED, ...withTurns, 'audit_entries'].sort()).toEqual(
      tenants.map(({ name }) => name),
    );
  });

  it('has its place on Citus: what is unique or points elsewhere names the column by which a table is distributed', async () => {
    const keys = await database.sql<{
      table: string;
      name: string;
      columns: string[];
      other: string | null;
      others: string[];
    }>(
      `SELECT c.relname AS table, i.indexrelid::regclass::text AS name, NULL AS other, '{}'::text[] AS others,
         ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)) AS columns
       FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
       WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace
       UNION ALL
       SELECT c.relname, k.conname, r.relname,
         ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, n)
           JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = u.attnum ORDER BY u.n),
         ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, n)
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum ORDER BY u.n)
       FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
       WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace`,
    );
    const misplaced = keys.filter(({ table, name, columns, other, others }) => {
      const placement = placementOf(table);
      if (other === null) return placement.kind === 'distributed' && !columns.includes(placement.by);
      const target = placementOf(other);
      if (DROPPED_ON_CITUS.some(({ constraint }) => constraint === name)) return false;
      if (placement.kind !== 'distributed') return target.kind === 'distributed';
      if (target.kind !== 'distributed') return target.kind !== 'reference';
      // A row and what it points to lie on one node when the key compares the columns that both are distributed by.
      const at = columns.indexOf(placement.by);
      return at < 0 || at !== others.indexOf(target.by);
    });
    expect(misplaced).toEqual([]);
    expect(keys.length).toBeGreaterThan(60);
    const columns = await database.sql<{ table: string; column: string }>(
      "SELECT table_name AS table, column_name AS column FROM information_schema.columns WHERE table_schema = 'public'",
    );
    const homeless = (await tables()).filter((table) => {
      const placement = placementOf(table);
      return (
        placement.kind === 'distributed' &&
        !columns.some((one) => one.table === table && one.column === placement.by)
      );
    });
    expect(homeless).toEqual([]);
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
    await database.sql(`INSERT INTO messages (workspace_id, id, key_digest, phone_number, message, outcome, occurred_at, saved_at)
      VALUES ('w', '00000000-0000-7000-8000-000000000002', 'k'::bytea, '+39333', '', 'TRACKED', now(), now())`);
    await database.sql(`INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at, epoch, month)
      SELECT workspace_id, '00000000-0000-7000-8000-000000000003', id, '00000000-0000-7000-8000-000000000001', 5, now(), now(), 1, '2026-03-01' FROM messages`);
    const column = table === 'audit_entries' ? 'actor' : 'workspace_id';
    await expect(database.sql(`UPDATE ${table} SET ${column} = 'x'`)).rejects.toThrow(/never changed/);
    await expect(database.sql(`DELETE FROM ${table}`)).rejects.toThrow(/never changed/);
    await expect(database.sql(`TRUNCATE ${table} CASCADE`)).rejects.toThrow(/never changed/);
  });
});
