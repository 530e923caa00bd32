// Each event once, with several servers, and when a server is killed between a charge and its look.
import { Client } from 'pg';
import { Api } from './support/api';
import {
  ACTOR,
  aCustomer,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  TestClock,
  type TestWorkspace,
} from './support/app';
import { budgetsOf } from './support/budgets';
import { aChargedShop } from './support/charged-shop';
import { startServer } from './support/command';
import { createDatabase } from './support/database';
import { until } from './support/embedded-process';
import { SAVE, type SaveData } from './support/operations';

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
const { set, save, sweep, events } = budgetsOf(() => ({ app, shop }));

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
    // 20 of all, 20 of each of four customers, 20 of the customer's own budget.
    expect(keys).toHaveLength(20 + 4 * 20 + 20);
  } finally {
    await one.stop();
    await other.stop();
    await database.drop();
  }
});

describe('after kill -9 of the server that charged', () => {
  const serve = (environment: Record<string, string>) =>
    startServer(['--no-demo'], { DATABASE_URL: app.database.url, ...environment });
  /**
   * At the present time, since a server has the machine's clock. All customers were checked, so only new charges are
   * found.
   */
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

  it('before it checked: the sweep of another server reports each event once', async () => {
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

  it('while it reports: nothing of that is visible, and another server reports each event once', async () => {
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
