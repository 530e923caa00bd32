// A workspace that changes its zone: its customers' days move with it, and the records stay the truth.
import { aTurn, startApp, type TestApp, type TestWorkspace } from './support/app';
import { SAVE } from './support/operations';
import { aShopWithTurns } from './support/shops';
import { differences, rebuild } from './support/upkeep';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const days = async (shop: TestWorkspace) =>
  (
    await app.database.sql<{ day: string; messages: string }>(
      'SELECT day::text, messages FROM customer_days WHERE workspace_id = $1 ORDER BY day',
      [shop.id],
    )
  ).map(({ day, messages }) => `${day}: ${messages}`);

it('moves each charge to its local day, and a month with it', async () => {
  const shop = await aShopWithTurns(
    app,
    ['2026-01-31T22:30:00Z', '2026-01-31T23:30:00Z', '2026-02-01T00:30:00Z'],
    { timeZone: 'UTC' },
  );
  expect(await days(shop)).toEqual(['2026-01-31: 2', '2026-02-01: 1']);
  await app.services.workspaces.update(shop.id, { timeZone: 'Europe/Rome' }, { name: 'test' });
  expect(await days(shop)).toEqual(['2026-01-31: 1', '2026-02-01: 2']);
  await app.api.as(shop.service).data(SAVE, { input: aTurn(shop, { occurredAt: '2026-02-01T23:30:00Z' }) });
  expect(await days(shop)).toEqual(['2026-01-31: 1', '2026-02-01: 2', '2026-02-02: 1']);
  expect(await differences(app, shop)).toBe(0n);
});

it('finds the day of a charge in the last hour of a day of 25 hours', async () => {
  const shop = await aShopWithTurns(app, ['2025-10-26T22:45:00Z'], { timeZone: 'UTC' });
  await app.services.workspaces.update(shop.id, { timeZone: 'Europe/Rome' }, { name: 'test' });
  expect(await days(shop)).toEqual(['2025-10-26: 1']);
  await app.database.sql('DELETE FROM customer_days WHERE workspace_id = $1', [shop.id]);
  await rebuild(app, shop);
  expect(await days(shop)).toEqual(['2025-10-26: 1']);
  expect(await differences(app, shop)).toBe(0n);
});
