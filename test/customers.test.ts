// One customer by id: also one that was never charged, and nobody else's.
import { aCustomer, aToken, aWorkspace, startApp, type TestApp } from './support/app';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const CUSTOMER = `query ($workspaceId: ID!, $id: ID!) {
  customer(workspaceId: $workspaceId, id: $id) { id name activeChatbot usage { messages cost { amount } } } }`;

const ask = async (token: string, workspaceId: string, id: string) =>
  (await app.api.as(token).data<{ customer: unknown }>(CUSTOMER, { workspaceId, id })).customer;

it('answers with a customer that was never charged', async () => {
  const shop = await aWorkspace(app);
  const { id } = await aCustomer(app, shop, {
    name: 'Mai Scritto',
    phoneNumber: '+393331234569',
    activeChatbot: false,
  });
  const never = {
    id,
    name: 'Mai Scritto',
    activeChatbot: false,
    usage: { messages: 0, cost: { amount: '0.00' } },
  };
  expect(await ask(shop.client, shop.id, id)).toEqual(never);
  expect(await ask(shop.client, shop.id, id.toUpperCase())).toEqual(never);
});

it('answers null for an id that nobody has, that is no id, or that is of another workspace', async () => {
  const shop = await aWorkspace(app);
  const other = await aWorkspace(app);
  const theirs = await aCustomer(app, other, { phoneNumber: '+393331234567' });
  const both = await aToken(app, { kind: 'client', workspaceIds: [shop.id, other.id] });
  for (const id of ['0190d2b4-0000-7000-8000-000000000000', 'nobody', '', theirs.id])
    expect([id, await ask(both, shop.id, id)]).toEqual([id, null]);
});
