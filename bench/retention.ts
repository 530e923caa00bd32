// Rows about removing old texts beside saves, in a workspace of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { type Measured, run, spread } from './client';
import { addCustomers, SAVING_CUSTOMERS, type Say, ZONE } from './data-set';
import { checkSave, saves } from './operations';
import { startServer } from './processes';
import { ms, range, rate, times } from './results';
import type { Bench } from './writes';

const ACTOR = { name: 'bench' };
const NAME = 'bench-retention';
const CALLERS = 64;
const TURNS = 1_000_000;
const CHUNK = 100_000;
/** Looks at once for what is due. */
const SOON = { RECONCILE_INTERVAL_MS: '500' };
/** No turn is so old: the walk ends. */
const NOTHING = 3_650;

export async function measureRetention(bench: Bench): Promise<void> {
  const { services, client, databaseUrl, options, results, say } = bench;
  const id = await prepared(bench);
  const { token } = await services.tokens.create(
    { kind: 'service', name: 'bench', workspaceIds: [id] },
    ACTOR,
  );
  await services.workspaces.update(id, { keepDays: NOTHING }, ACTOR);
  const stretch = (url: string): Promise<Measured> =>
    run({
      ...{ urls: [url], token, callers: CALLERS, seconds: options.seconds },
      ...{ body: saves([id]), check: checkSave },
    });
  // One server, which is as warm for both.
  const server = await startServer({ DATABASE_URL: databaseUrl, ...SOON });
  const keep = (days: number) =>
    client.query('UPDATE text_retentions SET keep_days = $2, due_at = now() WHERE workspace_id = $1', [
      id,
      days,
    ]);
  const found: { alone: Measured; beside: Measured; turns: number }[] = [];
  // The first round warms up.
  for (let round = 0; round <= options.rounds; round += 1) {
    const alone = await stretch(server.url);
    await keep(30);
    const before = await untilMoreThan(client, id, await emptied(client, id));
    const begun = performance.now();
    const beside = await stretch(server.url);
    const seconds = (performance.now() - begun) / 1_000;
    const turns = ((await emptied(client, id)) - before) / seconds;
    await keep(NOTHING);
    await untilOver(client, id);
    if (round > 0) found.push({ alone, beside, turns });
    say(`round ${round}: ${rate(alone.rate)} alone, ${rate(beside.rate)} beside ${rate(turns)} emptied`);
  }
  await server.stop();
  if ((await emptied(client, id)) === TURNS) throw new Error('Nothing was left to be emptied: fewer rounds.');
  const of = (values: (one: (typeof found)[number]) => number) => spread(found.map(values));
  const pairs = of(({ alone, beside }) => beside.rate / alone.rate);
  const [alone, beside] = [of((one) => one.alone.rate), of((one) => one.beside.rate)];
  results.add({
    what: `saves of ${CALLERS} callers while old texts of ${TURNS.toLocaleString('en')} turns are removed, against none`,
    measured: `${range(pairs, times)}: ${range(beside, rate)} to ${range(alone, rate)}; p99 ${range(
      of((one) => one.beside.p99),
      ms,
    )} to ${range(
      of((one) => one.alone.p99),
      ms,
    )}`,
    target: 'printed',
    met: null,
    values: { pairs, beside, alone },
  });
  const turns = of((one) => one.turns);
  results.add({
    what: 'turns that are emptied beside them',
    measured: range(turns, rate),
    target: 'printed',
    met: null,
    values: { turns },
  });
}

/** A workspace of which most texts are there; a kept data set may have one. */
async function prepared({ services, client, say }: Bench): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT w.id FROM workspaces w WHERE w.id LIKE '${NAME}-%'
       AND (SELECT count(*) FROM messages m WHERE m.workspace_id = w.id AND m.text_removed_at IS NULL) > ${TURNS / 2}`,
  );
  const [kept] = rows;
  if (kept) return kept.id;
  const id = `${NAME}-${Date.now().toString(36)}`;
  await services.workspaces.create({ id, name: id, timeZone: ZONE, currency: 'EUR' }, ACTOR);
  await addCustomers(client, id, SAVING_CUSTOMERS);
  await addTurns(client, id, say);
  return id;
}

async function emptied(client: Client, id: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    'SELECT count(*) FROM messages WHERE workspace_id = $1 AND text_removed_at IS NOT NULL',
    [id],
  );
  return Number(rows[0]?.count);
}

/** A night that is over is due again tomorrow. */
async function untilOver(client: Client, id: string): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query(
      "SELECT FROM text_retentions WHERE workspace_id = $1 AND due_at > now() + interval '2 minutes'",
      [id],
    );
    if (rowCount !== 0) return;
    await sleep(200);
  }
}

async function untilMoreThan(client: Client, id: string, turns: number): Promise<number> {
  for (;;) {
    const now = await emptied(client, id);
    if (now > turns) return now;
    await sleep(200);
  }
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
