// Limits of reading: a token's points, large reads at once, harmless bodies that look large, answers in pieces.
import fc from 'fast-check';
import { createRateLimits } from '../src/http/rate-limits';
import { ReadPlaces } from '../src/http/read-places';
import { streamed, stringifyInTurns } from '../src/http/stringify';
import { A_TURN, inTurns, isSaving, pace, saveBegins } from '../src/values/pace';
import { aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { untilWaiting } from './support/lock-waits';
import { SAVE } from './support/operations';

const READ = '{ viewer { name } }';

const HEAD = `workspace { id name } period { from to timeZone complete } asOf
  totals { cost { amount currency } messages activeClients averageCostPerClient { amount currency } firstAt lastAt }`;
const CLIENTS = 'rank customer { id name } cost { amount currency } messages share lastAt';
const DASHBOARD = `query ($id: ID!, $period: PeriodInput) { usage(workspaceId: $id, period: $period) { ${HEAD}
  growth { comparedTo { from to } cost { current { amount currency } previous { amount currency } change { amount currency } percent }
    messages { current previous change percent } activeClients { current previous change percent } }
  topClients(limit: 10) { ${CLIENTS} } peakHours(limit: 24) { hour label messages cost { amount currency } share }
  timeline(interval: DAY) { from to messages cost { amount currency } activeClients }
  forecast { cost { amount currency } messages } } }`;
const STATS = `query ($id: ID!, $period: PeriodInput, $interval: TimelineInterval!, $limit: Int!) {
  usage(workspaceId: $id, period: $period) { ${HEAD}
  timeline(interval: $interval) { from to messages cost { amount currency } activeClients }
  peakHours(limit: 24) { hour label messages cost { amount currency } share }
  heatmap { weekday hour messages cost { amount currency } }
  topClients(limit: $limit) { ${CLIENTS} } outcomes { outcome messages } } }`;

describe("a token's points", () => {
  let app: TestApp;
  let shop: TestWorkspace;
  beforeEach(async () => {
    // 5 000 in five seconds.
    app = await startApp({ config: { readPointsPerSecond: 1_000 } });
    shop = await aWorkspace(app);
  });
  afterEach(() => app.stop());

  const bad = '{ viewer { nam } }';
  it.each([
    ['that can not be parsed', JSON.stringify({ query: '{ viewer' })],
    ['that are not valid', JSON.stringify({ query: bad })],
    ['that cost too much', JSON.stringify({ query: `{ ${'viewer { name } '.repeat(6)} }` })],
    ['that say one thing many times', JSON.stringify({ query: `{ viewer { ${'name '.repeat(200)} } }` })],
  ])('pay for documents, too, %s: then they are not even read', async (_, body) => {
    const client = app.api.as(shop.client);
    const statuses = [];
    for (let count = 0; count < 3; count += 1) statuses.push((await client.post(body)).status);
    const after = await client.post('no JSON at all');

    expect(statuses).toEqual([400, 400, 429]);
    expect([after.status, after.body.errors?.[0]?.extensions.code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(after.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    // Other tokens and saves are not affected.
    expect((await app.api.as(shop.analyst).send(READ)).status).toBe(200);
    expect((await app.api.as(shop.service).send(SAVE, { input: aTurn(shop) })).status).toBe(200);
  });

  it('never stop a service token from saving, whatever it has read', async () => {
    const service = app.api.as(shop.service);
    for (let count = 0; count < 4; count += 1) await service.send(bad);

    expect((await service.send(READ)).status).toBe(429);
    expect((await service.send(SAVE, { input: aTurn(shop) })).status).toBe(200);
  });

  it.each([
    [
      'the dashboard of two days',
      'dashboard',
      'from=2026-03-01T00:00:00Z&to=2026-03-03T00:00:00Z',
      DASHBOARD,
      {},
    ],
    [
      'the dashboard of a quarter',
      'dashboard',
      'from=2025-01-01T00:00:00Z&to=2025-04-01T00:00:00Z',
      DASHBOARD,
      {},
    ],
    [
      'the statistics of three days by hour',
      'stats',
      'from=2026-03-01T00:00:00Z&to=2026-03-04T00:00:00Z&interval=hour&limit=5',
      STATS,
      { interval: 'HOUR', limit: 5 },
    ],
  ])('are taken for %s by URL as for the same by GraphQL', async (_, name, search, query, more) => {
    const period = Object.fromEntries(new URLSearchParams(search));
    const variables = { id: shop.id, period: { from: period.from, to: period.to }, ...more };
    const statuses = async (token: string, ask: (api: TestApp['api']) => Promise<{ status: number }>) => {
      const found = [];
      for (let count = 0; count < 60 && found.at(-1) !== 429; count += 1)
        found.push((await ask(app.api.as(token))).status);
      return found;
    };
    const byUrl = await statuses(shop.client, (api) => api.get(`/api/usage/${name}/${shop.id}?${search}`));
    const byGraphQL = await statuses(shop.analyst, (api) => api.send(query, variables));

    expect(byUrl.at(-1)).toBe(429);
    expect(byUrl).toEqual(byGraphQL);
  });

  it('are also limited for a REST report', async () => {
    const search = 'from=2021-01-01T00:00:00Z&to=2025-12-31T00:00:00Z';
    const answer = await app.api.as(shop.client).get(`/api/usage/dashboard/${shop.id}?${search}`);
    const body: { errors: { message: string }[] } = Object(await answer.json());
    expect([answer.status, body.errors[0]?.message]).toEqual([
      400,
      expect.stringMatching(/costs \d+ points; at most 20000 are answered. Ask for a shorter period/),
    ]);
  });

  it('are charged for the texts that were really read', async () => {
    const message = 'x'.repeat(60_000);
    for (let count = 0; count < 10; count += 1)
      await app.api.as(shop.service).data(SAVE, { input: aTurn(shop, { message, response: message }) });
    const page = 'query ($id: ID!) { messages(workspaceId: $id, first: 10) { nodes { message response } } }';
    const read = () => app.api.as(shop.analyst).send(page, { id: shop.id });
    // 1.2 MB are 4 800 points.
    expect([(await read()).status, (await read()).status]).toEqual([200, 429]);
  });
});

it('runs one large read of a token at a time, the others after it', async () => {
  const reads = new ReadPlaces({ what: 'large reads', atOnce: () => 2, ofToken: 1 });
  const begun: string[] = [];
  const enter = async (token: string, name: string) => {
    const end = await reads.enter(token, () => false);
    begun.push(name);
    return end;
  };
  const first = await enter('a', 'a1');
  const second = enter('a', 'a2');
  const other = await enter('b', 'b1');
  const third = enter('c', 'c1');
  expect(begun).toEqual(['a1', 'b1']);
  first();
  // Once is enough: a place is not returned twice.
  first();
  // Another token comes first.
  (await third)();
  (await second)();
  other();
  expect(begun).toEqual(['a1', 'b1', 'c1', 'a2']);
});

it('lets tokens take turns, however many reads one of them has sent', async () => {
  const reads = new ReadPlaces({ what: 'reads', atOnce: () => 1, ofToken: 1 });
  const begun: string[] = [];
  const run = async (name: string) => {
    const end = await reads.enter(name.charAt(0), () => false);
    begun.push(name);
    await new Promise((next) => setImmediate(next));
    end();
  };
  await Promise.all(['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map(run));
  expect(begun).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
});

describe('while somebody saves', () => {
  afterEach(() => jest.useRealTimers());

  it.each([
    ['large reads', { points: 5_000, characters: 0 }],
    ['long answers', { points: 100, characters: 1_000_000 }],
    ['other reads', { points: 100, characters: 0 }],
  ])('a quarter as many %s run at once', async (_, cost) => {
    jest.useFakeTimers({ now: 0 });
    const limits = { readPointsPerSecond: 20_000, failedLoginsPerMinute: 20 };
    const rateLimits = createRateLimits({ ...limits, heavyReads: 4, heavyReadsOfToken: 1, lightReads: 4 });
    const begun: string[] = [];
    const enter = async (token: string) => {
      const end = await rateLimits.turn({ id: token, kind: 'CLIENT' }, cost, () => false);
      begun.push(token);
      return end;
    };
    const saved = saveBegins();
    const first = await enter('a');
    const others = ['b', 'c', 'd', 'e'].map(enter);
    // All that can happen without a place has happened.
    for (let count = 0; count < 20; count += 1) await Promise.resolve();
    const beside = [...begun];
    saved();
    const justSaved = isSaving();
    jest.advanceTimersByTime(1_000);
    first();
    await others[3];
    for (let count = 0; count < 20; count += 1) await Promise.resolve();

    expect([beside, justSaved, isSaving()]).toEqual([['a'], true, false]);
    // All four places are given again.
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('reads pause between two turns, so that the loop is free for the steps of saves', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
    const turns = () => new Promise((next) => setImmediate(next));
    await turns();
    const saved = saveBegins();
    let resumed = false;
    const first = pace(A_TURN);
    const second = pace(A_TURN)?.then(() => {
      resumed = true;
    });
    for (let count = 0; count < 50; count += 1) await turns();
    const before = resumed;
    jest.advanceTimersByTime(2);
    await second;
    saved();
    // Nothing is left scheduled.
    jest.advanceTimersByTime(2_000);

    expect([first, before, resumed]).toEqual([undefined, false, true]);
  });
});

it('passes over a large read whose caller is gone when its turn comes', async () => {
  const reads = new ReadPlaces({ what: 'large reads', atOnce: () => 1, ofToken: 1 });
  const first = await reads.enter('a', () => false);
  let begun = false;
  const gone = reads
    .enter('b', () => true)
    .then(() => {
      begun = true;
    });
  const third = reads.enter('c', () => false);
  first();
  (await third)();
  expect(begun).toBe(false);
  // Nobody waits for it for ever.
  await expect(gone).rejects.toThrow('Too many large reads');
});

it('a service that asks whether it may serve waits for no readers', async () => {
  const app = await startApp({ config: { lightReads: 1 } });
  const shop = await aWorkspace(app);
  const runner = app.database.dataSource.createQueryRunner();
  await runner.connect();
  await runner.query('BEGIN');
  await runner.query('LOCK TABLE charges IN ACCESS EXCLUSIVE MODE');
  const page = 'query ($id: ID!) { usageRecords(workspaceId: $id, first: 1) { nodes { id } } }';
  const first = app.api.as(shop.analyst).send(page, { id: shop.id });
  await untilWaiting(app.database, 1);
  const other = await app.api.as(shop.client).send(READ);
  const decision = await app.api
    .as(shop.service)
    .send('query ($id: ID!) { serveDecision(workspaceId: $id, phoneNumber: "393331234567") { allowed } }', {
      id: shop.id,
    });
  await runner.query('ROLLBACK');
  await runner.release();
  const done = await first;
  await app.stop();

  expect([other.status, decision.status, done.status]).toEqual([429, 200, 200]);
});

it('refuses a large read whose turn does not come, and takes the next one when the first is done', async () => {
  const app = await startApp({ config: { heavyReads: 1, heavyReadsOfToken: 1 } });
  const shop = await aWorkspace(app);
  const page = `query ($id: ID!) { messages(workspaceId: $id, first: 100) { nodes { id message response } } }`;
  const read = () => app.api.as(shop.analyst).send(page, { id: shop.id });
  const runner = app.database.dataSource.createQueryRunner();
  await runner.connect();
  await runner.query('BEGIN');
  await runner.query('LOCK TABLE messages IN ACCESS EXCLUSIVE MODE');
  const first = read();
  const second = await read();
  // Small reads go on.
  const small = await app.api.as(shop.analyst).send(READ);
  await runner.query('ROLLBACK');
  await runner.release();
  const done = await first;
  const third = await read();
  await app.stop();

  expect([second.status, second.headers.get('retry-after')]).toEqual([429, '2']);
  expect(second.body.errors?.[0]?.extensions.code).toBe('RATE_LIMITED');
  expect([small.status, done.status, third.status]).toEqual([200, 200, 200]);
});

describe('a body', () => {
  let app: TestApp;
  let shop: TestWorkspace;
  beforeAll(async () => {
    app = await startApp();
    shop = await aWorkspace(app);
  });
  afterAll(() => app.stop());

  it.each([
    ['lists', `[${'[],'.repeat(1_300_000)}[]]`],
    ['texts', `[${'"",'.repeat(1_300_000)}""]`],
    ['names', `{${'"a":1,'.repeat(600_000)}"b":1}`],
  ])('of 4 MB of %s is refused before it is parsed', async (_, values) => {
    const { status, body } = await app.api
      .as(shop.service)
      .post(`{"query":"{ viewer { name } }","variables":{"x":${values}}}`);
    expect([status, body.errors?.[0]?.message]).toEqual([
      400,
      expect.stringContaining('more than 50000 values'),
    ]);
  });

  it('may hold brackets and quotes in its texts', async () => {
    const text = `${'[{'.repeat(50_000)}\\"${'\\'.repeat(7)}"`;
    const { status } = await app.api
      .as(shop.service)
      .send(SAVE, { input: aTurn(shop, { message: text.slice(0, 60_000) }) });
    expect(status).toBe(200);
  });

  it('of the longest page with the longest texts is complete', async () => {
    const message = '𝄞è"\\\n'.repeat(9_000);
    for (let at = 0; at < 20; at += 1)
      await app.api.as(shop.service).data(SAVE, { input: aTurn(shop, { message, response: message }) });
    const { messages } = await app.api
      .as(shop.analyst)
      .data<{ messages: { nodes: { message: string; response: string }[] } }>(
        'query ($id: ID!) { messages(workspaceId: $id, first: 20) { nodes { message response } } }',
        { id: shop.id },
      );
    expect(messages.nodes).toHaveLength(20);
    expect(messages.nodes.every((node) => node.message === message && node.response === message)).toBe(true);
  });
});

describe('an answer in pieces', () => {
  it('is the text that JSON.stringify makes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (value) => {
        const result = { errors: undefined, data: value };
        expect(await stringifyInTurns(result)).toBe(`${JSON.stringify(result)}\n`);
      }),
    );
  });

  it('keeps the characters of a long text whole', async () => {
    const text = `x${'𝄞'.repeat(300_000)}`;
    const pieces: Buffer[] = [];
    for await (const piece of streamed(text)) pieces.push(Buffer.from(piece));
    expect(pieces.length).toBeGreaterThan(5);
    expect(Buffer.concat(pieces).toString('utf8')).toBe(text);
  });

  it('lets the event loop run between parts of a long list, and keeps the order', async () => {
    const items = Array.from({ length: 20 }, (_, index) => index);
    let turns = 0;
    let going = true;
    const turn = () => {
      turns += 1;
      if (going) setImmediate(turn);
    };
    setImmediate(turn);
    const paced = inTurns(items, A_TURN);
    expect(await Promise.all(paced)).toEqual(items);
    going = false;
    expect(turns).toBeGreaterThanOrEqual(18);
  });

  it('does little work without waiting', async () => {
    // Uses up the turn of whoever came before, and begins another: how long that takes depends on saves.
    await pace(A_TURN);
    await pace(1);
    expect(pace(1)).toBeUndefined();
    expect(inTurns([1, 2, 3], 5)).toEqual([1, 2, 3]);
  });
});
