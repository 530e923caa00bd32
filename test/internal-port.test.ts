// With INTERNAL_PORT, nothing can be charged through the public port: neither permissions nor the schema allow it.
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, printSchema } from 'graphql';
import { bareSchema, publicSchema } from '../src/graphql/schema';
import { Api } from './support/api';
import {
  aCustomer,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { SAVE } from './support/operations';

const VIEWER = '{ viewer { kind } }';

let app: TestApp;
let internal: Api;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp({ config: { internalPort: 0 } });
  internal = new Api(app.internalUrl, undefined);
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
});
afterAll(() => app.stop());

const introspected = async (api: Api): Promise<string> =>
  printSchema(buildClientSchema(await api.data<IntrospectionQuery>(getIntrospectionQuery())));

it('listens on two ports', () => {
  expect(app.internalUrl).not.toBe(app.url);
});

it('saves through the internal port, and both ports read what was saved', async () => {
  await internal.as(shop.service).data(SAVE, { input: aTurn(shop) });
  const read = '{ usageRecords(workspaceId: "ID") { totalCount } }'.replace('ID', shop.id);

  for (const api of [app.api, internal]) {
    expect(await api.as(shop.client).data(read)).toEqual({ usageRecords: { totalCount: 1 } });
  }
});

it('has no mutation, and no type that only mutations use, at the public port', async () => {
  const [open, inner] = [
    await introspected(app.api.as(shop.analyst)),
    await introspected(internal.as(shop.analyst)),
  ];

  expect(publicSchema.getMutationType() ?? null).toBeNull();
  for (const word of [
    'type Mutation',
    'saveMessage',
    'registerCustomer',
    'SaveMessageInput',
    'SaveMessagePayload',
  ]) {
    expect([word, open.includes(word), inner.includes(word)]).toEqual([word, false, true]);
  }
  expect(printSchema(publicSchema)).toContain('type Query');
  // What remains is identical.
  expect(publicSchema.getType('UsageReport')?.astNode).toBe(bareSchema.getType('UsageReport')?.astNode);
});

it.each([
  ['a save', SAVE],
  ['a batch', 'mutation { saveMessages(workspaceId: "x", items: []) { error { code } } }'],
  ['a registration', 'mutation { registerCustomer(input: {workspaceId: "x", name: "y"}) { id } }'],
  ['nothing at all', 'mutation { __typename }'],
])('answers a mutation with 400 at the public door: %s', async (_, document) => {
  const before = await app.database.sql<{ n: number }>('SELECT count(*)::int AS n FROM messages');
  const { status, body } = await app.api.as(shop.analyst).send(document, { input: aTurn(shop) });
  const after = await app.database.sql<{ n: number }>('SELECT count(*)::int AS n FROM messages');

  expect(status).toBe(400);
  expect(body.errors?.[0]?.message).toMatch(/^\[GRAPHQL_VALIDATION_FAILED\] /);
  expect(body.data ?? null).toBeNull();
  expect(after).toEqual(before);
});

it('refuses every service token at the public port, and says which port to use', async () => {
  const reading = await aToken(app, {
    kind: 'service',
    workspaceIds: [shop.id],
    scopes: ['messages:write', 'usage:read'],
  });
  for (const token of [shop.service, reading]) {
    for (const document of [VIEWER, SAVE, '{ __schema { queryType { name } } }', '{']) {
      const { status, body } = await app.api.as(token).send(document, { input: aTurn(shop) });

      expect([status, body.errors?.[0]?.message]).toEqual([
        403,
        "[FORBIDDEN] Service tokens are not taken here: call the server's internal address (INTERNAL_PORT).",
      ]);
    }
    expect((await internal.as(token).send(VIEWER)).status).toBe(200);
  }
});

it('still reads at the public port, with edges and limits', async () => {
  const document = '{ usageRecords(workspaceId: "ID") { nodes { message { message } } } }'.replace(
    'ID',
    shop.id,
  );

  expect(await app.api.as(shop.client).code(document)).toBe('FORBIDDEN');
  expect((await app.api.as(shop.analyst).send(document)).status).toBe(200);
});

it('has health at both ports, and stops both', async () => {
  const other = await startApp({ config: { internalPort: 0 } });
  const urls = [other.url, other.internalUrl];
  for (const url of urls) expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  await other.stop();

  for (const url of urls) await expect(fetch(`${url}/health/live`)).rejects.toThrow();
});

it('leaves nothing listening when one of the ports is taken', async () => {
  const taken = Number(new URL(app.url).port);
  await expect(startApp({ config: { internalPort: 0, port: taken } })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});

it('without INTERNAL_PORT one listener serves everything', async () => {
  const plain = await startApp({ database: app.database });
  const { status } = await plain.api.as(shop.service).send(SAVE, { input: aTurn(shop) });
  await plain.stop();

  expect([plain.internalUrl, status]).toEqual([plain.url, 200]);
});
