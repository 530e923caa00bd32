// Roll-ups agree with the records after concurrent changes of every kind.
import fc from 'fast-check';
import {
  ACTOR,
  aCustomer,
  aTurn,
  aWorkspace,
  startApp,
  startBeside,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { rebuild, verify } from './support/upkeep';

let app: TestApp;
/** A second server on the same database. */
let other: TestApp;
beforeAll(async () => {
  app = await startApp();
  other = await startBeside(app);
});
afterAll(async () => {
  await other.stop();
  await app.stop();
});

const ZONES = [
  ...['UTC', 'Europe/Rome', 'Asia/Kathmandu', 'America/St_Johns', 'Australia/Lord_Howe'],
  ...['Pacific/Apia', 'America/New_York', 'Asia/Kolkata'],
];
/** Both clock changes of a winter lie in it. */
const FIRST = Date.parse('2025-10-20T00:00:00Z');
const LAST = Date.parse('2026-03-15T12:00:00Z');
const PHONES = ['+393330000001', '+393330000002', '+393330000003', '+393330000004', '+393330000005'];

const instant = fc.integer({ min: FIRST, max: LAST }).map((ms) => new Date(ms));
const zone = fc.constantFrom(...ZONES);
const phone = fc.constantFrom(...PHONES);
/** Few keys, so that some come again. */
const turn = fc.record({
  kind: fc.constant('save' as const),
  key: fc.integer({ min: 1, max: 150 }),
  phone,
  response: fc.constantFrom('Ciao!', 'Ciao!', 'Ciao!', '  ', null),
  workflow: fc.constantFrom('orders', 'help', null, null),
  channel: fc.constantFrom('whatsapp', 'web', null),
  at: fc.oneof(instant, fc.constant(new Date(LAST))),
  llm: fc.oneof(
    fc.constant(null),
    fc.record({
      model: fc.constantFrom('one', 'two', 'three'),
      inputTokens: fc.integer({ min: 100, max: 100_000 }),
      cachedInputTokens: fc.integer({ min: 0, max: 100 }),
      outputTokens: fc.nat(10_000),
    }),
  ),
});
const amount = fc.bigInt({ min: 0n, max: 90_000n });
const change = fc.oneof(
  fc.record({ kind: fc.constant('void' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('void' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('void' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('register' as const), phone, active: fc.boolean() }),
  fc.record({ kind: fc.constant('price' as const), micros: amount, at: instant }),
  fc.record({ kind: fc.constant('channel price' as const), micros: amount, at: instant }),
  fc.record({
    kind: fc.constant('model price' as const),
    ...{ model: fc.constantFrom('one', 'two'), at: instant, input: amount, cached: amount, output: amount },
  }),
  fc.record({ kind: fc.constant('fill' as const) }),
  fc.record({ kind: fc.constant('zone' as const), zone }),
);
const step = fc.oneof({ weight: 12, arbitrary: turn }, { weight: 2, arbitrary: change });
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
const client = fc.array(step, { minLength: 10, maxLength: 30 });
const range = fc
  .tuple(instant, instant, zone)
  .filter(([a, b]) => a.getTime() !== b.getTime())
  .map(([a, b, timeZone]) => ({
    from: a < b ? a : b,
    to: a < b ? b : a,
    timeZone,
  }));

async function take(server: TestApp, shop: TestWorkspace, step: Step): Promise<void> {
  const { services } = server;
  switch (step.kind) {
    case 'save': {
      const input = {
        ...{ workspaceId: shop.id, phoneNumber: step.phone, message: 'ciao', response: step.response },
        ...{ idempotencyKey: `key ${step.key} ${step.phone}`, occurredAt: step.at },
        ...{ workflow: step.workflow, channel: step.channel, llm: step.llm },
      };
      await services.saveMessages.save(input);
      return;
    }
    case 'register':
      await services.customers.register(
        shop.id,
        { name: `Customer ${step.phone}`, phoneNumber: step.phone, activeChatbot: step.active },
        ACTOR,
      );
      return;
    case 'price':
      await services.workspaces.setPrice(shop.id, { amountMicros: step.micros, startsAt: step.at }, ACTOR);
      return;
    case 'channel price':
      await services.workspaces.setChannelPrice(
        shop.id,
        { amountMicros: step.micros, startsAt: step.at },
        ACTOR,
      );
      return;
    case 'model price':
      await services.workspaces.setModelPrices(
        shop.id,
        [
          {
            ...{ model: step.model, startsAt: step.at, inputMicros: step.input },
            ...{ cachedInputMicros: step.cached, outputMicros: step.output },
          },
        ],
        ACTOR,
      );
      return;
    case 'fill':
      // A zone that changes meanwhile stops it, and says so.
      await services.modelPriceFiller.fill(shop.id, ACTOR).catch((error: unknown) => {
        expect(String(error)).toContain('The zone was changed meanwhile');
      });
      return;
    case 'void': {
      const rows = await app.database.sql<{ id: string }>(
        'SELECT id FROM charges WHERE workspace_id = $1 AND NOT reversal ORDER BY id',
        [shop.id],
      );
      const usageRecordId = rows[step.at % Math.max(1, rows.length)]?.id;
      if (usageRecordId !== undefined)
        await services.voids.void(shop.id, { usageRecordId, reason: 'a mistake' }, ACTOR);
      return;
    }
    case 'zone':
      await services.workspaces.update(shop.id, { timeZone: step.zone }, ACTOR);
  }
}

interface Part {
  messages: number;
  cost: { amount: string };
}
interface Client {
  customer: { id: string };
  lastAt: string;
}
interface Report {
  usage: {
    totals: Part & { activeClients: number };
    topClients: (Part & Client)[];
    lastActive: (Part & Client)[];
    peakHours: Part[];
    heatmap: Part[];
    timeline: Part[];
    outcomes: { outcome: string; messages: number }[];
  };
}
const REPORT = /* GraphQL */ `
  query Report($workspaceId: ID!, $period: PeriodInput, $timeZone: TimeZone) {
    usage(workspaceId: $workspaceId, period: $period, timeZone: $timeZone) {
      totals { messages activeClients cost { amount } }
      topClients(limit: 100) { customer { id } messages lastAt cost { amount } }
      lastActive: topClients(limit: 100, orderBy: LAST_ACTIVE) { customer { id } messages lastAt cost { amount } }
      peakHours { messages cost { amount } }
      heatmap { messages cost { amount } }
      timeline { messages cost { amount } }
      outcomes { outcome messages }
    }
  }`;

const micros = (amount: string): number => Math.round(Number(amount) * 1_000_000);
const sum = (parts: readonly Part[]) => ({
  messages: parts.reduce((total, part) => total + part.messages, 0),
  micros: parts.reduce((total, part) => total + micros(part.cost.amount), 0),
});

/** What the records say, counted without our code. */
async function count(shop: TestWorkspace, from: Date, to: Date) {
  const [row] = await app.database.sql<{ messages: number; micros: number; clients: number; saved: number }>(
    `SELECT coalesce(sum(CASE WHEN reversal THEN -1 ELSE 1 END), 0)::int AS messages,
       coalesce(sum(amount_micros), 0)::int AS micros,
       (SELECT count(*)::int FROM (SELECT FROM charges
        WHERE workspace_id = $1 AND occurred_at >= $2 AND occurred_at < $3
        GROUP BY customer_id HAVING count(*) FILTER (WHERE NOT reversal) > count(*) FILTER (WHERE reversal)) c) AS clients,
       (SELECT count(*)::int FROM messages
        WHERE workspace_id = $1 AND occurred_at >= $2 AND occurred_at < $3) AS saved
     FROM charges WHERE workspace_id = $1 AND occurred_at >= $2 AND occurred_at < $3`,
    [shop.id, from, to],
  );
  if (!row) throw new Error('count(*) gives a row.');
  return row;
}

async function countByClient(shop: TestWorkspace, from: Date, to: Date) {
  const rows = await app.database.sql<{ id: string; messages: number; micros: number; last_at: Date }>(
    `SELECT t.customer_id AS id, count(*)::int AS messages, sum(t.micros)::int AS micros, max(t.occurred_at) AS last_at
     FROM (
       SELECT customer_id, message_id, occurred_at, sum(amount_micros) AS micros FROM charges
       WHERE workspace_id = $1 AND occurred_at >= $2 AND occurred_at < $3
       GROUP BY customer_id, message_id, occurred_at HAVING count(*) = 1
     ) t GROUP BY t.customer_id`,
    [shop.id, from, to],
  );
  return new Set(rows.map((row) => [row.id, row.messages, row.micros, row.last_at.toISOString()].join(' ')));
}

const clientsOf = (parts: readonly (Part & Client)[]) =>
  new Set(
    parts.map((part) => [part.customer.id, part.messages, micros(part.cost.amount), part.lastAt].join(' ')),
  );

it('agree with the records, and all parts with the total, after concurrent changes of every kind', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(client, { minLength: 4, maxLength: 8 }),
      fc.array(range, { minLength: 6, maxLength: 6 }),
      zone,
      async (clients, ranges, timeZone) => {
        const shop = await aWorkspace(app, { timeZone });
        for (const phoneNumber of PHONES.slice(0, 3)) await aCustomer(app, shop, { phoneNumber });
        await Promise.all(
          clients.map(async (steps, index) => {
            for (const one of steps) await take(index % 2 === 0 ? app : other, shop, one);
          }),
        );
        expect(await verify(app, shop)).toMatchObject({ differences: 0n, first: [] });
        for (const { from, to, timeZone: zoneOfQuery } of ranges) {
          const counted = await count(shop, from, to);
          const { usage } = await app.api.as(shop.client).data<Report>(REPORT, {
            workspaceId: shop.id,
            period: { from: from.toISOString(), to: to.toISOString() },
            timeZone: zoneOfQuery,
          });
          const total = { messages: counted.messages, micros: counted.micros };
          expect(sum([usage.totals])).toEqual(total);
          expect(usage.totals.activeClients).toBe(counted.clients);
          for (const part of ['topClients', 'peakHours', 'heatmap', 'timeline'] as const)
            expect({ part, ...sum(usage[part]) }).toEqual({ part, ...total });
          const byClient = await countByClient(shop, from, to);
          expect(clientsOf(usage.topClients)).toEqual(byClient);
          expect(clientsOf(usage.lastActive)).toEqual(byClient);
          const outcomes = usage.outcomes.reduce((all, { messages }) => all + messages, 0);
          expect(outcomes).toBe(counted.saved);
        }
      },
    ),
    { numRuns: 6 },
  );
});

describe('verify and rebuild', () => {
  async function aShopWithTurns(turns: number): Promise<TestWorkspace> {
    const shop = await aWorkspace(app);
    for (const phoneNumber of PHONES) await aCustomer(app, shop, { phoneNumber });
    await save(shop, turns);
    return shop;
  }

  const save = async (shop: TestWorkspace, turns: number) => {
    for (let made = 0; made < turns; made += 1) {
      await app.services.saveMessages.save({
        ...(aTurn(shop) as { workspaceId: string; idempotencyKey: string }),
        phoneNumber: PHONES[made % PHONES.length],
        occurredAt: new Date(FIRST + made * 7_654_321),
      });
    }
  };

  it.each([
    ['usage_slots', 'messages = messages + 1'],
    ['usage_slots', 'no_response = no_response + 1'],
    ['usage_slots', "last_at = last_at + interval '1 ms'"],
    ['customer_days', 'cost_micros = cost_micros + 1'],
    ['customer_months', 'messages = messages - 1'],
    ['customer_months', "first_at = first_at - interval '1 ms'"],
  ])('find a planted difference in %s (%s), and mend it', async (table, set) => {
    const shop = await aShopWithTurns(30);
    const key = table === 'usage_slots' ? 'slot_at' : table === 'customer_days' ? 'day' : 'month';
    await app.database.sql(
      `UPDATE ${table} SET ${set} WHERE ctid = (SELECT ctid FROM ${table} WHERE workspace_id = $1
         ORDER BY ${key} LIMIT 1)`,
      [shop.id],
    );
    const found = await verify(app, shop);
    expect(found.differences).toBe(1n);
    expect(found.first).toMatchObject([{ table }]);
    await rebuild(app, shop);
    expect(await verify(app, shop)).toMatchObject({ differences: 0n });
  });

  it.each(['usage_slots', 'customer_days', 'customer_months'])('miss no row of %s', async (table) => {
    const shop = await aShopWithTurns(20);
    await app.database.sql(`DELETE FROM ${table} WHERE workspace_id = $1`, [shop.id]);
    const found = await verify(app, shop);
    expect(found.differences).toBeGreaterThan(0n);
    expect(found.first.every((difference) => difference.rollUp === null)).toBe(true);
    await rebuild(app, shop);
    expect(await verify(app, shop)).toMatchObject({ differences: 0n });
  });

  it('remove rows without records', async () => {
    const shop = await aShopWithTurns(10);
    await app.database.sql(
      `INSERT INTO usage_slots SELECT workspace_id, slot_at - interval '90 days', 7, messages, cost_micros,
         first_at, last_at, 0, 0, 0 FROM usage_slots WHERE workspace_id = $1 LIMIT 1`,
      [shop.id],
    );
    expect((await verify(app, shop)).first).toMatchObject([{ records: null }]);
    await rebuild(app, shop);
    expect(await verify(app, shop)).toMatchObject({ differences: 0n });
  });

  it('run beside saves', async () => {
    const shop = await aShopWithTurns(40);
    await app.database.sql('UPDATE usage_slots SET messages = messages + 5 WHERE workspace_id = $1', [
      shop.id,
    ]);
    await Promise.all([rebuild(app, shop), save(shop, 60), save(shop, 60)]);
    expect(await verify(app, shop)).toMatchObject({ differences: 0n });
    expect((await count(shop, new Date(FIRST), new Date(LAST))).messages).toBe(160);
  });
});
