// How changes of a workspace's settings affect turns that are being saved.
import {
  ACTOR,
  aCustomer,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { SAVE } from './support/operations';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  await app.api.as(shop.service).data(SAVE, { input: aTurn(shop) });
});
afterAll(() => app.stop());

const version = async (): Promise<string> => {
  const [row] = await app.database.sql<{ settings_version: string }>(
    'SELECT settings_version::text FROM workspaces WHERE id = $1',
    [shop.id],
  );
  return row?.settings_version ?? '';
};

/** A batch stores only turns that were decided on the current settings version (insert-turns.ts). */
it.each<[string, () => Promise<unknown>]>([
  ['a new price', () => app.services.workspaces.setPrice(shop.id, { amountMicros: 1n }, ACTOR)],
  ['a new zone', () => app.services.workspaces.update(shop.id, { timeZone: 'UTC' }, ACTOR)],
  ['archiving', () => app.services.workspaces.remove(shop.id, ACTOR)],
])('%s makes a new settings version, so that a batch under way decides again', async (_change, change) => {
  const before = await version();
  await change();
  expect(await version()).not.toBe(before);
});
