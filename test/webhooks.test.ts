// Webhooks: each event is told once it can be, signed, and kept until then.
import pino from 'pino';
import { WebhookCaller } from '../src/services/signals/webhook-call';
import { DISABLED_AFTER_MS, TAKEN_FOR_MS, WebhookDeliverer } from '../src/services/signals/webhook-deliverer';
import { WebhookAddresses } from '../src/services/signals/webhook-url';
import { aCustomer, aToken, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { budgetsOf } from './support/budgets';
import { rowsWith, traces } from './support/canaries';
import { runCommand } from './support/command';
import { answering, type Received, Receiver, signatureOf } from './support/receiver';

const ACTOR = { name: 'test' };
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const METRICS_TOKEN = 'may read the metrics'.replaceAll(' ', '_');
const KEY = 'a key of 32 characters, or of more'.replaceAll(' ', '_');

let receiver: Receiver;
let app: TestApp;
let shop: TestWorkspace;
let token: string;
beforeAll(async () => {
  receiver = await Receiver.start();
  app = await startApp({
    config: { secretsKey: KEY, webhookAllowHosts: [receiver.host], metricsToken: METRICS_TOKEN },
  });
});
afterAll(async () => {
  await app.stop();
  await receiver.stop();
});
beforeEach(async () => {
  app.clock.set('2026-03-15T12:00:00Z');
  shop = await aWorkspace(app);
  token = await aToken(app, {
    kind: 'client',
    workspaceIds: [shop.id],
    scopes: ['usage:read', 'webhooks:write'],
    expiresInDays: 730,
  });
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  receiver.behave = answering(204);
  receiver.take();
});
afterEach(async () => {
  // What a test leaves undone is not the next one's.
  for (const { id } of (await list()).webhooks) await app.services.webhooks.remove(shop.id, id, ACTOR);
});
const { save } = budgetsOf(() => ({ app, shop }));

const CREATE = /* GraphQL */ `
  mutation ($input: CreateWebhookInput!) {
    createWebhook(input: $input) { secret webhook { id url events state failingSince deliveries { totalCount } } } }`;
const UPDATE = /* GraphQL */ `
  mutation ($input: UpdateWebhookInput!) { updateWebhook(input: $input) { id url events state failingSince } }`;
const ROTATE = /* GraphQL */ `
  mutation ($w: ID!, $id: ID!) { rotateWebhookSecret(workspaceId: $w, id: $id) { secret webhook { id } } }`;
const REDELIVER = /* GraphQL */ `
  mutation ($w: ID!, $id: ID!, $event: ID!) {
    redeliverEvent(workspaceId: $w, webhookId: $id, eventId: $event) { id state attempts nextAttemptAt event { id sequence } } }`;
const DELETE = 'mutation ($w: ID!, $id: ID!) { deleteWebhook(workspaceId: $w, id: $id) }';
const LIST = /* GraphQL */ `
  query ($w: ID!, $state: WebhookDeliveryState, $first: Int, $after: String) {
    webhooks(workspaceId: $w) {
      id url events state failingSince
      deliveries(state: $state, first: $first, after: $after) {
        totalCount pageInfo { hasNextPage endCursor }
        nodes { id state attempts lastStatus lastError nextAttemptAt event { id sequence type data } } } } }`;

interface DeliveryData {
  id: string;
  state: string;
  attempts: number;
  lastStatus: number | null;
  lastError: string | null;
  nextAttemptAt: string | null;
  event: { id: string; sequence: number; type: string; data: unknown };
}
interface WebhookData {
  id: string;
  url: string;
  events: string[];
  state: string;
  failingSince: string | null;
  deliveries: {
    totalCount: number;
    pageInfo: { hasNextPage: boolean; endCursor: string };
    nodes: DeliveryData[];
  };
}

const api = () => app.api.as(token);
const create = async (input: object = {}) =>
  (
    await api().data<{ createWebhook: { secret: string; webhook: WebhookData } }>(CREATE, {
      input: { workspaceId: shop.id, url: receiver.url, events: ['USAGE_VOIDED'], ...input },
    })
  ).createWebhook;
const update = async (input: object) =>
  (await api().data<{ updateWebhook: WebhookData }>(UPDATE, { input: { workspaceId: shop.id, ...input } }))
    .updateWebhook;
const list = (variables: object = {}) =>
  api().data<{ webhooks: WebhookData[] }>(LIST, { w: shop.id, first: 20, ...variables });
const only = async (variables: object = {}): Promise<WebhookData> => {
  const { webhooks } = await list(variables);
  const [webhook] = webhooks;
  if (!webhook || webhooks.length > 1) throw new Error('one webhook is expected');
  return webhook;
};
const delivery = async (): Promise<DeliveryData> => {
  const [first] = (await only()).deliveries.nodes;
  if (!first) throw new Error('a delivery is expected');
  return first;
};

/** Something that is reported. */
async function happen(): Promise<void> {
  const [id = ''] = await save(1);
  await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'x' }, ACTOR);
}
async function tell(from: Pick<TestApp, 'services'> = app): Promise<Received[]> {
  await from.services.webhookDeliverer.look();
  await from.services.webhookDeliverer.settle();
  return receiver.take();
}
/** The next try, when it is due at the latest. */
async function tellLater(): Promise<Received[]> {
  const { nextAttemptAt } = await delivery();
  if (nextAttemptAt !== null) app.clock.set(nextAttemptAt);
  return tell();
}

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
    const other = await startApp({
      database: app.database,
      clock: app.clock,
      config: { secretsKey: KEY, webhookAllowHosts: [receiver.host, fast.host] },
    });
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
    const other = await startApp({
      database: app.database,
      clock: app.clock,
      config: { secretsKey: KEY, webhookAllowHosts: [receiver.host] },
    });
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
});

it('after a rotation both secrets sign for a day, then the new one alone', async () => {
  const { secret: old, webhook } = await create();
  const rotated = await api().data<{ rotateWebhookSecret: { secret: string } }>(ROTATE, {
    w: shop.id,
    id: webhook.id,
  });
  const { secret } = rotated.rotateWebhookSecret;
  expect(secret).not.toBe(old);
  app.clock.advance(DAY_MS - 1);
  await happen();
  const [within] = await tell();
  if (!within) throw new Error('a call is expected');
  expect(within.headers['webhook-signature']).toBe(
    `${signatureOf(secret, within)} ${signatureOf(old, within)}`,
  );
  app.clock.advance(1);
  await happen();
  const [after] = await tell();
  if (!after) throw new Error('a call is expected');
  expect(after.headers['webhook-signature']).toBe(signatureOf(secret, after));
});

it('an event is sent again: one that was delivered, and one from before the webhook', async () => {
  await happen();
  const [{ id: before } = { id: '' }] = await app.database.sql<{ id: string }>(
    'SELECT id FROM events WHERE workspace_id = $1',
    [shop.id],
  );
  const { webhook } = await create();
  const again = async (event: string) =>
    (await api().data<{ redeliverEvent: DeliveryData }>(REDELIVER, { w: shop.id, id: webhook.id, event }))
      .redeliverEvent;
  expect(await again(before)).toMatchObject({ state: 'PENDING', attempts: 0, event: { id: before } });
  const [first] = await tell();
  expect(first?.headers['webhook-id']).toBe(before);
  expect(await again(before)).toMatchObject({ state: 'PENDING', attempts: 0 });
  const [second] = await tell();
  expect([second?.headers['webhook-id'], second?.body]).toEqual([before, first?.body]);
  await update({ id: webhook.id, state: 'PAUSED' });
  expect(await again(before)).toMatchObject({ state: 'HELD', nextAttemptAt: null });
  const unknown = { w: shop.id, id: webhook.id, event: webhook.id };
  expect(await api().code(REDELIVER, unknown)).toBe('BAD_USER_INPUT');
});

it('deliveries are listed newest first, by state, in pages', async () => {
  await create();
  for (let made = 0; made < 3; made += 1) await happen();
  const { deliveries } = await only({ first: 2 });
  const numbers = (nodes: readonly DeliveryData[]) => nodes.map(({ event }) => event.sequence);
  expect([deliveries.totalCount, numbers(deliveries.nodes), deliveries.pageInfo.hasNextPage]).toEqual([
    ...[3, [3, 2], true],
  ]);
  const rest = (await only({ first: 2, after: deliveries.pageInfo.endCursor })).deliveries;
  expect([numbers(rest.nodes), rest.pageInfo.hasNextPage]).toEqual([[1], false]);
  expect((await only({ state: 'DELIVERED' })).deliveries.totalCount).toBe(0);
  await tell();
  expect(numbers((await only({ state: 'DELIVERED' })).deliveries.nodes)).toEqual([3, 2, 1]);
  expect(
    await api().code(LIST, { w: shop.id, first: 2, state: 'HELD', after: deliveries.pageInfo.endCursor }),
  ).toBe('BAD_USER_INPUT');
});

it('a webhook is removed with its deliveries, once', async () => {
  const { webhook } = await create();
  await happen();
  const remove = () => api().data(DELETE, { w: shop.id, id: webhook.id });
  expect([await remove(), await remove()]).toEqual([{ deleteWebhook: true }, { deleteWebhook: false }]);
  expect((await list()).webhooks).toEqual([]);
  expect(await tell()).toEqual([]);
});

describe('is refused:', () => {
  it.each([
    ['ftp://example.com/', 'is not a URL such as'],
    ['example.com', 'is not a URL such as'],
    ['', 'is not a URL such as'],
    ['http://example.com/', 'must begin with https://'],
    ['https://user:secret@example.com/', 'holds a user or a password'],
    ['https://token@example.com/', 'holds a user or a password'],
    ['https://example.com/#part', 'a part behind #'],
    [`https://example.com/${'x'.repeat(2_000)}`, 'at most 2000 characters'],
    ['https://127.0.0.1/', 'leads into the own network'],
    ['https://2130706433/', 'leads into the own network'],
    ['https://0x7f.1/', 'leads into the own network'],
    ['https://[::ffff:10.0.0.1]/', 'leads into the own network'],
    ['https://[::1]:8443/', 'leads into the own network'],
    ['https://169.254.169.254/', 'leads into the own network'],
    ['https://192.168.1.1/', 'leads into the own network'],
  ])('the URL %s', async (url, words) => {
    const [error] = await api().errors(CREATE, {
      input: { workspaceId: shop.id, url, events: ['USAGE_VOIDED'] },
    });
    expect([error?.extensions.code, error?.message]).toEqual([
      'BAD_USER_INPUT',
      expect.stringContaining(words),
    ]);
    expect((await list()).webhooks).toEqual([]);
  });

  it('the 21st webhook, also when many are made at once', async () => {
    const made = await Promise.allSettled(Array.from({ length: 24 }, () => create()));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
    expect((await list()).webhooks).toHaveLength(20);
    const input = { workspaceId: shop.id, url: receiver.url, events: ['USAGE_VOIDED'] };
    const [error] = await api().errors(CREATE, { input });
    expect(error?.message).toContain('at most 20 webhooks');
  });

  it('no type, a state of the server, and what does not exist', async () => {
    const { webhook } = await create();
    const input = { workspaceId: shop.id, url: receiver.url, events: [] };
    expect(await api().code(CREATE, { input })).toBe('BAD_USER_INPUT');
    const change = (more: object) => ({ input: { workspaceId: shop.id, id: webhook.id, ...more } });
    expect(await api().code(UPDATE, change({ state: 'DISABLED' }))).toBe('BAD_USER_INPUT');
    expect(await api().code(UPDATE, change({ url: 'https://10.1.1.1' }))).toBe('BAD_USER_INPUT');
    expect(await api().code(UPDATE, change({ id: shop.id }))).toBe('BAD_USER_INPUT');
    expect(await api().code(UPDATE, change({ id: '0190d2b4-0000-7000-8000-000000000000' }))).toBe(
      'BAD_USER_INPUT',
    );
    expect(await only()).toMatchObject({ state: 'ACTIVE', url: receiver.url });
  });

  it('a webhook of another workspace, whatever is asked', async () => {
    const { webhook } = await create();
    await happen();
    const { event } = await delivery();
    const other = await aWorkspace(app);
    const foreign = app.api.as(
      await aToken(app, { kind: 'client', workspaceIds: [other.id], scopes: ['webhooks:write'] }),
    );
    const of = { w: other.id, id: webhook.id };
    expect(await foreign.data(DELETE, of)).toEqual({ deleteWebhook: false });
    expect(await foreign.code(ROTATE, of)).toBe('BAD_USER_INPUT');
    expect(await foreign.code(REDELIVER, { ...of, event: event.id })).toBe('BAD_USER_INPUT');
    expect(await foreign.code(UPDATE, { input: { workspaceId: other.id, id: webhook.id } })).toBe(
      'BAD_USER_INPUT',
    );
    expect(await foreign.data(LIST, { w: other.id, first: 20 })).toEqual({ webhooks: [] });
    expect((await only()).deliveries.totalCount).toBe(1);
  });
});

it("a body holds nobody's words, name or number, before and after the person is forgotten", async () => {
  const canaries = [...traces('393337654321'), ...traces('IT.9988776655'), 'Canaria', 'canary'];
  await create({ events: ['BUDGET_THRESHOLD', 'BUDGET_FORECAST', 'STATEMENT_CLOSED', 'USAGE_VOIDED'] });
  const contact = { phoneNumber: '+393337654321', whatsappUserId: 'IT.9988776655' };
  const person = await aCustomer(app, shop, { name: 'Canaria Gialla', ...contact });
  const { set, look } = budgetsOf(() => ({ app, shop }));
  await set({ name: 'of Canaria', subject: 'CUSTOMER', customerId: person.id, limit: '2' });
  await set({ name: 'a canary of a name', subject: 'EACH_CUSTOMER', interval: 'DAY', limit: '1' });
  const words = { ...contact, message: 'the canary asks', response: 'a canary answer' };
  const [id = ''] = await save(1, { ...words, idempotencyKey: 'wamid.393337654321.1' });
  await save(1, { ...words, idempotencyKey: 'wamid.393337654321.2', occurredAt: '2026-02-10T12:00:00Z' });
  await look();
  await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'Canaria was here' }, ACTOR);
  await app.services.closing.close(shop.id, '2026-02', ACTOR);
  // What it answers with is kept, and is our own body.
  receiver.behave = (response, { body }) => response.writeHead(500).end(body);
  // One call at a time while it fails.
  const told: Received[] = [];
  for (let looks = 0; looks < 8; looks += 1) told.push(...(await tell()));
  expect([...new Set(told.map(({ body }) => JSON.parse(body).type))].sort()).toEqual([
    ...['BUDGET_THRESHOLD', 'STATEMENT_CLOSED', 'USAGE_VOIDED'],
  ]);
  for (const { headers, body } of told)
    expect(canaries.filter((canary) => `${JSON.stringify(headers)} ${body}`.includes(canary))).toEqual([]);
  const rows = await rowsWith(app.database, canaries);
  expect(rows.filter((row) => /^(events|webhook)/.test(row))).toEqual([]);
  await app.services.eraser.eraseFor(shop.id, { customerId: person.id, reason: 'asked' }, ACTOR);
  // A budget's name is the operator's own word.
  expect(
    (await rowsWith(app.database, canaries)).filter((row) => !/^(budgets|audit_entries):/.test(row)),
  ).toEqual([]);
  receiver.behave = answering(200);
  const again = await tellLater();
  expect(again.length).toBeGreaterThan(0);
  for (const { body } of again) expect(canaries.filter((canary) => body.includes(canary))).toEqual([]);
});

describe('secrets', () => {
  it('are nowhere in the database, the log or the audit trail as they are', async () => {
    const { secret, webhook } = await create({ url: `${receiver.url}/a-secret-path` });
    const rotated = await app.services.webhooks.rotate(shop.id, webhook.id, ACTOR);
    await happen();
    await tell();
    receiver.behave = answering(500);
    await happen();
    await tell();
    const texts = [secret, rotated.secret].map((text) => text.replace('whsec_', ''));
    expect(await rowsWith(app.database, [...texts, 'a-secret-path', KEY])).toEqual([]);
    for (const text of [...texts, 'a-secret-path', KEY]) expect(app.logs()).not.toContain(text);
    // The search would find them.
    expect(await rowsWith(app.database, [webhook.id])).not.toEqual([]);
  });

  const on = (secretsKey: string | undefined) =>
    startApp({
      database: app.database,
      clock: app.clock,
      config: { secretsKey, webhookAllowHosts: [receiver.host] },
    });

  it('need a key: without one webhooks are off, and what happens is told later', async () => {
    await create();
    const other = await on(undefined);
    try {
      const input = { url: receiver.url, events: ['USAGE_VOIDED'] as const };
      await expect(other.services.webhooks.create(shop.id, input, ACTOR)).rejects.toMatchObject({
        ...{ code: 'CONFLICT', message: expect.stringContaining('SECRETS_KEY is not set') },
      });
      expect(await other.api.as(token).code(LIST, { w: shop.id, first: 20 })).toBe('CONFLICT');
      await budgetsOf(() => ({ app: other, shop })).save(1);
      await happen();
      expect(await tell(other)).toEqual([]);
    } finally {
      await other.stop();
    }
    expect(await tell()).toHaveLength(1);
  });

  it('open with their own key alone', async () => {
    const { webhook } = await create();
    const other = await on(`${KEY}_of_somebody_else`);
    try {
      const [error] = await other.api.as(token).errors(LIST, { w: shop.id, first: 20 });
      expect(error?.message).toContain('another SECRETS_KEY');
      await happen();
      expect(await tell(other)).toEqual([]);
      expect((await delivery()).lastError).toContain('another SECRETS_KEY');
      expect(await other.services.webhooks.remove(shop.id, webhook.id, ACTOR)).toBe(true);
    } finally {
      await other.stop();
    }
  });
});

describe('on the command line', () => {
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCommand(['webhook', ...args, '--workspace', shop.id], {
      ...{ DATABASE_URL: app.database.url, SECRETS_KEY: KEY, WEBHOOK_ALLOW_HOSTS: receiver.host },
    });
    return { code, stdout, stderr };
  };
  const json = async (...args: string[]) => {
    const { stdout, stderr } = await run(...args, '--json');
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  };

  it('a webhook is added, listed, paused, rotated, asked for its deliveries and removed', async () => {
    // The command goes by the machine's clock.
    app.clock.run(5_000);
    const added = await json('add', '--url', receiver.url, '--event', 'usage_voided');
    expect(added).toMatchObject({ state: 'ACTIVE', events: ['USAGE_VOIDED'], url: receiver.url });
    receiver.behave = answering(500, {}, 'out of order');
    await happen();
    const [received] = await tell();
    expect(received?.headers['webhook-signature']).toBe(received && signatureOf(added.secret, received));
    expect(await json('list')).toEqual([{ ...added, secret: undefined, failingSince: expect.any(String) }]);
    const [told] = await json('deliveries', '--webhook', added.id, '--state', 'pending');
    expect(told).toMatchObject({ attempts: 1, lastStatus: 500, lastAnswer: 'out of order' });
    expect((await run('deliveries', '--webhook', added.id)).stdout).toContain('"out of order"');
    expect(await json('redeliver', '--webhook', added.id, '--event', told.eventId)).toMatchObject({
      ...{ state: 'PENDING', attempts: 0 },
    });
    expect((await json('update', '--webhook', added.id, '--pause')).state).toBe('PAUSED');
    expect((await json('update', '--webhook', added.id, '--activate')).state).toBe('ACTIVE');
    expect((await json('rotate', '--webhook', added.id)).secret).not.toBe(added.secret);
    expect(await json('remove', '--webhook', added.id)).toEqual({ id: added.id });
    expect((await run('list')).stdout).toBe('No webhooks.\n');
  });

  it.each([
    [['add', '--url', 'https://10.0.0.1/'], 'leads into the own network'],
    [['add', '--url', 'https://example.com/', '--event', 'NEWS'], 'is not a type of event'],
    [['remove', '--webhook', '0190d2b4-0000-7000-8000-000000000000'], 'has no webhook'],
    [['rotate', '--webhook', 'mine'], 'not the id of a webhook'],
    [['update', '--webhook', 'mine', '--pause', '--activate'], 'not both'],
    [['deliveries', '--webhook', 'mine', '--state', 'late'], '--state is one of'],
  ])('%j is refused', async (args, words) => {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});
