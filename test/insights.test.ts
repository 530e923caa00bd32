// Outcomes over time, averages, single clients, segments, cohorts, the distribution and breakdowns: plain SQL over
// the records, with PostgreSQL's own time zones, must agree with every figure.
import fc from 'fast-check';
import { ACTOR, aCustomer, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { reportOn } from './support/shops';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

/** None of them puts its clock back over midnight: there PostgreSQL's days are not ours (docs/semantics.md#time). */
const ZONES = ['UTC', 'Europe/Rome', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'];
const zone = fc.constantFrom(...ZONES);
/** Both clock changes of a winter lie in it; the clock of the tests stands at the end. */
const FIRST = Date.parse('2025-10-01T00:00:00Z');
const LAST = Date.parse('2026-03-15T12:00:00Z');
const PHONES = Array.from({ length: 12 }, (_, index) => `+3933300000${String(index + 10)}`);
/** Registered customers; the last one has the chatbot switched off. The other contacts are unknown. */
const REGISTERED = PHONES.slice(0, 10);

const instant = fc.integer({ min: FIRST, max: LAST }).map((ms) => new Date(ms));
const turns = fc.array(
  fc.record({
    phoneNumber: fc.constantFrom(...PHONES),
    response: fc.constantFrom('Ciao!', 'Ciao!', 'Ciao!', ' '),
    workflow: fc.constantFrom('orders', 'help', 'news', null),
    channel: fc.constantFrom('whatsapp', 'web', null, null),
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
      ...{ ...turn, message: `ciao ${index}`, idempotencyKey: `key ${index}`, occurredAt: at.toISOString() },
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

/** 'TRACKED 2', without zeros, so that complete and incomplete lists compare. */
const counts = (outcomes: readonly Counted[]): string[] =>
  outcomes
    .filter(({ messages }) => messages !== 0)
    .map(({ outcome, messages }) => `${outcome} ${messages}`)
    .sort();

const micros = (amount: string): number => Math.round(Number(amount) * 1_000_000);

type Row = Record<string, string>;

/** What a clock showed, without its offset. */
const clockOf = (localTime = ''): string => localTime.slice(0, 23);

/** Rows of plain SQL as text, one a line. */
async function oracle(text: string, values: unknown[]): Promise<string[]> {
  const rows = await app.database.sql<Record<string, unknown>>(text, values);
  return rows.map((row) => Object.values(row).join(' ')).sort();
}

describe('an oracle over the records agrees', () => {
  it('with outcomes over time, how often each cell came, single clients, segments, cohorts, the distribution, breakdowns and exports', async () => {
    await fc.assert(
      fc.asyncProperty(turns, ranges, zone, async (made, asked, timeZone) => {
        const shop = await aShopWith(made, timeZone);
        for (const range of asked) {
          await checkTimes(shop, range);
          await checkClients(shop, range, timeZone);
          await checkMovement(shop, range);
          await checkDistribution(shop, range);
          for (const [by, key] of [
            ['WORKFLOW', 'workflow'],
            ['CHANNEL', 'channel'],
          ] as const)
            await checkBreakdown(
              shop,
              range,
              by,
              new Map(made.map((turn, index) => [`ciao ${index}`, turn[key]])),
            );
          await checkExports(shop, range);
        }
        await checkRetention(shop, timeZone);
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });

  interface Asked {
    from: Date;
    to: Date;
    timeZone: string;
  }

  /** Each list, and its sum, which is the same for all three. */
  async function checkExports(shop: TestWorkspace, { from, to, timeZone }: Asked): Promise<void> {
    const fetched = async (what: string) => {
      const query = new URLSearchParams({ what, format: 'json', timeZone });
      query.set('from', from.toISOString());
      query.set('to', to.toISOString());
      const answer = await app.api.as(shop.analyst).get(`/api/usage/export/${shop.id}?${query}`);
      const { [what]: list, rows, amount } = JSON.parse(await answer.text());
      expect(rows).toBe(list.length);
      return { list, amount };
    };
    const asked = (columns: string, source: string, values: string[] = []) =>
      app.database.sql(
        `SELECT ${columns} FROM ${source}`.replaceAll(
          'WITHIN',
          't.workspace_id = $1 AND t.occurred_at >= $2 AND t.occurred_at < $3',
        ),
        [shop.id, from, to, ...values],
      );
    const clock = (at: string, zone: string) =>
      `to_char(${at} AT TIME ZONE ${zone}, 'YYYY-MM-DD"T"HH24:MI:SS.MS')`;
    const utc = (at: string) => `${clock(at, "'UTC'")} || 'Z'`;
    const money = (micros: string) => `to_char(${micros} / 1000000.0, 'FM9999990.00999999')`;
    const customer = 'u.id::text AS customer_id, u.name AS customer';

    const clients = await fetched('clients');
    expect(
      clients.list.map((row: Row) => ({ ...row, last_local_time: clockOf(row.last_local_time) })),
    ).toEqual(
      await asked(
        `${customer}, u.phone_number AS phone, u.whatsapp_user_id, count(*)::int AS messages,
           ${money('sum(t.amount_micros)')} AS amount, 'EUR' AS currency, ${utc('min(t.occurred_at)')} AS first_at,
           ${utc('max(t.occurred_at)')} AS last_at, ${clock('max(t.occurred_at)', '$4')} AS last_local_time`,
        `charges t JOIN customers u ON u.id = t.customer_id WHERE WITHIN
           AND t.message_id NOT IN (SELECT message_id FROM charges WHERE workspace_id = $1 AND reversal)
         GROUP BY u.id, u.name, u.phone_number, u.whatsapp_user_id
         ORDER BY sum(t.amount_micros) DESC, u.name COLLATE "C", u.id`,
        [timeZone],
      ),
    );
    const messages = await fetched('messages');
    expect(messages.list.map((row: Row) => ({ ...row, local_time: clockOf(row.local_time) }))).toEqual(
      await asked(
        `t.id::text, ${utc('t.occurred_at')} AS occurred_at, ${utc('t.saved_at')} AS saved_at,
           ${clock('t.occurred_at', '$4')} AS local_time, ${customer}, t.phone_number AS phone,
           t.whatsapp_user_id, t.message, t.response, t.outcome, c.id::text AS charge_id,
           CASE t.outcome WHEN 'TRACKED' THEN ${money('c.amount_micros')} END AS amount, 'EUR' AS currency,
           NULL AS text_removed_at, NULL AS failure, (SELECT value FROM dimension_values v WHERE v.workspace_id = $1
             AND v.dimension = 'WORKFLOW' AND v.number = t.workflow_number) AS workflow,
           (SELECT value FROM dimension_values v WHERE v.workspace_id = $1
             AND v.dimension = 'CHANNEL' AND v.number = t.channel_number) AS channel, NULL AS model, NULL AS input_tokens,
           NULL AS cached_input_tokens, NULL AS output_tokens, NULL AS llm_cost, NULL AS channel_cost`,
        `messages t LEFT JOIN customers u ON u.id = t.customer_id
           LEFT JOIN charges c ON c.message_id = t.id AND NOT c.reversal
         WHERE WITHIN ORDER BY t.occurred_at, t.id`,
        [timeZone],
      ),
    );
    const records = await fetched('records');
    const [sum] = await asked(`coalesce(sum(t.amount_micros), 0)::int AS micros`, 'charges t WHERE WITHIN');
    const amounts = [records, clients, messages].map(({ amount }) => ({ micros: micros(amount) }));
    expect(amounts).toEqual([sum, sum, sum]);
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
    const { distribution } = await reportOn<{ distribution: object }>(
      app,
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

  /** `values`: what was saved with each message, as the test itself knows it. The limit leaves one value to REST. */
  async function checkBreakdown(
    shop: TestWorkspace,
    { from, to, timeZone }: Asked,
    by: 'WORKFLOW' | 'CHANNEL',
    values: ReadonlyMap<string, string | null>,
  ): Promise<void> {
    const { breakdown } = await reportOn<{
      breakdown: {
        kind: string;
        value: string | null;
        messages: number;
        cost: { amount: string };
        share: string;
      }[];
    }>(app, shop, `breakdown(by: ${by}, limit: 2) { kind value messages cost { amount } share }`, {
      ...{ period: { from: from.toISOString(), to: to.toISOString() }, timeZone },
    });
    const rows = await app.database.sql<{ message: string; micros: number }>(
      `WITH ${LIVE} SELECT m.message, l.micros::int AS micros FROM live l JOIN messages m ON m.id = l.message_id
       WHERE l.occurred_at >= $2 AND l.occurred_at < $3`,
      [shop.id, from, to],
    );
    const sums = new Map<string | null, { messages: number; micros: number }>();
    for (const row of rows) {
      const value = values.get(row.message) ?? null;
      const sum = sums.get(value) ?? { messages: 0, micros: 0 };
      sums.set(value, { messages: sum.messages + 1, micros: sum.micros + row.micros });
    }
    const ranked = [...sums]
      .filter(([value]) => value !== null)
      .sort(([a, x], [b, y]) => y.micros - x.micros || (String(a) < String(b) ? -1 : 1));
    const rest = ranked.slice(2);
    const none = sums.get(null);
    const whole = [...sums.values()].reduce((sum, { micros }) => sum + micros, 0);
    const line = (kind: string, value: string | null, sum: { messages: number; micros: number }) => ({
      ...{ kind, value, messages: sum.messages, micros: sum.micros },
      share: Math.round((sum.micros / whole) * 10_000) / 10_000,
    });
    expect(
      breakdown.map(({ cost, share, ...row }) => ({
        ...row,
        micros: micros(cost.amount),
        share: Number(share),
      })),
    ).toEqual([
      ...ranked.slice(0, 2).map(([value, sum]) => line('VALUE', value, sum)),
      ...rest.map(([, sum]) => line('REST', null, sum)),
      ...(none ? [line('NONE', null, none)] : []),
    ]);
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
