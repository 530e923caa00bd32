// Setting, changing, listing and removing budgets, over GraphQL and on the command line.
import {
  ACTOR,
  aCustomer,
  aToken,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { type BudgetInput, budgetsOf, MONTH } from './support/budgets';
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
const { set, save, look, states } = budgetsOf(() => ({ app, shop }));

it('budgets show their present state, EACH_CUSTOMER ones that of the closest customer', async () => {
  const rita = await aCustomer(app, shop, { name: 'Rita', phoneNumber: '+393330000001' });
  await set({ name: 'a', measure: 'COST', limit: '0.02', thresholds: [50, 80], interval: 'WEEK' });
  await set({ name: 'b', subject: 'EACH_CUSTOMER', limit: '3', interval: 'DAY' });
  await set({ name: 'c', subject: 'CUSTOMER', customerId: rita.id, limit: '4' });
  expect((await states()).map(({ state }) => [state.used, state.customer])).toEqual([
    ['0.00', null],
    ['0', null],
    ['0', { name: 'Rita' }],
  ]);
  await save(3, { phoneNumber: '+393330000001' });
  await save(1);
  app.statements();
  expect(await states()).toMatchObject([
    {
      ...{ name: 'a', limit: '0.02', customer: null },
      state: { used: '0.02', remaining: '0.00', usedPercent: '100.00', customer: null, crossed: [50, 80] },
    },
    {
      ...{ name: 'b', limit: '3', customer: null },
      state: {
        used: '3',
        remaining: '0',
        usedPercent: '100.00',
        customer: { name: 'Rita' },
        crossed: [50, 100],
      },
    },
    {
      ...{ name: 'c', limit: '4', customer: { name: 'Rita' } },
      state: { used: '3', remaining: '1', usedPercent: '75.00', customer: { name: 'Rita' }, crossed: [50] },
    },
  ]);
});

describe('the version', () => {
  it.each<[string, Partial<BudgetInput>]>([
    ['limit', { limit: '11' }],
    // The same number of micro-units as of turns.
    ['measure', { measure: 'COST', limit: '0.00001' }],
    ['interval', { interval: 'WEEK' }],
    ['subject', { subject: 'EACH_CUSTOMER' }],
  ])('grows with another %s', async (_, change) => {
    const first = await set();
    app.clock.advance(1_000);
    expect(await set(change)).toMatchObject({ id: first.id, version: 2, versionAt: app.clock.now() });
  });

  it('grows with another customer', async () => {
    const [rita, ugo] = [
      await aCustomer(app, shop, { name: 'Rita', phoneNumber: '+393330000001' }),
      await aCustomer(app, shop, { name: 'Ugo', phoneNumber: '+393330000002' }),
    ];
    await set({ subject: 'CUSTOMER', customerId: rita.id });
    expect(await set({ subject: 'CUSTOMER', customerId: ugo.id })).toMatchObject({ version: 2 });
  });

  it.each<[string, Partial<BudgetInput>]>([
    ['thresholds', { thresholds: [1, 50, 999] }],
    ['forecast', { forecast: true }],
    ['enforcement', { enforcement: 'STOP' }],
  ])('stays with another %s', async (_, change) => {
    const first = await set();
    app.clock.advance(1_000);
    expect(await set(change)).toMatchObject({ ...change, version: 1, versionAt: first.versionAt });
  });
});

describe('setting a budget refuses', () => {
  const SET = 'mutation ($input: SetBudgetInput!) { setBudget(input: $input) { id name } }';
  it.each<[string, Record<string, unknown>, RegExp, string]>([
    [
      'a threshold of 0',
      { thresholds: [50, 0] },
      /whole percentage from 1 to 999, such as 80; got 0/,
      'thresholds',
    ],
    ['a threshold of 1000', { thresholds: [1000] }, /got 1000/, 'thresholds'],
    [
      '21 thresholds',
      { thresholds: Array.from({ length: 21 }, (_, n) => n + 1) },
      /at most 20/,
      'thresholds',
    ],
    [
      'a limit finer than a micro-unit',
      { measure: 'COST', limit: '0.0000001' },
      /finer than a micro-unit/,
      'limit',
    ],
    ['half a turn', { limit: '1.5' }, /whole number of turns/, 'limit'],
    ['a limit of 0', { limit: '0' }, /more than 0/, 'limit'],
    ['a negative limit', { limit: '-1' }, /more than 0/, 'limit'],
    ['a limit of more than a billion', { limit: '1000000001' }, /wrong unit/, 'limit'],
    ['no customer', { subject: 'CUSTOMER' }, /needs customerId/, 'customerId'],
    ['a customer for all', { customerId: 'foreign' }, /is for the subject CUSTOMER/, 'customerId'],
    [
      'a customer of another workspace',
      { subject: 'CUSTOMER', customerId: 'foreign' },
      /There is no customer/,
      'customerId',
    ],
    ['what is no id', { subject: 'CUSTOMER', customerId: 'x' }, /not the id of a customer/, 'customerId'],
    ['a forecast of a day', { forecast: true, interval: 'DAY' }, /interval WEEK or MONTH/, 'forecast'],
    [
      'a forecast of each',
      { forecast: true, subject: 'EACH_CUSTOMER' },
      /subject WORKSPACE or CUSTOMER/,
      'forecast',
    ],
    ['a budget that does nothing', { thresholds: [] }, /would do nothing/, 'thresholds'],
    ['no name', { name: ' ' }, /name must have 1 to 200/, 'name'],
  ])('%s', async (_, given, words, field) => {
    const other = await aWorkspace(app);
    const foreign = await aCustomer(app, other, { phoneNumber: '+393330000002' });
    const token = await aToken(app, { kind: 'client', workspaceIds: [shop.id], scopes: ['budgets:write'] });
    const input = { workspaceId: shop.id, ...MONTH, ...given };
    if (input.customerId === 'foreign') input.customerId = foreign.id;
    const answer = await app.api.as(token).send(SET, { input });
    expect([answer.status, answer.body.errors?.[0]?.extensions]).toEqual([
      400,
      { code: 'BAD_USER_INPUT', field },
    ]);
    expect(answer.body.errors?.[0]?.message).toMatch(words);
    expect(await app.database.sql('SELECT FROM budgets WHERE workspace_id = $1', [shop.id])).toEqual([]);
  });

  it('the hundred-and-first budget, and one of an archived workspace', async () => {
    await Promise.all(Array.from({ length: 100 }, (_, index) => set({ name: `b${index}` })));
    await expect(set({ name: 'one more' })).rejects.toThrow('at most 100 budgets');
    await set({ name: 'b7', limit: '11' });
    await save(1);
    await app.services.workspaces.remove(shop.id, ACTOR);
    await expect(set({ name: 'b7' })).rejects.toThrow('is archived');
  });
});

it('setting, changing and removing is in the audit trail, without names', async () => {
  const token = await aToken(app, { kind: 'client', workspaceIds: [shop.id], scopes: ['budgets:write'] });
  const SET = 'mutation ($input: SetBudgetInput!) { setBudget(input: $input) { id } }';
  const input = { workspaceId: shop.id, ...MONTH };
  const { setBudget } = await app.api.as(token).data<{ setBudget: { id: string } }>(SET, { input });
  await app.api.as(token).data(SET, { input: { ...input, limit: '20' } });
  const remove = 'mutation ($w: ID!, $id: ID!) { deleteBudget(workspaceId: $w, id: $id) }';
  const removed = { w: shop.id, id: setBudget.id };
  expect(await app.api.as(token).data(remove, removed)).toEqual({ deleteBudget: true });
  expect(await app.api.as(token).data(remove, removed)).toEqual({ deleteBudget: false });
  expect(await app.api.as(token).code(remove, { ...removed, id: 'x' })).toBe('BAD_USER_INPUT');
  const entries = await app.database.sql<{ action: string; actor: string; before: object; after: object }>(
    `SELECT actor, action, before, after FROM audit_entries WHERE subject = $1 ORDER BY id`,
    [setBudget.id],
  );
  expect(entries.map(({ actor, action }) => [actor.split(':')[0], action])).toEqual([
    ['token', 'budget.set'],
    ['token', 'budget.set'],
    ['token', 'budget.removed'],
  ]);
  expect(entries[1]).toMatchObject({
    before: { limit: '10', version: 1 },
    after: { limit: '20', version: 2 },
  });
  expect(JSON.stringify(entries)).not.toContain('month"');
});

const run = (...args: string[]) => runCommand(args, { DATABASE_URL: app.database.url });

describe('the command line', () => {
  it('sets, lists and removes budgets, and lists events', async () => {
    // A command has the machine's clock.
    app.clock.run();
    shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const here = ['--workspace', shop.id];
    const made = await run(
      ...['budget', 'set', ...here, '--name', 'month', '--limit', '0.02', '--threshold', '50', '100'],
      ...['--measure', 'COST', '--interval', 'month'],
      ...['--stop', '--json'],
    );
    expect([made.stderr, JSON.parse(made.stdout)]).toEqual([
      '',
      {
        ...{ id: expect.any(String), name: 'month', subject: 'WORKSPACE', customerId: null, measure: 'COST' },
        ...{ limit: '0.02', interval: 'MONTH', thresholds: [50, 100], forecast: false, enforcement: 'STOP' },
        version: 1,
      },
    ]);
    await save(3);
    await look();
    const listed = await run('budget', 'list', ...here);
    expect(listed.stdout).toMatch(/NAME +SUBJECT +LIMIT +EVERY +USED/);
    expect(listed.stdout).toMatch(/month +WORKSPACE +0.02 EUR +MONTH +0.015 EUR +75.00% +50 100 +STOP/);
    const json = JSON.parse((await run('budget', 'list', ...here, '--json')).stdout);
    expect(json).toMatchObject([{ name: 'month', used: '0.015', remaining: '0.005', crossed: [50] }]);
    const told = JSON.parse((await run('events', ...here, '--type', 'budget_threshold', '--json')).stdout);
    expect(told).toMatchObject([
      { sequence: 1, type: 'BUDGET_THRESHOLD', data: { data: { threshold: 50 } } },
    ]);
    expect((await run('events', ...here)).stdout).toMatch(/SEQUENCE +AT +TYPE +DATA/);
    expect((await run('budget', 'remove', ...here, '--name', 'other')).code).toBe(2);
    expect((await run('budget', 'remove', ...here, '--name', 'month')).stdout).toContain('Removed');
    expect((await run('budget', 'list', ...here)).stdout).toContain('No budgets.');
  });

  it.each([
    [['budget', 'set', '--name', 'x', '--limit', '1', '--threshold', '0'], 'whole percentage from 1 to 999'],
    [['budget', 'set', '--name', 'x', '--limit', '1', '--threshold', 'half'], 'A whole number is expected'],
    [['budget', 'set', '--name', 'x', '--limit', '1', '--interval', 'year'], 'Allowed choices are'],
    [['budget', 'set', '--name', 'x', '--limit', '1'], 'would do nothing'],
    [['events', '--limit', '0'], '--limit is 1 to'],
  ])('refuses %j', async (args, words) => {
    const { code, stderr } = await run(...args, '--workspace', shop.id);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});
