// Events: written in the transaction of what they report, listed, and kept for 400 days.
import { HOUR_MS } from '../src/values/duration';
import { ACTOR, startApp, type TestApp, type TestWorkspace } from './support/app';
import { budgetsOf } from './support/budgets';
import { aChargedShop } from './support/charged-shop';
import { runCommand } from './support/command';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
beforeEach(async () => {
  app.clock.set('2026-03-15T12:00:00Z');
  shop = await aChargedShop(app);
});
const { set, save, look, events } = budgetsOf(() => ({ app, shop }));

it('a void writes an event in its own transaction', async () => {
  const [id = ''] = await save(1);
  await app.database.sql('ALTER TABLE events RENAME TO away');
  const failed = app.services.voids.void(shop.id, { usageRecordId: id, reason: 'x' }, ACTOR);
  await expect(failed).rejects.toThrow('events');
  await app.database.sql('ALTER TABLE away RENAME TO events');
  expect(await app.database.sql('SELECT FROM voids WHERE workspace_id = $1', [shop.id])).toEqual([]);
  await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'Mario was here' }, ACTOR);
  await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'again' }, ACTOR);
  const told = await events();
  expect(told).toEqual([
    expect.objectContaining({
      type: 'USAGE_VOIDED',
      data: {
        ...{ usageRecordId: id, reversalId: expect.any(String), customerId: expect.any(String) },
        ...{ amount: '-0.005', currency: 'EUR', occurredAt: '2026-03-15T12:00:00.000Z' },
      },
    }),
  ]);
  expect(JSON.stringify(told)).not.toContain('Mario');
});

it('a closed month writes one event', async () => {
  await save(1, { occurredAt: '2026-02-10T12:00:00Z' });
  for (let closed = 0; closed < 2; closed += 1) await app.services.closing.close(shop.id, '2026-02', ACTOR);
  expect(await events()).toEqual([
    {
      ...{
        type: 'STATEMENT_CLOSED',
        timestamp: '2026-03-15T12:00:00.000Z',
        workspaceId: shop.id,
        sequence: 1,
      },
      data: {
        ...{ number: 1, month: '2026-02', timeZone: 'Europe/Rome' },
        ...{ from: '2026-01-31T23:00:00.000Z', to: '2026-02-28T23:00:00.000Z' },
      },
    },
  ]);
});

describe('events', () => {
  const LIST = /* GraphQL */ `
    query ($id: ID!, $types: [EventType!], $first: Int, $after: String) {
      events(workspaceId: $id, types: $types, first: $first, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } nodes { id sequence type occurredAt data }
      } }`;
  interface EventsData {
    events: {
      totalCount: number;
      pageInfo: { hasNextPage: boolean; endCursor: string };
      nodes: { sequence: number; type: string; data: { sequence: number; data: object } }[];
    };
  }
  const list = async (variables: object = {}) =>
    (await app.api.as(shop.client).data<EventsData>(LIST, { id: shop.id, ...variables })).events;

  it('are listed newest first, by type, in pages', async () => {
    await set({ limit: '2', thresholds: [50, 100, 150] });
    const [id = ''] = await save(3);
    await look();
    await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'x' }, ACTOR);
    const all = await list();
    expect(all.nodes.map(({ sequence, type }) => [sequence, type])).toEqual([
      [4, 'USAGE_VOIDED'],
      [3, 'BUDGET_THRESHOLD'],
      [2, 'BUDGET_THRESHOLD'],
      [1, 'BUDGET_THRESHOLD'],
    ]);
    expect(all.nodes.every(({ sequence, data }) => data.sequence === sequence)).toBe(true);
    const page = await list({ types: ['BUDGET_THRESHOLD'], first: 2 });
    expect([page.totalCount, page.pageInfo.hasNextPage, page.nodes.map((n) => n.sequence)]).toEqual([
      ...[3, true, [3, 2]],
    ]);
    // The cursor carries the types.
    const rest = await list({ first: 2, after: page.pageInfo.endCursor });
    expect([rest.pageInfo.hasNextPage, rest.nodes.map((n) => n.sequence)]).toEqual([false, [1]]);
    const other = { id: shop.id, types: ['USAGE_VOIDED'], after: page.pageInfo.endCursor };
    expect(await app.api.as(shop.client).code(LIST, other)).toBe('BAD_USER_INPUT');
    expect((await list({ types: [] })).nodes).toEqual([]);
  });

  it('are kept for 400 days', async () => {
    const [id = ''] = await save(1);
    await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'x' }, ACTOR);
    app.clock.advance(400 * 24 * HOUR_MS);
    await app.services.eventExpiry.run();
    expect(await events()).toHaveLength(1);
    app.clock.advance(1);
    await app.services.eventExpiry.run();
    expect(await events()).toEqual([]);
  });

  it('of an unknown type are refused', async () => {
    const query = '{ events(workspaceId: "x", types: [BUDGET_REACHED]) { totalCount } }';
    const [error] = await app.api.as(shop.client).errors(query);
    expect(error?.message).toContain('does not exist in "EventType" enum.');
    const { code, stderr } = await runCommand(
      ['events', '--workspace', shop.id, '--type', 'BUDGET_REACHED'],
      { DATABASE_URL: app.database.url },
    );
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not a type of event: BUDGET_THRESHOLD')]);
  });
});
