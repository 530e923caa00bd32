// A body that nests too deeply is refused at once, in every place of a request.
import { aWorkspace, startApp, type TestApp } from './support/app';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

it.each(['{ viewer { name } }', 'query ($x: Int) { customers(workspaceId: "w", first: $x) { totalCount } }'])(
  'variables of a million levels: %s',
  async (query) => {
    const { client } = await aWorkspace(app);
    const body = `{"query":${JSON.stringify(query)},"variables":{"x":${deep(1_000_000)}}}`;
    const answer = await app.api.as(client).post(body);
    expect([answer.status, answer.body.errors?.[0]?.message]).toEqual([
      400,
      expect.stringMatching(/deeper than 32 levels/),
    ]);
  },
);

it('accepts the deepest input of the schema', async () => {
  const { client } = await aWorkspace(app);
  const answer = await app.api
    .as(client)
    .post(`{"query":"{ viewer { name } }","variables":{"x":${deep(30)}}}`);
  expect(answer.status).toBe(200);
});
