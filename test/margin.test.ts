// What is left when the model and the channel are paid: in the report, by model and by client. Plain SQL over the
// records, which computes each cost from the price lists by itself, must agree with every figure.
import fc from 'fast-check';
import {
  ACTOR,
  aCustomer,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { runCommand } from './support/command';
import { SAVE } from './support/operations';
import { reportOn } from './support/shops';
import { differences, rebuild } from './support/upkeep';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const MARGIN =
  'margin { revenue { amount } llmCost { amount } channelCost { amount } margin { amount } coverage }';

interface Money {
  amount: string;
}
interface Margin {
  revenue: Money;
  llmCost: Money;
  channelCost: Money;
  margin: Money;
  coverage: string;
}

/** 'revenue - llmCost - channelCost = margin (coverage)'; amounts without trailing zeros. */
const words = (margin: Margin | null): string | null =>
  margin &&
  `${plain(margin.revenue)} - ${plain(margin.llmCost)} - ${plain(margin.channelCost)} = ${plain(margin.margin)} (${margin.coverage})`;
const plain = ({ amount }: Money): string => String(Number(amount));

const marginOf = async (shop: TestWorkspace, variables: object = {}): Promise<string | null> =>
  words((await reportOn<{ margin: Margin | null }>(app, shop, MARGIN, variables)).margin);

interface Row {
  kind: string;
  value: string | null;
  messages: number;
  cost: Money;
  inputTokens: number | null;
  cachedInputTokens: number | null;
  outputTokens: number | null;
  margin: Margin | null;
}

/** 'kind value messages cost input/cached/output' and the margin. */
const rowWords = ({ kind, value, messages, cost, margin, ...tokens }: Row): [string, string | null] => [
  `${kind} ${value ?? '-'} ${messages} ${plain(cost)} ${tokens.inputTokens ?? '-'}/${tokens.cachedInputTokens ?? '-'}/${tokens.outputTokens ?? '-'}`,
  words(margin),
];

const BREAKDOWN = `kind value messages cost { amount } inputTokens cachedInputTokens outputTokens ${MARGIN}`;
const breakdown = async (shop: TestWorkspace, args = 'by: MODEL', variables: object = {}) =>
  (
    await reportOn<{ breakdown: Row[] }>(app, shop, `breakdown(${args}) { ${BREAKDOWN} }`, variables)
  ).breakdown.map(rowWords);

/** 0.4, 0.1 and 1.6 of the currency a million tokens. */
const PRICE = { inputMicros: 400_000n, cachedInputMicros: 100_000n, outputMicros: 1_600_000n };
const setPrice = (shop: TestWorkspace, model: string, startsAt = '2026-01-01T00:00:00Z') =>
  app.services.workspaces.setModelPrices(shop.id, [{ ...PRICE, model, startsAt: new Date(startsAt) }], ACTOR);
/** 0.0003008 at PRICE. */
const USE = { model: 'mini', inputTokens: 1_200, cachedInputTokens: 1_024, outputTokens: 80 };

describe('the margin', () => {
  let shop: TestWorkspace;
  beforeEach(async () => {
    shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  });

  const save = (turn: Record<string, unknown> = {}) =>
    app.api.as(shop.service).data(SAVE, { input: aTurn(shop, turn) });

  it('is null while no cost is known, also where turns are unpriced', async () => {
    await save();
    expect(await marginOf(shop)).toBeNull();
    await save({ llm: USE });
    expect([await marginOf(shop), await breakdown(shop)]).toEqual([
      null,
      [
        ['VALUE mini 1 0.005 1200/1024/80', null],
        ['NONE - 1 0.005 -/-/-', null],
      ],
    ]);
  });

  it('is what was charged less what all turns cost; coverage says how many of the answered ones are known', async () => {
    await setPrice(shop, 'mini');
    await save({ llm: USE });
    await save({ llm: USE, phoneNumber: '+393339999999' });
    await save({ llm: { ...USE, model: 'unpriced' } });
    await save({ llm: USE, response: null });
    await save();
    // 3 x 0.0003008, rounded once; 2 of 4 answered turns.
    expect(await marginOf(shop)).toBe('0.015 - 0.000902 - 0 = 0.014098 (0.5)');
    expect(await breakdown(shop)).toEqual([
      ['VALUE mini 1 0.005 3600/3072/240', '0.005 - 0.000902 - 0 = 0.004098 (1)'],
      ['VALUE unpriced 1 0.005 1200/1024/80', null],
      ['NONE - 1 0.005 -/-/-', null],
    ]);
    // Other breakdowns have no costs.
    expect(await breakdown(shop, 'by: CHANNEL')).toEqual([['NONE - 3 0.015 -/-/-', null]]);
  });

  it('rounds each cost once, of the sum, not of each turn', async () => {
    await setPrice(shop, 'mini');
    const tokens = { model: 'mini', inputTokens: 1, outputTokens: 0 };
    for (let n = 0; n < 4; n += 1) await save({ llm: tokens });
    // 4 x 0.0000004; each by itself would be nothing.
    expect(await marginOf(shop)).toBe('0.02 - 0.000002 - 0 = 0.019998 (1)');
  });

  it('keeps the costs of a turn that is taken back, and may fall below zero', async () => {
    await setPrice(shop, 'mini');
    await app.services.workspaces.setChannelPrice(
      shop.id,
      { amountMicros: 34_100n, startsAt: new Date('2026-01-01T00:00:00Z') },
      ACTOR,
    );
    await save({ llm: USE });
    await save({ llm: USE });
    expect(await marginOf(shop)).toBe('0.01 - 0.000602 - 0.0682 = -0.058802 (1)');
    const [charge] = await app.database.sql<{ id: string }>(
      'SELECT id FROM charges WHERE workspace_id = $1 ORDER BY id LIMIT 1',
      [shop.id],
    );
    await app.services.voids.void(shop.id, { usageRecordId: charge?.id ?? '', reason: 'a mistake' }, ACTOR);
    expect(await marginOf(shop)).toBe('0.005 - 0.000602 - 0.0682 = -0.063802 (1)');
    expect(await breakdown(shop)).toEqual([
      ['VALUE mini 1 0.005 2400/2048/160', '0.005 - 0.000602 - 0.0682 = -0.063802 (1)'],
    ]);
  });

  it('shows a model of which no turn was charged, and puts the rest together', async () => {
    for (const model of ['a', 'b', 'c']) await setPrice(shop, model);
    await save({ llm: { ...USE, model: 'b' } });
    for (const model of ['c', 'a']) await save({ llm: { ...USE, model }, phoneNumber: '+393339999999' });
    expect(await breakdown(shop)).toEqual([
      ['VALUE b 1 0.005 1200/1024/80', '0.005 - 0.000301 - 0 = 0.004699 (1)'],
      ['VALUE a 0 0 1200/1024/80', '0 - 0.000301 - 0 = -0.000301 (1)'],
      ['VALUE c 0 0 1200/1024/80', '0 - 0.000301 - 0 = -0.000301 (1)'],
    ]);
    expect(await breakdown(shop, 'by: MODEL, limit: 1')).toEqual([
      ['VALUE b 1 0.005 1200/1024/80', '0.005 - 0.000301 - 0 = 0.004699 (1)'],
      ['REST - 0 0 2400/2048/160', '0 - 0.000602 - 0 = -0.000602 (1)'],
    ]);
  });

  it('counts models beyond the 200 together, priced by their names when they are saved', async () => {
    const names = Array.from({ length: 201 }, (_, n) => `model ${String(n).padStart(3, '0')}`);
    await setPrice(shop, 'model 200');
    await app.services.saveMessages.saveAll(
      shop.id,
      names.map((model, n) => ({
        ...{ phoneNumber: '+393331234567', response: 'Ciao!', idempotencyKey: `key ${n}` },
        llm: { model, inputTokens: '1000', outputTokens: '0' },
      })),
    );
    const rows = await breakdown(shop, 'by: MODEL, limit: 200');
    expect(rows.at(-1)).toEqual(['OTHER - 1 0.005 1000/0/0', '0.005 - 0.0004 - 0 = 0.0046 (1)']);
    expect(await differences(app, shop)).toBe(0n);
  });

  it("knows the channel's fee as missing only where there is a price list, before it begins", async () => {
    await setPrice(shop, 'mini');
    await save({ llm: USE, occurredAt: '2026-03-10T10:00:00Z' });
    expect(await marginOf(shop)).toBe('0.005 - 0.000301 - 0 = 0.004699 (1)');
    await app.services.workspaces.setChannelPrice(
      shop.id,
      { amountMicros: 0n, startsAt: new Date('2026-03-11T00:00:00Z') },
      ACTOR,
    );
    await save({ llm: USE, occurredAt: '2026-03-11T10:00:00Z' });
    await save({ occurredAt: '2026-03-11T11:00:00Z' });
    expect(await marginOf(shop)).toBe('0.015 - 0.000602 - 0 = 0.014398 (0.3333)');
  });

  it('is of a lost client in the range before, and in REST and in the terminal as in the report', async () => {
    await setPrice(shop, 'mini');
    await save({ llm: USE, occurredAt: '2026-02-10T10:00:00Z' });
    const { clientsIn } = await reportOn<{ clientsIn: { nodes: { margin: Margin }[] } }>(
      app,
      shop,
      `clientsIn(segment: LOST) { nodes { ${MARGIN} } }`,
    );
    expect(clientsIn.nodes.map(({ margin }) => words(margin))).toEqual([
      '0.005 - 0.000301 - 0 = 0.004699 (1)',
    ]);
    const rest = async (path: string) => {
      const [name, search] = path.split('?');
      const answer = await app.api.as(shop.client).get(`/api/usage/${name}/${shop.id}?${search}`);
      const { margin }: { margin: unknown } = JSON.parse(await answer.text());
      return margin;
    };
    const money = (amount: string) => ({ amount, currency: 'EUR' });
    expect(await rest('dashboard?month=2026-02')).toEqual({
      ...{ revenue: money('0.005'), llmCost: money('0.000301'), channelCost: money('0.00') },
      ...{ margin: money('0.004699'), coverage: '1' },
    });
    expect(await rest('stats?month=2026-03')).toBeNull();
    const report = (month: string) =>
      runCommand(['report', '--workspace', shop.id, '--month', month], { DATABASE_URL: app.database.url });
    expect((await report('2026-02')).stdout).toContain(
      'Margin          0.004699 EUR (models 0.000301 EUR, channel 0.00 EUR, of all answered turns)',
    );
    expect((await report('2026-01')).stdout).not.toContain('Margin');
  });

  it('is made of what the exports say of each turn: costs beside charges, with tokens beside texts', async () => {
    await setPrice(shop, 'mini');
    const fee = { amountMicros: 2_500n, startsAt: new Date('2026-03-02T00:00:00Z') };
    await app.services.workspaces.setChannelPrice(shop.id, fee, ACTOR);
    await save({ llm: USE, occurredAt: '2026-03-01T10:00:00Z' });
    await save({ llm: { ...USE, model: 'a;b' }, occurredAt: '2026-03-02T10:00:00Z' });
    await save({ llm: USE, occurredAt: '2026-03-03T10:00:00Z', phoneNumber: '+393339999999' });
    await save({ occurredAt: '2026-03-04T10:00:00Z', response: null });
    const [charge] = await app.database.sql<{ id: string }>(
      'SELECT id FROM charges WHERE workspace_id = $1 ORDER BY occurred_at LIMIT 1',
      [shop.id],
    );
    await app.services.voids.void(shop.id, { usageRecordId: charge?.id ?? '', reason: 'a mistake' }, ACTOR);
    const exported = async (search: string) =>
      (await app.api.as(shop.analyst).get(`/api/usage/export/${shop.id}?month=2026-03&${search}`)).text();
    const { records } = JSON.parse(await exported('format=json'));
    const costs = (rows: Record<string, string>[], ...names: string[]) =>
      rows.map((row) => names.map((name) => row[name]));
    expect(costs(records, 'kind', 'llm_cost', 'channel_cost')).toEqual([
      ['CHARGE', '0.0003008', null],
      ['REVERSAL', null, null],
      ['CHARGE', null, '0.0025'],
    ]);
    const { messages } = JSON.parse(await exported('format=json&what=messages'));
    const tokens = ['input_tokens', 'cached_input_tokens', 'output_tokens'];
    expect(costs(messages, 'model', ...tokens, 'llm_cost', 'channel_cost')).toEqual([
      ['mini', 1_200, 1_024, 80, '0.0003008', null],
      ['a;b', 1_200, 1_024, 80, null, '0.0025'],
      ['mini', 1_200, 1_024, 80, '0.0003008', '0.0025'],
      [null, null, null, null, null, null],
    ]);
    const italian = (await exported('what=messages&dialect=italian')).split('\r\n');
    expect(italian[2]).toMatch(/;"a;b";1200;1024;80;;0,0025$/);
    expect(italian[3]).toMatch(/;mini;1200;1024;80;0,0003008;0,0025$/);
    expect(italian[4]).toMatch(/;;;;;;$/);
    expect((await exported('')).split('\r\n')[1]).toMatch(/,CHARGE,0.0003008,$/);
  });

  it('that drifted is found by verify, and made anew by a rebuild', async () => {
    await setPrice(shop, 'mini');
    await save({ llm: USE });
    const before = await marginOf(shop);
    for (const spoil of [
      'UPDATE cost_days SET llm_cost_nanos = llm_cost_nanos + 1 WHERE workspace_id = $1',
      'DELETE FROM cost_days WHERE workspace_id = $1',
      'UPDATE customer_cost_days SET covered = covered + 1 WHERE workspace_id = $1',
      'DELETE FROM customer_cost_days WHERE workspace_id = $1',
      `INSERT INTO cost_days SELECT workspace_id, '2026-05-01', model_number, 0, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0
         FROM cost_days WHERE workspace_id = $1`,
    ]) {
      await app.database.sql(spoil, [shop.id]);
      expect(await differences(app, shop)).toBe(1n);
      await rebuild(app, shop);
      expect([await marginOf(shop), await differences(app, shop)]).toEqual([before, 0n]);
    }
  });

  it('of a foreign workspace is refused', async () => {
    const stranger = await aWorkspace(app);
    const { body } = await app.api
      .as(stranger.client)
      .send('query ($id: ID!) { usage(workspaceId: $id) { margin { coverage } } }', { id: shop.id });
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  });
});

const ZONES = ['UTC', 'Europe/Rome', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'];
const FIRST = Date.parse('2025-10-01T00:00:00Z');
const LAST = Date.parse('2026-03-15T12:00:00Z');
const PHONES = Array.from({ length: 6 }, (_, index) => `+3933300000${String(index + 10)}`);
const instant = fc.integer({ min: FIRST, max: LAST }).map((ms) => new Date(ms));
const micros = fc.bigInt({ min: 0n, max: 5_000_000n });
const turns = fc.array(
  fc.record({
    phoneNumber: fc.constantFrom(...PHONES),
    response: fc.constantFrom('Ciao!', 'Ciao!', 'Ciao!', ' '),
    at: instant,
    llm: fc.oneof(
      { weight: 1, arbitrary: fc.constant(null) },
      {
        weight: 3,
        arbitrary: fc.record({
          model: fc.constantFrom('one', 'two', 'three', 'four'),
          inputTokens: fc.integer({ min: 500, max: 90_000 }),
          cachedInputTokens: fc.nat(500),
          outputTokens: fc.nat(9_000),
        }),
      },
    ),
  }),
  { minLength: 20, maxLength: 60 },
);
/** Two prices may begin at one instant, and a turn may happen at that instant. */
const prices = fc.record({
  models: fc.array(
    fc.record({
      ...{ model: fc.constantFrom('one', 'two', 'three'), startsAt: instant, inputMicros: micros },
      ...{ cachedInputMicros: micros, outputMicros: micros },
    }),
    { maxLength: 5 },
  ),
  channel: fc.array(fc.record({ amountMicros: micros, startsAt: instant }), { maxLength: 2 }),
});
const ranges = fc.array(
  fc
    .tuple(instant, instant, fc.constantFrom(...ZONES))
    .filter(([a, b]) => a.getTime() !== b.getTime())
    .map(([a, b, timeZone]) => ({ from: a < b ? a : b, to: a < b ? b : a, timeZone })),
  { minLength: 3, maxLength: 3 },
);
type Turns = typeof turns extends fc.Arbitrary<infer Value> ? Value : never;
type Prices = typeof prices extends fc.Arbitrary<infer Value> ? Value : never;

async function setAll(shop: TestWorkspace, { models, channel }: Prices): Promise<void> {
  await app.services.workspaces.setModelPrices(shop.id, models, ACTOR);
  for (const price of channel) await app.services.workspaces.setChannelPrice(shop.id, price, ACTOR);
}

async function saveAll(shop: TestWorkspace, made: Turns, name: string): Promise<void> {
  await app.services.saveMessages.saveAll(
    shop.id,
    made.map(({ at, llm, ...turn }, index) => ({
      ...{ ...turn, idempotencyKey: `${name} ${index}`, occurredAt: at.toISOString() },
      llm: llm && {
        ...{ model: llm.model, inputTokens: String(llm.inputTokens) },
        ...{ cachedInputTokens: String(llm.cachedInputTokens), outputTokens: String(llm.outputTokens) },
      },
    })),
  );
}

/**
 * Every turn ($1 the workspace) with its cost in billionths, by the prices that were recorded when it was saved, else by
 * all of them, and with its charge. From nothing but the turns, the lists and the charges.
 */
const ORACLE = `
  WITH turns AS (
    SELECT m.id, m.customer_id, m.occurred_at, m.saved_at, m.outcome <> 'NO_RESPONSE' AS answered, v.value AS model,
      m.input_tokens, m.cached_input_tokens, m.output_tokens,
      (SELECT c.amount_micros FROM charges c WHERE c.workspace_id = $1 AND c.message_id = m.id AND NOT c.reversal
         AND NOT EXISTS (SELECT FROM voids b WHERE b.workspace_id = $1 AND b.charge_id = c.id)) AS charged
    FROM messages m LEFT JOIN dimension_values v
      ON v.workspace_id = $1 AND v.dimension = 'MODEL' AND v.number = m.model_number
    WHERE m.workspace_id = $1
  ), costed AS (
    SELECT t.*, (
        SELECT round(((t.input_tokens - t.cached_input_tokens) * p.input_micros::numeric
          + t.cached_input_tokens * p.cached_input_micros::numeric + t.output_tokens * p.output_micros::numeric) / 1000)
        FROM model_prices p WHERE p.workspace_id = $1 AND p.model = t.model AND p.starts_at <= t.occurred_at
        ORDER BY (p.recorded_at <= t.saved_at) DESC, p.starts_at DESC, p.id DESC LIMIT 1) AS nanos,
      CASE WHEN t.answered THEN (
        SELECT p.amount_micros FROM channel_prices p
        WHERE p.workspace_id = $1 AND p.starts_at <= t.occurred_at AND p.recorded_at <= t.saved_at
        ORDER BY p.starts_at DESC, p.id DESC LIMIT 1) END AS channel
    FROM turns t WHERE t.occurred_at >= $2 AND t.occurred_at < $3
  )`;

const SUMS = `
  count(charged)::int AS messages, coalesce(sum(charged), 0)::text AS revenue, round(coalesce(sum(nanos), 0) / 1000)::text AS llm,
  coalesce(sum(channel), 0)::text AS channel, count(nanos) + count(channel) = 0 AS unknown,
  count(*) FILTER (WHERE answered)::int AS answered,
  count(*) FILTER (WHERE answered AND nanos IS NOT NULL
    AND (channel IS NOT NULL OR NOT EXISTS (SELECT FROM channel_prices p WHERE p.workspace_id = $1)))::int AS covered,
  coalesce(sum(input_tokens), 0)::int AS input, coalesce(sum(cached_input_tokens), 0)::int AS cached,
  coalesce(sum(output_tokens), 0)::int AS output, count(*)::int AS turns`;

interface Sums {
  messages: number;
  revenue: string;
  llm: string;
  channel: string;
  unknown: boolean;
  answered: number;
  covered: number;
  input: number;
  cached: number;
  output: number;
  turns: number;
}

const units = (micros: bigint): string => String(Number(micros) / 1_000_000);

function expected(sums: Sums): string | null {
  if (sums.unknown) return null;
  const [revenue, llm, channel] = [BigInt(sums.revenue), BigInt(sums.llm), BigInt(sums.channel)];
  const coverage = sums.answered === 0 ? 1 : Math.floor((10_000 * sums.covered) / sums.answered) / 10_000;
  return `${units(revenue)} - ${units(llm)} - ${units(channel)} = ${units(revenue - llm - channel)} (${coverage})`;
}

it('agrees with plain SQL in any range and zone, after late prices, voids and changes of zone', async () => {
  await fc.assert(
    fc.asyncProperty(
      ...([turns, turns, prices, prices, ranges] as const),
      ...([fc.constantFrom(...ZONES), fc.constantFrom(...ZONES)] as const),
      async (early, late, first, second, asked, zone, otherZone) => {
        const shop = await aWorkspace(app, { timeZone: zone });
        for (const [index, phoneNumber] of PHONES.slice(0, 5).entries())
          await aCustomer(app, shop, { name: `Client ${index}`, phoneNumber, activeChatbot: index < 4 });
        await setAll(shop, first);
        await saveAll(shop, early, 'early');
        app.clock.advance(1_000);
        await setAll(shop, second);
        const [boundary] = first.models;
        const atBoundary = early.map((turn) => ({ ...turn, at: boundary?.startsAt ?? turn.at }));
        await saveAll(shop, [...late, ...atBoundary.slice(0, 2)], 'late');
        await app.services.modelPriceFiller.fill(shop.id, ACTOR);
        const charges = await app.database.sql<{ id: string }>(
          'SELECT id FROM charges WHERE workspace_id = $1 ORDER BY id',
          [shop.id],
        );
        for (const { id } of charges.filter((_, index) => index % 7 === 3))
          await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'a mistake' }, ACTOR);
        await app.services.workspaces.update(shop.id, { timeZone: otherZone }, ACTOR);
        expect(await differences(app, shop)).toBe(0n);
        for (const { from, to, timeZone } of asked) {
          const period = { from: from.toISOString(), to: to.toISOString() };
          const report = await reportOn<{
            margin: Margin | null;
            breakdown: Row[];
            clients: { nodes: { customer: { id: string }; margin: Margin | null }[] };
          }>(
            ...([app, shop] as const),
            `${MARGIN} breakdown(by: MODEL) { ${BREAKDOWN} } clients { nodes { customer { id } ${MARGIN} } }`,
            { period, timeZone },
          );
          const said = <T>(columns: string) =>
            app.database.sql<T & Sums>(
              `${ORACLE} SELECT ${columns}${SUMS} FROM costed ${columns === '' ? '' : 'GROUP BY 1'}`,
              [shop.id, from, to],
            );
          const [all] = await said<object>('');
          expect(words(report.margin)).toBe(all && expected(all));
          const byModel = (await said<{ model: string | null }>('model, ')).filter(
            ({ messages, turns, model, channel, unknown }) =>
              messages > 0 || (turns > 0 && (model !== null || !unknown || channel !== '0')),
          );
          expect(report.breakdown.map(rowWords).sort()).toEqual(
            byModel
              .map((sums): [string, string | null] => [
                `${sums.model === null ? 'NONE' : 'VALUE'} ${sums.model ?? '-'} ${sums.messages} ${units(BigInt(sums.revenue))} ` +
                  (sums.model === null ? '-/-/-' : `${sums.input}/${sums.cached}/${sums.output}`),
                expected(sums),
              ])
              .sort(),
          );
          const byClient = new Map(
            (await said<{ id: string }>('customer_id AS id, ')).map((sums) => [sums.id, expected(sums)]),
          );
          expect(report.clients.nodes.map(({ customer, margin }) => [customer.id, words(margin)])).toEqual(
            report.clients.nodes.map(({ customer }) => [customer.id, byClient.get(customer.id)]),
          );
        }
      },
    ),
    { numRuns: 12 },
  );
});
