// What an n8n author is told after common mistakes: the message names the field of the node to change.
import { aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { SAVE } from './support/operations';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
  shop = await aWorkspace(app);
});
afterAll(() => app.stop());

const messageOf = async (query: string, variables: Record<string, unknown> = {}): Promise<string> =>
  (await app.api.as(shop.service).errors(query, variables))[0]?.message ?? '';

it.each([
  ['seconds as text', '1736168405', 'DateTime.fromSeconds'],
  ['seconds as a number', 1_736_168_405, 'DateTime.fromSeconds'],
  ['milliseconds as text', '1736168405000', 'DateTime.fromMillis'],
  ['milliseconds as a number', 1_736_168_405_000, 'DateTime.fromMillis'],
])('Unix %s as occurredAt: which method of DateTime mends it', async (_what, occurredAt, method) => {
  expect(await messageOf(SAVE, { input: aTurn(shop, { occurredAt }) })).toMatch(
    new RegExp(`^\\[BAD_USER_INPUT\\] .*input.occurredAt .*looks like Unix .*${method}`),
  );
});

it('Unix seconds in a batch are refused for that item only', async () => {
  const { workspaceId, ...item } = aTurn(shop, { occurredAt: '1736168405' });
  const { saveMessages } = await app.api.as(shop.service).data<{
    saveMessages: { error: { message: string } | null }[];
  }>(
    `mutation ($workspaceId: ID!, $items: [SaveMessageItem!]!) {
      saveMessages(workspaceId: $workspaceId, items: $items) { error { message } }
    }`,
    { workspaceId, items: [item, { ...item, occurredAt: null }] },
  );
  expect(saveMessages).toEqual([
    { error: { message: expect.stringContaining('DateTime.fromSeconds') } },
    { error: null },
  ]);
});

it('a mutation by GET: HTTP Request Method', async () => {
  const query = new URLSearchParams({ query: 'mutation { __typename }' });
  const answer = await app.api
    .as(shop.service)
    .get(`/graphql?${query}`, { 'content-type': 'application/json' });
  expect([answer.status, await answer.text()]).toEqual([
    405,
    expect.stringMatching(/\[BAD_REQUEST\] Only POST may write.*HTTP Request Method to POST/),
  ]);
});

it.each([
  ['in the query', 'query { viewer { nam } }', {}, 'Did you mean "name"?'],
  ['in the variables', SAVE, { phoneNumbr: '+39333' }, 'Did you mean "phoneNumber"?'],
])('an unknown field %s: what was meant', async (_where, query, more, meant) => {
  expect(await messageOf(query, { input: aTurn(shop, more) })).toContain(meant);
});

it('a caller without a token learns nothing of the schema', async () => {
  const { body } = await app.api.send('query { viewer { nam } }');
  expect(JSON.stringify(body)).not.toMatch(/did you mean|name/i);
});

describe('the header centesimo-error-field', () => {
  const post = async (body: object, headers: Record<string, string>, token = shop.service) =>
    (await app.api.as(token).post(JSON.stringify(body), headers)).body;
  const bad = { query: SAVE, variables: { input: { idempotencyKey: 'x' } } };
  const asked = { 'centesimo-error-field': 'true' };

  it('adds the messages as one text beside the errors', async () => {
    const { errors = [], ...rest } = await post(bad, asked);
    expect(errors.length).toBeGreaterThan(0);
    expect(rest).toMatchObject({ error: errors.map(({ message }) => message).join(', ') });
  });

  it('also where the request does not reach GraphQL', async () => {
    expect(await post(bad, asked, 'ctm_svc_wrong')).toMatchObject({
      error: expect.stringMatching(/^\[UNAUTHENTICATED\]/),
      errors: [{ message: expect.stringMatching(/^\[UNAUTHENTICATED\]/) }],
    });
  });

  it.each([[{}], [{ 'centesimo-error-field': 'false' }]])('%j adds nothing', async (headers) => {
    expect(await post(bad, headers)).not.toHaveProperty('error');
  });

  it('leaves an answer without errors as it is', async () => {
    const body = { query: SAVE, variables: { input: aTurn(shop, { message: '"errors": []' }) } };
    expect(Object.keys(await post(body, asked))).toEqual(['data']);
  });
});
