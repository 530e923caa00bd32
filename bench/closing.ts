// Rows about closing a month with many clients: how long saves wait, what follows, and other writes beside 64 callers.
import type { Client } from 'pg';
import pino from 'pino';
import { loadConfig } from '../src/config';
import { openDatabase } from '../src/database/open';
import { ClosingService } from '../src/services/ledger/closing';
import { Caller, spread } from './client';
import { addCustomers, type Say, ZONE } from './data-set';
import { checkData, checkSave, question, saves } from './operations';
import { residentBytes, startServer, watchMemory } from './processes';
import { mb, ms, range } from './results';
import type { Bench } from './writes';

const CLIENTS = 100_000;
/** Each client's charges a month. */
const EACH = 2;
const MONTHS = ['2025-01', '2025-02', '2025-03', '2025-04', '2025-05', '2025-06'] as const;
const [WARM_UP, FIRST_BY_SERVER, SECOND_BY_SERVER, FIRST_HERE, SECOND_HERE, BESIDE] = MONTHS;
const CALLERS = 64;
const VOIDS = 50;
const ACTOR = { name: 'bench' };

const CLOSE = `mutation ($input: CloseMonthInput!) { closeMonth(input: $input) { statement { messages sha256 } } }`;
const AMOUNTS = ['usage', 'cameLate', 'takenBack', 'zoneChanged', 'open'].map((each) => `${each} { amount }`);
const CHANGED = `query ($id: ID!) {
  statements(workspaceId: $id, first: 6) { nodes { month sinceClosing { ${AMOUNTS.join(' ')} } } } }`;
const VOID = `mutation ($input: VoidUsageInput!) { voidUsage(input: $input) { replayed } }`;

export async function measureClosing(bench: Bench): Promise<void> {
  const { services, client, databaseUrl, results, say } = bench;
  const id = `bench-closing-${Date.now().toString(36)}`;
  await services.workspaces.create({ id, name: id, timeZone: ZONE, currency: 'EUR' }, ACTOR);
  await addCustomers(client, id, CLIENTS);
  for (const [index, month] of MONTHS.entries()) await fillMonth(client, id, month, index + 1, say);
  await client.query('VACUUM (ANALYZE) charges');
  const token = async (kind: string, scopes?: string[]) =>
    (
      await services.tokens.create(
        { kind, name: 'bench', workspaceIds: [id], ...(scopes && { scopes }) },
        ACTOR,
      )
    ).token;
  const tokens = {
    saving: await token('service'),
    acting: await token('client', ['usage:read', 'usage:correct', 'statements:close']),
  };
  const servers = [
    await startServer({ DATABASE_URL: databaseUrl }),
    await startServer({ DATABASE_URL: databaseUrl }),
  ];
  const urls = servers.map(({ url }) => url);
  const close = async (url: string, month: string): Promise<number> => {
    const caller = new Caller(url, '/graphql', tokens.acting);
    const begun = performance.now();
    checkData(await caller.post(question(CLOSE, { input: { workspaceId: id, month } })()));
    caller.close();
    return performance.now() - begun;
  };
  const [server] = servers;
  const whole = { ms: [] as number[], growth: 0 };
  for (const month of [WARM_UP, FIRST_BY_SERVER, SECOND_BY_SERVER]) {
    const before = await residentBytes(server?.pid ?? 0);
    const { result: took, peak } = await watchMemory(server?.pid ?? 0, () => close(urls[0] ?? '', month));
    say(`closed ${month} in ${ms(took)}; memory +${mb(peak - before)}`);
    whole.growth = Math.max(whole.growth, peak - before);
    if (month !== WARM_UP) whole.ms.push(took);
  }
  const held: number[] = [];
  for (const month of [FIRST_HERE, SECOND_HERE]) held.push(await closeHere(databaseUrl, id, month, say));
  const size = `a month of ${CLIENTS.toLocaleString('en')} clients, ${(CLIENTS * EACH).toLocaleString('en')} charges`;
  results.add({
    what: `closing ${size}: how long saves wait for it`,
    measured: range(spread(held), ms),
    target: 'below 100 ms',
    met: Math.max(...held) < 100,
    values: { held: spread(held) },
  });
  results.add({
    what: 'the same until the answer: its lines, sums and hash are written',
    measured: range(spread(whole.ms), ms),
    target: 'seconds',
    met: Math.max(...whole.ms) < 10_000,
    values: { whole: spread(whole.ms) },
  });
  results.add({
    what: 'growth of the server’s memory meanwhile, the first included',
    measured: mb(whole.growth),
    target: 'below 50 MB',
    met: whole.growth < 50 * 1_048_576,
    values: { bytes: whole.growth },
  });
  await besideCallers(bench, id, tokens, urls, () => close(urls[0] ?? '', BESIDE));
  await askWhatChanged(bench, id, urls[0] ?? '', tokens.acting);
  for (const each of servers) await each.stop();
}

/** 50 voids and a closing at once, while 64 callers save to the same workspace on two servers. */
async function besideCallers(
  { client, results, say }: Bench,
  id: string,
  tokens: { saving: string; acting: string },
  urls: readonly string[],
  close: () => Promise<number>,
): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    'SELECT c.id FROM charges c WHERE c.workspace_id = $1 AND c.month = $2 ORDER BY c.id LIMIT $3',
    [id, `${BESIDE}-01`, VOIDS],
  );
  let going = true;
  let saved = 0;
  let slowestSave = 0;
  const body = saves([id]);
  const callers = Array.from({ length: CALLERS }, async (_, index) => {
    const caller = new Caller(urls[index % urls.length] ?? '', '/graphql', tokens.saving);
    while (going) {
      const begun = performance.now();
      checkSave(await caller.post(body()));
      slowestSave = Math.max(slowestSave, performance.now() - begun);
      saved += 1;
    }
    caller.close();
  });
  const begun = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const taken = rows.map(async (row, index) => {
    const caller = new Caller(urls[index % urls.length] ?? '', '/graphql', tokens.acting);
    const sent = performance.now();
    const input = { workspaceId: id, usageRecordId: row.id, reason: 'bench' };
    checkData(await caller.post(question(VOID, { input })()));
    caller.close();
    return performance.now() - sent;
  });
  const [closed, cut, voids] = await Promise.all([close(), cutOf(client, id, BESIDE), Promise.all(taken)]);
  going = false;
  await Promise.all(callers);
  const found = spread(voids);
  say(`${saved} saves in ${ms(performance.now() - begun)}, the slowest ${ms(slowestSave)}`);
  results.add({
    what: `${VOIDS} voids at once beside ${CALLERS} callers on two servers, one workspace`,
    measured: range(found, ms),
    target: 'each within 3 s',
    met: found.max < 3_000,
    values: { voids: found, slowestSave },
  });
  results.add({
    what: 'a closing of as large a month beside them, from the request to the COMMIT of its cut',
    measured: `${ms(cut)}; the slowest of ${saved} saves ${ms(slowestSave)}`,
    target: 'within 3 s',
    met: cut < 3_000,
    values: { cut, slowestSave },
  });
  results.add({
    what: 'the same until its lines are written, which hold up nobody',
    measured: ms(closed),
    target: 'printed',
    met: true,
    values: { closed },
  });
}

/** Six statements, the last with what the callers saved after its cut. */
async function askWhatChanged({ results }: Bench, id: string, url: string, token: string): Promise<void> {
  const caller = new Caller(url, '/graphql', token);
  const took: number[] = [];
  for (let round = 0; round < 20; round++) {
    const begun = performance.now();
    checkData(await caller.post(question(CHANGED, { id })()));
    took.push(performance.now() - begun);
  }
  caller.close();
  const found = spread(took);
  results.add({
    what: `six statements with sinceClosing, ${(CLIENTS * EACH * MONTHS.length).toLocaleString('en')} charges`,
    measured: range(found, ms),
    target: 'below 100 ms',
    met: found.median < 100,
    values: { sinceClosing: found },
  });
}

/** How long it takes until others see the month closed, asked every 10 ms on a connection of its own. */
async function cutOf(client: Client, id: string, month: string): Promise<number> {
  const begun = performance.now();
  for (;;) {
    const { rowCount } = await client.query(
      'SELECT FROM statements s WHERE s.workspace_id = $1 AND s.month = $2',
      [id, `${month}-01`],
    );
    if (rowCount === 1) return performance.now() - begun;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Runs in this process, so that its statements can be timed: from the gate, where saves wait, to the COMMIT. */
async function closeHere(databaseUrl: string, id: string, month: string, say: Say): Promise<number> {
  const logger = pino({ level: 'warn' });
  const database = await openDatabase({ ...loadConfig({}), databaseUrl }, 'server', { logger });
  let entered = 0;
  let held = 0;
  const observe = (name: string) => {
    if (name === 'enter_gate') entered = performance.now();
    if (name === 'commit' && held === 0 && entered > 0) held = performance.now() - entered;
  };
  try {
    await new ClosingService({ ...database, observe }, () => new Date(), logger).close(id, month, ACTOR);
  } finally {
    await database.close();
  }
  say(`closing ${month} held the workspace for ${ms(held)}`);
  return held;
}

/** `epoch`: the one in which the month runs, when months are closed in order. */
async function fillMonth(
  client: Client,
  workspace: string,
  month: string,
  epoch: number,
  say: Say,
): Promise<void> {
  await client.query('SET session_replication_role = replica');
  await client.query('SET synchronous_commit = off');
  await client.query(
    `WITH turns AS MATERIALIZED (
       SELECT u.id AS customer_id, gen_random_uuid() AS id, gen_random_uuid() AS charge_id, u.phone_number,
         ($2 || '-02')::timestamptz + random() * interval '25 days' AS at
       FROM customers u, generate_series(1, ${EACH}) WHERE u.workspace_id = $1
     ), saved AS (
       INSERT INTO messages (workspace_id, id, key_digest, customer_id, phone_number, message, response,
         outcome, occurred_at, saved_at)
       SELECT $1, t.id, sha256(convert_to(t.id::text, 'UTF8')), t.customer_id, t.phone_number, 'Buongiorno', 'Buongiorno!', 'TRACKED', t.at, t.at
       FROM turns t
     )
     INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at, epoch, month)
     SELECT $1, t.charge_id, t.id, t.customer_id, 5000, t.at, t.at, $3, ($2 || '-01')::date FROM turns t`,
    [workspace, month, epoch],
  );
  await client.query('SET session_replication_role = origin');
  await client.query('SET synchronous_commit = on');
  say(`${workspace}: ${month}`);
}
