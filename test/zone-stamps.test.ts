// After an upgrade of Node that changes a zone's past: the start notices it and logs it, and a rebuild corrects the
// days.
import { TZDATA } from '../src/services/workspaces/zone-stamps';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { SAVE } from './support/operations';
import { differences, rebuild } from './support/upkeep';

let database: TestDatabase;
let app: TestApp;
beforeAll(async () => {
  database = await createDatabase();
  app = await startApp({ database });
});
afterAll(async () => {
  await app.stop();
  await database.drop();
});

/** What a server logs when it starts now. */
async function wordsOfAStart(): Promise<string> {
  const next = await startApp({ database });
  await next.stop();
  return next.logs();
}

const stampOf = (shop: TestWorkspace) =>
  database.sql<{ tzdata: string; time_zone: string }>(
    'SELECT tzdata, time_zone FROM zone_stamps WHERE workspace_id = $1',
    [shop.id],
  );

it('names the workspace whose days have other bounds, until they are rebuilt', async () => {
  // Before 2025a, Paraguay's clock was put back on 23 March 2025.
  const shop = await aWorkspace(app, { timeZone: 'America/Asuncion' });
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  const turn = aTurn(shop, { occurredAt: '2025-04-10T03:30:00Z' });
  await app.api.as(shop.service).data(SAVE, { input: turn });
  expect(await stampOf(shop)).toEqual([{ tzdata: TZDATA, time_zone: 'America/Asuncion' }]);
  await database.sql(
    `UPDATE zone_stamps SET tzdata = '2024a', history = history || '{2025-03-23T03:00:00.000Z -240}'
     WHERE workspace_id = $1`,
    [shop.id],
  );
  await database.sql("UPDATE customer_days SET day = '2025-04-09' WHERE workspace_id = $1", [shop.id]);

  const words = await wordsOfAStart();
  expect(words).toContain(`centesimo rebuild --workspace ${shop.id}`);
  expect(words).toContain('"since":"2025-03-23T03:00:00.000Z"');
  expect(words).toContain('"cutBy":"2024a"');
  expect(await wordsOfAStart()).toContain(`centesimo rebuild --workspace ${shop.id}`);

  await rebuild(app, shop);
  expect(await stampOf(shop)).toEqual([{ tzdata: TZDATA, time_zone: 'America/Asuncion' }]);
  expect(await differences(app, shop)).toBe(0n);
  expect(await wordsOfAStart()).not.toContain('centesimo rebuild');
});

it('logs nothing if other data has the same past or nothing was stored, and stores the present data', async () => {
  const [same, later, none, moved] = [
    await aWorkspace(app, { timeZone: 'Europe/Rome' }),
    await aWorkspace(app, { timeZone: 'Europe/Rome' }),
    await aWorkspace(app, { timeZone: 'Europe/Rome' }),
    await aWorkspace(app, { timeZone: 'Europe/Rome' }),
  ];
  await database.sql("UPDATE zone_stamps SET tzdata = '2024a' WHERE workspace_id = $1", [same.id]);
  // Italy had given up summer time from 2027 on, by that data.
  await database.sql(
    `UPDATE zone_stamps SET tzdata = '2024b', history = (SELECT array_agg(h ORDER BY h) FROM unnest(history) h
       WHERE h < '2027') WHERE workspace_id = $1`,
    [later.id],
  );
  await database.sql('DELETE FROM zone_stamps WHERE workspace_id = $1', [none.id]);
  await app.services.workspaces.update(moved.id, { timeZone: 'Asia/Tokyo' }, { name: 'test' });

  expect(await wordsOfAStart()).not.toContain('centesimo rebuild');
  for (const shop of [same, later, none])
    expect(await stampOf(shop)).toEqual([{ tzdata: TZDATA, time_zone: 'Europe/Rome' }]);
  expect(await stampOf(moved)).toEqual([{ tzdata: TZDATA, time_zone: 'Asia/Tokyo' }]);
});

it('is deleted with its workspace', async () => {
  const shop = await aWorkspace(app);
  await app.services.workspaces.remove(shop.id, { name: 'test' });
  expect(await stampOf(shop)).toEqual([]);
});
