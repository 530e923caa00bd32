// A list takes as many statements as one row; they are counted where the database is called.
import {
  aCustomer,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { SAVE, type SaveData } from './support/operations';
import { aShopWithTurns, reportOn } from './support/shops';

const CUSTOMERS = 60;

let app: TestApp;
let shop: TestWorkspace;
let reader: string;

beforeAll(async () => {
  app = await startApp();
  shop = await aWorkspace(app);
  reader = await aToken(app, { kind: 'analyst', workspaceIds: [shop.id] });
  for (let index = 0; index < CUSTOMERS; index += 1) {
    const phoneNumber = `+3933312300${String(index).padStart(2, '0')}`;
    await aCustomer(app, shop, { name: `Customer ${index}`, phoneNumber });
    await app.api.as(shop.service).data(SAVE, {
      input: aTurn(shop, { phoneNumber, occurredAt: '2026-03-14T12:00:00Z' }),
    });
  }
});
afterAll(() => app.stop());

const NOTING = new Set(['begin', 'note_token_uses', 'commit']);

/** Asks as the analyst; answers with the data and how often each statement was run for it. */
async function ask<Data>(query: string): Promise<{ data: Data; ran: Record<string, number> }> {
  // The first request of a token looks it up and later stores its use: other tests check that.
  await app.api.as(reader).data('{ viewer { name } }');
  app.statements();
  const data = await app.api.as(reader).data<Data>(query);
  const ran: Record<string, number> = {};
  for (const name of app.statements()) {
    if (!NOTING.has(name)) ran[name] = (ran[name] ?? 0) + 1;
  }
  return { data, ran };
}

it('reads the customers of 50 charges with one statement', async () => {
  const { data, ran } = await ask<{ usageRecords: { nodes: { customer: { name: string } }[] } }>(
    `{ usageRecords(workspaceId: "${shop.id}", first: 50) { nodes { customer { id name } } } }`,
  );

  expect(new Set(data.usageRecords.nodes.map(({ customer }) => customer.name)).size).toBe(50);
  expect(ran).toEqual({
    begin_snapshot: 1,
    list_workspaces: 1,
    list_usage_records: 1,
    customers_by_id: 1,
  });
});

it('reads the messages of 50 charges, and their customers, with one statement each', async () => {
  const { ran } = await ask(
    `{ usageRecords(workspaceId: "${shop.id}", first: 50) {
        nodes { customer { name } message { message customer { name } workspace { name } } } } }`,
  );

  expect(ran).toMatchObject({ list_usage_records: 1, messages_by_id: 1, customers_by_id: 1 });
  // One for the query's own scope, one for all messages.
  expect(ran.list_workspaces).toBe(2);
});

it("sums up 50 customers' usage with one statement for each period asked for", async () => {
  type Node = { now: { messages: number }; before: { messages: number } };
  const { data, ran } = await ask<{ customers: { nodes: Node[] } }>(
    `{ customers(workspaceId: "${shop.id}", first: 50) { nodes {
        now: usage { messages cost { amount } } before: usage(period: { preset: LAST_MONTH }) { messages } } } }`,
  );

  expect(data.customers.nodes.every(({ now, before }) => now.messages === 1 && before.messages === 0)).toBe(
    true,
  );
  expect(ran).toEqual({
    begin_snapshot: 1,
    list_customers: 1,
    list_workspaces: 1,
    usage_by_customer: 2,
  });
});

it("fails a customer's usage for a bad period without a statement for it", async () => {
  const query = `{ customers(workspaceId: "${shop.id}") { nodes {
      usage(period: { preset: TODAY, month: "2026-01" }) { messages } } } }`;

  expect(await app.api.as(reader).code(query)).toBe('BAD_USER_INPUT');
});

it('outcomes of a timeline and a heatmap are read once, however many points have them', async () => {
  const another = await aShopWithTurns(app, ['2026-03-14T10:00:00Z']);
  app.statements();
  await reportOn(
    app,
    another,
    'timeline { outcomes { messages } } again: timeline { outcomes { messages } } heatmap { outcomes { messages } }',
  );
  const ran = app.statements();
  expect(ran.filter((name) => name.endsWith('_outcomes')).sort()).toEqual([
    'heatmap_outcomes',
    'timeline_outcomes',
  ]);
});

it('counts pages and clients only when asked', async () => {
  const page = (fields: string) =>
    ask(`{ customers(workspaceId: "${shop.id}", first: 2) { ${fields} }
      usage(workspaceId: "${shop.id}") { timeline { ${fields === 'totalCount' ? 'activeClients' : 'messages'} } } }`);

  const plain = await page('nodes { id }');
  const counted = await page('totalCount');

  expect(plain.ran).not.toHaveProperty('count_customers');
  expect(plain.ran).not.toHaveProperty('active_clients');
  expect(counted.ran).toMatchObject({ count_customers: 1, active_clients: 1 });
});

it('treats null for every optional argument as absent', async () => {
  const { data } = await ask<Record<string, { nodes?: unknown[] }>>(
    `{ usageRecords(workspaceId: "${shop.id}", period: null, timeZone: null, customerId: null, first: null, after: null) {
         nodes { id } }
       messages(workspaceId: "${shop.id}", outcome: null, first: null) { nodes { id } }
       customers(workspaceId: "${shop.id}", search: null, first: null) { nodes { id usage(period: {}) { messages } } }
       usage(workspaceId: "${shop.id}", period: { preset: null, month: null, from: null, to: null }) {
         growth(basis: null) { comparedTo { complete } } topClients(limit: null, orderBy: null) { rank }
         clients(first: null, orderBy: null) { nodes { rank } } peakHours(limit: null) { hour }
         timeline(interval: null) { messages } } }`,
  );

  expect([data.usageRecords, data.messages, data.customers].map((list) => list?.nodes?.length)).toEqual([
    50, 50, 50,
  ]);
});

it('answers a save from memory: nothing is read after its COMMIT', async () => {
  const query = `mutation ($input: SaveMessageInput!) { saveMessage(input: $input) { replayed message {
      workspace { name pricePerResponse { amount } } customer { name }
      tracking { outcome usage { price { amount } customer { name } message { id customer { name } } } } } } }`;
  await app.api.as(shop.service).data(query, { input: aTurn(shop, { phoneNumber: '+393331230000' }) });
  app.statements();

  const data = await app.api
    .as(shop.service)
    .data<SaveData>(query, { input: aTurn(shop, { phoneNumber: '+393331230000' }) });

  expect(data.saveMessage.message.tracking.usage).toMatchObject({
    price: { amount: '0.005' },
    customer: { name: 'Customer 0' },
    message: { customer: { name: 'Customer 0' } },
  });
  expect(app.statements()).not.toContain('begin_snapshot');
});
