// One customer by id, even one that was never charged; customers of others; searches; concurrent changes.
import { inTransaction } from '../src/database/transaction';
import { findCustomer } from '../src/services/customers/customers';
import { aCustomer, aToken, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { onServer } from './support/database';
import { untilWaiting } from './support/lock-waits';

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

it('answers null for an unknown id, for text that is no id, and for an id of another workspace', async () => {
  const shop = await aWorkspace(app);
  const other = await aWorkspace(app);
  const theirs = await aCustomer(app, other, { phoneNumber: '+393331234567' });
  const both = await aToken(app, { kind: 'client', workspaceIds: [shop.id, other.id] });
  for (const id of ['0190d2b4-0000-7000-8000-000000000000', 'nobody', '', theirs.id])
    expect([id, await ask(both, shop.id, id)]).toEqual([id, null]);
});

describe('a search', () => {
  const SEARCH = `query ($workspaceId: ID!, $search: String) {
    customers(workspaceId: $workspaceId, search: $search) { totalCount nodes { name } } }`;
  let shop: TestWorkspace;
  beforeAll(async () => {
    shop = await aWorkspace(app);
    await aCustomer(app, shop, { name: 'Mario Rossi', phoneNumber: '+393331234567' });
    await aCustomer(app, shop, {
      name: 'Maria Verdi',
      phoneNumber: '+447700900123',
      whatsappUserId: 'IT.Abc_1',
    });
    await aCustomer(app, shop, { name: '100% Pizza', whatsappUserId: 'IT.AbcX1' });
  });

  it.each([
    ['mari', ['Maria Verdi', 'Mario Rossi']],
    ['ROSSI', ['Mario Rossi']],
    ['333 123', ['Mario Rossi']],
    ['+44 (7700) 900-123', ['Maria Verdi']],
    ['it.abc', ['100% Pizza', 'Maria Verdi']],
    ['abc_1', ['Maria Verdi']],
    ['%', ['100% Pizza']],
    ['nobody', []],
    ['  ', ['100% Pizza', 'Maria Verdi', 'Mario Rossi']],
  ])('for %j finds %j, and counts as many', async (search, names) => {
    const { customers } = await app.api
      .as(shop.client)
      .data<{ customers: { totalCount: number; nodes: { name: string }[] } }>(SEARCH, {
        workspaceId: shop.id,
        search,
      });
    expect(customers.nodes.map(({ name }) => name)).toEqual(names);
    expect(customers.totalCount).toBe(names.length);
  });
});

it('switching the chatbot does not undo a change that is made at the same time', async () => {
  const shop = await aWorkspace(app);
  const { id } = await aCustomer(app, shop, { name: 'Before', phoneNumber: '+393331234567' });
  const switched = await onServer(app.database.url, async (other) => {
    await other.query('BEGIN');
    await other.query(
      `UPDATE customers SET name = 'After', phone_number = NULL, whatsapp_user_id = 'IT.1'
       WHERE workspace_id = $1 AND id = $2`,
      [shop.id, id],
    );
    const switching = app.services.customers.setActive(shop.id, id, false, { name: 'test' });
    await untilWaiting(app.database, 1);
    await other.query('COMMIT');
    return switching;
  });
  const after = { name: 'After', phoneNumber: null, whatsappUserId: 'IT.1', activeChatbot: false };
  expect(switched).toMatchObject(after);
  expect(await inTransaction(app.database, (sql) => findCustomer(sql, shop.id, id))).toMatchObject(after);
});
