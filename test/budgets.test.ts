// What budgets report: each threshold once, by level, whatever happens in between.

import fc from 'fast-check';
import { Client } from 'pg';
import { HOUR_MS } from '../src/values/duration';
import {
  ACTOR,
  aCustomer,
  aWorkspace,
  startApp,
  startBeside,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { type BudgetInput, budgetsOf } from './support/budgets';
import { aChargedShop } from './support/charged-shop';
import { until } from './support/embedded-process';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
beforeEach(async () => {
  app.clock.set('2026-03-15T12:00:00Z');
  shop = await aChargedShop(app);
});
const { set, save, look, sweep, events, thresholds, states, decide } = budgetsOf(() => ({ app, shop }));

const firstDays = async () =>
  (await events()).map(({ data }) => [data.period.firstDay, data.threshold]).sort();

describe('a threshold', () => {
  it('is reported once when it is reached, however often and by whichever server it is checked', async () => {
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

  it('has an event with ids, figures and instants, and no name', async () => {
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

  it('adds no statement to a save', async () => {
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

  it('that was not reported because the database was away is reported by the next look', async () => {
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
  it('a late turn counts in its own period, if that is the running one or the one before', async () => {
    app.clock.set('2026-01-10T12:00:00Z');
    await set({ limit: '2', interval: 'DAY' });
    app.clock.set('2026-03-15T12:00:00Z');
    await save(2, { occurredAt: '2026-03-14T12:00:00Z' });
    await save(1);
    // Two days before: that period is not checked any more.
    await save(2, { occurredAt: '2026-03-13T12:00:00Z' });
    await look();
    await sweep();
    expect(await firstDays()).toEqual([
      ['2026-03-14', 100],
      ['2026-03-14', 50],
      ['2026-03-15', 50],
    ]);
  });

  describe('in a day that is over', () => {
    const late = { occurredAt: '2026-03-14T12:00:00Z' };
    let other: TestApp;
    beforeEach(async () => {
      other = await startBeside(app);
    });
    afterEach(() => other.stop());

    const reported = async () =>
      (await events()).flatMap(({ type, data }) => (type === 'BUDGET_THRESHOLD' ? [data.used] : []));

    it('what was taken back by another server meanwhile is not counted', async () => {
      await set({ limit: '4', thresholds: [100] });
      const [id = ''] = await save(3, late);
      await look();
      await other.services.voids.void(shop.id, { usageRecordId: id, reason: 'x' }, ACTOR);
      await save(1);
      await look();
      expect(await reported()).toEqual([]);
      await save(1);
      await look();
      expect(await reported()).toEqual(['4']);
    });

    it('what another server charged is counted by the next look', async () => {
      await set({ limit: '4', thresholds: [100] });
      await save(1);
      await look();
      await save(2, late, other);
      await save(1);
      await look();
      expect(await reported()).toEqual(['4']);
    });

    it('what this server charges is reported at once', async () => {
      await set({ limit: '4', thresholds: [100] });
      await save(1);
      await look();
      await save(3, late);
      await look();
      expect(await reported()).toEqual(['4']);
    });
  });

  it('that ended before the version was made are not checked', async () => {
    await save(5, { occurredAt: '2026-03-14T12:00:00Z' });
    const budget = await set({ limit: '2', interval: 'DAY' });
    await sweep();
    expect(await events()).toEqual([]);
    // The day before counts for a budget that existed before it ended, but not for another limit.
    app.clock.advance(24 * HOUR_MS);
    const other = await set({ limit: '3', interval: 'DAY' });
    expect([budget.version, other.version]).toEqual([1, 2]);
    await save(5, { occurredAt: '2026-03-15T12:00:00Z' });
    await look();
    await sweep();
    expect(await events()).toEqual([]);
  });

  it('a charge just before the end is reported after the end', async () => {
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
    // One turn before it, its first and last, and one after it.
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

  it('a change of the zone reports nothing twice, and checks the new days', async () => {
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

/**
 * The first days of the periods (the running one and the one before) with at least `limit` turns, computed with Intl
 * only.
 */
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
  it('lowers the level: nothing is reported, and earlier reports stay', async () => {
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
});

describe('a raised limit', () => {
  it('lifts STOP at once, and is reported again when it is reached', async () => {
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

  it('may be set and removed while looks are running: nothing fails, nothing is reported twice', async () => {
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
  it("each have the limit separately, and a customer's own budget replaces it", async () => {
    const rita = await aCustomer(app, shop, { name: 'Rita', phoneNumber: '+393330000001' });
    const each: Partial<BudgetInput> = {
      name: 'each',
      subject: 'EACH_CUSTOMER',
      interval: 'DAY',
      limit: '2',
    };
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
    // Another measure is compared separately.
    await set({ ...each, name: 'cost', measure: 'COST', limit: '0.01', thresholds: [100] });
    await sweep();
    expect((await events()).slice(2).map(({ data }) => data.used)).toEqual(['0.01', '0.015']);
  });

  /** More than two slices, and twice as many thresholds as one statement takes. */
  const MANY = 10_500;
  const manyCustomers = async (): Promise<void> => {
    await app.database.sql(
      `INSERT INTO customers (workspace_id, id, name, phone_number, active_chatbot, created_at, updated_at)
       SELECT $1, gen_random_uuid(), 'c' || n, '+39' || (4000000000 + n), true, now(), now()
       FROM generate_series(1, $2::int) n`,
      [shop.id, MANY],
    );
    await app.database.sql(
      `INSERT INTO customer_days (workspace_id, day, customer_id, messages, cost_micros, first_at, last_at)
       SELECT workspace_id, '2026-03-15', id, 1, 5000, '2026-03-15T10:00:00Z', '2026-03-15T10:00:00Z' FROM customers
       WHERE workspace_id = $1 AND name LIKE 'c%'`,
      [shop.id],
    );
  };
  const each: Partial<BudgetInput> = { subject: 'EACH_CUSTOMER', interval: 'DAY', limit: '1' };

  it('beyond the size of one look are all reported by one sweep, each once', async () => {
    await manyCustomers();
    await set({ ...each, thresholds: [50, 100] });
    await sweep();
    const told = await events();
    expect(told).toHaveLength(2 * MANY);
    expect(new Set(told.map(({ data }) => `${data.customerId} ${data.threshold}`)).size).toBe(told.length);
    expect(app.statements().filter((name) => name === 'customers_after').length).toBeGreaterThan(
      MANY / 5_000,
    );
    await sweep();
    expect(await events()).toHaveLength(told.length);
  });

  it('are all checked again when a budget is set between two slices of a sweep', async () => {
    await manyCustomers();
    const [id = ''] = await save(1);
    await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'makes the counter' }, ACTOR);
    await set({ ...each, name: 'first', thresholds: [100] });
    const holder = new Client({ connectionString: app.database.url });
    await holder.connect();
    const areWaiting = async (count: number) =>
      (
        await app.database.sql(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        )
      ).length === count;
    let sweeping: Promise<void>;
    let setting: Promise<unknown>;
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM event_counters WHERE workspace_id = $1 FOR UPDATE', [shop.id]);
      sweeping = sweep();
      await until(() => areWaiting(1), 'the first slice, which waits for the counter');
      // It gets the sweep's row before the second slice does.
      setting = set({ ...each, name: 'second', thresholds: [100] });
      await until(() => areWaiting(2), 'a budget that waits for the slice');
      await holder.query('ROLLBACK');
    } finally {
      await holder.end();
    }
    await Promise.all([sweeping, setting]);
    // They belong to one sweep, which finds the workspace due once more; the first event is the void's.
    expect(await events()).toHaveLength(1 + 2 * MANY);
  });

  it('beyond one slice that another server charged are all reported, each once', async () => {
    await set({ ...each, thresholds: [100] });
    // From now on a sweep checks only customers that were charged.
    await sweep();
    await manyCustomers();
    await app.database.sql(
      `INSERT INTO messages (workspace_id, id, key_digest, phone_number, message, outcome, occurred_at, saved_at)
       SELECT $1, id, id::text::bytea, phone_number, '', 'TRACKED', $2, $2 FROM customers
       WHERE workspace_id = $1 AND name LIKE 'c%'`,
      [shop.id, app.clock.now()],
    );
    await app.database.sql(
      `INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at, epoch, month)
       SELECT $1, (lpad(to_hex($3::bigint), 12, '0') || substr(replace(id::text, '-', ''), 13))::uuid, id, id, 5000,
         $2, $2, 1, '2026-03-01' FROM customers WHERE workspace_id = $1 AND name LIKE 'c%'`,
      [shop.id, app.clock.now(), app.clock.now().getTime()],
    );
    await sweep();
    const told = await events();
    expect(told).toHaveLength(MANY);
    expect(new Set(told.map(({ data }) => data.customerId)).size).toBe(MANY);
  });

  it('left by an interrupted sweep are due after half a minute', async () => {
    await manyCustomers();
    await set({ ...each, thresholds: [100] });
    const ending = new AbortController();
    ending.abort();
    await app.services.budgetWatch.sweep(ending.signal);
    expect(await events()).toEqual([]);
    app.clock.advance(30_000);
    await app.services.budgetWatch.sweep();
    expect(await events()).toHaveLength(MANY);
  });
});

describe('the forecast', () => {
  it('is reported once per period, when two looks an hour apart see it above the limit', async () => {
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

  it('that fell in between must stay above the limit for another hour', async () => {
    app.clock.set('2026-03-02T12:00:00Z');
    await set({ limit: '100', thresholds: [], forecast: true });
    // 20 turns in 37 of 743 hours.
    await save(20);
    await look();
    // 21 in 469 hours are below the limit, 81 above it.
    app.clock.set('2026-03-20T12:00:00Z');
    await save(1);
    await look();
    await save(60);
    await look();
    expect(await events()).toEqual([]);
    app.clock.advance(HOUR_MS);
    await save(1);
    await look();
    expect((await events()).map(({ type }) => type)).toEqual(['BUDGET_FORECAST']);
  });

  it('that is above the limit for a moment is not reported', async () => {
    app.clock.set('2026-03-02T12:00:00Z');
    const customer = await aCustomer(app, shop, { name: 'Rita', phoneNumber: '+393330000001' });
    await set({
      ...{ subject: 'CUSTOMER', customerId: customer.id, interval: 'WEEK', limit: '10', thresholds: [] },
      forecast: true,
    });
    await save(4, { phoneNumber: '+393330000001', occurredAt: '2026-03-02T11:00:00Z' });
    // Before a day has passed there is no forecast.
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
