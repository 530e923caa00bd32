// Rows about budgets: their cost for saves, and the time of a look and of a question.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { BUDGETS_LIMIT, type BudgetInput } from '../src/services/signals/budget-service';
import { BUDGET_INTERVALS, BUDGET_MEASURES } from '../src/services/signals/budgets';
import { Caller, quantile, run, spread } from './client';
import { MANY, ZONE } from './data-set';
import { checkData, checkSave, question, saves } from './operations';
import { startServer } from './processes';
import { ProcessorTimes, pairs } from './processor';
import { ms, range, rate, times } from './results';
import { type Bench, inTurns } from './writes';

const ACTOR = { name: 'bench' };
const STARTED = Date.now().toString(36);
const WITHOUT = MANY.slice(0, 10);
const WITH = MANY.slice(10, 20);
/** A server's last look comes within a second of its last save. */
const LOOK_OVER_MS = 1_500;

export async function measureBudgets(bench: Bench): Promise<void> {
  for (const id of [...WITHOUT, ...WITH]) await fillMonth(bench.client, id);
  for (const id of WITH) await setBudgets(bench, id);
  await savesBeside(bench);
  await looks(bench);
}

/** A month of slots from two writers, and of customers' days: the rows that a look must add up. */
async function fillMonth(client: Client, id: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM customer_days WHERE workspace_id = $1 LIMIT 1', [id]);
  // A kept data set has them already.
  if (rowCount !== 0) return;
  const month = `date_trunc('month', now())`;
  await client.query(
    `INSERT INTO usage_slots (workspace_id, slot_at, shard, messages, cost_micros, first_at, last_at, no_response,
       unknown_customer, inactive_customer)
     SELECT $1, at, shard, 1, 5000, at, at, 0, 0, 0
     FROM generate_series(${month} - interval '31 days', now(), '15 minutes') at, generate_series(0, 1) shard
     ON CONFLICT DO NOTHING`,
    [id],
  );
  await client.query(
    `INSERT INTO customer_days (workspace_id, day, customer_id, messages, cost_micros, first_at, last_at)
     SELECT $1, day::date, c.id, 1, 5000, day, day
     FROM generate_series(${month}, now(), '1 day') day, customers c WHERE c.workspace_id = $1 ON CONFLICT DO NOTHING`,
    [id],
  );
  await client.query(
    `INSERT INTO customer_months (workspace_id, month, customer_id, messages, cost_micros, first_at, last_at)
     SELECT d.workspace_id, ${month}::date, d.customer_id, sum(d.messages), sum(d.cost_micros), min(d.first_at),
       max(d.last_at) FROM customer_days d WHERE d.workspace_id = $1 GROUP BY 1, 3 ON CONFLICT DO NOTHING`,
    [id],
  );
}

/** A third of each subject, every measure and interval; every second one of the workspace's and of single customers has told all its thresholds. */
async function setBudgets({ services, client }: Bench, id: string): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    'SELECT id FROM customers WHERE workspace_id = $1 ORDER BY id LIMIT $2',
    [id, BUDGETS_LIMIT],
  );
  for (let index = 0; index < BUDGETS_LIMIT; index += 1) {
    const subject = (['WORKSPACE', 'EACH_CUSTOMER', 'CUSTOMER'] as const)[index % 3] ?? 'WORKSPACE';
    const isTold = index % 2 === 0 && subject !== 'EACH_CUSTOMER';
    const input: BudgetInput = {
      ...{ name: `budget ${index}`, subject },
      customerId: subject === 'CUSTOMER' ? rows[index]?.id : undefined,
      measure: BUDGET_MEASURES[Math.floor(index / 3) % 2] ?? 'COST',
      interval: BUDGET_INTERVALS[Math.floor(index / 6) % 3] ?? 'DAY',
      ...{ limit: isTold ? '1' : '1000000', thresholds: [50, 80, 100], enforcement: 'NOTIFY' },
    };
    await services.budgets.set(id, input, ACTOR);
  }
  await services.budgetWatch.sweep();
}

async function savesBeside(bench: Bench): Promise<void> {
  const { options, results, tokens, databaseUrl, client } = bench;
  // The same process with and without: only the workspaces that are saved to have budgets, or none.
  const server = await startServer({ DATABASE_URL: databaseUrl });
  const processor = await ProcessorTimes.of<'none' | 'thousand'>(bench);
  const load = (name: 'none' | 'thousand', workspaces: readonly string[]) => () =>
    processor.measure(name, server.pid, async () => {
      const measured = await run({
        ...{ urls: [server.url], token: tokens.service, callers: 64, seconds: options.seconds },
        ...{ body: saves(workspaces), check: checkSave },
      });
      await sleep(LOOK_OVER_MS);
      return measured;
    });
  const found = await inTurns(bench, 'budgets', {
    none: load('none', WITHOUT),
    thousand: load('thousand', WITH),
  });
  await server.stop();
  const { rows } = await client.query<{ budgets: string; events: string }>(
    'SELECT (SELECT count(*) FROM budgets) AS budgets, (SELECT count(*) FROM events) AS events',
  );
  const rates = pairs(
    found.thousand.rounds.map((one) => one.rate),
    found.none.rounds.map((one) => one.rate),
  );
  const what = `saveMessage, 64 callers, ${rows[0]?.budgets} budgets on 10 workspaces against none`;
  results.add({
    what,
    measured: `${range(rates, times)}: ${range(found.thousand.rate, rate)} to ${range(found.none.rate, rate)}; ${rows[0]?.events} events`,
    target: 'at least 0.97 ×',
    met: rates.median >= 0.97,
    values: { pairs: rates, thousand: found.thousand.rate, none: found.none.rate },
  });
  const same = 'the same in processor time a save, of server and database, with the looks after it';
  processor.addRow(bench, same, 'thousand', 'none', 1.03);
}

const CUSTOMERS = 100_000;
/** Customers that were charged since the last look: within a second, and by a busy server. */
const CHARGED = [50, 500];
const LOOKED = 40;
const ASKED = 400;

async function looks(bench: Bench): Promise<void> {
  const { client, services, results, databaseUrl, say } = bench;
  const id = 'bench-each';
  const { rowCount } = await client.query('SELECT FROM workspaces WHERE id = $1', [id]);
  if (rowCount === 0)
    await services.workspaces.create({ id, name: id, timeZone: ZONE, currency: 'EUR' }, ACTOR);
  await client.query(
    `INSERT INTO customers (workspace_id, id, name, phone_number, active_chatbot, created_at, updated_at)
     SELECT $1, gen_random_uuid(), 'c' || n, '+39' || (3300000000 + n), true, now(), now()
     FROM generate_series(1, ${CUSTOMERS}) n ON CONFLICT DO NOTHING`,
    [id],
  );
  await fillMonth(client, id);
  await client.query('ANALYZE');
  say(`${CUSTOMERS} customers are there`);
  for (const interval of BUDGET_INTERVALS)
    await services.budgets.set(
      id,
      {
        ...{ name: interval, subject: 'EACH_CUSTOMER', measure: 'MESSAGES', interval, limit: '40' },
        ...{ thresholds: [50, 80, 100], enforcement: 'STOP' },
      },
      ACTOR,
    );
  const all = { subject: 'WORKSPACE', measure: 'COST', interval: 'MONTH', limit: '1000000' } as const;
  await services.budgets.set(
    id,
    { ...all, name: 'all', thresholds: [80], forecast: true, enforcement: 'STOP' },
    ACTOR,
  );
  const begun = performance.now();
  await services.budgetWatch.sweep();
  const whole = performance.now() - begun;
  for (const charged of CHARGED) await lookAt(bench, id, charged);
  results.add({
    what: `the hourly look at all ${CUSTOMERS.toLocaleString('en')} customers under three EACH_CUSTOMER budgets`,
    measured: ms(whole),
    target: 'printed',
    met: null,
    values: { whole },
  });
  const token = async (kind: string) =>
    (await services.tokens.create({ kind, name: 'bench', workspaceIds: [id] }, ACTOR)).token;
  const server = await startServer({ DATABASE_URL: databaseUrl });
  await askBeside(bench, id, server.url, { service: await token('service'), client: await token('client') });
  await server.stop();
}

async function lookAt({ services, results }: Bench, id: string, charged: number): Promise<void> {
  const found: number[] = [];
  for (let look = 0; look <= LOOKED; look += 1) {
    const items = Array.from({ length: charged }, (_, index) => ({
      phoneNumber: `+39${3_300_000_001 + ((look * charged + index) % CUSTOMERS)}`,
      ...{ message: 'a', response: 'b', idempotencyKey: `bench.look.${STARTED}.${charged}.${look}.${index}` },
    }));
    await services.saveMessages.saveAll(id, items);
    const begun = performance.now();
    await services.budgetWatch.look();
    if (look > 0) found.push(performance.now() - begun);
  }
  const took = spread(found);
  results.add({
    what: `a look at ${charged} of ${CUSTOMERS.toLocaleString('en')} customers under three EACH_CUSTOMER budgets`,
    measured: `${range(took, ms)}, p90 ${ms(
      quantile(
        found.toSorted((a, b) => a - b),
        0.9,
      ),
    )}`,
    target: 'below 20 ms',
    met: took.median < 20,
    values: { look: took },
  });
}

async function askBeside(
  { client, results }: Bench,
  id: string,
  url: string,
  tokens: { service: string; client: string },
): Promise<void> {
  const { rows } = await client.query<{ id: string; phone: string }>(
    'SELECT id, phone_number AS phone FROM customers WHERE workspace_id = $1 ORDER BY id LIMIT $2',
    [id, ASKED],
  );
  const asking = new Caller(url, '/graphql', tokens.service);
  const looking = new Caller(url, '/graphql', tokens.client);
  const timed = async (caller: Caller, query: string, variables: object): Promise<number> => {
    const begun = performance.now();
    checkData(await caller.post(question(query, { id, ...variables })()));
    return performance.now() - begun;
  };
  const [decisions, lookUps]: [number[], number[]] = [[], []];
  for (const [index, row] of rows.entries()) {
    const decision = await timed(
      asking,
      'query ($id: ID!, $phone: PhoneNumber) { serveDecision(workspaceId: $id, phoneNumber: $phone) { allowed reason resetsAt } }',
      { phone: row.phone },
    );
    const lookUp = await timed(
      looking,
      'query ($id: ID!, $customer: ID!) { customer(workspaceId: $id, id: $customer) { id name activeChatbot } }',
      { customer: row.id },
    );
    if (index < 50) continue;
    decisions.push(decision);
    lookUps.push(lookUp);
  }
  asking.close();
  looking.close();
  const [decision, lookUp] = [spread(decisions), spread(lookUps)];
  results.add({
    what: 'serveDecision with four budgets, one caller, p50 against looking up the customer',
    measured: `${times(decision.median / lookUp.median)}: ${ms(decision.median)} to ${ms(lookUp.median)}`,
    target: 'at most 2 ×',
    met: decision.median / lookUp.median <= 2,
    values: { decision, lookUp },
  });
}
