// What monitoring reads.

import cluster from 'node:cluster';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Api } from './support/api';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { runCommand, startServer } from './support/command';
import { aMadeFolder } from './support/made-folder';
import { SAVE, type SaveData, TOTALS } from './support/operations';

const TOKEN = 'a-token-for-prometheus';
const PHONE = '+393331234567';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp({ config: { metricsToken: TOKEN } });
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: PHONE });
});
afterAll(() => app.stop());

const scrape = async (url: string, token?: string) =>
  fetch(`${url}/metrics`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });

/** Each series by its name and labels, as the text has them. */
async function figures(): Promise<Map<string, number>> {
  const text = await (await scrape(app.url, TOKEN)).text();
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const end = line.lastIndexOf(' ');
        return [line.slice(0, end), Number(line.slice(end + 1))];
      }),
  );
}

/** How much each of these series has grown. */
async function grown(
  names: readonly string[],
  work: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const before = await figures();
  await work();
  const after = await figures();
  return Object.fromEntries(names.map((name) => [name, (after.get(name) ?? 0) - (before.get(name) ?? 0)]));
}

const save = (input: Record<string, unknown>) => app.api.as(shop.service).send<SaveData>(SAVE, { input });

it('count turns by outcome, replays and refusals, and measure how long callers waited', async () => {
  const names = [
    'centesimo_turns_total{outcome="TRACKED"}',
    'centesimo_turns_total{outcome="UNKNOWN_CUSTOMER"}',
    'centesimo_turns_replayed_total',
    'centesimo_turns_refused_total{code="IDEMPOTENCY_KEY_REUSED"}',
    'centesimo_save_seconds_count',
    'centesimo_batch_turns_sum',
  ];
  const turn = aTurn(shop, { phoneNumber: PHONE });
  const found = await grown(names, async () => {
    await save(turn);
    await save(turn);
    await save({ ...turn, message: 'something else' });
    await save(aTurn(shop, { phoneNumber: '+393339999999' }));
  });
  expect(Object.values(found)).toEqual([1, 1, 1, 1, 4, 4]);
});

it('count operations by root field and outcome, and requests by route and status', async () => {
  const names = [
    'centesimo_operations_total{field="usage",outcome="ok"}',
    'centesimo_operations_total{field="usage",outcome="FORBIDDEN"}',
    'centesimo_http_requests_total{route="/graphql",status="401"}',
    'centesimo_http_requests_total{route="/api/usage/dashboard/:workspaceId",status="200"}',
    'centesimo_statement_seconds_count{statement="totals"}',
  ];
  const found = await grown(names, async () => {
    await app.api.as(shop.client).send(TOTALS, { workspaceId: shop.id });
    await app.api.as(shop.client).send(TOTALS, { workspaceId: 'somebody-else' });
    await app.api.send(TOTALS, { workspaceId: shop.id });
    await app.api.as(shop.client).get(`/api/usage/dashboard/${shop.id}`);
  });
  expect(Object.values(found).slice(0, 4)).toEqual([1, 1, 1, 1]);
  expect(Object.values(found)[4]).toBeGreaterThanOrEqual(2);
});

it('count saves refused at the door, and turns still to be charged', async () => {
  const full = await startApp({
    database: app.database,
    config: { metricsToken: TOKEN, writeLanes: 1, writeBatchMax: 1, writeQueueMax: 1 },
  });
  try {
    const input = () => ({ input: aTurn(shop, { phoneNumber: PHONE }) });
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => full.api.as(shop.service).send<SaveData>(SAVE, input())),
    );
    const refused = answers.filter(({ status }) => status === 503).length;
    expect(refused).toBeGreaterThan(0);
    const text = await (await scrape(full.url, TOKEN)).text();
    expect(text).toMatch(
      new RegExp(`^centesimo_turns_refused_total\\{code="SERVICE_UNAVAILABLE"\\} ${refused}$`, 'm'),
    );
    expect(text).toMatch(/^centesimo_deferred_turns 0$/m);
  } finally {
    await full.stop();
  }
});

it("show the server's state: queue, pool, database, tokens that end soon", async () => {
  const found = await figures();
  for (const name of [
    'queue_turns',
    'queue_bytes',
    'batches_in_flight',
    'pool_waiting',
    'tokens_expiring_soon',
  ])
    expect([name, found.get(`centesimo_${name}`)]).toEqual([name, 0]);
  expect(found.get('centesimo_pool_connections')).toBeGreaterThan(0);
  expect(found.get('centesimo_database_up')).toBe(1);
  expect(found.get('process_resident_memory_bytes')).toBeGreaterThan(0);
});

it('have no label that a caller chose, and no word of anybody', async () => {
  await save(aTurn(shop, { phoneNumber: PHONE, message: 'a secret word' }));
  await app.api.as(shop.client).send(`query Chosen_by_the_caller { viewer { __typename } }`);
  await app.api.get('/no-such-page-of-ours');
  const text = await (await scrape(app.url, TOKEN)).text();
  expect(text).toContain('centesimo_turns_total');
  for (const word of [shop.id, PHONE, 'secret', 'Chosen', 'no-such-page', shop.service.slice(8)])
    expect(text).not.toContain(word);
});

it('are readable only with the token', async () => {
  for (const token of [undefined, 'a-token-for-somebody-else', shop.service]) {
    const refused = await scrape(app.url, token);
    expect([token, refused.status, refused.headers.get('www-authenticate')]).toEqual([token, 401, 'Bearer']);
  }
  const allowed = await scrape(app.url, TOKEN);
  expect(allowed.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(allowed.headers.get('cache-control')).toBe('no-store');
});

it('are off by default, and on their own port when one is set', async () => {
  const silent = await startApp({ database: app.database });
  expect((await scrape(silent.url)).status).toBe(404);
  await silent.stop();
  const own = await startApp({ database: app.database, config: { metricsPort: 0 } });
  try {
    expect((await scrape(own.url)).status).toBe(404);
    const answer = await scrape(own.metricsUrl ?? '');
    expect([answer.status, (await answer.text()).includes('centesimo_turns_total')]).toEqual([200, true]);
    const other = await fetch(`${own.metricsUrl}/graphql`, { method: 'POST' });
    expect(other.status).toBe(404);
  } finally {
    await own.stop();
  }
  await expect(fetch(`${own.metricsUrl}/metrics`)).rejects.toThrow();
});

it('say that the database is gone when it is', async () => {
  const lost = await startApp({ config: { metricsPort: 0 } });
  await lost.database.dataSource.destroy();
  const text = await (await scrape(lost.metricsUrl ?? '')).text();
  expect(text).toMatch(/^centesimo_database_up 0$/m);
  await lost.stop().catch(() => undefined);
});

it('are not given to a primary by a server without workers', () => {
  expect(cluster.listenerCount('message')).toBe(0);
});

it('are the sum of all processes with WEB_CONCURRENCY', async () => {
  const folder = await aMadeFolder();
  const environment = { DATA_DIR: folder.path, WEB_CONCURRENCY: '2', METRICS_PORT: '0', LOG_LEVEL: 'error' };
  const server = await startServer(['--no-demo'], environment);
  try {
    const run = async (...args: string[]) =>
      JSON.parse((await runCommand([...args, '--json'], environment)).stdout);
    await run(
      'workspace',
      'create',
      '--id',
      'shop',
      '--name',
      'Shop',
      '--time-zone',
      'UTC',
      '--currency',
      'EUR',
    );
    const { token } = await run(
      'token',
      'create',
      '--kind',
      'service',
      '--name',
      'n8n',
      '--workspace',
      'shop',
    );
    await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        new Api(server.url, token).data<SaveData>(SAVE, {
          input: {
            ...{ workspaceId: 'shop', phoneNumber: PHONE, message: 'ciao', response: 'Ciao!' },
            idempotencyKey: `k${index}`,
          },
        }),
      ),
    );
    const url = server.metricsUrl ?? '';
    const text = await (await scrape(url)).text();
    expect(text).toMatch(/^centesimo_turns_total\{outcome="UNKNOWN_CUSTOMER"\} 30$/m);
    expect(text).toMatch(/^centesimo_database_up 1$/m);
  } finally {
    await server.stop();
    await folder.remove();
  }
});

it('have every series that the example alerts use', async () => {
  await save(aTurn(shop, { phoneNumber: PHONE }));
  const text = await (await scrape(app.url, TOKEN)).text();
  const folder = join(__dirname, '../examples/observability');
  const watched = new Set(
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .flatMap((file) => file.match(/\b(?:centesimo|process)_[a-z_]+(?=[{[)\s])/g) ?? []),
  );
  expect(watched.size).toBeGreaterThan(12);
  const known = new Set([...text.matchAll(/^([a-z_]+)[{ ]/gm)].map(([, name]) => name));
  expect([...watched].filter((name) => !known.has(name) && !known.has(`${name}_bucket`))).toEqual([]);
});
