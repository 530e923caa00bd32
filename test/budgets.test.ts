// Budgets: each event once, whatever happens in between; and limits that open and close with what was used.
import fc from 'fast-check';
import { Client } from 'pg';
import { Api } from './support/api';
import {
  aCustomer,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  TestClock,
  type TestWorkspace,
} from './support/app';
import { runCommand, startServer } from './support/command';
import { createDatabase } from './support/database';
import { until } from './support/embedded-process';
import { SAVE, type SaveData } from './support/operations';

const ACTOR = { name: 'test' };
const HOUR_MS = 3_600_000;

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
beforeEach(async () => {
  app.clock.set('2026-03-15T12:00:00Z');
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
});

type Input = Parameters<TestApp['services']['budgets']['set']>[1];
const MONTH: Input = {
  ...{ name: 'month', subject: 'WORKSPACE', measure: 'MESSAGES', limit: '10', interval: 'MONTH' },
  ...{ thresholds: [50, 100], enforcement: 'NOTIFY' },
};
const set = (input: Partial<Input> = {}, to = app) =>
  to.services.budgets.set(shop.id, { ...MONTH, ...input }, ACTOR);

async function save(count = 1, input: Record<string, unknown> = {}, to = app): Promise<string[]> {
  const ids: string[] = [];
  for (let done = 0; done < count; done += 1) {
    const { saveMessage } = await to.api.as(shop.service).data<SaveData>(SAVE, { input: aTurn(shop, input) });
    ids.push(saveMessage.message.tracking.usage?.id ?? '');
  }
  return ids;
}

const look = () => app.services.budgetWatch.look();
async function sweep(to = app): Promise<void> {
  // Until it is due again. Row by row in one order: a server that looks beside holds some of them.
  await to.database.sql(
    `UPDATE budget_sweeps s SET due_at = '-infinity' FROM (
       SELECT workspace_id FROM budget_sweeps ORDER BY workspace_id FOR UPDATE) held
     WHERE held.workspace_id = s.workspace_id`,
  );
  await to.services.budgetWatch.sweep();
}

interface Told {
  type: string;
  data: {
    threshold?: number;
    used?: string;
    forecast?: string;
    customerId: string | null;
    period: { firstDay: string; from: string; to: string };
  };
}
const events = async (of = shop, to = app): Promise<Told[]> =>
  (
    await to.database.sql<{ body: string }>(
      'SELECT body FROM events WHERE workspace_id = $1 ORDER BY sequence',
      [of.id],
    )
  ).map(({ body }) => JSON.parse(body));
const thresholds = async () => (await events()).map(({ data }) => [data.threshold, data.used]);
const firstDays = async () =>
  (await events()).map(({ data }) => [data.period.firstDay, data.threshold]).sort();

describe('a threshold', () => {
  it('is told once when it is reached, by whoever looks how often', async () => {
    await set();
    await save(4);
    await look();
    expect(await events()).toEqual([]);
    await save(1);
    await look();
    await save(1);
    await Promise.all([look(), sweep(), sweep()]);
    expect(await thresholds()).toEqual([[50, '5']]);
    await save(6);
    await look();
    await look();
    await sweep();
    expect(await thresholds()).toEqual([
      [50, '5'],
      [100, '12'],
    ]);
  });

  it('has a body of ids, figures and instants, and no name', async () => {
    const budget = await set({ name: 'Marios limit', measure: 'COST', limit: '0.01', thresholds: [80] });
    await save(2);
    await look();
    const [{ body } = { body: '' }] = await app.database.sql<{ body: string }>(
      'SELECT body FROM events WHERE workspace_id = $1',
      [shop.id],
    );
    expect(JSON.parse(body)).toEqual({
      ...{
        type: 'BUDGET_THRESHOLD',
        timestamp: '2026-03-15T12:00:00.000Z',
        workspaceId: shop.id,
        sequence: 1,
      },
      data: {
        ...{ budgetId: budget.id, version: 1, subject: 'WORKSPACE', customerId: null, measure: 'COST' },
        ...{ currency: 'EUR', limit: '0.01', enforcement: 'NOTIFY', threshold: 80, used: '0.01' },
        interval: 'MONTH',
        period: {
          ...{ firstDay: '2026-03-01', from: '2026-02-28T23:00:00.000Z', to: '2026-03-31T22:00:00.000Z' },
          timeZone: 'Europe/Rome',
        },
      },
    });
    expect(body).not.toMatch(/Mario|393331234567/);
    await expect(app.database.sql("UPDATE events SET body = '{}'")).rejects.toThrow('never changed');
  });

  it('costs the save no statement', async () => {
    await set();
    await save(1);
    app.statements();
    await save(5);
    expect(app.statements().filter((name) => /budget|event|sweep/.test(name))).toEqual([]);
    await look();
    expect(app.statements()).toContain('budgets_of_marked');
  });

  it('that was passed before the budget was set is found by the sweep', async () => {
    await save(6);
    await look();
    await set();
    await look();
    expect(await events()).toEqual([]);
    await sweep();
    expect(await thresholds()).toEqual([[50, '6']]);
    // One more threshold of the same limit.
    await set({ thresholds: [20, 50, 100] });
    await sweep();
    expect((await thresholds()).map(([threshold]) => threshold)).toEqual([50, 20]);
  });

  it('of a charge that was made later by reconciliation is found by the sweep', async () => {
    await set({ limit: '1', thresholds: [100] });
    await sweep();
    await app.database.sql('ALTER TABLE charges ADD CONSTRAINT out_of_order CHECK (false) NOT VALID');
    await save(1);
    await app.database.sql('ALTER TABLE charges DROP CONSTRAINT out_of_order');
    await look();
    await sweep();
    expect(await events()).toEqual([]);
    await app.services.reconciler.run();
    await look();
    expect(await events()).toEqual([]);
    await sweep();
    expect(await thresholds()).toEqual([[100, '1']]);
  });

  it('that a look could not tell, since the database was away, is told by the next', async () => {
    await set({ limit: '1' });
    await save(1);
    await app.database.sql('ALTER TABLE budget_firings RENAME TO away');
    await expect(look()).rejects.toThrow('budget_firings');
    await app.database.sql('ALTER TABLE away RENAME TO budget_firings');
    await look();
    expect((await thresholds()).map(([threshold]) => threshold)).toEqual([50, 100]);
  });
});

describe('periods', () => {
  it('a late turn counts in its own, and only in the one that runs and the one before', async () => {
    app.clock.set('2026-01-10T12:00:00Z');
    await set({ limit: '2', interval: 'DAY' });
    app.clock.set('2026-03-15T12:00:00Z');
    await save(2, { occurredAt: '2026-03-14T12:00:00Z' });
    await save(1);
    // Two days before: nobody looks at it any more.
    await save(2, { occurredAt: '2026-03-13T12:00:00Z' });
    await look();
    await sweep();
    expect(await firstDays()).toEqual([
      ['2026-03-14', 100],
      ['2026-03-14', 50],
      ['2026-03-15', 50],
    ]);
  });

  it('that ended before the version was made are not looked at', async () => {
    await save(5, { occurredAt: '2026-03-14T12:00:00Z' });
    const budget = await set({ limit: '2', interval: 'DAY' });
    await sweep();
    expect(await events()).toEqual([]);
    // The day before counts for a budget that was there before it ended, not for another limit.
    app.clock.advance(24 * HOUR_MS);
    const other = await set({ limit: '3', interval: 'DAY' });
    expect([budget.version, other.version]).toEqual([1, 2]);
    await save(5, { occurredAt: '2026-03-15T12:00:00Z' });
    await look();
    await sweep();
    expect(await events()).toEqual([]);
  });

  it('a charge just before the end is told after it', async () => {
    await set({ limit: '1', thresholds: [100], interval: 'DAY' });
    app.clock.set('2026-03-15T22:59:59.900Z');
    await save(1);
    app.clock.set('2026-03-15T23:00:00.800Z');
    await look();
    expect(await firstDays()).toEqual([['2026-03-15', 100]]);
  });

  it.each([
    // Rome puts its clock forward on 2026-03-29 and back on 2026-10-25; Lord Howe by half an hour on 2026-04-05 and
    // 2026-10-04; Apia left 2011-12-30 out.
    ['Europe/Rome', '2026-03-29', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
    ['Europe/Rome', '2026-10-25', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-05', '2026-04-04T13:00:00Z', '2026-04-05T13:30:00Z'],
    ['Australia/Lord_Howe', '2026-10-04', '2026-10-03T13:30:00Z', '2026-10-04T13:00:00Z'],
    ['Pacific/Apia', '2011-12-29', '2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z'],
    ['Pacific/Apia', '2011-12-31', '2011-12-30T10:00:00Z', '2011-12-31T10:00:00Z'],
  ])('in %s the day %s is from %s to %s', async (timeZone, day, from, to) => {
    const [first, end] = [Date.parse(from), Date.parse(to)];
    app.clock.set(new Date(first - 40 * 24 * HOUR_MS));
    shop = await aWorkspace(app, { timeZone });
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    await set({ limit: '2', interval: 'DAY', thresholds: [100] });
    await set({ name: 'each', limit: '2', interval: 'DAY', thresholds: [100], subject: 'EACH_CUSTOMER' });
    // One before it, the first and last of it, one after it.
    const turns = [first - 1, first, end - 1, end];
    app.clock.set(new Date(end + 1));
    for (const at of turns) await save(1, { occurredAt: new Date(at).toISOString() });
    await look();
    await sweep();
    const told = await events();
    expect(told.map(({ data }) => [data.period.firstDay, data.used, data.customerId === null])).toEqual([
      [day, '2', true],
      [day, '2', false],
    ]);
    expect(told[0]?.data.period).toMatchObject({
      ...{ from: new Date(first).toISOString(), to: new Date(end).toISOString() },
    });
  });

  it.each(['DAY', 'WEEK', 'MONTH'] as const)('by %s are what a calendar of turns says', async (interval) => {
    const zones = ['Europe/Rome', 'Australia/Lord_Howe', 'America/St_Johns', 'Asia/Kathmandu'];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...zones),
        fc.array(fc.integer({ min: -70 * 24, max: 0 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        async (timeZone, hours, limit) => {
          const now = Date.parse('2026-04-06T12:34:56Z');
          app.clock.set(new Date(now - 80 * 24 * HOUR_MS));
          shop = await aWorkspace(app, { timeZone });
          await aCustomer(app, shop, { phoneNumber: '+393331234567' });
          await set({ limit: String(limit), interval, thresholds: [100] });
          app.clock.set(new Date(now));
          const turns = hours.map((ago) => now + ago * HOUR_MS);
          for (const at of turns) await save(1, { occurredAt: new Date(at).toISOString() });
          await look();
          expect((await firstDays()).map(([day]) => day)).toEqual(
            oracle(turns, now, interval, timeZone, limit),
          );
        },
      ),
      { numRuns: 15 },
    );
  });

  it('a change of the zone tells nothing twice, and looks at the new days', async () => {
    await set({ limit: '2', interval: 'DAY', thresholds: [100] });
    // 23:30 on the 14th in Rome, the 15th in Helsinki.
    app.clock.set('2026-03-15T11:00:00Z');
    await save(1, { occurredAt: '2026-03-14T22:30:00Z' });
    await save(1);
    await look();
    await sweep();
    expect(await events()).toEqual([]);
    await app.services.workspaces.update(shop.id, { timeZone: 'Europe/Helsinki' }, ACTOR);
    await sweep();
    expect(await firstDays()).toEqual([['2026-03-15', 100]]);
    await app.services.workspaces.update(shop.id, { timeZone: 'Europe/Rome' }, ACTOR);
    await save(1);
    await look();
    await sweep();
    expect(await firstDays()).toEqual([['2026-03-15', 100]]);
  });
});

/** The first days of the periods (the one that runs, the one before) that have at least `limit` turns, by Intl alone. */
function oracle(
  turns: readonly number[],
  now: number,
  interval: 'DAY' | 'WEEK' | 'MONTH',
  timeZone: string,
  limit: number,
): string[] {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
  const start = (at: number): string => {
    const date = new Date(`${format.format(at)}T00:00:00Z`);
    if (interval === 'WEEK') date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
    if (interval === 'MONTH') date.setUTCDate(1);
    return date.toISOString().slice(0, 10);
  };
  const running = start(now);
  const noonBefore = Date.parse(`${running}T12:00:00Z`) - 24 * HOUR_MS;
  const looked = [start(noonBefore), running];
  return looked.filter((day) => turns.filter((at) => start(at) === day).length >= limit);
}

describe('what is taken back', () => {
  it('lowers the level: nothing is told of it, and what was told stays', async () => {
    await set({ limit: '4', thresholds: [50, 100] });
    const ids = await save(3);
    await look();
    for (const id of ids.slice(0, 2))
      await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'x' }, ACTOR);
    await save(1);
    await look();
    await sweep();
    const told = await events();
    expect(told.map(({ type }) => type)).toEqual(['BUDGET_THRESHOLD', 'USAGE_VOIDED', 'USAGE_VOIDED']);
    await save(2);
    await look();
    expect((await events()).at(-1)).toMatchObject({ data: { threshold: 100, used: '4' } });
    expect(await states()).toMatchObject([{ state: { used: '4', crossed: [50, 100] } }]);
  });

  it('is an event of its own, in the transaction of the void', async () => {
    const [id = ''] = await save(1);
    await app.database.sql('ALTER TABLE events RENAME TO away');
    const failed = app.services.voids.void(shop.id, { usageRecordId: id, reason: 'x' }, ACTOR);
    await expect(failed).rejects.toThrow('events');
    await app.database.sql('ALTER TABLE away RENAME TO events');
    expect(await app.database.sql('SELECT FROM voids WHERE workspace_id = $1', [shop.id])).toEqual([]);
    await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'Mario was here' }, ACTOR);
    await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'again' }, ACTOR);
    const told = await events();
    expect(told).toEqual([
      expect.objectContaining({
        type: 'USAGE_VOIDED',
        data: {
          ...{ usageRecordId: id, reversalId: expect.any(String), customerId: expect.any(String) },
          ...{ amount: '-0.005', currency: 'EUR', occurredAt: '2026-03-15T12:00:00.000Z' },
        },
      }),
    ]);
    expect(JSON.stringify(told)).not.toContain('Mario');
  });
});

it('a closed month is an event of its own, once', async () => {
  await save(1, { occurredAt: '2026-02-10T12:00:00Z' });
  for (let closed = 0; closed < 2; closed += 1) await app.services.closing.close(shop.id, '2026-02', ACTOR);
  expect(await events()).toEqual([
    {
      ...{
        type: 'STATEMENT_CLOSED',
        timestamp: '2026-03-15T12:00:00.000Z',
        workspaceId: shop.id,
        sequence: 1,
      },
      data: {
        ...{ number: 1, month: '2026-02', timeZone: 'Europe/Rome' },
        ...{ from: '2026-01-31T23:00:00.000Z', to: '2026-02-28T23:00:00.000Z' },
      },
    },
  ]);
});

describe('a raised limit', () => {
  it('opens STOP at once, and is told anew', async () => {
    await set({ limit: '2', thresholds: [100], enforcement: 'STOP' });
    await save(2);
    await look();
    expect(await decide()).toMatchObject({ allowed: false, reason: 'BUDGET_REACHED' });
    await set({ limit: '3', thresholds: [100], enforcement: 'STOP' });
    expect(await decide()).toMatchObject({ allowed: true, reason: 'OK' });
    await save(1);
    app.clock.advance(1_000);
    expect(await decide()).toMatchObject({ allowed: false });
    await look();
    expect(await thresholds()).toEqual([
      [100, '2'],
      [100, '3'],
    ]);
  });

  it('may be set while looks go on, and be removed: nothing fails, nothing is told twice', async () => {
    await save(5);
    const work = Array.from({ length: 10 }, async (_, index) => {
      const budget = await set({ name: `b${index % 3}`, limit: String(1 + index), thresholds: [50, 100] });
      await Promise.all([look(), sweep(), save(1)]);
      if (index % 4 === 0) await app.services.budgets.remove(shop.id, budget.id, ACTOR);
    });
    await Promise.all(work);
    await look();
    await sweep();
    const keys = (await events()).map(({ data }) => JSON.stringify({ ...data, used: null, limit: null }));
    expect(new Set(keys).size).toBe(keys.length);
    const sequences = await app.database.sql<{ sequence: string }>(
      'SELECT sequence::int FROM events WHERE workspace_id = $1 ORDER BY sequence',
      [shop.id],
    );
    expect(sequences.map(({ sequence }) => sequence)).toEqual(keys.map((_, index) => index + 1));
  });
});

describe('customers', () => {
  it('each has the limit for itself, and an own budget goes before it', async () => {
    const rita = await aCustomer(app, shop, { name: 'Rita', phoneNumber: '+393330000001' });
    const each: Partial<Input> = { name: 'each', subject: 'EACH_CUSTOMER', interval: 'DAY', limit: '2' };
    await set({ ...each, thresholds: [100], enforcement: 'STOP' });
    await set({
      ...{ name: 'rita', subject: 'CUSTOMER', customerId: rita.id, interval: 'DAY', limit: '3' },
      ...{ thresholds: [100], enforcement: 'STOP' },
    });
    const hers = { phoneNumber: '+393330000001' };
    await save(2);
    await save(2, hers);
    await look();
    await sweep();
    expect((await events()).map(({ data }) => [data.customerId === rita.id, data.used])).toEqual([
      [false, '2'],
    ]);
    expect(await decide()).toMatchObject({ reason: 'BUDGET_REACHED', budget: { name: 'each' } });
    expect(await decide(hers.phoneNumber)).toMatchObject({ reason: 'OK', budget: { name: 'rita' } });
    await save(1, hers);
    await look();
    expect((await events()).map(({ data }) => [data.customerId === rita.id, data.used])).toEqual([
      [false, '2'],
      [true, '3'],
    ]);
    // Another measure is another question.
    await set({ ...each, name: 'cost', measure: 'COST', limit: '0.01', thresholds: [100] });
    await sweep();
    expect((await events()).slice(2).map(({ data }) => data.used)).toEqual(['0.01', '0.015']);
  });

  it('more than one look takes are all told, each once', async () => {
    await app.database.sql(
      `INSERT INTO customers (workspace_id, id, name, phone_number, active_chatbot, created_at, updated_at)
       SELECT $1, gen_random_uuid(), 'c' || n, '+39' || (4000000000 + n), true, now(), now() FROM generate_series(1, 1500) n`,
      [shop.id],
    );
    await app.database.sql(
      `INSERT INTO customer_days (workspace_id, day, customer_id, messages, cost_micros, first_at, last_at)
       SELECT workspace_id, '2026-03-15', id, 1, 5000, '2026-03-15T10:00:00Z', '2026-03-15T10:00:00Z' FROM customers
       WHERE workspace_id = $1`,
      [shop.id],
    );
    await set({ subject: 'EACH_CUSTOMER', interval: 'DAY', limit: '1', thresholds: [50, 100] });
    await sweep();
    await sweep();
    const told = await events();
    expect(told).toHaveLength(2 * 1_501);
    expect(new Set(told.map(({ data }) => `${data.customerId} ${data.threshold}`)).size).toBe(told.length);
  });
});

describe('the forecast', () => {
  it('is told when two looks an hour apart see it above the limit, once a period', async () => {
    app.clock.set('2026-03-02T12:00:00Z');
    await set({ limit: '100', thresholds: [], forecast: true });
    await save(20);
    await look();
    expect(await events()).toEqual([]);
    app.clock.advance(HOUR_MS - 1);
    await save(1);
    await look();
    expect(await events()).toEqual([]);
    app.clock.advance(1);
    await sweep();
    // 21 turns in 38 of 743 hours.
    expect((await events()).map(({ type, data }) => [type, data.forecast])).toEqual([
      ['BUDGET_FORECAST', String(Math.round((21 * 743) / 38))],
    ]);
    app.clock.advance(3 * HOUR_MS);
    await save(1);
    await look();
    app.clock.advance(3 * HOUR_MS);
    await save(1);
    await sweep();
    expect(await events()).toHaveLength(1);
  });

  it('of a moment is not told', async () => {
    app.clock.set('2026-03-02T12:00:00Z');
    const customer = await aCustomer(app, shop, { name: 'Rita', phoneNumber: '+393330000001' });
    await set({
      ...{ subject: 'CUSTOMER', customerId: customer.id, interval: 'WEEK', limit: '10', thresholds: [] },
      forecast: true,
    });
    await save(4, { phoneNumber: '+393330000001', occurredAt: '2026-03-02T11:00:00Z' });
    // Before a day has passed there is none.
    await look();
    app.clock.set('2026-03-03T12:00:00Z');
    await save(1, { phoneNumber: '+393330000001' });
    await look();
    app.clock.set('2026-03-08T12:00:00Z');
    await save(1, { phoneNumber: '+393330000001' });
    await look();
    app.clock.advance(2 * HOUR_MS);
    await sweep();
    expect(await events()).toEqual([]);
  });
});

const STATES = /* GraphQL */ `
  query ($id: ID!) { budgets(workspaceId: $id) {
    id name subject measure limit interval thresholds forecast enforcement customer { name }
    state { period { from to timeZone complete } used remaining usedPercent customer { name } crossed }
  } }`;
interface StateData {
  name: string;
  limit: string;
  customer: { name: string } | null;
  state: {
    used: string;
    remaining: string;
    usedPercent: string;
    customer: { name: string } | null;
    crossed: number[];
  };
}
const states = async (): Promise<StateData[]> =>
  (await app.api.as(shop.client).data<{ budgets: StateData[] }>(STATES, { id: shop.id })).budgets;

it('budgets say where they stand now, those of each customer by the one that is closest', async () => {
  const rita = await aCustomer(app, shop, { name: 'Rita', phoneNumber: '+393330000001' });
  await set({ name: 'a', measure: 'COST', limit: '0.02', thresholds: [50, 80], interval: 'WEEK' });
  await set({ name: 'b', subject: 'EACH_CUSTOMER', limit: '3', interval: 'DAY' });
  await set({ name: 'c', subject: 'CUSTOMER', customerId: rita.id, limit: '4' });
  expect((await states()).map(({ state }) => [state.used, state.customer])).toEqual([
    ['0.00', null],
    ['0', null],
    ['0', { name: 'Rita' }],
  ]);
  await save(3, { phoneNumber: '+393330000001' });
  await save(1);
  app.statements();
  expect(await states()).toMatchObject([
    {
      ...{ name: 'a', limit: '0.02', customer: null },
      state: { used: '0.02', remaining: '0.00', usedPercent: '100.00', customer: null, crossed: [50, 80] },
    },
    {
      ...{ name: 'b', limit: '3', customer: null },
      state: {
        used: '3',
        remaining: '0',
        usedPercent: '100.00',
        customer: { name: 'Rita' },
        crossed: [50, 100],
      },
    },
    {
      ...{ name: 'c', limit: '4', customer: { name: 'Rita' } },
      state: { used: '3', remaining: '1', usedPercent: '75.00', customer: { name: 'Rita' }, crossed: [50] },
    },
  ]);
});

const DECIDE = /* GraphQL */ `
  query ($id: ID!, $phone: PhoneNumber, $user: String) {
    serveDecision(workspaceId: $id, phoneNumber: $phone, whatsappUserId: $user) {
      allowed reason resetsAt asOf customer { name } budget { name limit state { used remaining usedPercent customer { name } } }
    } }`;
interface Decision {
  allowed: boolean;
  reason: string;
  resetsAt: string | null;
  asOf: string;
  customer: { name: string } | null;
  budget: { name: string; state: { used: string; customer: { name: string } | null } } | null;
}
const decide = async (
  phone: string | null = '+393331234567',
  user: string | null = null,
): Promise<Decision> =>
  (await app.api.as(shop.service).data<{ serveDecision: Decision }>(DECIDE, { id: shop.id, phone, user }))
    .serveDecision;

describe('serveDecision', () => {
  it('says why not, the first reason first', async () => {
    await set({ limit: '1', enforcement: 'STOP' });
    const off = { name: 'Off', phoneNumber: '+393330000009', activeChatbot: false };
    await aCustomer(app, shop, off);
    expect(await decide('+393330000005')).toMatchObject({
      ...{ allowed: false, reason: 'UNKNOWN_CUSTOMER', customer: null, budget: null, resetsAt: null },
    });
    expect(await decide(off.phoneNumber)).toMatchObject({
      ...{ allowed: false, reason: 'INACTIVE_CUSTOMER', customer: { name: 'Off' } },
    });
    expect(await decide()).toMatchObject({ allowed: true, reason: 'OK', resetsAt: null });
    await save(1);
    app.clock.advance(1_000);
    expect(await decide()).toMatchObject({
      ...{ allowed: false, reason: 'BUDGET_REACHED', resetsAt: '2026-03-31T22:00:00.000Z' },
      budget: { name: 'month', state: { used: '1', customer: null } },
    });
    // Advice: a save is never refused.
    await save(1);
    await app.services.workspaces.remove(shop.id, ACTOR);
    expect(await decide()).toMatchObject({ allowed: false, reason: 'WORKSPACE_ARCHIVED' });
    expect(await decide('+393330000005')).toMatchObject({ reason: 'WORKSPACE_ARCHIVED' });
  });

  it('knows a contact as a save does: by user id, else by number', async () => {
    await aCustomer(app, shop, { name: 'Rita', whatsappUserId: 'IT.1' });
    expect(await decide(null, 'IT.1')).toMatchObject({ customer: { name: 'Rita' } });
    expect(await decide('+393331234567', 'IT.1')).toMatchObject({ customer: { name: 'Rita' } });
    expect(await decide('393331234567', 'IT.2')).toMatchObject({ customer: { name: 'Mario Rossi' } });
    const code = app.api.as(shop.service).code(DECIDE, { id: shop.id });
    expect(await code).toBe('BAD_USER_INPUT');
  });

  it('tells of the asked contact alone, of STOP alone, and of the one that says no for longest', async () => {
    await aCustomer(app, shop, { name: 'Rita', phoneNumber: '+393330000001' });
    await set({ name: 'notify', limit: '1', thresholds: [100] });
    expect(await decide()).toMatchObject({ reason: 'OK', budget: null });
    await set({ name: 'day', subject: 'EACH_CUSTOMER', interval: 'DAY', limit: '2', enforcement: 'STOP' });
    await set({ name: 'long', subject: 'EACH_CUSTOMER', interval: 'MONTH', limit: '2', enforcement: 'STOP' });
    await save(2, { phoneNumber: '+393330000001' });
    expect(await decide()).toMatchObject({
      ...{ reason: 'OK', budget: { state: { used: '0', customer: { name: 'Mario Rossi' } } } },
    });
    expect(await decide('+393330000001')).toMatchObject({
      ...{ reason: 'BUDGET_REACHED', budget: { name: 'long', state: { customer: { name: 'Rita' } } } },
      resetsAt: '2026-03-31T22:00:00.000Z',
    });
  });

  it('has sums of the workspace that are at most a second old, and says of when they are', async () => {
    await set({ limit: '2', enforcement: 'STOP' });
    await save(1);
    expect(await decide()).toMatchObject({ reason: 'OK', asOf: '2026-03-15T12:00:00.000Z' });
    await save(1);
    app.clock.advance(999);
    expect(await decide()).toMatchObject({ reason: 'OK', asOf: '2026-03-15T12:00:00.000Z' });
    app.clock.advance(1);
    expect(await decide()).toMatchObject({ reason: 'BUDGET_REACHED', asOf: '2026-03-15T12:00:01.000Z' });
    // The next month is another question, however young the sums are.
    app.clock.set('2026-03-31T21:59:59.900Z');
    expect(await decide()).toMatchObject({ reason: 'BUDGET_REACHED' });
    app.clock.set('2026-03-31T22:00:00.100Z');
    expect(await decide()).toMatchObject({ reason: 'OK', budget: { state: { used: '0' } } });
  });
});

describe('refuses in words', () => {
  const SET = 'mutation ($input: SetBudgetInput!) { setBudget(input: $input) { id name } }';
  it.each<[string, Record<string, unknown>, RegExp]>([
    ['a threshold of 0', { thresholds: [50, 0] }, /whole percentage from 1 to 999, such as 80; got 0/],
    ['a threshold of 1000', { thresholds: [1000] }, /got 1000/],
    ['21 thresholds', { thresholds: Array.from({ length: 21 }, (_, n) => n + 1) }, /at most 20/],
    ['a limit finer than a micro-unit', { measure: 'COST', limit: '0.0000001' }, /finer than a micro-unit/],
    ['half a turn', { limit: '1.5' }, /whole number of turns/],
    ['a limit of 0', { limit: '0' }, /more than 0/],
    ['a negative limit', { limit: '-1' }, /more than 0/],
    ['a limit of more than a billion', { limit: '1000000001' }, /slip of the unit/],
    ['no customer', { subject: 'CUSTOMER' }, /needs customerId/],
    ['a customer for all', { customerId: 'foreign' }, /is for the subject CUSTOMER/],
    [
      'a customer of another workspace',
      { subject: 'CUSTOMER', customerId: 'foreign' },
      /There is no customer/,
    ],
    ['what is no id', { subject: 'CUSTOMER', customerId: 'x' }, /not the id of a customer/],
    ['a forecast of a day', { forecast: true, interval: 'DAY' }, /by WEEK or MONTH/],
    ['a forecast of each', { forecast: true, subject: 'EACH_CUSTOMER' }, /WORKSPACE and CUSTOMER/],
    ['a budget that does nothing', { thresholds: [] }, /would do nothing/],
    ['no name', { name: ' ' }, /name must have 1 to 200/],
  ])('%s', async (_, given, words) => {
    const other = await aWorkspace(app);
    const foreign = await aCustomer(app, other, { phoneNumber: '+393330000002' });
    const token = await aToken(app, { kind: 'client', workspaceIds: [shop.id], scopes: ['budgets:write'] });
    const input = { workspaceId: shop.id, ...MONTH, ...given };
    if (input.customerId === 'foreign') input.customerId = foreign.id;
    const answer = await app.api.as(token).send(SET, { input });
    expect([answer.status, answer.body.errors?.[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
    expect(answer.body.errors?.[0]?.message).toMatch(words);
    expect(await app.database.sql('SELECT FROM budgets WHERE workspace_id = $1', [shop.id])).toEqual([]);
  });

  it('the hundred-and-first budget, and one of an archived workspace', async () => {
    await Promise.all(Array.from({ length: 100 }, (_, index) => set({ name: `b${index}` })));
    await expect(set({ name: 'one more' })).rejects.toThrow('at most 100 budgets');
    await set({ name: 'b7', limit: '11' });
    await save(1);
    await app.services.workspaces.remove(shop.id, ACTOR);
    await expect(set({ name: 'b7' })).rejects.toThrow('is archived');
  });

  it('an unknown type of event', async () => {
    const query = '{ events(workspaceId: "x", types: [BUDGET_REACHED]) { totalCount } }';
    const [error] = await app.api.as(shop.client).errors(query);
    expect(error?.message).toContain('does not exist in "EventType" enum.');
    const { code, stderr } = await run('events', '--workspace', shop.id, '--type', 'BUDGET_REACHED');
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not a type of event: BUDGET_THRESHOLD')]);
  });
});

it('setting, changing and removing is in the audit trail, without names', async () => {
  const token = await aToken(app, { kind: 'client', workspaceIds: [shop.id], scopes: ['budgets:write'] });
  const SET = 'mutation ($input: SetBudgetInput!) { setBudget(input: $input) { id } }';
  const input = { workspaceId: shop.id, ...MONTH };
  const { setBudget } = await app.api.as(token).data<{ setBudget: { id: string } }>(SET, { input });
  await app.api.as(token).data(SET, { input: { ...input, limit: '20' } });
  const remove = 'mutation ($w: ID!, $id: ID!) { deleteBudget(workspaceId: $w, id: $id) }';
  const removed = { w: shop.id, id: setBudget.id };
  expect(await app.api.as(token).data(remove, removed)).toEqual({ deleteBudget: true });
  expect(await app.api.as(token).data(remove, removed)).toEqual({ deleteBudget: false });
  expect(await app.api.as(token).code(remove, { ...removed, id: 'x' })).toBe('BAD_USER_INPUT');
  const entries = await app.database.sql<{ action: string; actor: string; before: object; after: object }>(
    `SELECT actor, action, before, after FROM audit_entries WHERE subject = $1 ORDER BY id`,
    [setBudget.id],
  );
  expect(entries.map(({ actor, action }) => [actor.split(':')[0], action])).toEqual([
    ['token', 'budget.set'],
    ['token', 'budget.set'],
    ['token', 'budget.removed'],
  ]);
  expect(entries[1]).toMatchObject({
    before: { limit: '10', version: 1 },
    after: { limit: '20', version: 2 },
  });
  expect(JSON.stringify(entries)).not.toContain('month"');
});

describe('events', () => {
  const LIST = /* GraphQL */ `
    query ($id: ID!, $types: [EventType!], $first: Int, $after: String) {
      events(workspaceId: $id, types: $types, first: $first, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } nodes { id sequence type occurredAt data }
      } }`;
  interface EventsData {
    events: {
      totalCount: number;
      pageInfo: { hasNextPage: boolean; endCursor: string };
      nodes: { sequence: number; type: string; data: { sequence: number; data: object } }[];
    };
  }
  const list = async (variables: object = {}) =>
    (await app.api.as(shop.client).data<EventsData>(LIST, { id: shop.id, ...variables })).events;

  it('are listed newest first, by type, in pages', async () => {
    await set({ limit: '2', thresholds: [50, 100, 150] });
    const [id = ''] = await save(3);
    await look();
    await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'x' }, ACTOR);
    const all = await list();
    expect(all.nodes.map(({ sequence, type }) => [sequence, type])).toEqual([
      [4, 'USAGE_VOIDED'],
      [3, 'BUDGET_THRESHOLD'],
      [2, 'BUDGET_THRESHOLD'],
      [1, 'BUDGET_THRESHOLD'],
    ]);
    expect(all.nodes.every(({ sequence, data }) => data.sequence === sequence)).toBe(true);
    const page = await list({ types: ['BUDGET_THRESHOLD'], first: 2 });
    expect([page.totalCount, page.pageInfo.hasNextPage, page.nodes.map((n) => n.sequence)]).toEqual([
      ...[3, true, [3, 2]],
    ]);
    // The cursor carries the types.
    const rest = await list({ first: 2, after: page.pageInfo.endCursor });
    expect([rest.pageInfo.hasNextPage, rest.nodes.map((n) => n.sequence)]).toEqual([false, [1]]);
    const other = { id: shop.id, types: ['USAGE_VOIDED'], after: page.pageInfo.endCursor };
    expect(await app.api.as(shop.client).code(LIST, other)).toBe('BAD_USER_INPUT');
    expect((await list({ types: [] })).nodes).toEqual([]);
  });

  it('are kept for 400 days', async () => {
    const [id = ''] = await save(1);
    await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'x' }, ACTOR);
    app.clock.advance(400 * 24 * HOUR_MS);
    await app.services.eventExpiry.run();
    expect(await events()).toHaveLength(1);
    app.clock.advance(1);
    await app.services.eventExpiry.run();
    expect(await events()).toEqual([]);
  });
});

const run = (...args: string[]) => runCommand(args, { DATABASE_URL: app.database.url });

describe('the command line', () => {
  it('sets, lists and removes budgets, and lists events', async () => {
    // A command has the machine's clock.
    app.clock.run();
    shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const here = ['--workspace', shop.id];
    const made = await run(
      ...['budget', 'set', ...here, '--name', 'month', '--limit', '0.02', '--threshold', '50', '100'],
      ...['--stop', '--json'],
    );
    expect([made.stderr, JSON.parse(made.stdout)]).toEqual([
      '',
      {
        ...{ id: expect.any(String), name: 'month', subject: 'WORKSPACE', customerId: null, measure: 'COST' },
        ...{ limit: '0.02', interval: 'MONTH', thresholds: [50, 100], forecast: false, enforcement: 'STOP' },
        version: 1,
      },
    ]);
    await save(3);
    await look();
    const listed = await run('budget', 'list', ...here);
    expect(listed.stdout).toMatch(/NAME +SUBJECT +LIMIT +EVERY +USED/);
    expect(listed.stdout).toMatch(/month +WORKSPACE +0.02 EUR +MONTH +0.015 EUR +75.00% +50 100 +STOP/);
    const json = JSON.parse((await run('budget', 'list', ...here, '--json')).stdout);
    expect(json).toMatchObject([{ name: 'month', used: '0.015', remaining: '0.005', crossed: [50] }]);
    const told = JSON.parse((await run('events', ...here, '--type', 'budget_threshold', '--json')).stdout);
    expect(told).toMatchObject([
      { sequence: 1, type: 'BUDGET_THRESHOLD', data: { data: { threshold: 50 } } },
    ]);
    expect((await run('events', ...here)).stdout).toMatch(/SEQUENCE +AT +TYPE +DATA/);
    expect((await run('budget', 'remove', ...here, '--name', 'other')).code).toBe(2);
    expect((await run('budget', 'remove', ...here, '--name', 'month')).stdout).toContain('Removed');
    expect((await run('budget', 'list', ...here)).stdout).toContain('No budgets.');
  });

  it.each([
    [['budget', 'set', '--name', 'x', '--limit', '1', '--threshold', '0'], 'whole percentage from 1 to 999'],
    [['budget', 'set', '--name', 'x', '--limit', '1', '--threshold', 'half'], 'A whole number is expected'],
    [['budget', 'set', '--name', 'x', '--limit', '1', '--interval', 'year'], 'Allowed choices are'],
    [['budget', 'set', '--name', 'x', '--limit', '1'], 'would do nothing'],
    [['events', '--limit', '0'], '--limit is 1 to'],
  ])('refuses %j', async (args, words) => {
    const { code, stderr } = await run(...args, '--workspace', shop.id);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});

it('64 callers over every threshold of three budgets on two servers: each event once', async () => {
  const database = await createDatabase();
  const clock = new TestClock();
  const config = { budgetLookIntervalMs: 100, reconcileIntervalMs: 100 };
  const one = await startApp({ database, clock, config });
  const other = await startApp({ database, clock, config });
  try {
    shop = await aWorkspace(one);
    const customers = await Promise.all(
      Array.from({ length: 4 }, (_, index) =>
        aCustomer(one, shop, { name: `c${index}`, phoneNumber: `+3933300000${10 + index}` }),
      ),
    );
    const every = Array.from({ length: 20 }, (_, index) => 5 * (index + 1));
    await set({ name: 'all', limit: '256', thresholds: every }, one);
    await set(
      { name: 'each', subject: 'EACH_CUSTOMER', interval: 'DAY', limit: '64', thresholds: every },
      one,
    );
    const own = { name: 'own', subject: 'CUSTOMER', customerId: customers[0]?.id } as const;
    await set({ ...own, measure: 'COST', interval: 'WEEK', limit: '0.32', thresholds: every }, one);
    const caller = async (index: number): Promise<void> => {
      for (let turn = 0; turn < 4; turn += 1)
        await save(1, { phoneNumber: `+3933300000${10 + (index % 4)}` }, index % 2 === 0 ? one : other);
    };
    await Promise.all(Array.from({ length: 64 }, (_, index) => caller(index)));
    for (const server of [one, other]) await server.services.budgetWatch.look();
    await sweep(one);
    const told = await events(shop, one);
    const keys = told.map(({ data }) =>
      JSON.stringify([Object(data).budgetId, data.customerId, data.threshold]),
    );
    expect(new Set(keys).size).toBe(keys.length);
    // 20 of all, 20 of each of four customers, 20 of the own one.
    expect(keys).toHaveLength(20 + 4 * 20 + 20);
  } finally {
    await one.stop();
    await other.stop();
    await database.drop();
  }
});

describe('kill -9 of the server that charged', () => {
  const serve = (environment: Record<string, string>) =>
    startServer(['--no-demo'], { DATABASE_URL: app.database.url, ...environment });
  /** Of now: a server has the machine's clock. Looked at whole already, so that only what is charged can lead there. */
  async function aShopLookedAt(): Promise<void> {
    app.clock.run();
    shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    await set({ limit: '4', thresholds: [25, 50, 75, 100] });
    await set({ name: 'each', subject: 'EACH_CUSTOMER', limit: '4', thresholds: [25, 50, 75, 100] });
    await sweep();
    expect(await events()).toEqual([]);
  }
  const saveThrough = (url: string) =>
    new Api(url, shop.service).data<SaveData>(SAVE, { input: aTurn(shop) });
  const keys = async () =>
    (await events()).map(({ data }) => `${data.customerId === null} ${data.threshold}`).sort();
  const all = ['false', 'true'].flatMap((ofAll) => [100, 25, 50, 75].map((percent) => `${ofAll} ${percent}`));

  it('before it looked: the sweep of another tells each event once', async () => {
    await aShopLookedAt();
    const server = await serve({ BUDGET_LOOK_INTERVAL_MS: '86400000' });
    for (let turn = 0; turn < 4; turn += 1) await saveThrough(server.url);
    await server.stop('SIGKILL');
    expect(await events()).toEqual([]);
    await app.database.sql("UPDATE budget_sweeps SET due_at = '-infinity'");
    const other = await serve({ RECONCILE_INTERVAL_MS: '100' });
    await until(async () => (await events()).length === all.length, 'the events');
    await other.stop();
    await sweep();
    expect(await keys()).toEqual(all);
  });

  it('while it tells: nothing of it is seen, and another tells each event once', async () => {
    await aShopLookedAt();
    const [id = ''] = await save(1);
    await app.services.voids.void(
      shop.id,
      { usageRecordId: id, reason: 'so that there is a counter' },
      ACTOR,
    );
    const holder = new Client({ connectionString: app.database.url });
    await holder.connect();
    const isWaiting = async () =>
      (
        await app.database.sql(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
           AND query LIKE '%number_events%'`,
        )
      ).length > 0;
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM event_counters WHERE workspace_id = $1 FOR UPDATE', [shop.id]);
      const server = await serve({ BUDGET_LOOK_INTERVAL_MS: '100', RECONCILE_INTERVAL_MS: '86400000' });
      for (let turn = 0; turn < 4; turn += 1) await saveThrough(server.url);
      await until(isWaiting, 'a look that waits for the counter');
      await server.stop('SIGKILL');
      await holder.query('ROLLBACK');
      await until(async () => !(await isWaiting()), 'the end of its statement');
    } finally {
      await holder.end();
    }
    await sweep();
    await sweep();
    expect((await keys()).filter((key) => !key.includes('undefined'))).toEqual(all);
  });
});
