// Rows about filling in rows of an older version, beside saves: in a database of its own, which is dropped at the end.
import { Client } from 'pg';
import pino from 'pino';
import { DataSource } from 'typeorm';
import { createServices } from '../src/app';
import { loadConfig } from '../src/config';
import { createDataSource } from '../src/database/data-source';
import { openDatabase } from '../src/database/open';
import { Core1700000000001 } from '../src/migrations/1700000000001-core';
import { RollUps1700000000002 } from '../src/migrations/1700000000002-roll-ups';
import { ZoneStamps1700000000003 } from '../src/migrations/1700000000003-zone-stamps';
import { type Measured, run, spread } from './client';
import { addCustomers, SAVING_CUSTOMERS, type Say, ZONE } from './data-set';
import { checkSave, saves } from './operations';
import { startServer } from './processes';
import { ms, range, rate, times } from './results';
import type { Bench } from './writes';

const DATABASE = 'bench_filling';
const SHOP = 'bench-filling';
const CALLERS = 64;
/** Turns of the version before, each with its charge. */
const ROWS = 250_000;
const CHUNK = 50_000;
/** A server that never looks, and one that looks at once. */
const NEVER = { RECONCILE_INTERVAL_MS: '86400000' };
const SOON = { RECONCILE_INTERVAL_MS: '1000' };
const TABLES = { charges: 'month IS NULL', messages: 'key_digest IS NULL' } as const;

export async function measureFilling(bench: Bench): Promise<void> {
  const url = new URL(bench.databaseUrl);
  url.pathname = `/${DATABASE}`;
  await bench.client.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
  await bench.client.query(`CREATE DATABASE ${DATABASE}`);
  try {
    await inDatabase(bench, url.toString());
  } finally {
    await bench.client.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
  }
}

async function inDatabase({ options, results, say }: Bench, databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl, options: '-c timezone=UTC' });
  await client.connect();
  try {
    await makeOlder(client, databaseUrl, say);
    const token = await aToken(databaseUrl);
    await client.query('VACUUM (ANALYZE)');
    // The rest is found in the small partial index, not in the whole table.
    await client.query('SET enable_seqscan = off');
    const stretch = (address: string): Promise<Measured> =>
      run({
        ...{ urls: [address], token, callers: CALLERS, seconds: options.seconds },
        ...{ body: saves([SHOP]), check: checkSave },
      });
    const alone = await beside(databaseUrl, NEVER, async (address) => {
      const measured = [];
      for (let round = 0; round < options.rounds; round += 1) measured.push(await stretch(address));
      return measured;
    });
    for (const [table, missing] of Object.entries(TABLES)) {
      const left = () => hasRow(client, table, missing);
      if (!(await left())) throw new Error(`No row of ${table} is to be filled.`);
    }
    const meanwhile: Measured[] = [];
    const took: Record<string, number> = {};
    await beside(databaseUrl, SOON, async (address) => {
      for (const [table, missing] of Object.entries(TABLES)) {
        const begun = performance.now();
        let open = true;
        const watching = (async () => {
          while (await hasRow(client, table, missing))
            await new Promise((resolve) => setTimeout(resolve, 500));
          open = false;
          took[table] = performance.now() - begun;
        })();
        while (open) {
          const measured = await stretch(address);
          if (open) meanwhile.push(measured);
        }
        await watching;
        say(`filled ${table} in ${ms(took[table] ?? 0)}`);
      }
    });
    const [before, during] = [alone, meanwhile].map((all) => ({
      rate: spread(all.map((measured) => measured.rate)),
      p99: spread(all.map(({ p99 }) => p99)),
    }));
    if (!before || !during) return;
    for (const [table, filledMs] of Object.entries(took)) {
      results.add({
        what: `filling ${ROWS.toLocaleString('en')} ${table} beside ${CALLERS} callers who save`,
        measured: `${(filledMs / 1_000).toFixed(0)} s, ${rate(ROWS / (filledMs / 1_000))}`,
        target: 'printed',
        met: null,
        values: { filledMs },
      });
    }
    results.add({
      what: 'saves beside it, against saves alone',
      measured: `${times(during.rate.median / before.rate.median)}: ${range(during.rate, rate)} to ${range(before.rate, rate)}; p99 ${range(during.p99, ms)} to ${range(before.p99, ms)}`,
      target: 'printed',
      met: null,
      values: { during: during.rate, before: before.rate, p99During: during.p99, p99Before: before.p99 },
    });
  } finally {
    await client.end();
  }
}

/** Turns and charges as the version before stored them; no server of this version has looked at them yet. */
async function makeOlder(client: Client, databaseUrl: string, say: Say): Promise<void> {
  const older = new DataSource({
    ...createDataSource({ url: databaseUrl, poolSize: 2 }).options,
    migrations: [Core1700000000001, RollUps1700000000002, ZoneStamps1700000000003],
  });
  await older.initialize();
  await older.runMigrations({ transaction: 'each' });
  await older.destroy();
  await client.query(
    `INSERT INTO workspaces (id, name, time_zone, currency, created_at) VALUES ($1, $1, $2, 'EUR', '2021-01-01Z')`,
    [SHOP, ZONE],
  );
  await client.query(
    `INSERT INTO prices (workspace_id, starts_at, amount_micros, recorded_at) VALUES ($1, '-infinity', 5000, now())`,
    [SHOP],
  );
  await addCustomers(client, SHOP, SAVING_CUSTOMERS);
  await client.query('SET session_replication_role = replica');
  await client.query('SET synchronous_commit = off');
  for (let first = 0; first < ROWS; first += CHUNK) {
    const last = Math.min(first + CHUNK, ROWS) - 1;
    await client.query(
      `WITH turns AS MATERIALIZED (
         SELECT n, lpad(to_hex(n), 8, '0') || '-0000-7000-8000-00000000000' AS head, c.id AS customer_id, c.phone_number,
           '2021-01-01Z'::timestamptz + n::float8 / $4 * interval '1800 days' AS at
         FROM generate_series($2::int, $3::int) n
         JOIN customers c ON c.workspace_id = $1 AND c.phone_number = '+39333' || lpad((n % ${SAVING_CUSTOMERS} + 1)::text, 7, '0')
       ), saved AS (
         INSERT INTO messages (workspace_id, id, idempotency_key, customer_id, phone_number, message, response, outcome,
           occurred_at, saved_at)
         SELECT $1, (t.head || '1')::uuid, 'wamid.HBgMMzkzMzMxMjM0NTY3FQIAEhggRDBEQ' || t.n, t.customer_id, t.phone_number,
           'Buongiorno, vorrei sapere se avete ancora posto per la sera di ' || t.n, 'Certo! Per quante persone? ' || t.n,
           'TRACKED', t.at, t.at FROM turns t
       )
       INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at)
       SELECT $1, (t.head || '2')::uuid, (t.head || '1')::uuid, t.customer_id, 5000, t.at, t.at FROM turns t`,
      [SHOP, first, last, ROWS],
    );
    say(`${last + 1} of ${ROWS} turns of the version before`);
  }
}

/** Migrates on its way. */
async function aToken(databaseUrl: string): Promise<string> {
  const config = { ...loadConfig({}), databaseUrl };
  const surroundings = { clock: () => new Date(), logger: pino({ level: 'warn' }) };
  const database = await openDatabase(config, 'server', surroundings);
  const services = createServices(database, config, surroundings);
  try {
    const input = { kind: 'service', name: 'bench', workspaceIds: [SHOP] };
    return (await services.tokens.create(input, { name: 'bench' })).token;
  } finally {
    await services.drain();
    await services.tokens.close();
    await database.close();
  }
}

async function beside<T>(
  databaseUrl: string,
  more: Record<string, string>,
  work: (address: string) => Promise<T>,
): Promise<T> {
  const server = await startServer({ DATABASE_URL: databaseUrl, ...more });
  try {
    return await work(server.url);
  } finally {
    await server.stop();
  }
}

async function hasRow(client: Client, table: string, condition: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    `SELECT EXISTS (SELECT FROM ${table} WHERE ${condition}) AS found`,
  );
  return rows[0]?.found === true;
}
