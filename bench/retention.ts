// Rows about removing old texts beside saves, in a workspace of its own.
import type { Client } from 'pg';
import { type Measured, run, spread } from './client';
import { addCustomers, SAVING_CUSTOMERS, type Say, ZONE } from './data-set';
import { checkSave, saves } from './operations';
import { startServer } from './processes';
import { ms, range, rate, times } from './results';
import type { Bench } from './writes';

const ACTOR = { name: 'bench' };
const CALLERS = 64;
const TURNS = 1_000_000;
const CHUNK = 100_000;
/** A server that never looks, and one that looks at once. */
const NEVER = { RECONCILE_INTERVAL_MS: '86400000' };
const SOON = { RECONCILE_INTERVAL_MS: '1000' };

export async function measureRetention(bench: Bench): Promise<void> {
  const { services, client, databaseUrl, options, results, say } = bench;
  const id = `bench-retention-${Date.now().toString(36)}`;
  await services.workspaces.create({ id, name: id, timeZone: ZONE, currency: 'EUR' }, ACTOR);
  await addCustomers(client, id, SAVING_CUSTOMERS);
  await addTurns(client, id, say);
  const { token } = await services.tokens.create(
    { kind: 'service', name: 'bench', workspaceIds: [id] },
    ACTOR,
  );
  const stretch = (url: string): Promise<Measured> =>
    run({
      ...{ urls: [url], token, callers: CALLERS, seconds: options.seconds },
      ...{ body: saves([id]), check: checkSave },
    });
  const alone: Measured[] = [];
  const withoutIt = async (): Promise<void> => {
    const server = await startServer({ DATABASE_URL: databaseUrl, ...NEVER });
    // The first one warms up.
    await stretch(server.url);
    for (let round = 0; round < options.rounds; round += 1) alone.push(await stretch(server.url));
    await server.stop();
  };
  await withoutIt();
  await services.workspaces.update(id, { keepDays: 30 }, ACTOR);
  await client.query('UPDATE text_retentions SET due_at = now() WHERE workspace_id = $1', [id]);
  const server = await startServer({ DATABASE_URL: databaseUrl, ...SOON });
  const begun = performance.now();
  const beside: Measured[] = [];
  for (;;) {
    const measured = await stretch(server.url);
    if (!(await isUnderWay(client, id))) break;
    beside.push(measured);
    say(`${await removed(client, id)} of ${TURNS} turns are emptied`);
  }
  const took = performance.now() - begun;
  await server.stop();
  const emptied = await removed(client, id);
  if (emptied !== TURNS) throw new Error(`${emptied} of ${TURNS} turns were emptied.`);
  await withoutIt();
  const [lone, meanwhile] = [alone, beside].map((all) => ({
    rate: spread(all.map((measured) => measured.rate)),
    p99: spread(all.map(({ p99 }) => p99)),
  }));
  if (!lone || !meanwhile) return;
  results.add({
    what: `removing the texts of ${TURNS.toLocaleString('en')} turns beside ${CALLERS} callers who save`,
    measured: `${(took / 1_000).toFixed(0)} s, ${rate(TURNS / (took / 1_000))}`,
    target: 'printed',
    met: null,
    values: { took },
  });
  results.add({
    what: 'saves beside it, against saves alone before and after',
    measured: `${times(meanwhile.rate.median / lone.rate.median)}: ${range(meanwhile.rate, rate)} to ${range(lone.rate, rate)}; p99 ${range(meanwhile.p99, ms)} to ${range(lone.p99, ms)}`,
    target: 'printed',
    met: null,
    values: { beside: meanwhile.rate, alone: lone.rate, p99Beside: meanwhile.p99, p99Alone: lone.p99 },
  });
}

/** A night that is over is due again tomorrow. */
async function isUnderWay(client: Client, id: string): Promise<boolean> {
  const { rowCount } = await client.query(
    "SELECT FROM text_retentions WHERE workspace_id = $1 AND due_at < now() + interval '2 minutes'",
    [id],
  );
  return rowCount !== 0;
}

async function removed(client: Client, id: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    'SELECT count(*) FROM messages WHERE workspace_id = $1 AND text_removed_at IS NOT NULL',
    [id],
  );
  return Number(rows[0]?.count);
}

/** Four years and more, with words and numbers, not charged: what is emptied is the turn. */
async function addTurns(client: Client, id: string, say: Say): Promise<void> {
  await client.query('SET session_replication_role = replica');
  await client.query('SET synchronous_commit = off');
  for (let first = 0; first < TURNS; first += CHUNK) {
    await client.query(
      `INSERT INTO messages (workspace_id, id, key_digest, phone_number, message, response, outcome, occurred_at, saved_at)
       SELECT $1, gen_random_uuid(), sha256(convert_to('old ' || n, 'UTF8')), '+3900000' || n,
         'Buongiorno, vorrei sapere se avete ancora posto per la sera di ' || n, 'Certo! Per quante persone? ' || n,
         'UNKNOWN_CUSTOMER', t.at, t.at
       FROM generate_series($2::int, $3::int) n,
         LATERAL (SELECT '2021-01-01Z'::timestamptz + n::float8 / ${TURNS} * interval '1700 days' AS at) t`,
      [id, first, Math.min(first + CHUNK, TURNS) - 1],
    );
  }
  await client.query('SET session_replication_role = origin');
  await client.query('SET synchronous_commit = on');
  await client.query('VACUUM (ANALYZE) messages');
  say(`${TURNS} turns of ${id}`);
}
