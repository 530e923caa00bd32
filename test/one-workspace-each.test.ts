// The form in which turns are saved on Citus, a workspace at a time and a statement a table, held on any PostgreSQL:
// what it stores, charges and counts is what the usual form does.
import { COST_FIGURES } from '../src/services/roll-ups/costs';
import {
  ACTOR,
  aCustomer,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { SAVE, type SaveData } from './support/operations';

const PHONES = ['+393331234567', '+393331234568', '+393339999999'];

let usual: TestApp;
let each: TestApp;
beforeAll(async () => {
  usual = await startApp();
  each = await startApp({ oneWorkspaceEach: true });
});
afterAll(async () => {
  await each.stop();
  await usual.stop();
});

/** Two shops, whose turns arrive together, with every outcome among them. */
async function filled(app: TestApp): Promise<TestWorkspace[]> {
  const shops = [await aWorkspace(app, { id: 'one' }), await aWorkspace(app, { id: 'two' })];
  for (const shop of shops) {
    await aCustomer(app, shop, { phoneNumber: PHONES[0] ?? '' });
    await aCustomer(app, shop, { phoneNumber: PHONES[1] ?? '', activeChatbot: false });
    await app.services.workspaces.setChannelPrice(
      shop.id,
      { amountMicros: 20_000n, startsAt: new Date('2026-03-11T22:00:00Z') },
      ACTOR,
    );
    const price = { inputMicros: 350_000n, cachedInputMicros: 87_500n, outputMicros: 1_400_000n };
    await app.services.workspaces.setModelPrices(
      shop.id,
      [{ ...price, model: 'model-1', startsAt: new Date('2026-01-01T00:00:00Z') }],
      ACTOR,
    );
  }
  await Promise.all(
    Array.from({ length: 60 }, (_, n) => {
      const shop = shops[n % 2] ?? { id: '', service: '' };
      return app.api.as(shop.service).data<SaveData>(SAVE, {
        input: aTurn(shop, {
          phoneNumber: PHONES[n % 3],
          response: n % 5 === 0 ? '' : 'Ciao!',
          occurredAt: `2026-03-${10 + (n % 4)}T2${n % 4}:30:00Z`,
          ...(n % 7 === 0 ? {} : { workflow: `flow-${n % 4}`, channel: 'whatsapp' }),
          ...(n % 3 === 0
            ? { llm: { model: `model-${n % 2}`, inputTokens: n, cachedInputTokens: n % 5, outputTokens: 10 } }
            : {}),
          idempotencyKey: `key-${n}`,
        }),
      });
    }),
  );
  return shops;
}

const TABLES = {
  messages:
    'workspace_id, outcome, occurred_at, phone_number, message, response, input_tokens, cached_input_tokens, output_tokens, llm_cost_nanos, channel_cost_micros',
  charges: 'workspace_id, amount_micros, occurred_at, epoch, month, reversal',
  usage_slots:
    'workspace_id, slot_at, messages, cost_micros, first_at, last_at, no_response, unknown_customer, inactive_customer',
  customer_days: 'workspace_id, day, messages, cost_micros, first_at, last_at',
  dimension_values: 'workspace_id, dimension, value',
  customer_cost_days: `workspace_id, day, ${COST_FIGURES.join(', ')}`,
  customer_months: 'workspace_id, month, messages, cost_micros, first_at, last_at',
};

it('stores, charges and counts what the usual form does', async () => {
  await filled(usual);
  await filled(each);
  const rows = async (app: TestApp, table: string, columns: string): Promise<object[]> =>
    table === 'usage_slots'
      ? // Lanes share a slot's rows by chance.
        app.database.sql(
          `SELECT workspace_id, slot_at, sum(messages) AS messages, sum(cost_micros) AS cost, min(first_at) AS first_at,
             max(last_at) AS last_at, sum(no_response) AS no_response, sum(unknown_customer) AS unknown,
             sum(inactive_customer) AS inactive FROM usage_slots GROUP BY 1, 2 ORDER BY 1, 2`,
        )
      : app.database.sql(`SELECT ${columns} FROM ${table} ORDER BY ${columns}`);
  const byValue = (app: TestApp): Promise<object[]> =>
    // Numbers are given in the order in which values came, and lanes share a day's rows by chance.
    app.database.sql(
      `SELECT d.workspace_id, d.dimension, v.value, d.day, sum(d.messages) AS messages, sum(d.cost_micros) AS cost
       FROM dimension_days d JOIN dimension_values v ON v.workspace_id = d.workspace_id AND v.dimension = d.dimension
         AND v.number = d.number GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
    );
  const byModel = (app: TestApp): Promise<object[]> =>
    app.database.sql(
      `SELECT d.workspace_id, v.value, d.day, ${COST_FIGURES.map((figure) => `sum(d.${figure}) AS ${figure}`).join(', ')}
       FROM cost_days d LEFT JOIN dimension_values v ON v.workspace_id = d.workspace_id AND v.dimension = 'MODEL'
         AND v.number = d.model_number GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    );
  const costs = await byModel(usual);
  expect(costs.length).toBeGreaterThan(0);
  expect(await byModel(each)).toEqual(costs);
  const days = await byValue(usual);
  expect(days.length).toBeGreaterThan(0);
  expect(await byValue(each)).toEqual(days);
  for (const [table, columns] of Object.entries(TABLES)) {
    const expected = await rows(usual, table, columns);
    expect(expected.length).toBeGreaterThan(0);
    expect({ table, rows: await rows(each, table, columns) }).toEqual({ table, rows: expected });
  }
});

it('never mixes workspaces in a statement, and tells replays and conflicts as the usual form does', async () => {
  each.statements();
  const [one, two] = [{ id: 'one' }, { id: 'two' }];
  const token = await each.services.tokens.create(
    { name: 'both', kind: 'service', workspaceIds: ['one', 'two'] },
    { name: 'test' },
  );
  const service = each.api.as(token.token);
  const fresh = [aTurn(one), aTurn(two)];
  const both = await Promise.all(
    [...fresh, ...fresh].map((input) => service.data<SaveData>(SAVE, { input })),
  );
  const [first, second, firstAgain, secondAgain] = both.map(({ saveMessage }) => saveMessage);
  expect(firstAgain?.message.id).toBe(first?.message.id);
  expect(secondAgain?.message.id).toBe(second?.message.id);
  expect(await service.code(SAVE, { input: { ...fresh[0], message: 'something else' } })).toBe(
    'IDEMPOTENCY_KEY_REUSED',
  );
  const ran = each.statements();
  expect(ran).not.toContain('insert_turns');
  expect(ran.filter((name) => name === 'insert_messages').length).toBeGreaterThanOrEqual(2);
});

it('decides again when the price changes between the look-up and the save', async () => {
  const shop = await aWorkspace(each, { id: 'busy' });
  await aCustomer(each, shop, { phoneNumber: '+393331234567' });
  const saves = Array.from({ length: 40 }, () =>
    each.api.as(shop.service).data<SaveData>(SAVE, { input: aTurn(shop) }),
  );
  await each.services.workspaces.setPrice(shop.id, { amountMicros: 9_000n }, { name: 'test' });
  await Promise.all(saves);
  const late = await each.api.as(shop.service).data<SaveData>(SAVE, { input: aTurn(shop) });
  expect(late.saveMessage.message.tracking.usage?.price.amount).toBe('0.009');
  expect(
    await each.database.sql(
      `SELECT count(*)::int AS charges FROM charges WHERE workspace_id = 'busy' AND amount_micros NOT IN (5000, 9000)`,
    ),
  ).toEqual([{ charges: 0 }]);
});

it('keeps a turn whose charge fails, and rolls back nothing of the others', async () => {
  const shop = await aWorkspace(each, { id: 'hurt' });
  await aCustomer(each, shop, { phoneNumber: '+393331234567' });
  await each.database.sql(`ALTER TABLE charges ADD CONSTRAINT broken CHECK (amount_micros <> 666) NOT VALID`);
  await each.services.workspaces.setPrice(shop.id, { amountMicros: 666n }, { name: 'test' });
  const { saveMessage } = await each.api.as(shop.service).data<SaveData>(SAVE, { input: aTurn(shop) });
  expect(saveMessage.message.tracking.outcome).toBe('DEFERRED');
  await each.database.sql('ALTER TABLE charges DROP CONSTRAINT broken');
  expect(await each.services.reconciler.run()).toEqual({ charged: 1, failed: 0 });
});
