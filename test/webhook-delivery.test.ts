// Webhooks: each event is told once it can be, signed, and kept until then.
import { Client } from 'pg';
import pino from 'pino';
import { WebhookCaller } from '../src/services/signals/webhook-call';
import { DISABLED_AFTER_MS, TAKEN_FOR_MS, WebhookDeliverer } from '../src/services/signals/webhook-deliverer';
import { WebhookAddresses } from '../src/services/signals/webhook-url';
import { ACTOR, aWorkspace, type TestApp, type TestWorkspace } from './support/app';
import { startServer } from './support/command';
import { untilWaiting } from './support/lock-waits';
import { answering, type Received, Receiver, signatureOf } from './support/receiver';
import { aShopForWebhooks, DAY_MS, HOUR_MS, KEY, startWithReceiver, webhooksOf } from './support/webhooks';

const METRICS_TOKEN = 'may read the metrics'.replaceAll(' ', '_');

let receiver: Receiver;
let app: TestApp;
let shop: TestWorkspace;
let token: string;
beforeAll(async () => {
  ({ app, receiver } = await startWithReceiver({ metricsToken: METRICS_TOKEN }));
});
afterAll(async () => {
  await app.stop();
  await receiver.stop();
});
beforeEach(async () => {
  ({ shop, token } = await aShopForWebhooks(app));
  receiver.behave = answering(204);
  receiver.take();
});
const { save, create, update, only, delivery, happen, tell, tellLater, another, clear } = webhooksOf(() => ({
  ...{ app, shop, token, receiver },
}));
afterEach(clear);

it('an event is told once, signed, as events shows it', async () => {
  const { secret, webhook } = await create();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(webhook).toMatchObject({ url: receiver.url, state: 'ACTIVE', failingSince: null });
  await happen();
  const [received, ...more] = await tell();
  if (!received) throw new Error('a call is expected');
  expect(more).toEqual([]);
  expect(received.headers['webhook-signature']).toBe(signatureOf(secret, received));
  expect(received.headers['webhook-timestamp']).toBe(String(app.clock.now().getTime() / 1_000));
  const { state, attempts, lastStatus, lastError, nextAttemptAt, event } = await delivery();
  expect([state, attempts, lastStatus, lastError, nextAttemptAt]).toEqual(['DELIVERED', 1, 204, null, null]);
  expect(received.headers['webhook-id']).toBe(event.id);
  expect(JSON.parse(received.body)).toEqual(event.data);
  app.clock.advance(DAY_MS);
  expect(await tell()).toEqual([]);
});

it('a webhook is told the types that it wants, and of its own workspace alone', async () => {
  const other = await aWorkspace(app);
  await app.services.webhooks.create(other.id, { url: receiver.url, events: ['USAGE_VOIDED'] }, ACTOR);
  await create({ events: ['STATEMENT_CLOSED'] });
  await happen();
  expect(await tell()).toEqual([]);
  await save(1, { occurredAt: '2026-02-10T12:00:00Z' });
  await app.services.closing.close(shop.id, '2026-02', ACTOR);
  const [received, ...more] = await tell();
  expect([JSON.parse(received?.body ?? '{}').type, more]).toEqual(['STATEMENT_CLOSED', []]);
  expect(
    await app.database.sql('SELECT FROM webhook_deliveries WHERE workspace_id = $1', [other.id]),
  ).toEqual([]);
  const [theirs] = await app.database.sql<{ id: string }>('SELECT id FROM webhooks WHERE workspace_id = $1', [
    other.id,
  ]);
  await app.services.webhooks.remove(other.id, theirs?.id ?? '', ACTOR);
});

it('an event that is rolled back is told nobody', async () => {
  await create();
  const [id = ''] = await save(1);
  await app.database.sql('ALTER TABLE webhook_deliveries RENAME TO away');
  await expect(app.services.voids.void(shop.id, { usageRecordId: id, reason: 'x' }, ACTOR)).rejects.toThrow(
    'webhook_deliveries',
  );
  await app.database.sql('ALTER TABLE away RENAME TO webhook_deliveries');
  expect(await tell()).toEqual([]);
});

describe('a receiver that fails', () => {
  it('is tried ten times in about 75 hours, with the same id and body; then the event is FAILED', async () => {
    receiver.behave = answering(500, {}, 'out of order');
    const { secret } = await create();
    await happen();
    const begun = app.clock.now().getTime();
    const received = await tell();
    const waits: number[] = [];
    for (let tries = 1; tries < 10; tries += 1) {
      const { state, attempts, nextAttemptAt } = await delivery();
      expect([state, attempts]).toEqual(['PENDING', tries]);
      waits.push((Date.parse(nextAttemptAt ?? '') - app.clock.now().getTime()) / 1_000);
      app.clock.advance(Math.floor((waits.at(-1) ?? 0) * 1_000) - 1);
      expect(await tell()).toEqual([]);
      received.push(...(await tellLater()));
    }
    const schedule = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    expect(waits.map((wait, index) => Math.abs(wait / (schedule[index] ?? 0) - 1) <= 0.1)).toEqual(
      Array(9).fill(true),
    );
    const hours = (app.clock.now().getTime() - begun) / HOUR_MS;
    expect([hours > 68, hours < 84]).toEqual([true, true]);
    expect(received).toHaveLength(10);
    expect(new Set(received.map(({ headers, body }) => `${headers['webhook-id']} ${body}`)).size).toBe(1);
    for (const one of received) expect(one.headers['webhook-signature']).toBe(signatureOf(secret, one));
    expect(await delivery()).toMatchObject({
      ...{ state: 'FAILED', attempts: 10, lastStatus: 500, nextAttemptAt: null },
      lastError: 'The receiver answered with 500.',
    });
    app.clock.advance(30 * DAY_MS);
    expect(await tell()).toEqual([]);
    expect(app.logs()).toContain('an event was not delivered');
    expect(app.logs()).not.toContain('out of order');
  });

  it('is failing since its first failure, and no more when something gets through', async () => {
    receiver.behave = answering(503);
    await create();
    await happen();
    await tell();
    expect(await only()).toMatchObject({ failingSince: '2026-03-15T12:00:00.000Z', state: 'ACTIVE' });
    await tellLater();
    expect((await only()).failingSince).toBe('2026-03-15T12:00:00.000Z');
    receiver.behave = answering(200);
    expect(await tellLater()).toHaveLength(1);
    expect((await only()).failingSince).toBeNull();
    expect(await delivery()).toMatchObject({ state: 'DELIVERED', attempts: 3 });
  });

  it('is left alone for as long as it asks', async () => {
    receiver.behave = answering(429, { 'retry-after': '7200' });
    await create();
    await happen();
    expect(await tell()).toHaveLength(1);
    expect((await delivery()).nextAttemptAt).toBe('2026-03-15T14:00:00.000Z');
    await happen();
    app.clock.advance(2 * HOUR_MS - 1);
    expect(await tell()).toEqual([]);
    receiver.behave = answering(200);
    app.clock.advance(1);
    expect(await tell()).toHaveLength(2);
  });

  it('and is gone (410) is told nothing more until it is ACTIVE again; then all that was held', async () => {
    receiver.behave = answering(410);
    const { webhook } = await create();
    await happen();
    expect(await tell()).toHaveLength(1);
    expect(await only()).toMatchObject({ state: 'DISABLED', failingSince: expect.any(String) });
    expect(await delivery()).toMatchObject({ state: 'HELD', attempts: 1, nextAttemptAt: null });
    await happen();
    app.clock.advance(10 * DAY_MS);
    expect(await tell()).toEqual([]);
    expect((await only({ state: 'HELD' })).deliveries.totalCount).toBe(2);
    expect((await only({ state: 'PENDING' })).deliveries.nodes).toEqual([]);
    receiver.behave = answering(200);
    expect(await update({ id: webhook.id, state: 'ACTIVE' })).toMatchObject({ failingSince: null });
    expect(await tell()).toHaveLength(2);
    const { nodes } = (await only({ state: 'DELIVERED' })).deliveries;
    expect(nodes.map(({ attempts }) => attempts)).toEqual([1, 1]);
  });

  it('for five days is DISABLED, and not before', async () => {
    receiver.behave = answering(500);
    await create();
    await happen();
    await tell();
    app.clock.advance(DISABLED_AFTER_MS - 1);
    await happen();
    await tell();
    expect((await only()).state).toBe('ACTIVE');
    await happen();
    app.clock.advance(1);
    await tell();
    expect((await only()).state).toBe('DISABLED');
    expect(app.logs()).toContain('a webhook is off');
  });

  it('has what it missed kept for 30 days', async () => {
    const { webhook } = await create();
    await update({ id: webhook.id, state: 'PAUSED' });
    await happen();
    app.clock.advance(30 * DAY_MS);
    await app.services.eventExpiry.run();
    expect((await delivery()).state).toBe('HELD');
    app.clock.advance(1);
    await app.services.eventExpiry.run();
    expect(await delivery()).toMatchObject({
      state: 'FAILED',
      lastError: expect.stringContaining('30 days'),
    });
    await update({ id: webhook.id, state: 'ACTIVE' });
    expect(await tell()).toEqual([]);
    app.clock.advance(400 * DAY_MS);
    await app.services.eventExpiry.run();
    expect((await only()).deliveries.nodes).toEqual([]);
  });

  it('and hangs delays no other', async () => {
    await create();
    const fast = await Receiver.start();
    const other = await another({ webhookAllowHosts: [receiver.host, fast.host] });
    try {
      await other.services.webhooks.create(shop.id, { url: fast.url, events: ['USAGE_VOIDED'] }, ACTOR);
      receiver.behave = () => undefined;
      await happen();
      await other.services.webhookDeliverer.look();
      await receiver.until(1);
      await happen();
      await other.services.webhookDeliverer.look();
      await fast.until(2);
    } finally {
      // The calls that hang are broken off, and are another server's at once.
      await other.stop();
      await fast.stop();
    }
    receiver.take();
    receiver.behave = answering(200);
    expect(await tell()).toHaveLength(2);
  });
});

it('metrics count calls by result, failing webhooks and the oldest delivery that is due', async () => {
  const read = async () => {
    const text = await (await app.api.as(METRICS_TOKEN).get('/metrics')).text();
    const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    return {
      delivered: value('centesimo_webhook_deliveries_total{result="delivered"}'),
      retry: value('centesimo_webhook_deliveries_total{result="retry"}'),
      failing: value('centesimo_webhooks_failing'),
      overdue: value('centesimo_webhook_overdue_seconds'),
    };
  };
  const before = await read();
  await create();
  await happen();
  app.clock.advance(90_000);
  expect(await read()).toEqual({ ...before, failing: 0, overdue: 90 });
  receiver.behave = answering(500);
  await tell();
  expect(await read()).toEqual({ ...before, retry: before.retry + 1, failing: 1, overdue: 0 });
  receiver.behave = answering(200);
  await tellLater();
  expect(await read()).toEqual({
    ...{ delivered: before.delivered + 1, retry: before.retry + 1, failing: 0, overdue: 0 },
  });
});

describe('two servers', () => {
  it('tell each event once between them', async () => {
    const other = await another();
    try {
      await create();
      for (let made = 0; made < 12; made += 1) await happen();
      const received: Received[] = [];
      for (let looks = 0; looks < 8; looks += 1)
        received.push(...(await Promise.all([tell(), tell(other)])).flat());
      const ids = received.map(({ headers }) => headers['webhook-id']);
      expect([ids.length, new Set(ids).size]).toEqual([12, 12]);
    } finally {
      await other.stop();
    }
  });

  it('when one dies between the answer and its COMMIT, the other sends the same again', async () => {
    const { secret } = await create();
    await happen();
    const caller = new WebhookCaller(new WebhookAddresses([receiver.host]));
    const dying = new WebhookDeliverer(
      app.database,
      app.clock.now,
      pino({ level: 'silent' }),
      app.services.webhooks.box,
      // The receiver said yes, and the server is no more.
      {
        call: async (...call) => {
          await caller.call(...call);
          return new Promise(() => undefined);
        },
      },
      undefined,
    );
    await dying.look();
    await receiver.until(1);
    app.clock.advance(TAKEN_FOR_MS - 1);
    await app.services.webhookDeliverer.look();
    await app.services.webhookDeliverer.settle();
    expect(receiver.received).toHaveLength(1);
    app.clock.advance(1);
    await app.services.webhookDeliverer.look();
    await app.services.webhookDeliverer.settle();
    const [first, second, ...more] = receiver.take();
    expect(more).toEqual([]);
    expect([second?.headers['webhook-id'], second?.body]).toEqual([
      first?.headers['webhook-id'],
      first?.body,
    ]);
    expect(second?.headers['webhook-signature']).toBe(second && signatureOf(secret, second));
    expect(await delivery()).toMatchObject({ state: 'DELIVERED', attempts: 2 });
  });
  it('when one is killed before it COMMITs what was answered, the other sends the same once more', async () => {
    app.clock.run();
    const { secret, webhook } = await create();
    await happen();
    const holder = new Client({ connectionString: app.database.url });
    await holder.connect();
    try {
      // Who notes a result holds the webhook; taking what is due does not.
      await holder.query('BEGIN');
      await holder.query('SELECT FROM webhooks WHERE workspace_id = $1 AND id = $2 FOR UPDATE', [
        shop.id,
        webhook.id,
      ]);
      const server = await startServer(['--no-demo'], {
        ...{ DATABASE_URL: app.database.url, SECRETS_KEY: KEY, WEBHOOK_ALLOW_HOSTS: receiver.host },
      });
      await untilWaiting(app.database, 1);
      expect(receiver.received).toHaveLength(1);
      await server.stop('SIGKILL');
      await holder.query('ROLLBACK');
      await untilWaiting(app.database, 0);
    } finally {
      await holder.end();
    }
    expect(await delivery()).toMatchObject({ state: 'PENDING', attempts: 1, lastStatus: null });
    app.clock.run(TAKEN_FOR_MS);
    const [first, second, ...more] = await tell();
    expect(more).toEqual([]);
    for (const one of [first, second]) {
      expect(one?.headers['webhook-id']).toBe((await delivery()).event.id);
      expect(one?.body).toBe(first?.body);
      expect(one?.headers['webhook-signature']).toBe(one && signatureOf(secret, one));
    }
    expect(await delivery()).toMatchObject({ state: 'DELIVERED', attempts: 2, lastStatus: 204 });
    app.clock.run(30 * DAY_MS);
    expect(await tell()).toEqual([]);
  });
});
