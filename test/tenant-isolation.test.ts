// Every text of a tenant contains a word of its own. Whatever a token of A asks, no word of B comes back in the answer
// or its headers. The search does find A's own words, so it would find B's.
import { bareSchema } from '../src/graphql/schema';
import { aCustomer, aToken, aTurn, startApp, type TestApp } from './support/app';
import { aRequest, randomOf } from './support/documents';
import { SAVE } from './support/operations';

const DOCUMENTS = Number(process.env.CANARY_DOCUMENTS || 200);
const SEED = Number(process.env.FUZZ_SEED || Math.floor(Math.random() * 2 ** 31));
const TENANTS = ['rossignolo', 'fringuello'] as const;
type Tenant = (typeof TENANTS)[number];

interface House {
  id: string;
  customers: string[];
  /** Of its customers, messages and charges, as they are in the database. */
  uuids: string[];
  token: string;
}

let app: TestApp;
let houses: Record<Tenant, House>;

const phoneOf = (tenant: Tenant, index: number): string =>
  `+39${tenant === 'rossignolo' ? 111 : 222}00000${index}`;

async function aHouse(tenant: Tenant): Promise<House> {
  const id = `shop-${tenant}`;
  await app.services.workspaces.create(
    { id, name: `Da ${tenant}`, timeZone: 'Europe/Rome', currency: 'EUR' },
    { name: 'test' },
  );
  const token = await aToken(app, {
    kind: 'service',
    workspaceIds: [id],
    scopes: [
      ...['messages:write', 'customers:write', 'usage:read', 'messages:read', 'export:read'],
      'webhooks:write',
    ],
  });
  const customers: string[] = [];
  for (let index = 0; index < 3; index += 1) {
    const made = await aCustomer(
      app,
      { id },
      {
        name: `${tenant} cliente ${index}`,
        phoneNumber: phoneOf(tenant, index),
        whatsappUserId: `wa-${tenant}-${index}`,
      },
    );
    customers.push(made.id);
    const input = aTurn(
      { id },
      {
        ...{
          phoneNumber: phoneOf(tenant, index),
          message: `${tenant} domanda`,
          response: `${tenant} risposta`,
        },
        idempotencyKey: `wamid.${tenant}.${index}`,
        workflow: `flow of ${tenant}`,
        channel: `channel ${tenant} ${index}`,
      },
    );
    await app.api.as(token).data(SAVE, { input });
    const unanswered = { ...input, response: null, failure: `${tenant} guasto` };
    await app.api
      .as(token)
      .data(SAVE, { input: { ...unanswered, idempotencyKey: `wamid.${tenant}.${index}:failed` } });
  }
  await app.services.webhooks.create(
    id,
    { url: `https://${tenant}.example.com/`, events: ['USAGE_VOIDED'] },
    { name: 'test' },
  );
  const rows = await app.database.sql<{ id: string }>(
    `SELECT id::text FROM messages WHERE workspace_id = $1 UNION ALL SELECT id::text FROM charges WHERE workspace_id = $1
     UNION ALL SELECT id::text FROM webhooks WHERE workspace_id = $1`,
    [id],
  );
  return { id, customers, uuids: [...customers, ...rows.map((row) => row.id)], token };
}

beforeAll(async () => {
  app = await startApp({ config: { secretsKey: 'x'.repeat(32) } });
  houses = { rossignolo: await aHouse('rossignolo'), fringuello: await aHouse('fringuello') };
});
afterAll(() => app.stop());

/** The tenant's words in a text. */
const wordsOf = (tenant: Tenant, text: string): string[] =>
  [tenant, phoneOf(tenant, 0).slice(0, 10), ...houses[tenant].uuids].filter((word) => text.includes(word));

const ask = async (tenant: Tenant, query: string, variables: Record<string, unknown>): Promise<string> => {
  const { headers, body } = await app.api.as(houses[tenant].token).send(query, variables);
  return `${JSON.stringify([...headers])} ${JSON.stringify(body)}`;
};

/** Errors repeat the caller's own ids (FORBIDDEN names the id that was sent); that is no leak. */
const without = (text: string, said: string): string =>
  said
    .match(/[\w.+-]{4,}/g)
    ?.sort((a, b) => b.length - a.length)
    .reduce((rest, word) => rest.replaceAll(word, ''), text) ?? text;

it(`${DOCUMENTS} documents (seed ${SEED}) with the other tenant's ids return none of its words`, async () => {
  const random = randomOf(SEED);
  const leaks: string[] = [];
  let own = 0;
  for (let index = 0; index < DOCUMENTS; index += 1) {
    const [me, other]: [Tenant, Tenant] =
      index % 2 === 0 ? ['rossignolo', 'fringuello'] : ['fringuello', 'rossignolo'];
    // Reads only: a mutation's text is stored and would come back as the caller's own.
    // Mostly in the own workspace, with the other's ids as arguments.
    const ids = [...Array(6).fill(houses[me].id), houses[other].id, ...houses[other].customers];
    const request = aRequest(bareSchema, random, ids, 0);
    const said = `${request.query} ${JSON.stringify(request.variables)}`;
    const answer = await ask(me, request.query, request.variables);
    if (wordsOf(me, answer).length > 0) own += 1;
    const found = wordsOf(other, without(answer, said));
    if (found.length > 0) leaks.push(`${found.join()} in ${answer}\nof ${said}`);
  }

  expect(leaks).toEqual([]);
  expect(own).toBeGreaterThan(DOCUMENTS / 20);
}, 600_000);

const EVERYTHING = /* GraphQL */ `
  query Everything($id: ID!) {
    viewer { name workspaces { id name } }
    workspaces { id name }
    usageRecords(workspaceId: $id) { totalCount nodes { id customer { name phoneNumber whatsappUserId } message { id message response } } }
    messages(workspaceId: $id) { totalCount nodes { id message response workspace { name } customer { name usage { messages } } tracking { usage { id } } } }
    customers(workspaceId: $id) { totalCount nodes { id name phoneNumber usage { messages } } }
  }`;

const WEBHOOKS = /* GraphQL */ `
  query Webhooks($id: ID!) {
    workspace(id: $id) { name }
    webhooks(workspaceId: $id) { id url deliveries(first: 5) { totalCount nodes { event { id data } } } }
    events(workspaceId: $id) { totalCount nodes { id data } }
  }`;

const REPORT = /* GraphQL */ `
  query Report($id: ID!) {
    usage(workspaceId: $id) {
      workspace { name } totals { messages activeClients cost { amount } }
      topClients { rank customer { id name phoneNumber } messages }
      clients { totalCount nodes { customer { name } } }
      outcomes { outcome messages } heatmap { messages } timeline { messages activeClients } peakHours { messages }
    }
  }`;

it.each([...TENANTS])('the widest queries of %s return all of its own rows and nothing else', async (me) => {
  const other = me === 'rossignolo' ? 'fringuello' : 'rossignolo';
  for (const [query, words] of [
    [EVERYTHING, 3],
    [REPORT, 3],
    [WEBHOOKS, 1],
  ] as const) {
    const answer = await ask(me, query, { id: houses[me].id });

    expect(answer).not.toContain('"errors"');
    expect(wordsOf(me, answer).length).toBeGreaterThan(words);
    expect(wordsOf(other, answer)).toEqual([]);
  }
});

it.each([...TENANTS])("a customer's id of the other tenant gives %s an empty list", async (me) => {
  const other = me === 'rossignolo' ? 'fringuello' : 'rossignolo';
  for (const list of ['usageRecords', 'messages']) {
    const { body } = await app.api
      .as(houses[me].token)
      .send(
        `query ($id: ID!, $customerId: ID) { ${list}(workspaceId: $id, customerId: $customerId) { totalCount nodes { id } } }`,
        { id: houses[me].id, customerId: houses[other].customers[0] },
      );

    expect(body).toEqual({ data: { [list]: { totalCount: 0, nodes: [] } } });
  }
});

it("a turn with the other tenant's number, user id and key is saved separately and charged to nobody", async () => {
  const answer = await ask('rossignolo', SAVE, {
    input: aTurn(
      { id: houses.rossignolo.id },
      {
        ...{ phoneNumber: '+392220000009', whatsappUserId: 'wa-x', message: 'x', response: 'y' },
        idempotencyKey: 'wamid.fringuello.0',
      },
    ),
  });

  expect(answer).toContain('"outcome":"UNKNOWN_CUSTOMER"');
  expect(answer).toContain('"replayed":false');
  expect(wordsOf('fringuello', answer.replace('+392220000009', ''))).toEqual([]);
});

it("the log has no word of either tenant's messages", () => {
  for (const tenant of TENANTS)
    for (const words of [`${tenant} domanda`, `${tenant} risposta`, `${tenant} cliente`, phoneOf(tenant, 0)])
      expect(app.logs()).not.toContain(words);
});
