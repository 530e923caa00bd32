// The data set: five years of charges, made by the database itself, the same for the same seed and size.
import type { Client } from 'pg';
import type { Services } from '../src/app';
import type { Database } from '../src/database/database';
import { inTransaction } from '../src/database/transaction';
import { rebuildWorkspace } from '../src/services/upkeep/rebuild';
import { getWorkspace } from '../src/services/workspaces/workspaces';

export const LARGE = 'bench-large';
export const SMALL = 'bench-small';
/** The workspaces that turns are saved to: one, or many. */
export const ONE = 'bench-one';
export const MANY = Array.from({ length: 50 }, (_, index) => `bench-many-${index + 1}`);
export const ZONE = 'Europe/Rome';
export const CUSTOMERS = 2_000;
/** Registered customers of each workspace that is saved to. */
export const SAVING_CUSTOMERS = 200;
export const FROM = '2021-01-01T00:00:00Z';
const SPAN_DAYS = 1_826;
const PRICE_MICROS = 5_000;
const CHUNK = 250_000;
/** One turn in this many gets no response: it is saved and not charged. */
const UNCHARGED_EVERY = 25;
const ACTOR = { name: 'bench' };

export const phoneOf = (customer: number): string => `+39333${String(customer).padStart(7, '0')}`;

export type Say = (text: string) => void;

export async function makeDataSet(
  client: Client,
  services: Services,
  database: Database,
  size: number,
  seed: number,
  say: Say,
): Promise<void> {
  const name = `${size} charges, seed ${seed}`;
  const workspaces = await services.workspaces
    .create({ id: LARGE, name, timeZone: ZONE, currency: 'EUR' }, ACTOR)
    .then(() => true)
    .catch(() => false);
  if (!workspaces) {
    const found = await client.query('SELECT name FROM workspaces WHERE id = $1', [LARGE]);
    if (found.rows[0]?.name !== name)
      throw new Error(`The folder holds another data set: ${found.rows[0]?.name}. Give another --data.`);
    say(`found the data set: ${name}`);
    return;
  }
  await services.workspaces.create({ id: SMALL, name: 'Small', timeZone: ZONE, currency: 'EUR' }, ACTOR);
  for (const id of [ONE, ...MANY])
    await services.workspaces.create({ id, name: id, timeZone: ZONE, currency: 'EUR' }, ACTOR);
  for (const id of [LARGE, SMALL]) await addCustomers(client, id, CUSTOMERS);
  for (const id of [ONE, ...MANY]) await addCustomers(client, id, SAVING_CUSTOMERS);
  await withoutIndexes(client, say, async () => {
    await fill(client, LARGE, size, seed, say);
    await fill(client, SMALL, Math.ceil(size / 10), seed, say);
  });
  for (const id of [LARGE, SMALL]) {
    const workspace = await inTransaction(database, (sql) => getWorkspace(sql, id, services.clock()));
    await rebuildWorkspace(database, workspace, (done, of) => {
      if (done % 200 === 0 || done === of) say(`${id}: roll-ups of day ${done} of ${of}`);
    });
  }
  say('VACUUM ANALYZE');
  await client.query('VACUUM (ANALYZE)');
  await client.query('CHECKPOINT');
}

export const addCustomers = (client: Client, workspace: string, count: number) =>
  client.query(
    `INSERT INTO customers (workspace_id, id, name, phone_number, active_chatbot, created_at, updated_at)
     SELECT $1, (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-' || left(md5($1), 12))::uuid,
       'Customer ' || n, '+39333' || lpad(n::text, 7, '0'), true, '2021-01-01Z', '2021-01-01Z'
     FROM generate_series(1, $2::int) n`,
    [workspace, count],
  );

/**
 * Loading ten million rows with eleven indexes and six foreign keys takes an hour; adding these afterwards takes
 * minutes.
 */
async function withoutIndexes(client: Client, say: Say, load: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
     FROM pg_index i WHERE i.indrelid IN ('messages'::regclass, 'charges'::regclass)
       AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)`,
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  await client.query('SET session_replication_role = replica');
  await load();
  await client.query('SET session_replication_role = origin');
  await client.query("SET maintenance_work_mem = '1GB'");
  for (const { name, definition } of rows) {
    say(`index ${name}`);
    await client.query(definition);
  }
}

/** Busier at noon than at night, busier customers and quieter ones. */
async function fill(client: Client, workspace: string, size: number, seed: number, say: Say): Promise<void> {
  await client.query('SELECT setseed($1)', [1 / (seed + 1)]);
  await client.query('SET synchronous_commit = off');
  const perDay = (size / SPAN_DAYS) * (UNCHARGED_EVERY / (UNCHARGED_EVERY - 1));
  const turns = Math.ceil((size * UNCHARGED_EVERY) / (UNCHARGED_EVERY - 1));
  for (let first = 0; first < turns; first += CHUNK) {
    await client.query(
      `WITH turns AS MATERIALIZED (
         SELECT n, lpad(to_hex(n), 8, '0') || '-' AS head, n % $6 <> 0 AS charged,
           (lpad(to_hex(1 + floor($7 * random() * random())::int), 8, '0') || '-0000-7000-8000-' || left(md5($1), 12))::uuid AS customer_id,
           $4::timestamptz + floor(n / $5::float8) * interval '1 day'
             + floor((random() + random()) * 43200000) * interval '1 millisecond' AS at
         FROM generate_series($2::int, $3::int) n
       ), saved AS (
         INSERT INTO messages (workspace_id, id, key_digest, customer_id, phone_number, message, response,
           outcome, occurred_at, saved_at)
         SELECT $1, (t.head || '0000-7000-8000-000000000001')::uuid, sha256(convert_to('bench.' || t.n, 'UTF8')),
           t.customer_id, '+39333' || lpad((('x' || left(t.customer_id::text, 8))::bit(32)::int)::text, 7, '0'),
           'Buongiorno, vorrei sapere se avete ancora posto per la sera di ' || t.n,
           CASE WHEN t.charged THEN 'Certo! Abbiamo ancora alcuni tavoli liberi. Per quante persone, e a che ora le farebbe comodo? ' || t.n END,
           CASE WHEN t.charged THEN 'TRACKED' ELSE 'NO_RESPONSE' END, t.at, t.at
         FROM turns t
       )
       INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at, epoch, month)
       SELECT $1, (t.head || '0000-7000-8000-000000000002')::uuid, (t.head || '0000-7000-8000-000000000001')::uuid,
         t.customer_id, ${PRICE_MICROS}, t.at, t.at, 1, date_trunc('month', t.at AT TIME ZONE 'Europe/Rome')::date
       FROM turns t WHERE t.charged`,
      [workspace, first, Math.min(first + CHUNK, turns) - 1, FROM, perDay, UNCHARGED_EVERY, CUSTOMERS],
    );
    say(`${workspace}: ${Math.min(first + CHUNK, turns)} of ${turns} turns`);
  }
  await client.query('SET synchronous_commit = on');
}
