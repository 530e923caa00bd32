// What an analyst asks next: outcomes over time, averages, single clients, all shops of a token. An oracle in plain SQL
// over the records, with PostgreSQL's own time zones, agrees with every figure.
import fc from 'fast-check';
import {
  aCustomer,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { SAVE } from './support/operations';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const ACTOR = { name: 'test' };
/** None of them puts its clock back over midnight: there PostgreSQL's days are not ours (docs/semantics.md#time). */
const ZONES = ['UTC', 'Europe/Rome', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'];
const zone = fc.constantFrom(...ZONES);
/** Both clock changes of a winter lie in it; the clock of the tests stands at the end. */
const FIRST = Date.parse('2025-10-01T00:00:00Z');
const LAST = Date.parse('2026-03-15T12:00:00Z');
const PHONES = Array.from({ length: 12 }, (_, index) => `+3933300000${String(index + 10)}`);
/** Registered; the last one with the chatbot switched off. Whoever is left is a stranger. */
const REGISTERED = PHONES.slice(0, 10);

const instant = fc.integer({ min: FIRST, max: LAST }).map((ms) => new Date(ms));
const turns = fc.array(
  fc.record({
    phoneNumber: fc.constantFrom(...PHONES),
    response: fc.constantFrom('Ciao!', 'Ciao!', 'Ciao!', ' '),
    at: fc.oneof(
      instant,
      fc.constant(new Date('2025-10-26T00:30:00Z')),
      fc.constant(new Date('2025-11-02T05:30:00Z')),
    ),
  }),
  { minLength: 60, maxLength: 150 },
);
const ranges = fc.array(
  fc
    .tuple(instant, instant, zone)
    .filter(([a, b]) => a.getTime() !== b.getTime())
    .map(([a, b, timeZone]) => ({ from: a < b ? a : b, to: a < b ? b : a, timeZone })),
  { minLength: 3, maxLength: 3 },
);

type Turns = typeof turns extends fc.Arbitrary<infer Value> ? Value : never;

/** A shop with these turns; every seventh charge is taken back, and one turn waits for its charge. */
async function aShopWith(made: Turns, timeZone: string): Promise<TestWorkspace> {
  const shop = await aWorkspace(app, { timeZone });
  for (const [index, phoneNumber] of REGISTERED.entries())
    await aCustomer(app, shop, { name: `Client ${index % 3}`, phoneNumber, activeChatbot: index < 9 });
  await app.services.saveMessages.saveAll(
    shop.id,
    made.map(({ at, ...turn }, index) => ({
      ...{ ...turn, message: 'ciao', idempotencyKey: `key ${index}`, occurredAt: at.toISOString() },
    })),
  );
  const charges = await app.database.sql<{ id: string }>(
    'SELECT id FROM charges WHERE workspace_id = $1 ORDER BY id',
    [shop.id],
  );
  for (const { id } of charges.filter((_, index) => index % 7 === 0))
    await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'a mistake' }, ACTOR);
  await app.database.sql(
    `INSERT INTO messages (workspace_id, id, key_digest, phone_number, customer_id, message, response, outcome,
       deferred_price_micros, occurred_at, saved_at)
     SELECT workspace_id, gen_random_uuid(), 'deferred'::bytea, phone_number, id, '', 'Ciao!', 'DEFERRED', 5000,
       '2025-12-24T18:00:00Z', '2025-12-24T18:00:00Z'
     FROM customers WHERE workspace_id = $1 ORDER BY id LIMIT 1`,
    [shop.id],
  );
  return shop;
}

interface Counted {
  outcome: string;
  messages: number;
}
interface Point {
  from: string;
  to: string;
  messages: number;
  cost: { amount: string };
  outcomes: Counted[];
}
interface Cell {
  weekday: number;
  hour: number;
  messages: number;
  occurrences: number;
  outcomes: Counted[];
}

/** 'TRACKED 2', without zeros, so that lists of any completeness compare. */
const counts = (outcomes: readonly Counted[]): string[] =>
  outcomes
    .filter(({ messages }) => messages !== 0)
    .map(({ outcome, messages }) => `${outcome} ${messages}`)
    .sort();

const micros = (amount: string): number => Math.round(Number(amount) * 1_000_000);

/** Rows of plain SQL as text, one a line. */
async function oracle(text: string, values: unknown[]): Promise<string[]> {
  const rows = await app.database.sql<Record<string, unknown>>(text, values);
  return rows.map((row) => Object.values(row).join(' ')).sort();
}

describe('an oracle over the records agrees', () => {
  it('with outcomes over time, how often each cell came, single clients, segments, cohorts and the distribution', async () => {
    await fc.assert(
      fc.asyncProperty(turns, ranges, zone, async (made, asked, timeZone) => {
        const shop = await aShopWith(made, timeZone);
        for (const range of asked) {
          await checkTimes(shop, range);
          await checkClients(shop, range, timeZone);
          await checkMovement(shop, range);
          await checkDistribution(shop, range);
        }
        await checkRetention(shop, timeZone);
      }),
      { numRuns: 4 },
    );
  });

  interface Asked {
    from: Date;
    to: Date;
    timeZone: string;
  }

  async function checkTimes(shop: TestWorkspace, { from, to, timeZone }: Asked): Promise<void> {
    const { usage } = await app.api.as(shop.client).data<{
      usage: { outcomes: Counted[]; heatmap: Cell[]; DAY: Point[]; WEEK: Point[]; MONTH: Point[] };
    }>(
      `query ($id: ID!, $period: PeriodInput, $timeZone: TimeZone) {
        usage(workspaceId: $id, period: $period, timeZone: $timeZone) {
          outcomes { outcome messages }
          heatmap { weekday hour messages occurrences outcomes { outcome messages } }
          DAY: timeline { ...p } WEEK: timeline(interval: WEEK) { ...p } MONTH: timeline(interval: MONTH) { ...p }
        } } fragment p on TimelinePoint { from messages outcomes { outcome messages } }`,
      { id: shop.id, period: { from: from.toISOString(), to: to.toISOString() }, timeZone },
    );
    const within = [shop.id, from, to, timeZone];
    const records = 'FROM messages WHERE workspace_id = $1 AND occurred_at >= $2 AND occurred_at < $3';
    for (const interval of ['DAY', 'WEEK', 'MONTH'] as const) {
      expect(usage[interval].flatMap((p) => counts(p.outcomes).map((c) => `${p.from} ${c}`)).sort()).toEqual(
        await oracle(
          `SELECT to_char(greatest($2::timestamptz, date_trunc('${interval}', occurred_at AT TIME ZONE $4) AT TIME ZONE $4)
             AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, outcome, count(*) ${records} GROUP BY 1, 2`,
          within,
        ),
      );
      for (const { messages, outcomes } of usage[interval])
        expect(outcomes.find(({ outcome }) => outcome === 'TRACKED')?.messages).toBe(messages);
    }
    const cellOf = ({ weekday, hour }: Cell) => `${weekday} ${hour}`;
    expect(usage.heatmap.flatMap((c) => counts(c.outcomes).map((n) => `${cellOf(c)} ${n}`)).sort()).toEqual(
      await oracle(
        `SELECT extract(isodow FROM occurred_at AT TIME ZONE $4) AS weekday,
           extract(hour FROM occurred_at AT TIME ZONE $4) AS hour, outcome,
           count(*) ${records} GROUP BY 1, 2, 3`,
        within,
      ),
    );
    // Minute by minute: an hour that the clock repeats has two offsets.
    expect(
      usage.heatmap.flatMap((c) => (c.occurrences > 0 ? [`${cellOf(c)} ${c.occurrences}`] : [])).sort(),
    ).toEqual(
      await oracle(
        `SELECT extract(isodow FROM h.date), h.hour, count(*) FROM (
           SELECT DISTINCT (m.at AT TIME ZONE $3)::date AS date, extract(hour FROM m.at AT TIME ZONE $3) AS hour,
             (m.at AT TIME ZONE $3) - (m.at AT TIME ZONE 'UTC') AS ahead
           FROM generate_series(date_trunc('minute', $1::timestamptz), $2::timestamptz - interval '1 ms', '1 minute') AS m (at)
         ) h GROUP BY 1, 2`,
        [from, to, timeZone],
      ),
    );
  }

  /** Charges that were not taken back, each once. */
  const LIVE = `live AS (SELECT customer_id, message_id, occurred_at, sum(amount_micros) AS micros FROM charges
    WHERE workspace_id = $1 GROUP BY 1, 2, 3 HAVING count(*) = 1)`;
  const SEGMENTS = ['NEW', 'RETURNING', 'REACTIVATED', 'LOST'] as const;

  interface Client {
    rank: number;
    customer: { id: string };
    messages: number;
    cost: { amount: string };
    share: string;
    lastAt: string;
    previous: { messages: number; cost: { amount: string } };
  }

  async function checkMovement(shop: TestWorkspace, { from, to, timeZone }: Asked): Promise<void> {
    const list = (segment: string) =>
      `${segment}: clientsIn(segment: ${segment}) { totalCount nodes { rank customer { id } messages cost { amount } share lastAt
         previous(basis: FULL_PREVIOUS) { messages cost { amount } } } }`;
    const { usage } = await app.api.as(shop.client).data<{
      usage: Record<(typeof SEGMENTS)[number], { totalCount: number; nodes: Client[] }> & {
        clientMovement: { new: number; returning: number; reactivated: number; lost: number };
        totals: { activeClients: number };
      };
    }>(
      `query ($id: ID!, $period: PeriodInput, $timeZone: TimeZone) {
        usage(workspaceId: $id, period: $period, timeZone: $timeZone) {
          totals { activeClients } clientMovement { new returning reactivated lost } ${SEGMENTS.map(list).join(' ')} } }`,
      { id: shop.id, period: { from: from.toISOString(), to: to.toISOString() }, timeZone },
    );
    const rows = await app.database.sql<{ segment: string; line: string; id: string }>(
      `WITH ${LIVE}, period AS (SELECT customer_id, count(*) AS n, sum(micros) AS micros, max(occurred_at) AS last FROM live
           WHERE occurred_at >= $2 AND occurred_at < $3 GROUP BY 1),
         earlier AS (SELECT customer_id, count(*) AS n, sum(micros) AS micros, max(occurred_at) AS last FROM live
           WHERE occurred_at >= $2::timestamptz - ($3::timestamptz - $2::timestamptz) AND occurred_at < $2 GROUP BY 1),
         placed AS (
           SELECT p.*, CASE WHEN p.customer_id IN (SELECT customer_id FROM earlier) THEN 'RETURNING'
             WHEN p.customer_id IN (SELECT customer_id FROM live WHERE occurred_at < $2) THEN 'REACTIVATED'
             ELSE 'NEW' END AS segment, (SELECT sum(micros) FROM period) AS whole FROM period p
           UNION ALL
           SELECT e.*, 'LOST', (SELECT sum(micros) FROM earlier) FROM earlier e
           WHERE e.customer_id NOT IN (SELECT customer_id FROM period))
       SELECT segment, concat_ws(' ', rank() OVER (PARTITION BY segment ORDER BY p.micros DESC), customer_id, p.n, p.micros,
           to_char(last AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), round(p.micros / whole, 4)::float,
           coalesce((SELECT e.n FROM earlier e WHERE e.customer_id = p.customer_id), 0)) AS line
       FROM placed p JOIN customers c ON c.workspace_id = $1 AND c.id = p.customer_id
       ORDER BY segment, p.micros DESC, c.name COLLATE "C", c.id`,
      [shop.id, from, to],
    );
    const { clientMovement: moved } = usage;
    const totals = [moved.new, moved.returning, moved.reactivated, moved.lost];
    expect(moved.new + moved.returning + moved.reactivated).toBe(usage.totals.activeClients);
    for (const [index, segment] of SEGMENTS.entries()) {
      const { totalCount, nodes } = usage[segment];
      const lines = nodes.map(({ rank, customer, messages, cost, share, lastAt, previous }) =>
        [rank, customer.id, messages, micros(cost.amount), lastAt, Number(share), previous.messages].join(
          ' ',
        ),
      );
      expect([segment, ...lines]).toEqual([
        segment,
        ...rows.filter((row) => row.segment === segment).map((row) => row.line),
      ]);
      expect([totals[index], totalCount]).toEqual([lines.length, lines.length]);
    }
  }

  async function checkDistribution(shop: TestWorkspace, { from, to }: Asked): Promise<void> {
    const { distribution } = await usage<{ distribution: object }>(
      shop,
      'distribution { p50 p90 p95 p99 max mean topTenthShare }',
      { period: { from: from.toISOString(), to: to.toISOString() } },
    );
    const rows = await app.database.sql<{ n: number }>(
      `WITH ${LIVE} SELECT count(*)::int AS n FROM live WHERE occurred_at >= $2 AND occurred_at < $3 GROUP BY customer_id ORDER BY 1`,
      [shop.id, from, to],
    );
    const sizes = rows.map(({ n }) => n);
    const nearest = (percent: number) => sizes[Math.ceil((percent * sizes.length) / 100) - 1] ?? 0;
    const total = sizes.reduce((sum, n) => sum + n, 0);
    const busiest = sizes.slice(sizes.length - Math.ceil(sizes.length / 10)).reduce((sum, n) => sum + n, 0);
    const rounded = (value: number, digits: number) =>
      String(Math.round(value * 10 ** digits) / 10 ** digits);
    expect(distribution).toEqual({
      ...{ p50: nearest(50), p90: nearest(90), p95: nearest(95), p99: nearest(99), max: nearest(100) },
      mean: rounded(total / Math.max(1, sizes.length), 2),
      topTenthShare: rounded(busiest / Math.max(1, total), 4),
    });
  }

  async function checkRetention(shop: TestWorkspace, timeZone: string): Promise<void> {
    const { retention } = await app.api
      .as(shop.client)
      .data<{ retention: { month: string; clients: number; retained: number[] }[] }>(
        `{ retention(workspaceId: "${shop.id}", from: "2025-11", to: "2026-06") { month clients retained } }`,
      );
    expect(retention.map(({ month }) => month)).toEqual([
      '2025-11',
      '2025-12',
      '2026-01',
      '2026-02',
      '2026-03',
    ]);
    expect(retention.map(({ retained }) => retained.length)).toEqual([5, 4, 3, 2, 1]);
    expect(retention.every(({ clients, retained }) => retained[0] === clients)).toBe(true);
    const found = retention.flatMap(({ month, retained }) =>
      retained.flatMap((clients, after) => (clients > 0 ? [`${month} ${after} ${clients}`] : [])),
    );
    expect(found.sort()).toEqual(
      await oracle(
        `WITH ${LIVE}, months AS (SELECT DISTINCT customer_id, date_trunc('month', occurred_at AT TIME ZONE $2) AS month FROM live),
           firsts AS (SELECT customer_id, min(month) AS first FROM months GROUP BY 1)
         SELECT to_char(first, 'YYYY-MM') AS first, (extract(year FROM age(month, first)) * 12 + extract(month FROM age(month, first)))::int
           AS after, count(*) FROM months JOIN firsts USING (customer_id) WHERE first >= '2025-11-01' GROUP BY 1, 2`,
        [shop.id, timeZone],
      ),
    );
  }

  async function checkClients(shop: TestWorkspace, { from, to }: Asked, timeZone: string): Promise<void> {
    const { customers } = await app.api.as(shop.client).data<{
      customers: {
        nodes: { id: string; outcomes: Counted[]; DAY: Point[]; WEEK: Point[]; MONTH: Point[] }[];
      };
    }>(
      `query ($id: ID!, $period: PeriodInput) { customers(workspaceId: $id, first: 20) { nodes { id
        outcomes(period: $period) { outcome messages }
        DAY: timeline(period: $period, interval: DAY) { ...p } WEEK: timeline(period: $period, interval: WEEK) { ...p }
        MONTH: timeline(period: $period) { ...p } } } }
      fragment p on CustomerTimelinePoint { from messages cost { amount } }`,
      { id: shop.id, period: { from: from.toISOString(), to: to.toISOString() } },
    );
    expect(
      customers.nodes.flatMap(({ id, outcomes }) => counts(outcomes).map((c) => `${id} ${c}`)).sort(),
    ).toEqual(
      await oracle(
        `SELECT customer_id, outcome, count(*) FROM messages WHERE workspace_id = $1 AND occurred_at >= $2
           AND occurred_at < $3 AND customer_id IS NOT NULL GROUP BY 1, 2`,
        [shop.id, from, to],
      ),
    );
    for (const interval of ['DAY', 'WEEK', 'MONTH'] as const) {
      const found = customers.nodes.flatMap((node) =>
        node[interval]
          .filter(({ messages }) => messages !== 0)
          .map((point) => `${node.id} ${point.from} ${point.messages} ${micros(point.cost.amount)}`),
      );
      expect(found.sort()).toEqual(
        await oracle(
          `SELECT customer_id, to_char(greatest($2::timestamptz, date_trunc('${interval}', occurred_at AT TIME ZONE $4)
             AT TIME ZONE $4) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
             sum(CASE WHEN reversal THEN -1 ELSE 1 END) AS messages, sum(amount_micros) AS micros
           FROM charges WHERE workspace_id = $1 AND occurred_at >= $2 AND occurred_at < $3
           GROUP BY 1, 2 HAVING sum(CASE WHEN reversal THEN -1 ELSE 1 END) > 0`,
          [shop.id, from, to, timeZone],
        ),
      );
    }
  }
});

async function aShopWithTurns(instants: string[], timeZone = 'Europe/Rome'): Promise<TestWorkspace> {
  const shop = await aWorkspace(app, { timeZone });
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  for (const occurredAt of instants)
    await app.api.as(shop.service).data(SAVE, { input: aTurn(shop, { occurredAt }) });
  return shop;
}

const usage = async <T>(shop: TestWorkspace, part: string, variables: object = {}): Promise<T> => {
  const query = `query ($id: ID!, $period: PeriodInput, $timeZone: TimeZone) {
    usage(workspaceId: $id, period: $period, timeZone: $timeZone) { ${part} } }`;
  const data = await app.api.as(shop.client).data<{ usage: T }>(query, { id: shop.id, ...variables });
  return data.usage;
};

describe('local days', () => {
  it('are both included, also where the clock changes between them', async () => {
    const shop = await aShopWithTurns([
      '2025-10-25T22:00:00Z',
      '2025-10-26T22:59:59.999Z',
      '2025-10-26T23:00:00Z',
    ]);
    const period = { firstDay: '2025-10-26', lastDay: '2025-10-26' };
    expect(await usage(shop, 'period { from to complete } totals { messages }', { period })).toEqual({
      period: { from: '2025-10-25T22:00:00.000Z', to: '2025-10-26T23:00:00.000Z', complete: true },
      totals: { messages: 2 },
    });
  });

  it("are of the query's zone, and are compared with as many days before", async () => {
    const shop = await aShopWithTurns(['2026-02-27T20:00:00Z', '2026-03-03T20:00:00Z']);
    const period = { firstDay: '2026-03-01', lastDay: '2026-03-07' };
    expect(
      await usage(shop, 'growth { comparedTo { from to } messages { current previous } }', {
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
    const shop = await aShopWithTurns([
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

  it('tell two aliases of one customer apart', async () => {
    const shop = await aShopWithTurns([
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
    const shop = await aShopWithTurns([
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
      { errors: [{ message: expect.stringContaining('give lastDay too') }] },
    ]);
  });

  const refused: [string, object, string][] = [
    [
      'end before they begin',
      { firstDay: '2026-03-02', lastDay: '2026-03-01' },
      'firstDay 2026-03-02 is after lastDay 2026-03-01',
    ],
    ['lack an end', { firstDay: '2026-03-02' }, 'give lastDay too'],
    ['lack a beginning', { lastDay: '2026-03-02' }, 'give firstDay too'],
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

  it('that a zone left out are refused, and are no hole in longer ranges', async () => {
    const shop = await aShopWithTurns(['2011-12-30T09:59:00Z', '2011-12-30T10:00:00Z'], 'Pacific/Apia');
    const ask = (firstDay: string, lastDay: string) =>
      usage<{ totals: { messages: number } }>(shop, 'totals { messages }', { period: { firstDay, lastDay } });
    await expect(ask('2011-12-30', '2011-12-30')).rejects.toThrow('There was no 2011-12-30 in Pacific/Apia');
    expect((await ask('2011-12-29', '2011-12-30')).totals.messages).toBe(1);
    expect((await ask('2011-12-30', '2011-12-31')).totals.messages).toBe(1);
  });
});

describe("a customer's timeline", () => {
  const ask = async (shop: TestWorkspace, args = '') => {
    const { customers } = await app.api
      .as(shop.client)
      .data<{ customers: { nodes: { timeline: { from: string; to: string; messages: number }[] }[] } }>(
        `query ($id: ID!) { customers(workspaceId: $id) { nodes { timeline${args} { from to messages } } } }`,
        { id: shop.id },
      );
    return customers.nodes.map(({ timeline }) => timeline);
  };

  it('is of the last twelve months by month when nothing is asked for', async () => {
    const shop = await aShopWithTurns([
      '2025-03-31T21:59:59Z',
      '2025-03-31T22:00:00Z',
      '2026-03-02T10:00:00Z',
    ]);
    for (const args of ['', '(period: {})', '(period: null, interval: null)']) {
      const [timeline = []] = await ask(shop, args);
      expect(timeline).toHaveLength(12);
      expect(timeline[0]).toEqual({
        from: '2025-03-31T22:00:00.000Z',
        to: '2025-04-30T22:00:00.000Z',
        messages: 1,
      });
      expect(timeline.map(({ messages }) => messages)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
  });

  it('ends with the day that holds asOf', async () => {
    const shop = await aShopWithTurns(['2026-03-14T10:00:00Z']);
    const [timeline = []] = await ask(shop, '(period: { preset: THIS_WEEK }, interval: DAY)');
    expect(timeline.map(({ messages }) => messages)).toEqual([0, 0, 0, 0, 0, 1, 0]);
    const [month = []] = await ask(shop, '(period: { preset: THIS_MONTH }, interval: DAY)');
    expect(month).toHaveLength(15);
  });

  it('is not by hours', async () => {
    const shop = await aShopWithTurns([]);
    const errors = await app.api
      .as(shop.client)
      .errors(`{ customers(workspaceId: "${shop.id}") { nodes { timeline(interval: HOUR) { messages } } } }`);
    expect(errors[0]).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT' },
      message: expect.stringContaining('DAY, WEEK or MONTH'),
    });
  });

  it('is read by one statement for a list, and so are its outcomes', async () => {
    const shop = await aWorkspace(app);
    for (const phoneNumber of REGISTERED) await aCustomer(app, shop, { phoneNumber });
    app.statements();
    await app.api.as(shop.client).data(
      `{ customers(workspaceId: "${shop.id}", first: 20) { nodes { timeline { messages } days: timeline(interval: DAY) { messages }
         outcomes { outcome } before: outcomes(period: { preset: LAST_MONTH }) { outcome } } } }`,
    );
    const ran = app.statements();
    expect(ran.filter((name) => name === 'customer_timelines')).toHaveLength(2);
    expect(ran.filter((name) => name === 'outcomes_by_customer')).toHaveLength(2);
  });
});

it('outcomes of a timeline and a heatmap are read once, however many points have them', async () => {
  const shop = await aShopWithTurns(['2026-03-14T10:00:00Z']);
  app.statements();
  await usage(
    shop,
    'timeline { outcomes { messages } } again: timeline { outcomes { messages } } heatmap { outcomes { messages } }',
  );
  const ran = app.statements();
  expect(ran.filter((name) => name.endsWith('_outcomes')).sort()).toEqual([
    'heatmap_outcomes',
    'timeline_outcomes',
  ]);
});

it('one request reports on all the shops of a token', async () => {
  const rome = await aShopWithTurns(['2026-02-28T23:00:00Z']);
  const york = await aShopWithTurns(['2026-02-28T23:00:00Z', '2026-03-02T23:00:00Z'], 'America/New_York');
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

/** Clients by name, each with charged turns at these instants. */
async function aShopWithClients(clients: Record<string, string[]>): Promise<TestWorkspace> {
  const shop = await aWorkspace(app);
  for (const [index, [name, instants]] of Object.entries(clients).entries()) {
    const phoneNumber = PHONES[index];
    await aCustomer(app, shop, { name, phoneNumber });
    for (const occurredAt of instants)
      await app.api.as(shop.service).data(SAVE, { input: aTurn(shop, { occurredAt, phoneNumber }) });
  }
  return shop;
}

describe('clients who come and go', () => {
  const shopOfFour = () =>
    aShopWithClients({
      Nuova: ['2026-03-02T10:00:00Z'],
      Fedele: ['2026-01-02T10:00:00Z', '2026-02-20T10:00:00Z', '2026-03-02T10:00:00Z'],
      Tornata: ['2026-01-02T10:00:00Z', '2026-03-02T10:00:00Z'],
      Persa: ['2026-02-20T10:00:00Z', '2026-02-21T10:00:00Z'],
    });
  const MOVED = 'clientMovement { comparedTo { from to } new returning reactivated lost }';

  it('are compared whole with whole by default, so that who comes late in a month is not lost', async () => {
    const shop = await shopOfFour();
    expect(
      await usage(shop, `${MOVED} early: clientMovement(basis: SAME_ELAPSED) { returning reactivated lost }`),
    ).toEqual({
      clientMovement: {
        comparedTo: { from: '2026-01-31T23:00:00.000Z', to: '2026-02-28T23:00:00.000Z' },
        ...{ new: 1, returning: 1, reactivated: 1, lost: 1 },
      },
      // By 15 February nobody of them had come.
      early: { returning: 0, reactivated: 2, lost: 0 },
    });
  });

  it('are lost with the figures that they had', async () => {
    const shop = await shopOfFour();
    const { clientsIn } = await usage<{ clientsIn: object }>(
      shop,
      `clientsIn(segment: LOST) { totalCount nodes { rank customer { name } messages cost { amount } share lastAt previous { messages } } }`,
    );
    expect(clientsIn).toEqual({
      totalCount: 1,
      nodes: [
        {
          ...{ rank: 1, customer: { name: 'Persa' }, messages: 2, cost: { amount: '0.01' }, share: '0.6667' },
          ...{ lastAt: '2026-02-21T10:00:00.000Z', previous: { messages: 0 } },
        },
      ],
    });
  });

  it('are new again when all that they had was taken back', async () => {
    const shop = await aShopWithClients({ Anna: ['2026-01-02T10:00:00Z', '2026-03-02T10:00:00Z'] });
    const [first] = await app.database.sql<{ id: string }>(
      'SELECT id FROM charges WHERE workspace_id = $1 ORDER BY occurred_at LIMIT 1',
      [shop.id],
    );
    expect(await usage(shop, 'clientMovement { new reactivated }')).toEqual({
      clientMovement: { new: 0, reactivated: 1 },
    });
    await app.services.voids.void(shop.id, { usageRecordId: first?.id ?? '', reason: 'a mistake' }, ACTOR);
    expect(await usage(shop, 'clientMovement { new reactivated }')).toEqual({
      clientMovement: { new: 1, reactivated: 0 },
    });
  });

  it('page on in the order of their cost, by cursors of their own segment and basis', async () => {
    const shop = await aShopWithClients({
      Ada: ['2026-03-02T10:00:00Z'],
      Bea: ['2026-03-02T10:00:00Z', '2026-03-03T10:00:00Z'],
      Cia: ['2026-03-02T10:00:00Z'],
    });
    const page = async (args: string) => {
      const found = await usage<{
        clientsIn: { nodes: { customer: { name: string } }[]; pageInfo: { endCursor: string } };
      }>(shop, `clientsIn(${args}) { nodes { customer { name } } pageInfo { endCursor } }`);
      return {
        names: found.clientsIn.nodes.map(({ customer }) => customer.name),
        ...found.clientsIn.pageInfo,
      };
    };
    const first = await page('segment: NEW, first: 2');
    expect(first.names).toEqual(['Bea', 'Ada']);
    expect((await page(`segment: NEW, first: 2, after: "${first.endCursor}"`)).names).toEqual(['Cia']);
    await expect(page(`segment: LOST, after: "${first.endCursor}"`)).rejects.toThrow('another segment');
    await expect(page(`segment: NEW, basis: YEAR_EARLIER, after: "${first.endCursor}"`)).rejects.toThrow(
      'another basis',
    );
  });

  it('have their earlier figures read by one statement for a list and a basis', async () => {
    const shop = await shopOfFour();
    app.statements();
    const { topClients } = await usage<{ topClients: unknown[] }>(
      shop,
      `topClients { customer { name } previous { messages } whole: previous(basis: FULL_PREVIOUS) { messages cost { amount } } }`,
    );
    expect(topClients).toEqual([
      {
        customer: { name: 'Fedele' },
        previous: { messages: 0 },
        whole: { messages: 1, cost: { amount: '0.005' } },
      },
      {
        customer: { name: 'Nuova' },
        previous: { messages: 0 },
        whole: { messages: 0, cost: { amount: '0.00' } },
      },
      {
        customer: { name: 'Tornata' },
        previous: { messages: 0 },
        whole: { messages: 0, cost: { amount: '0.00' } },
      },
    ]);
    expect(app.statements().filter((name) => name === 'previous_figures')).toHaveLength(2);
  });

  it('spread as zeros when nobody came', async () => {
    const shop = await aWorkspace(app);
    expect(
      await usage(
        shop,
        'distribution { p50 p90 p95 p99 max mean topTenthShare } clientMovement { new lost }',
      ),
    ).toEqual({
      distribution: { ...{ p50: 0, p90: 0, p95: 0, p99: 0, max: 0 }, mean: '0', topTenthShare: '0' },
      clientMovement: { new: 0, lost: 0 },
    });
  });
});

describe('cohorts', () => {
  const ask = (from: string, to: string) =>
    `{ retention(workspaceId: "WORKSPACE", from: "${from}", to: "${to}") { month clients retained } }`;

  it('are a month a row, up to the running one', async () => {
    const shop = await aShopWithClients({
      Anna: ['2026-01-31T22:59:59Z', '2026-03-02T10:00:00Z'],
      Luca: ['2026-01-31T23:00:00Z', '2026-03-02T10:00:00Z'],
      Mario: ['2026-01-05T10:00:00Z', '2026-02-05T10:00:00Z'],
    });
    const document = ask('2026-01', '2026-12').replace('WORKSPACE', shop.id);
    expect(await app.api.as(shop.client).data(document)).toEqual({
      retention: [
        { month: '2026-01', clients: 2, retained: [2, 1, 1] },
        { month: '2026-02', clients: 1, retained: [1, 1] },
        { month: '2026-03', clients: 0, retained: [0] },
      ],
    });
    expect(
      await app.api.as(shop.client).data(ask('2026-04', '2026-05').replace('WORKSPACE', shop.id)),
    ).toEqual({
      retention: [],
    });
  });

  it.each([
    ['that begin after they end', '2026-03', '2026-02', 'from 2026-03 is after to 2026-02'],
    ['of more than 60 months', '2021-01', '2026-01', '61 months; at most 60'],
    ['of years that nobody may ask for', '0000-01', '0000-02', 'outside the years 1970 to 2200'],
  ])('%s are refused', async (_, from, to, words) => {
    const shop = await aWorkspace(app);
    const [error] = await app.api.as(shop.client).errors(ask(from, to).replace('WORKSPACE', shop.id));
    expect([error?.extensions.code, error?.message]).toEqual([
      'BAD_USER_INPUT',
      expect.stringContaining(words),
    ]);
  });
});
