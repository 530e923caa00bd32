// Texts that are older than a workspace keeps them are removed every night, and the ledger stays the same.

import { RETENTION_BATCH } from '../src/services/people/retention';
import {
  ACTOR,
  aCustomer,
  aTurn,
  aWorkspace,
  startApp,
  startBeside,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { rowsWith, traces } from './support/canaries';
import { figuresOf } from './support/charged-shop';
import { runCommand } from './support/command';
import { onServer } from './support/database';
import { untilWaiting } from './support/lock-waits';
import { SAVE, type SaveData } from './support/operations';
import { rebuild } from './support/upkeep';

const NUMBER = '393337654321';
const PHONE = `+${NUMBER}`;
/** In a turn: words and a number. The customer keeps its name and number. */
const OLD = ['old canary', 'old answer'];

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
beforeEach(async () => {
  app.clock.set('2026-03-15T12:00:00Z');
  shop = await aWorkspace(app);
});
// One database for all tests: a due shop of another test would count here.
afterEach(() => keep(null));

let keys = 0;
const save = async (at: string, fields: Record<string, unknown> = {}) =>
  (
    await app.api.as(shop.service).data<SaveData>(SAVE, {
      input: aTurn(shop, {
        ...{ occurredAt: at, phoneNumber: PHONE, message: 'an old canary', response: 'an old answer' },
        ...{ idempotencyKey: `key ${keys++}`, ...fields },
      }),
    })
  ).saveMessage;

const keep = (keepDays: number | null) => app.services.workspaces.update(shop.id, { keepDays }, ACTOR);
const run = (...args: string[]) => runCommand(args, { DATABASE_URL: app.database.url });

const NIGHT = '2026-03-16T02:00:00Z';
/** As a server's job loop does once a minute. */
async function at(instant: string): Promise<number> {
  app.clock.set(instant);
  return app.services.retention.runDue();
}

const kept = async () =>
  (
    await app.database.sql<{ at: string }>(
      `SELECT to_char(occurred_at AT TIME ZONE 'UTC', 'MM-DD') AS at FROM messages
       WHERE workspace_id = $1 AND text_removed_at IS NULL ORDER BY occurred_at`,
      [shop.id],
    )
  ).map((row) => row.at);

const figures = () => figuresOf(app, shop, { from: '2025-01-01T00:00:00Z', to: '2026-03-16T00:00:00Z' });

it('older words and numbers go at night, the turns and every figure stay, and newer ones are whole', async () => {
  const stranger = '393330000077';
  await save('2025-11-30T10:00:00Z', { phoneNumber: `+${stranger}` });
  await aCustomer(app, shop, { phoneNumber: PHONE });
  const charged = await save('2025-12-01T10:00:00Z');
  await save('2025-12-02T10:00:00Z', { response: null });
  // The instant from which on texts are kept is 90 days before the night.
  await save('2025-12-16T01:59:59.999Z');
  await save('2025-12-16T02:00:00Z', { message: 'kept', response: 'kept' });
  await app.services.closing.close(shop.id, '2025-12', ACTOR);
  await keep(90);
  const before = await figures();
  expect(before.differences).toEqual([0n, []]);
  expect(await at('2026-03-16T01:59:59Z')).toBe(0);
  expect(await kept()).toHaveLength(5);
  expect(await at(NIGHT)).toBe(4);
  expect(await kept()).toEqual(['12-16']);
  expect(await rowsWith(app.database, [...OLD, ...traces(stranger)])).toEqual([]);
  expect(await rowsWith(app.database, ['kept,kept'])).toHaveLength(1);
  expect(await figures()).toEqual(before);
  expect(OLD.filter((canary) => app.logs().includes(canary))).toEqual([]);
  expect(app.logs()).toContain('"turns":4,"msg":"texts that were too old are removed"');
  const { messages } = await app.api
    .as(await tokenForTexts())
    .data<{ messages: { nodes: object[] } }>(
      'query ($id: ID!, $p: PeriodInput) { messages(workspaceId: $id, period: $p) { nodes { id message response phoneNumber textRemovedAt customer { name phoneNumber } } } }',
      { id: shop.id, p: { from: '2025-12-01T00:00:00Z', to: '2025-12-02T00:00:00Z' } },
    );
  expect(messages.nodes).toEqual([
    {
      ...{ id: charged.message.id, message: '', response: null, phoneNumber: null },
      ...{ textRemovedAt: '2026-03-16T02:00:00.000Z', customer: { name: 'Mario Rossi', phoneNumber: PHONE } },
    },
  ]);
});

const tokenForTexts = async () =>
  (
    await app.services.tokens.create(
      { name: 'texts', kind: 'client', workspaceIds: [shop.id], scopes: ['usage:read', 'messages:read'] },
      ACTOR,
    )
  ).token;

it('a repeated key is still a replay: nothing is stored, charged or compared again', async () => {
  await aCustomer(app, shop, { phoneNumber: PHONE });
  const first = await save('2025-12-01T10:00:00Z', { idempotencyKey: 'again' });
  await keep(90);
  await at(NIGHT);
  const again = await save('2025-12-01T10:00:00Z', { idempotencyKey: 'again', message: 'an old canary 2' });
  expect([again.replayed, again.message.id, again.message.message]).toEqual([true, first.message.id, '']);
  expect(await rowsWith(app.database, OLD)).toEqual([]);
  expect((await figures()).differences).toEqual([0n, []]);
});

it('a deferred turn is charged later, though its words are gone', async () => {
  const customer = await aCustomer(app, shop, { phoneNumber: PHONE });
  await app.database.sql(
    `INSERT INTO messages (workspace_id, id, key_digest, phone_number, customer_id, message, response, outcome,
       deferred_price_micros, occurred_at, saved_at)
     VALUES ($1, gen_random_uuid(), 'x', $3, $2, 'old canary', 'old answer', 'DEFERRED', 5000, '2025-12-01T10:00:00Z', now())`,
    [shop.id, customer.id, PHONE],
  );
  await keep(90);
  expect(await at(NIGHT)).toBe(1);
  expect(await app.services.reconciler.run()).toEqual({ charged: 1, failed: 0 });
  expect((await figures()).differences).toEqual([0n, []]);
});

it('each night goes on where the last one ended; what came late goes within a week', async () => {
  await save('2025-12-10T10:00:00Z');
  await keep(90);
  expect(await at(NIGHT)).toBe(1);
  await save('2025-12-01T10:00:00Z');
  await save('2025-12-17T01:00:00Z');
  // The late turn is behind the walk's position; only the turn that became too old within a day is emptied.
  expect(await at('2026-03-17T02:00:00Z')).toBe(1);
  expect(await kept()).toEqual(['12-01']);
  for (const day of [18, 19, 20, 21, 22]) expect(await at(`2026-03-${day}T02:00:00Z`)).toBe(0);
  expect(await at('2026-03-23T02:00:00Z')).toBe(1);
  expect(await kept()).toEqual([]);
});

it('nobody asked for it: all texts are kept; and again from when it is off', async () => {
  await save('2020-01-01T10:00:00Z');
  expect(await at(NIGHT)).toBe(0);
  await keep(90);
  await keep(null);
  expect(await at('2026-03-20T12:00:00Z')).toBe(0);
  expect(await kept()).toHaveLength(1);
});

it('more days hold from the next night on, fewer too', async () => {
  app.clock.set('2026-03-15T12:00:00Z');
  for (const day of ['2025-12-10', '2026-02-01', '2026-02-20']) await save(`${day}T10:00:00Z`);
  await keep(30);
  await keep(90);
  expect(await at(NIGHT)).toBe(1);
  await keep(40);
  expect(await at('2026-03-16T12:00:00Z')).toBe(0);
  expect(await at('2026-03-17T02:00:00Z')).toBe(1);
  expect(await kept()).toEqual(['02-20']);
});

const manyTurns = (turns: number) =>
  app.database.sql(
    `INSERT INTO messages (workspace_id, id, key_digest, phone_number, message, outcome, occurred_at, saved_at)
     SELECT $1, gen_random_uuid(), sha256(convert_to('many ' || n, 'UTF8')), '+393330000009', 'an old canary',
       'UNKNOWN_CUSTOMER', '2025-10-01T00:00:00Z'::timestamptz + (n / 3) * interval '1 second', now()
     FROM generate_series(1, $2::int) n`,
    [shop.id, turns],
  );
const BATCHES = 3;
const MANY = BATCHES * RETENTION_BATCH + 100;

it('told to stop, it stops between two batches, and the next server goes on there', async () => {
  await manyTurns(MANY);
  await keep(90);
  app.clock.set(NIGHT);
  const stopping = new AbortController();
  const running = app.services.retention.runDue(stopping.signal);
  await onServer(app.database.url, async (client) => {
    // A turn of the second batch is held.
    await client.query('BEGIN');
    await client.query(
      `SELECT FROM messages WHERE id = (
         SELECT id FROM messages WHERE workspace_id = $1 ORDER BY occurred_at, id OFFSET $2 LIMIT 1) FOR UPDATE`,
      [shop.id, RETENTION_BATCH + 5],
    );
    await untilWaiting(app.database, 1);
    stopping.abort();
    await client.query('ROLLBACK');
  });
  expect(await running).toBe(2 * RETENTION_BATCH);
  expect(await kept()).toHaveLength(MANY - 2 * RETENTION_BATCH);
  expect(await at('2026-03-16T02:01:01Z')).toBe(MANY - 2 * RETENTION_BATCH);
});

it('broken off in a batch, that batch is undone, and whoever is there goes on with it', async () => {
  await manyTurns(MANY);
  await keep(90);
  app.clock.set(NIGHT);
  await onServer(app.database.url, async (client) => {
    await client.query('BEGIN');
    await client.query(
      `SELECT FROM messages WHERE workspace_id = $1 ORDER BY occurred_at DESC, id DESC LIMIT 1 FOR UPDATE`,
      [shop.id],
    );
    const broken = app.services.retention.runDue().catch((error: Error) => error);
    await untilWaiting(app.database, 1);
    // The state of the database when the server is killed.
    await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    expect(await broken).toBeInstanceOf(Error);
    await client.query('ROLLBACK');
  });
  expect(await kept()).toHaveLength(MANY - BATCHES * RETENTION_BATCH);
  // For a minute it belongs to the other server.
  expect(await app.services.retention.runDue()).toBe(0);
  expect(await at('2026-03-16T02:01:01Z')).toBe(MANY - BATCHES * RETENTION_BATCH);
  expect(await kept()).toEqual([]);
});

it('two servers share the workspaces and empty each turn once, beside 64 saves', async () => {
  const other = await startBeside(app);
  try {
    const shops = [shop, await aWorkspace(app)];
    for (const one of shops) {
      shop = one;
      await manyTurns(2 * RETENTION_BATCH);
      await aCustomer(app, shop, { phoneNumber: PHONE });
      await keep(90);
      await rebuild(app, shop);
    }
    app.clock.set(NIGHT);
    const saving = Array.from({ length: 64 }, (_, n) =>
      save(n % 2 ? NIGHT : '2025-11-01T10:00:00Z', { message: 'beside' }),
    );
    const [one, two] = await Promise.all([
      app.services.retention.runDue(),
      other.services.retention.runDue(),
      ...saving,
    ]);
    const [row] = await app.database.sql<{ removed: number; old: number }>(
      `SELECT count(*) FILTER (WHERE text_removed_at IS NOT NULL)::int AS removed,
         count(*) FILTER (WHERE message = 'an old canary')::int AS old
       FROM messages WHERE workspace_id = ANY ($1)`,
      [shops.map(({ id }) => id)],
    );
    expect([one + two, row?.old]).toEqual([row?.removed, 0]);
    expect(one + two).toBeGreaterThanOrEqual(4 * RETENTION_BATCH);
    expect((await figures()).differences).toEqual([0n, []]);
    for (const one of shops) {
      shop = one;
      await keep(null);
    }
  } finally {
    await other.stop();
  }
});

describe('on the command line', () => {
  it('it is set, shown, written into the trail, and ended', async () => {
    const set = await run('workspace', 'update', shop.id, '--keep-messages', '90d');
    expect([set.code, set.stdout]).toEqual([
      0,
      expect.stringMatching(/Texts older than 90 days are removed for good every night, next at \S+Z\./),
    ]);
    const listed = JSON.parse((await run('workspace', 'list', '--json')).stdout);
    expect(listed).toContainEqual(expect.objectContaining({ id: shop.id, keepMessagesDays: 90 }));
    expect((await run('workspace', 'list')).stdout).toMatch(/TEXTS[\s\S]*90 days/);
    const name = await run('workspace', 'update', shop.id, '--name', 'Da Nino', '--json');
    expect(JSON.parse(name.stdout)).toMatchObject({ keepMessagesDays: 90 });
    const off = await run('workspace', 'update', shop.id, '--keep-messages', 'off');
    expect(off.stdout).toContain('All texts are kept.');
    const trail = JSON.parse((await run('audit', '--json', '--subject', shop.id)).stdout);
    const days = ({ before, after }: { before: { keepDays: unknown }; after: { keepDays: unknown } }) => [
      before.keepDays,
      after.keepDays,
    ];
    expect(
      trail.filter(({ action }: { action: string }) => action === 'workspace.updated').map(days),
    ).toEqual([
      [90, null],
      [90, 90],
      [null, 90],
    ]);
  });

  it.each(['0d', '3651d', '90', '-1d', '1.5d', 'never', ''])('%j is refused', async (days) => {
    const { code, stderr } = await run('workspace', 'update', shop.id, `--keep-messages=${days}`);
    expect([code, stderr]).toEqual([2, expect.stringContaining('for 1 to 3650 days, such as 90d')]);
  });
});
