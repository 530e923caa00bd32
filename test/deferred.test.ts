// Charging never costs a message: DEFERRED and its reconciliation, with a database that really refuses charges.
import { Client } from 'pg';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { until } from './support/embedded-process';
import { OUTCOMES, SAVE, type SaveData, TOTALS, type TotalsData } from './support/operations';
import { differences } from './support/upkeep';

let app: TestApp;
let shop: TestWorkspace;
beforeEach(async () => {
  app = await startApp();
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
});
afterEach(() => app.stop());

const refuseCharges = async (condition = 'true') => {
  await app.database.sql(`CREATE FUNCTION refuse_charge() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF ${condition} THEN RAISE EXCEPTION 'no charge today'; END IF; RETURN NEW; END $$`);
  await app.database.sql(
    'CREATE TRIGGER refuse_charge BEFORE INSERT ON charges FOR EACH ROW EXECUTE FUNCTION refuse_charge()',
  );
};
const allowCharges = () => app.database.sql('DROP FUNCTION refuse_charge CASCADE');

const outcomes = async (): Promise<Record<string, number>> => {
  const { usage } = await app.api
    .as(shop.client)
    .data<{ usage: { outcomes: { outcome: string; messages: number }[] } }>(OUTCOMES, {
      workspaceId: shop.id,
    });
  return Object.fromEntries(
    usage.outcomes.filter(({ messages }) => messages > 0).map(({ outcome, messages }) => [outcome, messages]),
  );
};

const totals = async () =>
  (await app.api.as(shop.client).data<TotalsData>(TOTALS, { workspaceId: shop.id })).usage.totals;

const save = async (input: object = aTurn(shop)) =>
  (await app.api.as(shop.service).data<SaveData>(SAVE, { input })).saveMessage;

it('a turn whose charge fails is still saved, and is charged later at the price of its own instant', async () => {
  await refuseCharges();
  const saved = await save();
  expect(saved.message.tracking).toEqual({ outcome: 'DEFERRED', usage: null });
  expect([await outcomes(), (await totals()).messages]).toEqual([{ DEFERRED: 1 }, 0]);

  await app.services.workspaces.setPrice(
    shop.id,
    { amountMicros: 9_000n, startsAt: new Date(0) },
    { name: 'test' },
  );
  expect(await app.services.reconciler.run()).toEqual({ charged: 0, failed: 1 });
  await allowCharges();
  expect(await app.services.reconciler.run()).toEqual({ charged: 1, failed: 0 });
  expect(await app.services.reconciler.run()).toEqual({ charged: 0, failed: 0 });

  expect([await outcomes(), (await totals()).cost.amount]).toEqual([{ TRACKED: 1 }, '0.005']);
  expect(await differences(app, shop)).toBe(0n);
});

it('a replay of a deferred turn shows its present state', async () => {
  await refuseCharges();
  const input = aTurn(shop);
  const saved = await save(input);
  expect(await save(input)).toEqual({ ...saved, replayed: true });
  await allowCharges();
  await app.services.reconciler.run();
  expect(await save(input)).toMatchObject({
    replayed: true,
    message: { id: saved.message.id, tracking: { outcome: 'TRACKED' } },
  });
});

it('only the guilty turn of a batch is deferred', async () => {
  await refuseCharges("NEW.occurred_at = '2026-03-01 10:00:00+00'");
  const inputs = Array.from({ length: 21 }, (_, day) =>
    aTurn(shop, { occurredAt: day === 10 ? '2026-03-01T10:00:00Z' : '2026-03-02T10:00:00Z' }),
  );
  const saved = await Promise.all(inputs.map(save));
  expect(saved.map(({ message }) => message.tracking.outcome === 'DEFERRED')).toEqual(
    inputs.map((_, day) => day === 10),
  );
  expect(await outcomes()).toEqual({ TRACKED: 20, DEFERRED: 1 });
  expect(await differences(app, shop)).toBe(0n);
});

it('reconciliation by two servers at once charges once', async () => {
  await refuseCharges();
  for (let turn = 0; turn < 30; turn += 1) await save();
  await allowCharges();
  const runs = await Promise.all(Array.from({ length: 4 }, () => app.services.reconciler.run()));
  expect(runs.reduce((sum, { charged }) => sum + charged, 0)).toBe(30);
  expect(await outcomes()).toEqual({ TRACKED: 30 });
  expect(await differences(app, shop)).toBe(0n);
});

it('a turn that another server is charging is skipped', async () => {
  await refuseCharges();
  for (let turn = 0; turn < 3; turn += 1) await save();
  await allowCharges();
  const holder = new Client({ connectionString: app.database.url });
  await holder.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM messages ORDER BY id LIMIT 1 FOR NO KEY UPDATE');
    expect(await app.services.reconciler.run()).toEqual({ charged: 2, failed: 0 });
    await holder.query('ROLLBACK');
    expect(await app.services.reconciler.run()).toEqual({ charged: 1, failed: 0 });
  } finally {
    await holder.end();
  }
});

it('servers look for deferred turns by themselves', async () => {
  const looking = await startApp({ database: app.database, config: { reconcileIntervalMs: 20 } });
  try {
    await refuseCharges();
    await save();
    await until(async () => looking.logs().includes('still could not be charged'), 'a look that failed');
    await allowCharges();
    await until(async () => (await outcomes()).TRACKED === 1, 'a charge');
  } finally {
    await looking.stop();
  }
});

it('when nothing can be saved the caller gets 503 and nothing is stored', async () => {
  await app.database.sql(
    `CREATE FUNCTION refuse_message() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`,
  );
  await app.database.sql(
    'CREATE TRIGGER refuse_message BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse_message()',
  );
  const answer = await app.api.as(shop.service).send(SAVE, { input: aTurn(shop) });
  expect([answer.status, answer.body.data ?? null]).toEqual([503, null]);
  expect(answer.body.errors?.[0]?.message).toMatch(/^\[SERVICE_UNAVAILABLE\] .*same idempotencyKey/);
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(await outcomes()).toEqual({});
});

it('a deferred turn is counted on the local day of the zone that holds when it is charged', async () => {
  await refuseCharges();
  await save(aTurn(shop, { occurredAt: '2026-03-14T23:30:00Z' }));
  await allowCharges();
  const changer = new Client({ connectionString: app.database.url });
  await changer.connect();
  try {
    await changer.query('BEGIN');
    await changer.query(
      "UPDATE workspaces SET time_zone = 'UTC', settings_version = settings_version + 1 WHERE id = $1",
      [shop.id],
    );
    // It has read the old zone, and waits for the change to end.
    const run = app.services.reconciler.run();
    await until(async () => {
      const [row] = await app.database.sql<{ waiting: boolean }>(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock') AS waiting",
        [app.database.name],
      );
      return row?.waiting === true;
    }, 'the reconciler to wait');
    await changer.query('COMMIT');
    expect(await run).toEqual({ charged: 1, failed: 0 });
  } finally {
    await changer.end();
  }
  const days = await app.database.sql<{ day: string }>(
    'SELECT day::text FROM customer_days WHERE workspace_id = $1',
    [shop.id],
  );
  expect(days).toEqual([{ day: '2026-03-14' }]);
  expect(await differences(app, shop)).toBe(0n);
});
