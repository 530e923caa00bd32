// Subscriptions by graphql-ws: who is given ticks and when, what is refused, and how each socket ends.
import { once } from 'node:events';
import { Client } from 'pg';
import { WebSocket } from 'ws';
import { Subscriber } from '../src/services/signals/subscriber';
import {
  ACTOR,
  aCustomer,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  startBeside,
  type TestApp,
  TestClock,
  type TestWorkspace,
} from './support/app';
import { CHANGED, LivePeer } from './support/live';
import { aLogin } from './support/login';
import { SAVE } from './support/operations';
import { PlainSocket } from './support/plain-socket';

const HOUR_MS = 3_600_000;

let app: TestApp;
let other: TestApp;
let shop: TestWorkspace;
const clock = new TestClock();

beforeAll(async () => {
  app = await startApp({ clock });
  other = await startBeside(app);
});
afterAll(async () => {
  await other.stop();
  await app.stop();
});
// Each test has a workspace of its own, so that no other subscriptions count and no other saves tick.
beforeEach(async () => {
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
});

const save = (at: TestApp, workspace = shop) =>
  at.api.as(workspace.service).data(SAVE, { input: aTurn(workspace) });

async function subscribed(token: string, workspaceId = shop.id, url = app.url): Promise<LivePeer> {
  const peer = await LivePeer.as(token, url);
  peer.subscribe('1', workspaceId);
  expect(await peer.outcome()).toBe('tick');
  return peer;
}

describe('a tick', () => {
  it('comes at once, and after a turn that the same server saved', async () => {
    const peer = await subscribed(shop.client);
    await save(app);
    expect(await peer.next()).toEqual({
      id: '1',
      type: 'next',
      payload: { data: { usageChanged: { asOf: clock.now().toISOString() } } },
    });
    await peer.leave();
  });

  it('comes after a turn that another server saved', async () => {
    const peer = await subscribed(shop.client);
    await save(other);
    expect(await peer.outcome()).toBe('tick');
    await peer.leave();
  });

  it('comes when a charge is taken back', async () => {
    await save(app);
    const { usageRecords } = await app.api
      .as(shop.client)
      .data<{ usageRecords: { nodes: { id: string }[] } }>(
        'query ($id: ID!) { usageRecords(workspaceId: $id) { nodes { id } } }',
        { id: shop.id },
      );
    const usageRecordId = usageRecords.nodes[0]?.id ?? '';
    const peer = await subscribed(shop.client);
    await app.services.voids.void(shop.id, { usageRecordId, reason: 'test' }, ACTOR);
    expect(await peer.outcome()).toBe('tick');
    await peer.leave();
  });

  it('does not come for saves of another workspace, or for a replay', async () => {
    const neighbour = await aWorkspace(app);
    const [mine, theirs] = [await subscribed(shop.client), await subscribed(neighbour.client, neighbour.id)];
    const input = aTurn(shop);
    await app.api.as(shop.service).data(SAVE, { input });
    expect(await mine.outcome()).toBe('tick');
    await app.api.as(shop.service).data(SAVE, { input });
    for (const outcome of ['tick', 'tick']) {
      await save(app, neighbour);
      expect(await theirs.outcome()).toBe(outcome);
    }
    mine.send({ type: 'ping' });
    expect(await mine.next()).toEqual({ type: 'pong' });
    await Promise.all([mine.leave(), theirs.leave()]);
  });

  it('comes after 30 s without a change', async () => {
    const feed = { tick: () => ({ asOf: clock.now() }), postpone: () => undefined, left: () => undefined };
    const subscriber = new Subscriber('token', shop.id, feed);
    await subscriber.next();
    void subscriber.next();
    const now = performance.now();
    subscriber.dueAtLast(now + 29_000);
    expect(subscriber.isWaiting).toBe(false);
    subscriber.dueAtLast(now + 30_000);
    expect(subscriber.isWaiting).toBe(true);
  });

  it('is one for many turns, and at most one more waits for a slow reader', async () => {
    const ticks = app.services.liveFeed.subscribe('slow', shop.id);
    expect((await ticks.next()).done).toBe(false);
    for (let turn = 0; turn < 20; turn += 1) await save(app);
    expect((await ticks.next()).done).toBe(false);
    const next = ticks.next();
    await ticks.return?.();
    expect(await next).toEqual({ value: undefined, done: true });
  });

  it('goes to at most 125 subscribers in half a second, and each has its turn', async () => {
    const { liveFeed } = app.services;
    const ticking = Array.from({ length: 300 }, (_, n) => liveFeed.subscribe(`one-of-many-${n}`, shop.id));
    await Promise.all(ticking.map((ticks) => ticks.next()));
    const given: number[] = [];
    await Promise.all(
      ticking.map(async (ticks) => {
        for (let tick = 0; tick < 2; tick += 1) {
          liveFeed.mark(shop.id);
          await ticks.next();
          given.push(performance.now());
        }
      }),
    );
    expect((given[125] ?? 0) - (given[0] ?? 0)).toBeGreaterThan(250);
    await Promise.all(ticking.map((ticks) => ticks.return?.()));
  });

  it('is sent to other servers at most twice a second, whatever is saved', async () => {
    const listener = new Client({ connectionString: app.database.url });
    await listener.connect();
    await listener.query('LISTEN centesimo_changes');
    let heard = 0;
    const last = new Promise<void>((resolve) => {
      listener.on('notification', ({ payload }) => {
        heard += 1;
        if (payload?.includes('the-last')) resolve();
      });
    });
    const since = performance.now();
    for (let turn = 0; turn < 60; turn += 1) await save(app);
    app.services.liveFeed.mark('the-last');
    await last;
    const seconds = (performance.now() - since) / 1_000;
    expect(heard).toBeGreaterThan(0);
    expect(heard).toBeLessThanOrEqual(2 * seconds + 2);
    await listener.end();
  });
});

describe('who may subscribe', () => {
  it.each([
    ['a service token without the scope', () => shop.service, () => shop.id, 'error FORBIDDEN'],
    ["a token of another workspace's", () => shop.client, () => 'somebody-elses', 'error FORBIDDEN'],
    ['an analyst', () => shop.analyst, () => shop.id, 'tick'],
  ])('%s: %#', async (_who, token, workspaceId, expected) => {
    const peer = await LivePeer.as(token(), app.url);
    peer.subscribe('1', workspaceId());
    expect(await peer.outcome()).toBe(expected);
    expect(app.services.liveFeed.size).toBe(expected === 'tick' ? 1 : 0);
    await peer.leave();
  });

  it('a person of the login, until the login ends', async () => {
    const login = await aLogin(clock.now);
    const served = await startBeside(app, login.config);
    const token = await login.sign({ workspaces: [shop.id], scopes: 'usage:read' });
    const peer = await LivePeer.as(token, served.url);
    peer.subscribe('1', shop.id);
    const outcome = await peer.outcome();
    await peer.leave();
    await served.stop();
    await login.close();
    expect(outcome).toBe('tick');
  });
});

describe('a socket ends', () => {
  it('with 4408 when it says nothing', async () => {
    expect(await (await LivePeer.open(app.url)).ended).toMatchObject({ code: 4408 });
  });

  it.each([
    ['a wrong token', () => `${shop.client}x`],
    ['no token', () => ''],
  ])('with 4403 for %s', async (_what, token) => {
    const peer = await LivePeer.open(app.url);
    peer.init(token());
    expect(await peer.ended).toMatchObject({ code: 4403 });
  });

  it('with 4403 when its token has ended by the clock', async () => {
    const token = await aToken(app, { kind: 'client', workspaceIds: [shop.id], expiresInDays: 1 });
    const peer = await subscribed(token);
    const since = clock.now();
    clock.advance(25 * HOUR_MS);
    expect(await peer.ended).toMatchObject({ code: 4403 });
    const late = await LivePeer.open(app.url);
    late.init(token);
    expect(await late.ended).toMatchObject({ code: 4403 });
    clock.set(since);
  });

  it('with 4403 when another server revokes its token, while others stay open', async () => {
    const { id, token } = await app.services.tokens.create(
      { kind: 'client', name: 'test', workspaceIds: [shop.id] },
      ACTOR,
    );
    const [ends, stays] = [await subscribed(token), await subscribed(shop.client)];
    await other.services.tokens.revoke(id, ACTOR);
    expect(await ends.ended).toMatchObject({ code: 4403 });
    await save(app);
    expect(await stays.outcome()).toBe('tick');
    await stays.leave();
  });

  it('with 4401 when it subscribes before it sends a token', async () => {
    const peer = await LivePeer.open(app.url);
    peer.subscribe('1', shop.id);
    expect(await peer.ended).toMatchObject({ code: 4401 });
  });

  it('with 4400 for text that is no message, or nests too deeply', async () => {
    for (const text of ['hello', '{"type":"x"}', `${'['.repeat(1_000)}`]) {
      const peer = await LivePeer.open(app.url);
      peer.socket.send(text);
      expect(await peer.ended).toMatchObject({ code: 4400 });
    }
  });

  it('with 1009 for a message of 10 MB, while another has its ticks', async () => {
    const [floods, stays] = [await LivePeer.as(shop.client, app.url), await subscribed(shop.client)];
    floods.socket.send(`{"type":"ping","payload":{"a":"${'a'.repeat(10_000_000)}"}}`);
    expect(await floods.ended).toMatchObject({ code: 1009 });
    await save(app);
    expect(await stays.outcome()).toBe('tick');
    await stays.leave();
  });

  it.each([
    ['pings of the protocol', (peer: LivePeer) => peer.send({ type: 'ping' })],
    ['pings of the WebSocket', (peer: LivePeer) => peer.socket.ping()],
  ])('with 1008 for ten thousand %s, while another has its ticks', async (_what, ping) => {
    const [floods, stays] = [await LivePeer.as(shop.client, app.url), await subscribed(shop.client)];
    for (let count = 0; count < 10_000; count += 1) ping(floods);
    expect(await floods.ended).toMatchObject({ code: 1008 });
    await save(app);
    expect(await stays.outcome()).toBe('tick');
    await stays.leave();
  });

  it('with 4429 when its token has too many sockets', async () => {
    const peers = await Promise.all(Array.from({ length: 6 }, () => LivePeer.as(shop.client, app.url)));
    const one = await LivePeer.open(app.url);
    one.init(shop.client);
    expect(await one.ended).toMatchObject({ code: 4429 });
    await Promise.all(peers.map((peer) => peer.leave()));
  });

  it('with 4406 when it names no protocol', async () => {
    const [code] = await once(new WebSocket(`${app.url.replace('http', 'ws')}/graphql`), 'close');
    expect(code).toBe(4406);
  });

  it('with 1001 when its server stops', async () => {
    const stopping = await startBeside(app);
    const peer = await subscribed(shop.client, shop.id, stopping.url);
    const stopped = stopping.stop();
    expect(await peer.ended).toMatchObject({ code: 1001 });
    await stopped;
  });

  it('on a server that stops, even when its peer does not answer the close', async () => {
    const stopping = await startBeside(app);
    const peer = await subscribed(shop.client, shop.id, stopping.url);
    peer.socket.pause();
    await stopping.stop();
    peer.socket.terminate();
  });
});

describe('an operation is refused, and its socket stays', () => {
  it.each([
    ['a query', '{ viewer { name } }', 'error BAD_USER_INPUT'],
    ['a mutation', 'mutation { deleteBudget(workspaceId: "a", id: "b") }', 'error BAD_USER_INPUT'],
    ['no operation', 'fragment A on UsageTick { asOf }', 'error BAD_USER_INPUT'],
    ['what is not GraphQL', 'subscription {', 'error GRAPHQL_PARSE_FAILED'],
    ['an unknown field', 'subscription { nothing }', 'error GRAPHQL_VALIDATION_FAILED'],
    [
      'two root fields',
      'subscription ($id: ID!) { a: usageChanged(workspaceId: $id) { asOf } b: usageChanged(workspaceId: $id) { asOf } }',
      'error GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'too many aliases',
      `subscription ($id: ID!) { usageChanged(workspaceId: $id) { ${Array.from({ length: 16 }, (_, n) => `a${n}: asOf`).join(' ')} } }`,
      'error GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'too many words',
      `subscription ($id: ID!) { usageChanged(workspaceId: $id) { ${'asOf '.repeat(1_001)} } }`,
      'error GRAPHQL_PARSE_FAILED',
    ],
    [
      'fragments that grow without end',
      `subscription ($id: ID!) { usageChanged(workspaceId: $id) { ...A0 } } ${Array.from({ length: 12 }, (_, n) => `fragment A${n} on UsageTick { ...A${n + 1} ...A${n + 1} ...A${n + 1} }`).join(' ')} fragment A12 on UsageTick { asOf }`,
      'error GRAPHQL_VALIDATION_FAILED',
    ],
  ])('%s', async (_what, query, expected) => {
    const peer = await LivePeer.as(shop.client, app.url);
    peer.subscribe('1', shop.id, query);
    expect(await peer.outcome()).toBe(expected);
    peer.subscribe('2', shop.id);
    expect(await peer.outcome()).toBe('tick');
    await peer.leave();
  });

  it('a fourth subscription of a token, until one of the three has ended', async () => {
    const [peer, second] = [await LivePeer.as(shop.client, app.url), await LivePeer.as(shop.client, app.url)];
    for (const id of ['1', '2', '3']) {
      peer.subscribe(id, shop.id);
      expect(await peer.outcome()).toBe('tick');
    }
    second.subscribe('4', shop.id);
    expect(await second.outcome()).toBe('error RATE_LIMITED');
    peer.send({ id: '1', type: 'complete' });
    peer.send({ type: 'ping' });
    expect(await peer.next()).toEqual({ type: 'pong' });
    second.subscribe('4', shop.id);
    expect(await second.outcome()).toBe('tick');
    await Promise.all([peer.leave(), second.leave()]);
    expect(app.services.liveFeed.size).toBe(0);
  });

  it('a subscription beyond a thousand of one process', async () => {
    const { liveFeed } = app.services;
    const held = Array.from({ length: 1_000 }, (_, n) => liveFeed.subscribe(`token-${n}`, shop.id));
    const peer = await LivePeer.as(shop.client, app.url);
    peer.subscribe('1', shop.id);
    expect(await peer.outcome()).toBe('error SERVICE_UNAVAILABLE');
    await Promise.all(held.map((one) => one.return?.()));
    await peer.leave();
  });

  it('a token that has read too much', async () => {
    const tight = await startBeside(app, { readPointsPerSecond: 50 });
    const peer = await LivePeer.as(shop.client, tight.url);
    const outcomes: string[] = [];
    for (const id of ['1', '2', '3', '4']) {
      peer.subscribe(id, shop.id, 'subscription { nothing }');
      outcomes.push(await peer.outcome());
    }
    await peer.leave();
    await tight.stop();
    expect(outcomes).toContain('error RATE_LIMITED');
  });

  it('a subscription by POST, with a message that says where to send it', async () => {
    const [error] = await app.api.as(shop.client).errors(CHANGED, { id: shop.id });
    expect(error?.message).toMatch(/^\[BAD_USER_INPUT\] A subscription goes over a WebSocket/);
  });
});

describe('a request for an upgrade', () => {
  it('is refused with 429 when 20 sockets of its address have not sent a token yet', async () => {
    const lone = await startBeside(app);
    const open = await Promise.all(Array.from({ length: 20 }, () => LivePeer.open(lone.url)));
    await expect(LivePeer.open(lone.url)).rejects.toThrow('429');
    const [first] = open;
    first?.init(shop.client);
    expect(await first?.next()).toEqual({ type: 'connection_ack' });
    open.push(await LivePeer.open(lone.url));
    await lone.stop();
  });

  it('is handled as an ordinary request when it only offers HTTP/2', async () => {
    const body = JSON.stringify({ query: SAVE, variables: { input: aTurn(shop) } });
    const headers = [
      ...[
        'Host: localhost',
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABk',
      ],
      ...[`Authorization: Bearer ${shop.service}`, 'Content-Type: application/json'],
    ];
    const socket = await PlainSocket.to(app.url);
    socket.write(
      `POST /graphql HTTP/1.1\r\n${headers.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(await socket.until(/TRACKED/)).toMatch(/^HTTP\/1\.1 200 /);
    // The connection serves the next one.
    socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    expect(await socket.until(/"status":"ok"/)).toMatch(/HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 200 /);
    socket.end();
  });

  it('is handled as an ordinary request when it asks for a WebSocket at another path', async () => {
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/health/live`);
    const [error] = await once(socket, 'error');
    expect(String(error)).toContain('200');
  });
});

it('with INTERNAL_PORT, sockets are at the public address only, and refuse service tokens', async () => {
  const split = await startBeside(app, { internalPort: 0 });
  const peer = await subscribed(shop.client, shop.id, split.url);
  const service = await LivePeer.open(split.url);
  service.init(shop.service);
  const { code } = await service.ended;
  await expect(LivePeer.open(split.internalUrl)).rejects.toThrow('401');
  await split.api.as(shop.client).data('{ viewer { name } }');
  await peer.leave();
  await split.stop();
  expect(code).toBe(4403);
});

it('the metrics count subscribers, ticks and how sockets ended', async () => {
  const counted = await startBeside(app, { metricsToken: 'secret' });
  const peer = await subscribed(shop.client, shop.id, counted.url);
  const figures = () => counted.api.as('secret').get('/metrics');
  const open = await (await figures()).text();
  expect(open).toMatch(/^centesimo_subscribers 1$/m);
  expect(open).toMatch(/^centesimo_ticks_total 1$/m);
  expect(open).toMatch(/^centesimo_operations_total\{field="usageChanged",outcome="ok"\} 1$/m);
  await peer.leave();
  // Of one connection: the server has seen its end when it answers the next.
  const after = await (await figures()).text();
  await counted.stop();
  expect(after).toMatch(/^centesimo_subscribers 0$/m);
  expect(after).toMatch(/^centesimo_sockets_closed_total\{code="1000"\} 1$/m);
});
