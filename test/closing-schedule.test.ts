// A workspace that closes its months by itself: when, which months, and that it delays no other workspace.
import { Client } from 'pg';
import { startApp, startBeside, type TestApp, type TestWorkspace } from './support/app';
import { aChargedShop, saveCharged, sealedStatements, statementDifferences } from './support/charged-shop';
import { runCommand } from './support/command';
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

const save = (at: string) => saveCharged(app, shop, at);
const takeBack = (id: string) =>
  app.services.voids.void(shop.id, { usageRecordId: id, reason: 'x' }, { name: 'test' });
const differences = () => statementDifferences(app, shop);
const sealed = (of: TestWorkspace) => sealedStatements(app, of);

const run = (...args: string[]) => runCommand(args, { DATABASE_URL: app.database.url });
const closed = async () =>
  (
    await app.database.sql<{ month: string; by: string }>(
      'SELECT month::text, closed_by AS by FROM statements WHERE workspace_id = $1 ORDER BY number',
      [shop.id],
    )
  ).map(({ month, by }) => `${month.slice(0, 7)} ${by}`);

it('closes on the day at 06:00 local, and makes up for an outage', async () => {
  await save('2026-01-10T10:00:00Z');
  const { stdout } = await run('workspace', 'update', shop.id, '--close-day', '5', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ closeDay: 5 });
  // The command uses the present time; this server has a clock of its own.
  app.clock.set('2026-02-05T04:59:59Z');
  await app.services.workspaces.update(shop.id, { closeDay: 5 }, { name: 'test' });
  await app.services.closing.closeDue();
  expect(await closed()).toEqual([]);
  app.clock.set('2026-02-05T05:00:00Z');
  await app.services.closing.closeDue();
  expect(await closed()).toEqual(['2026-01 schedule']);
  // Summer time has come: 06:00 is 04:00 UTC.
  app.clock.set('2026-05-05T03:59:59Z');
  await app.services.closing.closeDue();
  expect(await closed()).toEqual(['2026-01 schedule', '2026-02 schedule', '2026-03 schedule']);
  app.clock.set('2026-05-05T04:00:00Z');
  await app.services.closing.closeDue();
  expect(await closed()).toHaveLength(4);
  await run('workspace', 'update', shop.id, '--close-day', 'off');
  app.clock.set('2026-09-01T00:00:00Z');
  await app.services.closing.closeDue();
  expect(await closed()).toHaveLength(4);
});

/**
 * Lets `act` wait for the workspace and changes the schedule meanwhile, which fails when `act` holds the schedule's
 * row.
 */
async function changeScheduleBeside(act: () => Promise<unknown>): Promise<void> {
  const changing = new Client({ connectionString: app.database.url });
  await changing.connect();
  try {
    await changing.query('BEGIN');
    await changing.query('SELECT id FROM workspaces WHERE id = $1 FOR UPDATE', [shop.id]);
    const acting = act();
    const waiting =
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    await until(async () => (await app.database.sql(waiting)).length === 1, 'the workspace to be waited for');
    // Nobody holds the row, so there is no wait.
    await changing.query("SET LOCAL lock_timeout = '100ms'");
    await changing.query('UPDATE closing_schedules SET close_day = 28 WHERE workspace_id = $1', [shop.id]);
    await changing.query('COMMIT');
    await acting;
  } finally {
    await changing.end();
  }
}

it('locks no schedule while it waits for the workspace, which a change of the schedule locks first', async () => {
  await save('2026-01-10T10:00:00Z');
  await app.services.workspaces.update(shop.id, { closeDay: 1 }, { name: 'test' });
  await changeScheduleBeside(() => app.services.closing.closeDue());
  // On 15 March, February is open, since it closes on the 28th now.
  expect(await closed()).toEqual(['2026-01 schedule']);
});

it.each([{ closeDay: 5 }, { closeDay: null }, { timeZone: 'UTC' }])(
  'is changed (%j) by whoever holds the workspace, so that it and a closing never wait for each other',
  async (change) => {
    await app.services.workspaces.update(shop.id, { closeDay: 1 }, { name: 'test' });
    await changeScheduleBeside(() => app.services.workspaces.update(shop.id, change, { name: 'test' }));
  },
);

it('closes months of an archived workspace that have lines on no statement, and no empty month after those', async () => {
  app.clock.set('2026-01-20T12:00:00Z');
  const wrong = await save('2026-01-10T10:00:00Z');
  await app.services.workspaces.update(shop.id, { closeDay: 1 }, { name: 'test' });
  await app.services.workspaces.remove(shop.id, { name: 'test' });
  app.clock.set('2026-05-15T12:00:00Z');
  await app.services.closing.closeDue();
  expect(await closed()).toEqual(['2026-01 schedule']);
  // An earlier charge is taken back: the next month carries it.
  await takeBack(wrong);
  app.clock.set('2026-05-16T12:00:00Z');
  await app.services.closing.closeDue();
  expect(await closed()).toEqual(['2026-01 schedule', '2026-02 schedule']);
  app.clock.set('2026-09-15T12:00:00Z');
  await app.services.closing.closeDue();
  expect(await closed()).toHaveLength(2);
  expect(await differences()).toEqual([]);
});

it('closes every month of an archived workspace up to its last one with lines', async () => {
  app.clock.set('2026-04-20T12:00:00Z');
  await save('2026-01-10T10:00:00Z');
  await save('2026-03-10T10:00:00Z');
  await app.services.workspaces.update(shop.id, { closeDay: 1 }, { name: 'test' });
  await app.services.workspaces.remove(shop.id, { name: 'test' });
  app.clock.set('2026-09-15T12:00:00Z');
  await app.services.closing.closeDue();
  expect(await closed()).toEqual(['2026-01 schedule', '2026-02 schedule', '2026-03 schedule']);
});

it("does not hold up other workspaces when the lines of one can't be written", async () => {
  const broken = shop;
  await save('2026-01-10T10:00:00Z');
  await app.services.workspaces.update(broken.id, { closeDay: 1 }, { name: 'test' });
  await app.database.sql(`CREATE FUNCTION refuse_lines() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF NEW.workspace_id = '${broken.id}' THEN RAISE EXCEPTION 'not these'; END IF; RETURN NEW; END $$`);
  await app.database.sql(
    'CREATE TRIGGER refuse_lines BEFORE INSERT ON statement_lines FOR EACH ROW EXECUTE FUNCTION refuse_lines()',
  );
  try {
    await app.services.closing.closeDue();
    shop = await aChargedShop(app);
    await save('2026-01-10T10:00:00Z');
    await app.services.workspaces.update(shop.id, { closeDay: 1 }, { name: 'test' });
    await app.services.closing.closeDue();
    expect(await sealed(shop)).toEqual([true, true]);
    expect(await sealed(broken)).toEqual([false, false]);
    expect(app.logs()).toContain('the lines of a closed month could not be written');
  } finally {
    await app.database.sql('DROP FUNCTION refuse_lines CASCADE');
  }
  await app.services.closing.closeDue();
  expect(await sealed(broken)).toEqual([true, true]);
});

it("uses the workspace's present zone", async () => {
  await save('2026-01-10T10:00:00Z');
  await app.services.workspaces.update(shop.id, { closeDay: 1 }, { name: 'test' });
  await app.services.closing.closeDue();
  app.clock.set('2026-03-15T12:00:00Z');
  expect(await closed()).toEqual(['2026-01 schedule', '2026-02 schedule']);
  await app.services.workspaces.update(shop.id, { timeZone: 'Pacific/Auckland' }, { name: 'test' });
  app.clock.set('2026-03-31T16:59:00Z');
  await app.services.closing.closeDue();
  expect(await closed()).toHaveLength(2);
  app.clock.set('2026-03-31T17:00:00Z');
  await app.services.closing.closeDue();
  expect(await closed()).toHaveLength(3);
});

it.each(['0', '29', 'x', '1.5'])('refuses --close-day %s', async (day) => {
  const { code, stderr } = await run('workspace', 'update', shop.id, '--close-day', day);
  expect([code, stderr]).toEqual([2, expect.stringContaining('1 to 28')]);
});

it('is done once by two servers', async () => {
  await save('2025-10-10T10:00:00Z');
  await app.services.workspaces.update(shop.id, { closeDay: 1 }, { name: 'test' });
  const other = await startBeside(app);
  try {
    await Promise.all([app.services.closing.closeDue(), other.services.closing.closeDue()]);
    expect(await closed()).toHaveLength(5);
    expect(await differences()).toEqual([]);
  } finally {
    await other.stop();
  }
});
