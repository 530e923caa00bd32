// What a turn costs us: its model's tokens and the channel's fee, priced when it is saved, and frozen.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { differences } from './support/upkeep';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
beforeEach(async () => {
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
});

const SAVE =
  'mutation ($input: SaveMessageInput!) { saveMessage(input: $input) { replayed message { id } } }';
const USE = { model: 'gpt-4.1-mini', inputTokens: 1_200, cachedInputTokens: 1_024, outputTokens: 80 };

const save = async (turn: Record<string, unknown> = {}): Promise<string> =>
  (
    await app.api
      .as(shop.service)
      .data<{ saveMessage: { message: { id: string } } }>(SAVE, { input: aTurn(shop, turn) })
  ).saveMessage.message.id;

/** 0.4, 0.1 and 1.6 of the currency a million tokens. */
const price = (model: string, startsAt: string | null, times = 1n) => ({
  ...{ model, startsAt: startsAt === null ? null : new Date(startsAt) },
  inputMicros: 400_000n * times,
  cachedInputMicros: 100_000n * times,
  outputMicros: 1_600_000n * times,
});
const setPrices = (...prices: ReturnType<typeof price>[]) =>
  app.services.workspaces.setModelPrices(shop.id, prices, ACTOR);

/** What each turn has stored, in the order of its instant: 'nanos/channel', '-' where a cost is not known. */
const costs = async (): Promise<string[]> =>
  (
    await app.database.sql<{ nanos: string | null; micros: string | null }>(
      'SELECT llm_cost_nanos AS nanos, channel_cost_micros AS micros FROM messages WHERE workspace_id = $1 ORDER BY occurred_at, id',
      [shop.id],
    )
  ).map(({ nanos, micros }) => `${nanos ?? '-'}/${micros ?? '-'}`);

const run = (...words: string[]) => runCommand(words, { DATABASE_URL: app.database.url });

describe('the cost of a turn', () => {
  it('counts each token once: cached ones at their own price, the rest of the input at the usual one', async () => {
    await setPrices(price(USE.model, '2026-01-01T00:00:00Z'));
    await save({ llm: USE });
    // 176 x 0.4 + 1 024 x 0.1 + 80 x 1.6 millionths.
    expect(await costs()).toEqual(['300800/-']);
    expect(await differences(app, shop)).toBe(0n);
  });

  it('is rounded once to a billionth, halves away from zero', async () => {
    const startsAt = new Date('2026-01-01T00:00:00Z');
    const half = { inputMicros: 500n, cachedInputMicros: 0n, outputMicros: 250n };
    await setPrices({ model: 'half', startsAt, ...half });
    await save({ llm: { model: 'half', inputTokens: 1, outputTokens: 0 } });
    await save({ llm: { model: 'half', inputTokens: 0, outputTokens: 1 } });
    // Each part by itself would be rounded to 1 and 1.
    await save({ llm: { model: 'half', inputTokens: 1, outputTokens: 2 } });
    expect(await costs()).toEqual(['1/-', '0/-', '1/-']);
  });

  it('goes by the price in force when the turn happened, to the millisecond', async () => {
    await setPrices(
      price(USE.model, '2026-03-01T00:00:00Z'),
      price(USE.model, '2026-03-02T00:00:00Z', 2n),
      // Of two that start at once, the one recorded last.
      price(USE.model, '2026-03-02T00:00:00Z', 3n),
    );
    for (const occurredAt of [
      '2026-02-28T23:59:59.999Z',
      '2026-03-01T00:00:00Z',
      '2026-03-01T23:59:59.999Z',
      '2026-03-02T00:00:00Z',
    ])
      await save({ llm: USE, occurredAt });
    expect(await costs()).toEqual(['-/-', '300800/-', '300800/-', '902400/-']);
  });

  it('is frozen: a later price changes nothing that was priced, and holds for turns saved from then on', async () => {
    await setPrices(price(USE.model, '2026-01-01T00:00:00Z'));
    await save({ llm: USE, occurredAt: '2026-03-10T10:00:00Z' });
    await setPrices(price(USE.model, '2026-01-01T00:00:00Z', 5n));
    await app.services.modelPriceFiller.fill(shop.id, ACTOR);
    await save({ llm: USE, occurredAt: '2026-03-10T11:00:00Z' });
    expect(await costs()).toEqual(['300800/-', '1504000/-']);
  });

  it('is of answered and unanswered turns, of unknown and inactive contacts; the fee of the channel of answered ones', async () => {
    await setPrices(price(USE.model, '2026-01-01T00:00:00Z'));
    await app.services.workspaces.setChannelPrice(
      shop.id,
      { amountMicros: 2_500n, startsAt: new Date('2026-03-01T00:00:00Z') },
      ACTOR,
    );
    await aCustomer(app, shop, { phoneNumber: '+393331234568', activeChatbot: false });
    const at = (hour: number) => `2026-03-10T${hour}:00:00Z`;
    await save({ llm: USE, occurredAt: at(10) });
    await save({ llm: USE, occurredAt: at(11), response: ' ' });
    await save({ llm: USE, occurredAt: at(12), phoneNumber: '+393339999999' });
    await save({ occurredAt: at(13), phoneNumber: '+393331234568' });
    await save({ occurredAt: at(14), response: null });
    // Before the channel took anything.
    await save({ llm: USE, occurredAt: '2026-02-10T10:00:00Z' });
    expect(await costs()).toEqual(['300800/-', '300800/2500', '300800/-', '300800/2500', '-/2500', '-/-']);
    expect(await differences(app, shop)).toBe(0n);
  });

  it('comes with a charge that is made later', async () => {
    await setPrices(price(USE.model, '2026-01-01T00:00:00Z'));
    await app.database.sql(`CREATE FUNCTION refuse_charge() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.workspace_id = '${shop.id}' THEN RAISE EXCEPTION 'no charge today'; END IF; RETURN NEW; END $$`);
    await app.database.sql(
      'CREATE TRIGGER refuse_charge BEFORE INSERT ON charges FOR EACH ROW EXECUTE FUNCTION refuse_charge()',
    );
    await save({ llm: USE });
    const counted = () =>
      app.database.sql(
        'SELECT turns::int, llm_cost_nanos::int AS nanos FROM cost_days WHERE workspace_id = $1',
        [shop.id],
      );
    expect([await costs(), await counted()]).toEqual([['300800/-'], []]);
    expect(await differences(app, shop)).toBe(0n);
    await app.database.sql('DROP FUNCTION refuse_charge CASCADE');
    await app.services.reconciler.run();
    expect([await counted(), await differences(app, shop)]).toEqual([[{ turns: 1, nanos: 300_800 }], 0n]);
  });

  it('is kept of a key that is sent again as it was first', async () => {
    await setPrices(price(USE.model, '2026-01-01T00:00:00Z'));
    const first = await save({ idempotencyKey: 'wamid.again', llm: USE });
    expect(await save({ idempotencyKey: 'wamid.again', llm: { ...USE, outputTokens: 9 } })).toBe(first);
    expect(await save({ idempotencyKey: 'wamid.again' })).toBe(first);
    expect(await costs()).toEqual(['300800/-']);
  });

  it('is found by a server that remembers the prices of before', async () => {
    const other = await startApp({ database: app.database, clock: app.clock });
    try {
      await save({ llm: USE });
      await other.services.workspaces.setModelPrices(
        shop.id,
        [price(USE.model, '2026-01-01T00:00:00Z')],
        ACTOR,
      );
      await save({ llm: USE });
    } finally {
      await other.stop();
    }
    expect(await costs()).toEqual(['-/-', '300800/-']);
  });

  it('goes when the workspace, which never had a turn, is deleted with its prices', async () => {
    const { id } = await aWorkspace(app);
    await app.services.workspaces.setModelPrices(id, [price('one', null)], ACTOR);
    await app.services.workspaces.setChannelPrice(id, { amountMicros: 1n }, ACTOR);
    expect(await app.services.workspaces.remove(id, ACTOR)).toBe('deleted');
  });
});

it('a turn without tokens is stored by the statement that knows nothing of them', async () => {
  await setPrices(price(USE.model, null));
  await save();
  app.statements();
  await save();
  expect(app.statements().filter((name) => /insert|look_up|price/.test(name))).toEqual(['insert_turns']);
  const kept = () => app.database.sql('SELECT FROM cost_days WHERE workspace_id = $1', [shop.id]);
  expect(await kept()).toEqual([]);
  await save({ llm: USE });
  expect(app.statements()).toContain('insert_costed_turns');
  expect(await kept()).toHaveLength(1);
});

describe('llm is refused', () => {
  const long = 'm'.repeat(300);
  it.each([
    [
      { ...USE, cachedInputTokens: 1_201 },
      'llm.cachedInputTokens is 1201, above llm.inputTokens, which is 1200',
    ],
    [{ ...USE, inputTokens: -1 }, 'llm.inputTokens is -1'],
    [{ ...USE, cachedInputTokens: -1 }, 'llm.cachedInputTokens is -1'],
    [{ ...USE, outputTokens: -1 }, 'llm.outputTokens is -1'],
    [{ ...USE, outputTokens: 100_000_001 }, 'from 0 to 100000000'],
    [{ ...USE, outputTokens: Number.MAX_SAFE_INTEGER }, 'from 0 to 100000000'],
    [{ ...USE, inputTokens: 1.5 }, 'SafeInt'],
    [
      { ...USE, model: long },
      'llm.model must have 1 to 200 characters, not only white space; this one has 300',
    ],
    [{ ...USE, model: ' ' }, 'llm.model must have 1 to 200 characters'],
    [{ model: 'one', inputTokens: 1 }, 'outputTokens'],
  ])('%j', async (llm, said) => {
    const { status, body } = await app.api.as(shop.service).send(SAVE, { input: aTurn(shop, { llm }) });
    expect(status).toBeLessThan(500);
    expect(body.errors).toMatchObject([
      { message: expect.stringContaining(said), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    expect(await costs()).toEqual([]);
  });

  it.each([
    [{ model: 'one', inputTokens: 'many', outputTokens: '1' }, 'llm.inputTokens is "many"'],
    [
      { model: 'one', inputTokens: '10', cachedInputTokens: '11', outputTokens: '1' },
      'above llm.inputTokens',
    ],
    [{ model: 'one', inputTokens: '-1', outputTokens: '1' }, 'llm.inputTokens is -1'],
    [{ model: 'one', inputTokens: '1' }, 'llm.outputTokens is ""'],
    [{ inputTokens: '1', outputTokens: '1' }, 'llm.model must have'],
    [{ model: long, inputTokens: '1', outputTokens: '1' }, 'this one has 300'],
  ])('as an item, and spoils no other: %j', async (llm, said) => {
    const item = (fields: object) => {
      const { workspaceId: _, ...rest } = aTurn(shop, { ...fields });
      return rest;
    };
    const { saveMessages } = await app.api.as(shop.service).data<{
      saveMessages: { payload: object | null; error: { code: string; message: string } | null }[];
    }>(
      'mutation ($id: ID!, $items: [SaveMessageItem!]!) { saveMessages(workspaceId: $id, items: $items) { payload { replayed } error { code message } } }',
      {
        id: shop.id,
        items: [
          item({ llm }),
          item({ llm: { model: 'one', inputTokens: ' 7 ', outputTokens: '1' } }),
          // What a workflow makes of a missing usage.
          item({ llm: { model: '', inputTokens: '', cachedInputTokens: null, outputTokens: ' ' } }),
        ],
      },
    );
    expect(saveMessages).toEqual([
      { payload: null, error: { code: 'BAD_USER_INPUT', message: expect.stringContaining(said) } },
      { payload: { replayed: false }, error: null },
      { payload: { replayed: false }, error: null },
    ]);
  });
});

describe('model-price', () => {
  const set = (...more: string[]) =>
    run(
      ...['model-price', 'set', '--workspace', shop.id, '--model', 'gpt-4.1-mini', '--output', '1.60'],
      ...['--input', '0.40', ...more],
    );

  it('set, list and the trail say the same; without a price of its own, cached input costs as input', async () => {
    const done = await set('--from', '2026-01-01T00:00:00+01:00', '--json');
    expect([done.code, done.stderr]).toEqual([0, '']);
    const one = {
      ...{ model: 'gpt-4.1-mini', from: '2025-12-31T23:00:00.000Z', input: '0.40', cachedInput: '0.40' },
      ...{ output: '1.60', currency: 'EUR', recordedAt: expect.any(String) },
    };
    expect(JSON.parse(done.stdout)).toEqual({ workspaceId: shop.id, ...one });
    await set('--cached-input', '0.1', '--from', '2026-02-01T00:00:00Z');
    const listed = await run('model-price', 'list', '--workspace', shop.id, '--json');
    expect(JSON.parse(listed.stdout)).toEqual([
      one,
      { ...one, from: '2026-02-01T00:00:00.000Z', cachedInput: '0.10' },
    ]);
    const trail = await run('audit', '--workspace', shop.id, '--json');
    expect(trail.stdout).toContain('model_price.set');
    expect(trail.stdout).toContain('"cachedInputMicros": "100000"');
  });

  it.each([
    [['--cached-input', '0.0000001'], 'finer than a micro-unit'],
    [['--cached-input', '-1'], "A price can't be negative"],
    [['--cached-input', '10000001'], 'above ten millions'],
    [['--cached-input', 'one'], 'is not an amount'],
    [['--from', 'yesterday'], 'yesterday'],
    [['--model', 'm'.repeat(300)], 'this one has 300'],
    [['--workspace', 'nobody'], 'There is no workspace "nobody"'],
  ])('set refuses %j in words', async (more, said) => {
    const refused = await set(...more);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain(said);
  });

  it('import records a file whole, or nothing, and says which line is wrong', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'prices-'));
    const file = join(folder, 'prices.csv');
    const importIt = async (text: string) => {
      await writeFile(file, text);
      return run('model-price', 'import', file, '--workspace', shop.id);
    };
    const header = 'model;input;cached_input;output;from\n';
    const bad = await importIt(`${header}one;0.4;0.1;1.6;\ntwo;0.0000001;;1;\n`);
    expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining('line 3: "0.0000001" is finer')]);
    expect((await importIt('name,input\none,1\n')).stderr).toContain(
      'The header must have columns of this list, and among them must be model, input, output',
    );
    expect((await importIt(header)).stderr).toContain('has no prices');
    const listed = async () =>
      JSON.parse((await run('model-price', 'list', '--workspace', shop.id, '--json')).stdout);
    expect(await listed()).toEqual([]);
    const good = await importIt(`${header}one;0.4;0.1;1.6;2026-01-01T00:00:00Z\ntwo;0.000001;;1;\n`);
    expect([good.code, good.stdout]).toEqual([0, expect.stringContaining('Recorded 2 prices')]);
    expect(await listed()).toMatchObject([
      { model: 'one', from: '2026-01-01T00:00:00.000Z', input: '0.40', cachedInput: '0.10' },
      { model: 'two', input: '0.000001', cachedInput: '0.000001' },
    ]);
    await rm(folder, { recursive: true });
  });

  it('fill prices what had no price in force, by the price of then, and says what is left', async () => {
    const at = (day: number) => `2026-03-0${day}T10:00:00Z`;
    for (const day of [1, 2, 3]) await save({ llm: USE, occurredAt: at(day), phoneNumber: '+393339999999' });
    await save({ llm: { ...USE, model: 'other' }, occurredAt: at(4) });
    await save({ llm: USE, occurredAt: at(5) });
    await save({ occurredAt: at(6) });
    const fill = async () =>
      JSON.parse((await run('model-price', 'fill', '--workspace', shop.id, '--json')).stdout);
    const left = (turns: string) => [
      ...(turns === '0' ? [] : [{ model: USE.model, turns }]),
      { model: 'other', turns: '1' },
    ];
    expect(await fill()).toMatchObject({ priced: '0', unpriced: '5', left: left('4') });
    await setPrices(price(USE.model, at(2)), price(USE.model, at(3), 2n));
    expect(await fill()).toMatchObject({ priced: '3', unpriced: '2', left: left('1') });
    expect(await costs()).toEqual(['-/-', '300800/-', '601600/-', '-/-', '601600/-', '-/-']);
    expect(await differences(app, shop)).toBe(0n);
    await setPrices(price(USE.model, '2026-01-01T00:00:00Z', 9n));
    expect(await fill()).toMatchObject({ priced: '1', left: left('0') });
    expect(await costs()).toEqual(['2707200/-', '300800/-', '601600/-', '-/-', '601600/-', '-/-']);
    expect(await differences(app, shop)).toBe(0n);
    const said = await run('model-price', 'fill', '--workspace', shop.id);
    expect(said.stdout).toBe(
      'other: 1 turns without a price\n0 turns got their cost; 1 are without a price.\n',
    );
    const trail = await run('audit', '--workspace', shop.id, '--json');
    expect(
      JSON.parse(trail.stdout).filter(({ action }: { action: string }) => action === 'model_price.filled'),
    ).toHaveLength(2);
  });

  it('fill goes through more turns of a day than one transaction takes', async () => {
    const items = Array.from({ length: 1_100 }, (_, n) => ({
      ...{ phoneNumber: '+393331234567', response: 'Ciao!', idempotencyKey: `many ${n}` },
      // Many at one instant.
      occurredAt: n % 2 === 0 ? '2026-03-10T10:00:00Z' : '2026-03-10T11:00:00Z',
      llm: { model: 'one', inputTokens: '1', outputTokens: '0' },
    }));
    for (let first = 0; first < items.length; first += 500)
      await app.services.saveMessages.saveAll(shop.id, items.slice(first, first + 500));
    await setPrices(price('one', '2026-01-01T00:00:00Z'));
    expect(await app.services.modelPriceFiller.fill(shop.id, ACTOR)).toEqual({ priced: 1_100n, left: [] });
    expect(new Set(await costs())).toEqual(new Set(['400/-']));
    expect(await differences(app, shop)).toBe(0n);
  });
});

describe('channel-price', () => {
  it('is set and listed as the price is', async () => {
    const set = (amount: string, ...more: string[]) =>
      run('channel-price', 'set', '--workspace', shop.id, '--amount', amount, ...more);
    const done = await set('0.0341', '--from', '2026-10-01T00:00:00Z');
    expect([done.code, done.stdout]).toEqual([
      0,
      'From 2026-10-01T00:00:00.000Z the channel takes for an answered turn 0.0341 EUR.\n',
    ]);
    expect((await set('0.0000001')).stderr).toContain('finer than a micro-unit');
    const listed = await run('channel-price', 'list', '--workspace', shop.id, '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject([{ from: '2026-10-01T00:00:00.000Z', amount: '0.0341' }]);
    expect((await run('audit', '--workspace', shop.id)).stdout).toContain('channel_price.set');
    // Neither is the other.
    expect((await run('price', 'list', '--workspace', shop.id)).stdout).not.toContain('0.0341');
  });
});
