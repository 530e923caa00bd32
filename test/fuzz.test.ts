// Random documents: every answer is JSON and never 5xx, and the server keeps running.
import { SCOPES } from '../src/auth/principal';
import { bareSchema } from '../src/graphql/schema';
import {
  aCustomer,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { aRequest, type Request, randomOf } from './support/documents';
import { SAVE } from './support/operations';

/** FUZZ_DOCUMENTS: how many; FUZZ_SEED: the run to repeat. */
const DOCUMENTS = Number(process.env.FUZZ_DOCUMENTS || 300);
const SEED = Number(process.env.FUZZ_SEED || Math.floor(Math.random() * 2 ** 31));
const AT_ONCE = 8;

let app: TestApp;
let shop: TestWorkspace;
let tokens: readonly string[];
beforeAll(async () => {
  app = await startApp({ config: { secretsKey: 'x'.repeat(32) } });
  shop = await aWorkspace(app);
  tokens = [
    await aToken(app, { kind: 'service', workspaceIds: [shop.id], scopes: [...SCOPES] }),
    shop.analyst,
    shop.client,
  ];
});
afterAll(() => app.stop());

it(`${DOCUMENTS} documents from the schema (seed ${SEED}): no 5xx, no crash, an errors array where there are errors`, async () => {
  const { id: customer } = await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  for (let index = 0; index < 5; index += 1)
    await app.api.as(shop.service).data(SAVE, { input: aTurn(shop) });
  const random = randomOf(SEED);
  const requests = Array.from({ length: DOCUMENTS }, () => ({
    ...aRequest(bareSchema, random, [shop.id, shop.id, shop.id, customer]),
    token: tokens[Math.floor(random() * tokens.length)],
  }));
  const wrong: string[] = [];
  const counts = new Map<number, number>();
  const ask = async (request: Request & { token: string | undefined }): Promise<void> => {
    const { status, body } = await app.api.as(request.token).send(request.query, request.variables);
    counts.set(status, (counts.get(status) ?? 0) + 1);
    const errors = body.errors ?? [];
    const formed = errors.every(({ message, extensions }) => message.startsWith(`[${extensions.code}] `));
    const told = status === 200 || errors.length > 0;
    if (status >= 500 || !formed || !told || body.errors?.length === 0) {
      wrong.push(`${status} ${JSON.stringify(body).slice(0, 500)}\n${JSON.stringify(request)}`);
    }
  };
  const queue = [...requests];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) await ask(next);
    }),
  );

  expect(wrong).toEqual([]);
  // Enough of each kind must occur: valid ones, refused ones, broken ones.
  expect(counts.get(200) ?? 0).toBeGreaterThan(DOCUMENTS / 30);
  expect(counts.get(400) ?? 0).toBeGreaterThan(DOCUMENTS / 30);
  expect((await app.api.as(shop.client).send('{ viewer { name } }')).status).toBe(200);
}, 600_000);
