// On a real Citus, whose coordinator TEST_CITUS_URL names. Without one nothing here is shown, and the run says so.

import { findPlaces, placementOf } from '../src/database/citus';
import { createDataSource } from '../src/database/data-source';
import { distributeUsed, migrate } from '../src/database/migrate';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { joinNodes } from './support/citus';
import { runCommand } from './support/command';
import { citusNodes, createDatabase, type TestDatabase, urlOf } from './support/database';
import { SAVE, type SaveData, TOTALS, type TotalsData } from './support/operations';
import { differences } from './support/upkeep';

const nodes = citusNodes() ?? [];
const onCitus = nodes.length > 0 ? describe : describe.skip;
const workers = nodes.slice(1);

const PHONE = '+393331234567';
const SHOPS = 6;

const save = (app: TestApp, shop: TestWorkspace, input: Record<string, unknown> = {}) =>
  app.api.as(shop.service).send<SaveData>(SAVE, { input: aTurn(shop, input) });

const totals = async (app: TestApp, shop: TestWorkspace): Promise<number> =>
  (await app.api.as(shop.client).data<TotalsData>(TOTALS, { workspaceId: shop.id })).usage.totals.messages;

onCitus('on a real Citus (TEST_CITUS_URL), which is not there where this is skipped', () => {
  let app: TestApp;
  let shops: TestWorkspace[];
  beforeAll(async () => {
    app = await startApp();
    shops = [];
    for (let made = 0; made < SHOPS; made += 1) {
      const shop = await aWorkspace(app);
      await aCustomer(app, shop, { phoneNumber: PHONE });
      shops.push(shop);
    }
  });
  afterAll(() => app.stop());

  const places = () => findPlaces(app.database.dataSource);

  it('every table lies where it belongs', async () => {
    const rows = await app.database.sql<{ table: string; method: string; by: string | null }>(
      `SELECT table_name::text AS table, citus_table_type AS method, distribution_column AS by FROM citus_tables
       UNION ALL
       SELECT c.relname, 'plain', NULL FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
         AND c.oid NOT IN (SELECT logicalrelid FROM pg_dist_partition) AND c.relname <> 'spatial_ref_sys'`,
    );
    const expected = rows.map(({ table }) => {
      const placement = placementOf(table);
      return placement.kind === 'distributed'
        ? { table, method: 'distributed', by: placement.by }
        : { table, method: placement.kind === 'reference' ? 'reference' : 'local', by: '<none>' };
    });
    expect(rows.map((row) => ({ ...row, by: row.by ?? '<none>' }))).toEqual(expected);
    expect(rows.length).toBeGreaterThan(20);
  });

  it('migrating again distributes nothing; on a worker it is refused unless there is nothing to do', async () => {
    expect(await migrate(app.database.dataSource)).toEqual([]);
    const worker = createDataSource({ url: urlOf(workers[0] ?? '', app.database.name), poolSize: 1 });
    await worker.initialize();
    try {
      expect(await migrate(worker)).toEqual([]);
      await expect(distributeUsed(worker, () => undefined)).rejects.toThrow('This is a worker of Citus');
      const [last] = await app.database.sql<{ timestamp: string; name: string }>(
        'DELETE FROM migrations WHERE id = (SELECT max(id) FROM migrations) RETURNING timestamp, name',
      );
      await expect(migrate(worker)).rejects.toThrow('This is a worker of Citus');
      await app.database.sql('INSERT INTO migrations (timestamp, name) VALUES ($1, $2)', [
        last?.timestamp,
        last?.name,
      ]);
    } finally {
      await worker.destroy();
    }
  });

  it('shops lie on several nodes, and a server at any node serves all of them', async () => {
    expect(new Set((await places()).map(({ port }) => port)).size).toBeGreaterThan(1);
    const beside = await startApp({
      database: { ...app.database, url: urlOf(workers[0] ?? '', app.database.name) },
      clock: app.clock,
    });
    try {
      for (const shop of shops) {
        await save(app, shop);
        await save(beside, shop);
        expect([await totals(app, shop), await totals(beside, shop)]).toEqual([2, 2]);
        expect(await differences(app, shop)).toBe(0n);
      }
    } finally {
      await beside.stop();
    }
  });

  it('a save asks one node alone', async () => {
    // Counted by Citus itself, in shared memory, since its servers started.
    const counted = async () => {
      const [row] = await app.database.sql<{ one: string; several: string }>(
        `SELECT query_execution_single_shard AS one, query_execution_multi_shard AS several
         FROM citus_stat_counters WHERE name = current_database()`,
      );
      return { one: Number(row?.one ?? 0), several: Number(row?.several ?? 0) };
    };
    await app.database.sql(`ALTER DATABASE ${app.database.name} SET citus.enable_stat_counters = on`);
    const fresh = await startApp({ database: app.database, clock: app.clock });
    try {
      const [shop] = shops;
      if (!shop) throw new Error('There are shops.');
      await save(fresh, shop);
      const before = await counted();
      for (let turn = 0; turn < 10; turn += 1) await save(fresh, shop);
      const after = await counted();
      expect(after.several - before.several).toBe(0);
      // Look-up, the settings' row, message, charge, slot, day and month.
      expect(after.one - before.one).toBeGreaterThanOrEqual(70);
    } finally {
      await fresh.stop();
    }
  });

  it('an instant in an export does not depend on the zone of the node', async () => {
    for (const shop of shops) {
      await save(app, shop, { occurredAt: '2026-02-03T04:05:06.007Z' });
      const csv = await app.api.as(shop.client).get(`/api/usage/export/${shop.id}?month=2026-02&format=csv`);
      expect([csv.status, (await csv.text()).includes('2026-02-03T04:05:06.007Z')]).toEqual([200, true]);
    }
  });

  it('a node is drained while saving: nothing fails, nothing is saved twice', async () => {
    const before = await Promise.all(shops.map((shop) => totals(app, shop)));
    const from = (await places())[0];
    if (!from) throw new Error('There are places.');
    const saved = new Map(shops.map((shop) => [shop.id, 0]));
    const failed: string[] = [];
    let draining = true;
    const callers = Array.from({ length: 16 }, async (_, caller) => {
      const shop = shops[caller % shops.length];
      while (draining && shop) {
        const { body } = await save(app, shop);
        if (body.errors) failed.push(JSON.stringify(body.errors));
        else saved.set(shop.id, (saved.get(shop.id) ?? 0) + 1);
      }
    });
    await app.database.sql("SELECT citus_drain_node($1, $2::int, 'force_logical')", [from.host, from.port]);
    draining = false;
    await Promise.all(callers);
    expect((await places()).filter(({ host, port }) => host === from.host && port === from.port)).toEqual([]);
    expect(failed).toEqual([]);
    expect(await Promise.all(shops.map((shop) => totals(app, shop)))).toEqual(
      shops.map((shop, index) => (before[index] ?? 0) + (saved.get(shop.id) ?? 0)),
    );
    for (const shop of shops) expect(await differences(app, shop)).toBe(0n);
  });
});

onCitus('a database that has data', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase({ empty: true });
  });
  afterEach(() => database.drop());

  const connected = async <T>(work: (dataSource: ReturnType<typeof createDataSource>) => Promise<T>) => {
    const dataSource = createDataSource({ url: database.url, poolSize: 2 });
    await dataSource.initialize();
    try {
      return await work(dataSource);
    } finally {
      await dataSource.destroy();
    }
  };

  it('is distributed by one command, not by the next start, and keeps every row', async () => {
    await connected(migrate);
    const before = await startApp({ database });
    const shop = await aWorkspace(before, { id: 'grown' });
    await aCustomer(before, shop, { phoneNumber: PHONE });
    for (let turn = 0; turn < 5; turn += 1) await save(before, shop);
    await before.stop();
    await connected(async (dataSource) => {
      await expect(distributeUsed(dataSource, () => undefined)).rejects.toThrow('no Citus');
    });
    await joinNodes(nodes, database.name);
    await connected(async (dataSource) => {
      expect(await migrate(dataSource)).toEqual([]);
      const told: string[] = [];
      const steps = await distributeUsed(dataSource, (table) => told.push(table));
      expect(steps.map(({ name }) => name)).toEqual(told);
      expect(told).toContain('charges');
      expect(await distributeUsed(dataSource, () => undefined)).toEqual([]);
    });
    const after = await startApp({ database });
    try {
      expect(await totals(after, shop)).toBe(5);
      await save(after, shop);
      expect(await totals(after, shop)).toBe(6);
      expect(await differences(after, shop)).toBe(0n);
    } finally {
      await after.stop();
    }
  });
});

if (nodes.length === 0) {
  it.each(['distribute', 'placement'])('%s says that this database has no Citus', async (command) => {
    const database = await createDatabase();
    try {
      const { code, stderr } = await runCommand([command, ...(command === 'distribute' ? ['--yes'] : [])], {
        DATABASE_URL: database.url,
      });
      expect([code, stderr]).toEqual([2, expect.stringContaining('Citus')]);
    } finally {
      await database.drop();
    }
  });

  it('has no Citus: TEST_CITUS_URL is not set, so nothing of docs/scale.md was tried on one in this run', () => {
    expect(process.env.TEST_CITUS_URL ?? '').toBe('');
  });
}
