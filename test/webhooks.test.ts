// Webhooks: a shop manages its own, and neither secrets nor personal data get out.
import { ACTOR, aCustomer, aToken, aWorkspace, type TestApp, type TestWorkspace } from './support/app';
import { budgetsOf } from './support/budgets';
import { rowsWith, traces } from './support/canaries';
import { runCommand } from './support/command';
import { answering, type Received, type Receiver, signatureOf } from './support/receiver';
import {
  aShopForWebhooks,
  CREATE,
  DAY_MS,
  DELETE,
  type DeliveryData,
  KEY,
  LIST,
  REDELIVER,
  ROTATE,
  startWithReceiver,
  UPDATE,
  webhooksOf,
} from './support/webhooks';

let receiver: Receiver;
let app: TestApp;
let shop: TestWorkspace;
let token: string;
beforeAll(async () => {
  ({ app, receiver } = await startWithReceiver());
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
const { save, api, create, update, list, only, delivery, happen, tell, tellLater, another, clear } =
  webhooksOf(() => ({
    ...{ app, shop, token, receiver },
  }));
afterEach(clear);

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
    // Also as the bytes that they stand for.
    const texts = [secret, rotated.secret]
      .map((text) => text.replace('whsec_', ''))
      .flatMap((text) => [text, Buffer.from(text, 'base64').toString('hex')]);
    expect(await rowsWith(app.database, [...texts, 'a-secret-path', KEY])).toEqual([]);
    for (const text of [...texts, 'a-secret-path', KEY]) expect(app.logs()).not.toContain(text);
    // The search would find them.
    expect(await rowsWith(app.database, [webhook.id])).not.toEqual([]);
  });

  it('need a key: without one webhooks are off, and what happens is told later', async () => {
    await create();
    const other = await another({ secretsKey: undefined });
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
    const other = await another({ secretsKey: `${KEY}_of_somebody_else` });
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
