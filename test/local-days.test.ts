// Periods of local days, firstDay to lastDay: in which zone, what is refused, and that REST has them, too.
import { aWorkspace, startApp, type TestApp } from './support/app';
import { aShopWithTurns, reportOn } from './support/shops';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

describe('local days', () => {
  it('are both included, also where the clock changes between them', async () => {
    const shop = await aShopWithTurns(app, [
      '2025-10-25T22:00:00Z',
      '2025-10-26T22:59:59.999Z',
      '2025-10-26T23:00:00Z',
    ]);
    const period = { firstDay: '2025-10-26', lastDay: '2025-10-26' };
    expect(await reportOn(app, shop, 'period { from to complete } totals { messages }', { period })).toEqual({
      period: { from: '2025-10-25T22:00:00.000Z', to: '2025-10-26T23:00:00.000Z', complete: true },
      totals: { messages: 2 },
    });
  });

  it("are of the query's zone, and are compared with as many days before", async () => {
    const shop = await aShopWithTurns(app, ['2026-02-27T20:00:00Z', '2026-03-03T20:00:00Z']);
    const period = { firstDay: '2026-03-01', lastDay: '2026-03-07' };
    expect(
      await reportOn(app, shop, 'growth { comparedTo { from to } messages { current previous } }', {
        period,
        timeZone: 'Asia/Kathmandu',
      }),
    ).toEqual({
      growth: {
        comparedTo: { from: '2026-02-21T18:15:00.000Z', to: '2026-02-28T18:15:00.000Z' },
        messages: { current: 1, previous: 1 },
      },
    });
  });

  it('page through lists, whose cursors carry them', async () => {
    const shop = await aShopWithTurns(app, [
      '2026-03-01T10:00:00Z',
      '2026-03-02T10:00:00Z',
      '2026-03-03T10:00:00Z',
    ]);
    const page = async (variables: object) => {
      const { usageRecords } = await app.api.as(shop.client).data<{
        usageRecords: { nodes: { occurredAt: string }[]; pageInfo: { endCursor: string } };
      }>(
        `query ($id: ID!, $period: PeriodInput, $after: String) {
          usageRecords(workspaceId: $id, period: $period, first: 1, after: $after) { nodes { occurredAt } pageInfo { endCursor } } }`,
        { id: shop.id, ...variables },
      );
      return usageRecords;
    };
    const period = { firstDay: '2026-03-01', lastDay: '2026-03-02' };
    const first = await page({ period });
    expect(first.nodes).toEqual([{ occurredAt: '2026-03-02T10:00:00.000Z' }]);
    const after = first.pageInfo.endCursor;
    expect((await page({ after })).nodes).toEqual([{ occurredAt: '2026-03-01T10:00:00.000Z' }]);
    const other = { ...period, lastDay: '2026-03-03' };
    await expect(page({ after, period: other })).rejects.toThrow('another lastDay');
  });

  it('are separate for two aliases of one customer', async () => {
    const shop = await aShopWithTurns(app, [
      '2026-03-01T10:00:00Z',
      '2026-03-02T10:00:00Z',
      '2026-03-02T11:00:00Z',
    ]);
    const { customers } = await app.api.as(shop.client).data<{ customers: { nodes: unknown[] } }>(
      `query ($id: ID!) { customers(workspaceId: $id) { nodes {
        a: usage(period: { firstDay: "2026-03-01", lastDay: "2026-03-01" }) { messages }
        b: usage(period: { firstDay: "2026-03-02", lastDay: "2026-03-02" }) { messages } } } }`,
      { id: shop.id },
    );
    expect(customers.nodes).toEqual([{ a: { messages: 1 }, b: { messages: 2 } }]);
  });

  it('answer by REST as by GraphQL', async () => {
    const shop = await aShopWithTurns(app, [
      '2026-03-01T10:00:00Z',
      '2026-03-02T22:59:00Z',
      '2026-03-02T23:00:00Z',
    ]);
    const get = async (query: string) => {
      const response = await app.api.as(shop.client).get(`/api/usage/dashboard/${shop.id}?${query}`);
      return [response.status, await response.json()];
    };
    expect(await get('first_day=2026-03-01&last_day=2026-03-02')).toMatchObject([
      200,
      { totals: { messages: 2 } },
    ]);
    expect(await get('first_day=2026-03-02')).toMatchObject([
      400,
      { errors: [{ message: expect.stringContaining('give lastDay as well') }] },
    ]);
  });

  const refused: [string, object, string][] = [
    [
      'end before they begin',
      { firstDay: '2026-03-02', lastDay: '2026-03-01' },
      'firstDay 2026-03-02 is after lastDay 2026-03-01',
    ],
    ['lack an end', { firstDay: '2026-03-02' }, 'give lastDay as well'],
    ['lack a beginning', { lastDay: '2026-03-02' }, 'give firstDay as well'],
    [
      'come with a month',
      { firstDay: '2026-03-01', lastDay: '2026-03-02', month: '2026-03' },
      'Received month, firstDay, lastDay',
    ],
    ['come with an instant', { firstDay: '2026-03-01', to: '2026-03-02T00:00:00Z' }, 'Received to, firstDay'],
    ['are none', { firstDay: '2026-02-29', lastDay: '2026-03-02' }, 'not a day of the calendar'],
    [
      'are instants',
      { firstDay: '2026-03-01T00:00:00Z', lastDay: '2026-03-02' },
      'not a day of the calendar',
    ],
    ['are too many', { firstDay: '2000-01-01', lastDay: '2020-01-01' }, 'longer than 20 years'],
    [
      'lie too far ahead',
      { firstDay: '2200-01-01', lastDay: '2201-01-01' },
      'outside the years 1970 to 2200',
    ],
  ];
  it.each(refused)('that %s are refused', async (_, period, words) => {
    const shop = await aWorkspace(app);
    const { status, body } = await app.api
      .as(shop.client)
      .send('query ($id: ID!, $period: PeriodInput) { usage(workspaceId: $id, period: $period) { asOf } }', {
        id: shop.id,
        period,
      });
    expect([status, body.errors?.[0]?.extensions.code, body.errors?.[0]?.message]).toEqual([
      400,
      'BAD_USER_INPUT',
      expect.stringContaining(words),
    ]);
  });

  it('that a zone left out are refused, and leave no gap in longer ranges', async () => {
    const shop = await aShopWithTurns(app, ['2011-12-30T09:59:00Z', '2011-12-30T10:00:00Z'], {
      timeZone: 'Pacific/Apia',
    });
    const ask = (firstDay: string, lastDay: string) =>
      reportOn<{ totals: { messages: number } }>(app, shop, 'totals { messages }', {
        period: { firstDay, lastDay },
      });
    await expect(ask('2011-12-30', '2011-12-30')).rejects.toThrow('There was no 2011-12-30 in Pacific/Apia');
    expect((await ask('2011-12-29', '2011-12-30')).totals.messages).toBe(1);
    expect((await ask('2011-12-30', '2011-12-31')).totals.messages).toBe(1);
  });
});
