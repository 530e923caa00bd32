// The owner's numbers over GraphQL: periods, growth, clients, hours, timeline, outcomes, forecast.

import { DEMO_WORKSPACE } from '../src/services/demo/demo';
import { aCustomer, aToken, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { TOTALS, type TotalsData } from './support/operations';
import { aShopWithTurns, reportOn, saveAt } from './support/shops';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ demo: true });
});
afterAll(() => app.stop());

const usage = <T>(shop: TestWorkspace, part: string, variables: object = {}): Promise<T> =>
  reportOn<T>(app, shop, part, variables);

describe('the reference example', () => {
  let token: string;
  beforeAll(async () => {
    app.clock.set('2026-03-15T12:00:00Z');
    token = await aToken(app, { kind: 'client', workspaceIds: [DEMO_WORKSPACE.id] });
  });

  it('is answered to the digit for January 2025', async () => {
    const data = await app.api.as(token).data<{ usage: unknown }>(
      `query { usage(workspaceId: "workspace-123", period: { month: "2025-01" }) {
        period { from to timeZone complete }
        totals { cost { amount currency } messages activeClients averageCostPerClient { amount } }
        topClients(limit: 1) { rank customer { name } messages cost { amount } share }
        peakHour { hour label messages cost { amount } share }
        growth { messages { current previous change percent } cost { current { amount } previous { amount } change { amount } percent } }
        forecast { messages }
      } }`,
    );
    expect(data.usage).toEqual({
      period: {
        from: '2024-12-31T23:00:00.000Z',
        to: '2025-01-31T23:00:00.000Z',
        timeZone: 'Europe/Rome',
        complete: true,
      },
      totals: {
        cost: { amount: '0.125', currency: 'EUR' },
        messages: 25,
        activeClients: 4,
        averageCostPerClient: { amount: '0.03125' },
      },
      topClients: [
        { rank: 1, customer: { name: 'Mario Rossi' }, messages: 9, cost: { amount: '0.045' }, share: '0.36' },
      ],
      peakHour: { hour: 14, label: '14:00', messages: 8, cost: { amount: '0.04' }, share: '0.32' },
      growth: {
        messages: { current: 25, previous: 19, change: 6, percent: '31.58' },
        cost: {
          current: { amount: '0.125' },
          previous: { amount: '0.095' },
          change: { amount: '0.03' },
          percent: '31.58',
        },
      },
      forecast: null,
    });
  });

  it('adds up: the parts of every breakdown are the total', async () => {
    for (const period of [{ month: '2025-01' }, { preset: 'THIS_YEAR' }, { preset: 'LAST_30_DAYS' }]) {
      const data = await app.api.as(token).data<{
        usage: {
          totals: { messages: number; activeClients: number };
          heatmap: { messages: number }[];
          timeline: { messages: number }[];
          peakHours: { messages: number }[];
          clients: { totalCount: number };
          outcomes: { outcome: string; messages: number }[];
        };
      }>(
        `query ($period: PeriodInput) { usage(workspaceId: "workspace-123", period: $period) {
          totals { messages activeClients } heatmap { messages } timeline(interval: WEEK) { messages }
          peakHours { messages } clients(first: 1) { totalCount } outcomes { outcome messages } } }`,
        { period },
      );
      const sum = (points: { messages: number }[]) =>
        points.reduce((total, point) => total + point.messages, 0);
      const { messages, activeClients } = data.usage.totals;
      expect(messages).toBeGreaterThan(20);
      expect([sum(data.usage.heatmap), sum(data.usage.timeline), sum(data.usage.peakHours)]).toEqual([
        messages,
        messages,
        messages,
      ]);
      expect(data.usage.clients.totalCount).toBe(activeClients);
      expect(data.usage.outcomes.find(({ outcome }) => outcome === 'TRACKED')?.messages).toBe(messages);
    }
  });
});

describe('a period', () => {
  it('is half-open: its first instant is in, its last is out', async () => {
    const shop = await aShopWithTurns(app, [
      '2026-01-31T22:59:59.999Z',
      '2026-01-31T23:00:00Z',
      '2026-02-28T22:59:59.999Z',
      '2026-02-28T23:00:00Z',
    ]);
    const { totals } = await usage<TotalsData['usage']>(shop, 'totals { messages firstAt lastAt }', {
      period: { month: '2026-02' },
    });
    expect(totals).toEqual({
      messages: 2,
      firstAt: '2026-01-31T23:00:00.000Z',
      lastAt: '2026-02-28T22:59:59.999Z',
    });
  });

  it('counts to the millisecond at ragged edges', async () => {
    const shop = await aShopWithTurns(app, [
      '2026-03-01T10:07:00Z',
      '2026-03-01T10:08:00Z',
      '2026-03-02T09:59:59.999Z',
      '2026-03-02T10:00:00.001Z',
    ]);
    const period = { from: '2026-03-01T10:07:00.001Z', to: '2026-03-02T10:00:00.001Z' };
    const { totals } = await usage<TotalsData['usage']>(shop, 'totals { messages activeClients }', {
      period,
    });
    expect(totals).toEqual({ messages: 2, activeClients: 1 });
  });

  it.each([
    ['a day of 23 hours', '2026-03-29', 23],
    ['a day of 25 hours', '2025-10-26', 25],
  ])('%s is one day, whole', async (_, day, hours) => {
    const shop = await aWorkspace(app);
    const next = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
    app.clock.set(`${next}T12:00:00Z`);
    const { period, timeline } = await usage<{
      period: { from: string; to: string };
      timeline: { from: string }[];
    }>(shop, 'period { from to } timeline(interval: HOUR) { from }', { period: { preset: 'YESTERDAY' } });
    expect((Date.parse(period.to) - Date.parse(period.from)) / 3_600_000).toBe(hours);
    expect(timeline).toHaveLength(hours);
  });

  it('leaves out a day that does not exist (Apia, 30 December 2011)', async () => {
    app.clock.set('2026-03-15T12:00:00Z');
    const shop = await aShopWithTurns(app, ['2011-12-30T09:30:00Z', '2011-12-30T10:30:00Z'], {
      timeZone: 'Pacific/Apia',
    });
    const period = { from: '2011-12-29T10:00:00Z', to: '2012-01-01T10:00:00Z' };
    const { timeline } = await usage<{ timeline: object[] }>(
      shop,
      'timeline { from messages activeClients }',
      { period },
    );
    expect(timeline).toEqual([
      { from: '2011-12-29T10:00:00.000Z', messages: 1, activeClients: 1 },
      { from: '2011-12-30T10:00:00.000Z', messages: 1, activeClients: 1 },
      { from: '2011-12-31T10:00:00.000Z', messages: 0, activeClients: 0 },
    ]);
  });

  const refused: [string, object][] = [
    ['ends before it starts', { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
    ['is a month 2025-13', { month: '2025-13' }],
    ['has only one end', { from: '2026-02-01T00:00:00Z' }],
    ['is chosen twice', { month: '2026-01', preset: 'TODAY' }],
    ['is longer than 20 years', { from: '2001-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
  ];
  it.each(refused)('that %s is refused', async (_, period) => {
    const shop = await aWorkspace(app);
    const answer = await app.api.as(shop.client).send(TOTALS, { workspaceId: shop.id, period });
    expect([answer.status, answer.body.errors?.[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
  });

  it('in an unknown time zone is refused', async () => {
    const shop = await aWorkspace(app);
    const answer = await app.api
      .as(shop.client)
      .send(TOTALS, { workspaceId: shop.id, timeZone: 'Europe/Atlantis' });
    expect([answer.status, answer.body.errors?.[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
  });
});

describe('growth', () => {
  const GROWTH = 'growth { comparedTo { from to } messages { current previous percent } }';
  interface GrowthData {
    growth: {
      comparedTo: { from: string; to: string };
      messages: { current: number; previous: number; percent: string | null };
    };
  }

  it('compares a running month with the same part of the month before', async () => {
    app.clock.set('2026-03-12T14:00:00Z');
    const shop = await aShopWithTurns(app, [
      ...['2026-02-02T10:00:00Z', '2026-02-12T13:59:59Z', '2026-02-12T14:00:01Z', '2026-02-27T10:00:00Z'],
      ...['2026-03-01T10:00:00Z', '2026-03-12T13:00:00Z', '2026-03-12T13:30:00Z'],
    ]);
    const { growth } = await usage<GrowthData>(shop, GROWTH);
    expect(growth).toEqual({
      comparedTo: { from: '2026-01-31T23:00:00.000Z', to: '2026-02-12T14:00:00.000Z' },
      messages: { current: 3, previous: 2, percent: '50.00' },
    });
  });

  it('ends at the end of a shorter month before', async () => {
    app.clock.set('2026-03-31T10:00:00Z');
    const shop = await aWorkspace(app);
    const { growth } = await usage<GrowthData>(shop, GROWTH);
    expect(growth.comparedTo.to).toBe('2026-02-28T23:00:00.000Z');
    expect(growth.messages.percent).toBeNull();
  });

  it('compares with the whole month before when asked', async () => {
    app.clock.set('2026-03-12T14:00:00Z');
    const shop = await aWorkspace(app);
    const { growth } = await usage<GrowthData>(
      shop,
      'growth(basis: FULL_PREVIOUS) { comparedTo { from to } messages { percent } }',
    );
    expect(growth.comparedTo).toEqual({ from: '2026-01-31T23:00:00.000Z', to: '2026-02-28T23:00:00.000Z' });
  });
});

describe('clients', () => {
  it('share a rank when they are equal, sorted by name', async () => {
    app.clock.set('2026-03-15T12:00:00Z');
    const shop = await aWorkspace(app);
    const people = [
      ['Zoe', '+39331000001', 2],
      ['anna', '+39331000002', 1],
      ['Bruno', '+39331000003', 1],
      ['Carla', '+39331000004', 3],
    ] as const;
    for (const [name, phoneNumber, turns] of people) {
      await aCustomer(app, shop, { name, phoneNumber });
      for (let turn = 0; turn < turns; turn += 1)
        await saveAt(app, shop, ['2026-03-10T10:00:00Z'], { phoneNumber });
    }
    const { topClients } = await usage<{ topClients: { rank: number; customer: { name: string } }[] }>(
      shop,
      'topClients { rank customer { name } }',
    );
    expect(topClients.map(({ rank, customer }) => `${rank} ${customer.name}`)).toEqual([
      '1 Carla',
      '2 Zoe',
      '3 Bruno',
      '3 anna',
    ]);
    const pages: string[] = [];
    for (let after: string | null = null; ; ) {
      const { clients } = await usageAfter(shop, after);
      pages.push(...clients.nodes.map(({ customer }) => customer.name));
      if (!clients.pageInfo.hasNextPage) break;
      after = clients.pageInfo.endCursor;
    }
    expect(pages).toEqual(['Carla', 'Zoe', 'Bruno', 'anna']);
  });

  const usageAfter = (shop: TestWorkspace, after: string | null) =>
    usage<{
      clients: {
        nodes: { customer: { name: string } }[];
        pageInfo: { hasNextPage: boolean; endCursor: string };
      };
    }>(
      shop,
      `clients(first: 1, after: ${JSON.stringify(after)}) { nodes { customer { name } } pageInfo { hasNextPage endCursor } }`,
    );

  it('cost one statement for the customers of a page and one for their usage', async () => {
    app.clock.set('2026-03-15T12:00:00Z');
    const shop = await aWorkspace(app);
    for (let index = 0; index < 50; index += 1) {
      const phoneNumber = `+3933300${String(index).padStart(4, '0')}`;
      await aCustomer(app, shop, { name: `Customer ${index}`, phoneNumber });
      await saveAt(app, shop, ['2026-03-10T10:00:00Z'], { phoneNumber });
    }
    app.statements();
    await app.api
      .as(shop.client)
      .data(
        `query ($id: ID!) { customers(workspaceId: $id, first: 50) { nodes { name usage { messages cost { amount } } } } }`,
        { id: shop.id },
      );
    expect(app.statements().filter((name) => name === 'usage_by_customer')).toHaveLength(1);
    await app.api
      .as(shop.client)
      .data(
        `query ($id: ID!) { usageRecords(workspaceId: $id, first: 50) { nodes { customer { name } } } }`,
        { id: shop.id },
      );
    expect(app.statements().filter((name) => name === 'customers_by_id')).toHaveLength(1);
  });
});

describe('forecast', () => {
  it('divides what was counted by the elapsed share of the period', async () => {
    app.clock.set('2026-01-12T23:00:00Z');
    const shop = await aShopWithTurns(app, [
      '2026-01-02T10:00:00Z',
      '2026-01-08T10:00:00Z',
      '2026-01-12T10:00:00Z',
    ]);
    const { forecast } = await usage<{ forecast: { messages: number; cost: { amount: string } } }>(
      shop,
      'forecast { messages cost { amount } }',
    );
    expect(forecast).toEqual({ messages: 8, cost: { amount: '0.03875' } });
  });

  it('is null before a day has passed', async () => {
    app.clock.set('2026-02-01T12:00:00Z');
    const shop = await aWorkspace(app);
    expect(await usage(shop, 'forecast { messages }')).toEqual({ forecast: null });
  });
});

describe('the timeline', () => {
  it('has no gaps and ends with the bucket that holds asOf', async () => {
    app.clock.set('2026-03-05T12:00:00Z');
    const shop = await aShopWithTurns(app, ['2026-03-01T10:00:00Z', '2026-03-04T10:00:00Z']);
    const { timeline } = await usage<{ timeline: { messages: number }[] }>(shop, 'timeline { messages }');
    expect(timeline.map(({ messages }) => messages)).toEqual([1, 0, 0, 1, 0]);
  });

  it('of more than 2 000 points is refused, naming a coarser interval', async () => {
    app.clock.set('2026-12-05T12:00:00Z');
    const shop = await aWorkspace(app);
    const query = `query ($id: ID!) { usage(workspaceId: $id, period: { preset: THIS_YEAR }) { timeline(interval: HOUR) { messages } } }`;
    const [error] = await app.api.as(shop.client).errors(query, { id: shop.id });
    expect(error?.message).toMatch(/^\[BAD_USER_INPUT\] .*DAY/);
  });
});

describe('lists', () => {
  const RECORDS = `query ($id: ID!, $first: Int, $after: String, $customerId: ID) {
    usageRecords(workspaceId: $id, first: $first, after: $after, customerId: $customerId) {
      totalCount pageInfo { hasNextPage endCursor } nodes { id occurredAt } } }`;
  interface Records {
    usageRecords: {
      totalCount: number;
      pageInfo: { hasNextPage: boolean; endCursor: string | null };
      nodes: { id: string; occurredAt: string }[];
    };
  }

  it('show every row once, newest first, while new ones arrive', async () => {
    app.clock.set('2026-03-15T12:00:00Z');
    const instants = Array.from(
      { length: 25 },
      (_, index) => `2026-03-${String(1 + (index % 9)).padStart(2, '0')}T10:00:00Z`,
    );
    const shop = await aShopWithTurns(app, instants);
    const seen: { id: string; occurredAt: string }[] = [];
    for (let after: string | null = null; ; ) {
      const { usageRecords }: Records = await app.api
        .as(shop.client)
        .data<Records>(RECORDS, { id: shop.id, first: 7, after });
      seen.push(...usageRecords.nodes);
      if (seen.length === 7) await saveAt(app, shop, ['2026-03-14T10:00:00Z']);
      if (!usageRecords.pageInfo.hasNextPage) break;
      after = usageRecords.pageInfo.endCursor;
    }
    expect(new Set(seen.map(({ id }) => id)).size).toBe(25);
    expect(seen.map(({ occurredAt }) => occurredAt)).toEqual(
      [...seen]
        .map(({ occurredAt }) => occurredAt)
        .sort()
        .reverse(),
    );
  });

  it.each([
    ['first: -1', { first: -1 }],
    ['first: 0', { first: 0 }],
    ['first: 100000', { first: 100_000 }],
    ['a mangled cursor', { after: 'bm9uc2Vuc2U' }],
  ])('refuse %s', async (_, variables) => {
    const shop = await aWorkspace(app);
    const answer = await app.api.as(shop.client).send(RECORDS, { id: shop.id, ...variables });
    expect([answer.status, answer.body.errors?.[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
  });

  it("refuse another workspace's cursor, and a cursor with other arguments", async () => {
    app.clock.set('2026-03-15T12:00:00Z');
    const shop = await aShopWithTurns(app, ['2026-03-01T10:00:00Z', '2026-03-02T10:00:00Z']);
    const { usageRecords } = await app.api.as(shop.client).data<Records>(RECORDS, { id: shop.id, first: 1 });
    const after = usageRecords.pageInfo.endCursor;
    const other = await aWorkspace(app);
    expect(await app.api.as(other.client).code(RECORDS, { id: other.id, after })).toBe('BAD_USER_INPUT');
    const customerId = '00000000-0000-7000-8000-000000000000';
    expect(await app.api.as(shop.client).code(RECORDS, { id: shop.id, after, customerId })).toBe(
      'BAD_USER_INPUT',
    );
  });

  it('of messages say why a turn was not charged, for tokens with messages:read', async () => {
    app.clock.set('2026-03-15T12:00:00Z');
    const shop = await aShopWithTurns(app, ['2026-03-01T10:00:00Z']);
    await saveAt(app, shop, ['2026-03-02T10:00:00Z'], {
      phoneNumber: '+4915112345678',
      message: 'chi sono?',
    });
    const query = `query ($id: ID!) { messages(workspaceId: $id, outcome: UNKNOWN_CUSTOMER) { totalCount nodes { message customer { name } tracking { outcome usage { id } } } } }`;
    const { messages } = await app.api.as(shop.analyst).data<{ messages: unknown }>(query, { id: shop.id });
    expect(messages).toEqual({
      totalCount: 1,
      nodes: [
        { message: 'chi sono?', customer: null, tracking: { outcome: 'UNKNOWN_CUSTOMER', usage: null } },
      ],
    });
    expect(await app.api.as(shop.client).code(query, { id: shop.id })).toBe('FORBIDDEN');
  });
});

it('one request reports on all the shops of a token', async () => {
  app.clock.set('2026-03-15T12:00:00Z');
  const rome = await aShopWithTurns(app, ['2026-02-28T23:00:00Z']);
  const york = await aShopWithTurns(app, ['2026-02-28T23:00:00Z', '2026-03-02T23:00:00Z'], {
    timeZone: 'America/New_York',
  });
  const token = await aToken(app, { kind: 'client', workspaceIds: [rome.id, york.id] });
  const { workspaces } = await app.api
    .as(token)
    .data<{ workspaces: { id: string; usage: object }[] }>(
      `{ workspaces { id usage(period: { month: "2026-03" }) { period { timeZone } totals { messages } workspace { id } } } }`,
    );
  expect(workspaces.sort((a, b) => Number(a.id === york.id) - Number(b.id === york.id))).toEqual([
    {
      id: rome.id,
      usage: { period: { timeZone: 'Europe/Rome' }, totals: { messages: 1 }, workspace: { id: rome.id } },
    },
    {
      id: york.id,
      usage: {
        period: { timeZone: 'America/New_York' },
        totals: { messages: 1 },
        workspace: { id: york.id },
      },
    },
  ]);
});
