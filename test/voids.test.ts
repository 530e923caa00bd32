// A charge is taken back: by one reversal, and every list shows it.
import {
  aCustomer,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  startBeside,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { aChargedShop, saveCharged } from './support/charged-shop';
import { runCommand } from './support/command';
import { aLogin } from './support/login';
import { SAVE, type SaveData } from './support/operations';
import { laterSavePasses } from './support/standing-in-line';
import { differences } from './support/upkeep';

let app: TestApp;
let shop: TestWorkspace;
let correcting: string;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
beforeEach(async () => {
  shop = await aChargedShop(app);
  correcting = await aToken(app, {
    kind: 'client',
    workspaceIds: [shop.id],
    scopes: ['usage:read', 'usage:correct'],
  });
});

const VOID = /* GraphQL */ `
  mutation Void($input: VoidUsageInput!) {
    voidUsage(input: $input) {
      replayed
      usageRecord { id price { amount } occurredAt customer { name } voided { voidedAt reason by } }
    }
  }`;
interface VoidData {
  voidUsage: {
    replayed: boolean;
    usageRecord: { id: string; voided: { voidedAt: string; reason: string; by: string } | null };
  };
}
const voidUsage = async (usageRecordId: string, reason = 'a test by ours') =>
  (
    await app.api
      .as(correcting)
      .data<VoidData>(VOID, { input: { workspaceId: shop.id, usageRecordId, reason } })
  ).voidUsage;

const save = (at: string, input: Record<string, unknown> = {}) => saveCharged(app, shop, at, input);

interface Figures {
  usage: {
    totals: {
      cost: { amount: string };
      messages: number;
      activeClients: number;
      firstAt: string;
      lastAt: string;
    };
    outcomes: { outcome: string; messages: number }[];
    topClients: { messages: number; lastAt: string }[];
  };
}
const figures = async (period: object = { month: '2026-03' }) => {
  const { usage } = await app.api.as(shop.client).data<Figures>(
    `query ($workspaceId: ID!, $period: PeriodInput) { usage(workspaceId: $workspaceId, period: $period) {
       totals { cost { amount } messages activeClients firstAt lastAt }
       outcomes { outcome messages } topClients { messages lastAt } } }`,
    { workspaceId: shop.id, period },
  );
  const outcomes = usage.outcomes.filter(({ messages }) => messages > 0).map((o) => [o.outcome, o.messages]);
  return {
    ...usage.totals,
    cost: usage.totals.cost.amount,
    outcomes: Object.fromEntries(outcomes),
    top: usage.topClients,
  };
};

const lines = () =>
  app.database.sql<{ amount_micros: string; reversal: boolean; epoch: number; month: string; at: Date }>(
    `SELECT amount_micros::int, reversal, epoch, month::text, occurred_at AS at FROM charges
     WHERE workspace_id = $1 ORDER BY reversal, id`,
    [shop.id],
  );

it('is not counted anywhere any more, and its turn is VOIDED', async () => {
  await save('2026-03-01T10:00:00Z');
  const wrong = await save('2026-03-10T10:00:00Z');
  expect(await figures()).toMatchObject({ cost: '0.01', messages: 2, lastAt: '2026-03-10T10:00:00.000Z' });

  expect(await voidUsage(wrong)).toMatchObject({
    replayed: false,
    usageRecord: {
      id: wrong,
      price: { amount: '0.005' },
      voided: { reason: 'a test by ours', by: 'test client' },
    },
  });

  const after = {
    ...{ cost: '0.005', messages: 1, activeClients: 1, firstAt: '2026-03-01T10:00:00.000Z' },
    ...{ lastAt: '2026-03-01T10:00:00.000Z', outcomes: { TRACKED: 1, VOIDED: 1 } },
    top: [{ messages: 1, lastAt: '2026-03-01T10:00:00.000Z' }],
  };
  expect(await figures()).toEqual(after);
  // From the records alone: no roll-up lies within these minutes.
  expect(await figures({ from: '2026-03-10T09:58:00Z', to: '2026-03-10T10:07:00Z' })).toMatchObject({
    ...{ cost: '0.00', messages: 0, activeClients: 0, lastAt: null, outcomes: { VOIDED: 1 } },
  });
  expect(await lines()).toEqual([
    {
      amount_micros: 5_000,
      reversal: false,
      epoch: 1,
      month: '2026-03-01',
      at: new Date('2026-03-01T10:00:00Z'),
    },
    {
      amount_micros: 5_000,
      reversal: false,
      epoch: 1,
      month: '2026-03-01',
      at: new Date('2026-03-10T10:00:00Z'),
    },
    {
      amount_micros: -5_000,
      reversal: true,
      epoch: 1,
      month: '2026-03-01',
      at: new Date('2026-03-10T10:00:00Z'),
    },
  ]);
  expect(await differences(app, shop)).toBe(0n);
});

it('leaves no row for a day or month without usage', async () => {
  await voidUsage(await save('2026-03-10T10:00:00Z'));
  for (const table of ['usage_slots', 'customer_days', 'customer_months'])
    expect(await app.database.sql(`SELECT FROM ${table} WHERE workspace_id = $1`, [shop.id])).toEqual([]);
  expect(await figures()).toMatchObject({ messages: 0, activeClients: 0, firstAt: null });
  expect(await differences(app, shop)).toBe(0n);
});

it('is shown in every list: records, messages, exports, a replay of its save', async () => {
  const input = aTurn(shop, { occurredAt: '2026-03-10T10:00:00Z' });
  const saved = (await app.api.as(shop.service).data<SaveData>(SAVE, { input })).saveMessage;
  const id = saved.message.tracking.usage?.id ?? '';
  const { usageRecord } = await voidUsage(id);
  const voided = { reason: 'a test by ours', by: 'test client', voidedAt: usageRecord.voided?.voidedAt };
  const listed = await app.api.as(shop.analyst).data(
    `query ($id: ID!) {
       usageRecords(workspaceId: $id) { totalCount nodes { id voided { reason by voidedAt } } }
       messages(workspaceId: $id, outcome: VOIDED) { nodes { tracking { outcome usage { id voided { reason by voidedAt } } } } }
     }`,
    { id: shop.id },
  );
  expect(listed).toEqual({
    usageRecords: { totalCount: 1, nodes: [{ id, voided }] },
    messages: { nodes: [{ tracking: { outcome: 'VOIDED', usage: { id, voided } } }] },
  });
  expect((await app.api.as(shop.service).data<SaveData>(SAVE, { input })).saveMessage).toMatchObject({
    replayed: true,
    message: { id: saved.message.id, tracking: { outcome: 'VOIDED', usage: { id } } },
  });
  const exported = await fetch(`${app.url}/api/usage/export/${shop.id}?format=json`, {
    headers: { authorization: `Bearer ${shop.client}` },
  });
  const file = (await exported.json()) as {
    records: { kind: string; amount: string; occurred_at: string }[];
  };
  expect(file).toMatchObject({ rows: 2, amount: '0.00' });
  expect(file.records.map(({ kind, amount, occurred_at }) => [kind, amount, occurred_at]).sort()).toEqual([
    ['CHARGE', '0.005', '2026-03-10T10:00:00.000Z'],
    ['REVERSAL', '-0.005', '2026-03-10T10:00:00.000Z'],
  ]);
});

it('happens once, however often it is asked for and with any reason', async () => {
  const id = await save('2026-03-10T10:00:00Z');
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => voidUsage(id, `reason ${index}`)),
  );
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect(new Set(answers.map(({ usageRecord }) => JSON.stringify(usageRecord.voided))).size).toBe(1);
  expect((await lines()).filter(({ reversal }) => reversal)).toHaveLength(1);
  const entries = await app.database.sql(
    `SELECT subject, after FROM audit_entries WHERE workspace_id = $1 AND action = 'usage.voided'`,
    [shop.id],
  );
  // Without the reason, which may name a person.
  expect(entries).toEqual([
    {
      subject: id,
      after: { reversalId: expect.any(String), customerId: expect.any(String), amountMicros: '-5000' },
    },
  ]);
  expect(await differences(app, shop)).toBe(0n);
});

it('comes before the saves that arrive while it waits, so that saves without a pause do not starve it', async () => {
  const id = await save('2026-03-10T10:00:00Z');
  const passes = laterSavePasses(
    app,
    shop.id,
    () => voidUsage(id),
    () => save('2026-03-11T10:00:00Z'),
  );
  expect(await passes).toBe(false);
});

it('the same turn can be saved again with a new key', async () => {
  await voidUsage(await save('2026-03-10T10:00:00Z'));
  await save('2026-03-10T10:00:00Z');
  expect(await figures()).toMatchObject({ cost: '0.005', messages: 1, outcomes: { TRACKED: 1, VOIDED: 1 } });
  expect(await differences(app, shop)).toBe(0n);
});

it.each([
  ['0190d2b4-0000-7000-8000-000000000000', 'x', /There is no charge 0190d2b4/],
  ['not an id', 'x', /usageRecordId is not the id of a charge/],
  ['', 'x', /usageRecordId is not the id/],
  ['charge', '   ', /reason must have 1 to 500 characters/],
  ['charge', 'x'.repeat(501), /this one has 501/],
  ['reversal', 'x', /There is no charge/],
  ['foreign', 'x', /There is no charge/],
])('refuses %s with the reason %j', async (which, reason, words) => {
  const other = await aWorkspace(app);
  await aCustomer(app, other, { phoneNumber: '+393331234567' });
  const charge = await save('2026-03-10T10:00:00Z');
  const foreign = (await app.api.as(other.service).data<SaveData>(SAVE, { input: aTurn(other) })).saveMessage;
  await voidUsage(await save('2026-03-11T10:00:00Z'));
  const [reversal] = await app.database.sql<{ id: string }>(
    'SELECT id FROM charges WHERE workspace_id = $1 AND reversal',
    [shop.id],
  );
  const ids: Record<string, string | undefined> = {
    ...{ charge, reversal: reversal?.id, foreign: foreign.message.tracking.usage?.id },
  };
  const input = { workspaceId: shop.id, usageRecordId: ids[which] ?? which, reason };
  const answer = await app.api.as(correcting).send(VOID, { input });
  expect([answer.status, answer.body.errors?.[0]?.extensions?.code]).toEqual([400, 'BAD_USER_INPUT']);
  expect(answer.body.errors?.[0]?.message).toMatch(words);
  expect(await lines()).toHaveLength(3);
});

describe('the scope usage:correct', () => {
  it('shows no words of customers', async () => {
    const id = await save('2026-03-10T10:00:00Z');
    const answer = await app.api
      .as(correcting)
      .send(
        'mutation ($input: VoidUsageInput!) { voidUsage(input: $input) { usageRecord { message { message } } } }',
        { input: { workspaceId: shop.id, usageRecordId: id, reason: 'x' } },
      );
    expect(answer.body.errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
    expect((await lines()).filter(({ reversal }) => reversal)).toEqual([]);
  });

  it('is not a default of analysts, and a login may grant it', async () => {
    const analyst = { kind: 'analyst', workspaceIds: [shop.id], scopes: ['usage:correct'] };
    await expect(aToken(app, analyst)).rejects.toThrow('Only a service or client token may have the scope');
    const login = await aLogin(() => app.clock.now());
    const house = await startBeside(app, login.config);
    try {
      const person = await login.sign({ workspaces: [shop.id], scope: 'usage:correct', name: 'Anna' });
      const input = { workspaceId: shop.id, usageRecordId: await save('2026-03-10T10:00:00Z'), reason: 'x' };
      const { voidUsage: done } = await house.api.as(person).data<VoidData>(VOID, { input });
      expect(done.usageRecord.voided?.by).toBe('Anna');
    } finally {
      await house.stop();
      await login.close();
    }
  });
});

describe('charge void', () => {
  const run = (...args: string[]) =>
    runCommand(['charge', 'void', '--workspace', shop.id, '--reason', 'test traffic', ...args], {
      DATABASE_URL: app.database.url,
    });

  it('takes back many, of a customer or of local days, and continues after an interruption', async () => {
    const other = await aCustomer(app, shop, { name: 'Rita', phoneNumber: '+393330000001' });
    const times = [
      '2026-03-09T22:59:00Z',
      '2026-03-09T23:00:00Z',
      '2026-03-10T22:59:00Z',
      '2026-03-10T23:00:00Z',
    ];
    for (const at of times) await save(at);
    const hers = await save('2026-03-10T12:00:00Z', { phoneNumber: '+393330000001' });
    const day = ['--from', '2026-03-10', '--to', '2026-03-11', '--json'];
    const asked = await run(...day);
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('Confirm with --yes')]);
    const first = await run(...day, '--customer', other.id, '--yes');
    expect(JSON.parse(first.stdout)).toEqual({ voided: 1, amount: '0.005', currency: 'EUR' });
    const rest = await run(...day, '--yes');
    expect(JSON.parse(rest.stdout)).toEqual({ voided: 2, amount: '0.01', currency: 'EUR' });
    expect(JSON.parse((await run(...day)).stdout)).toMatchObject({ voided: 0 });
    expect(JSON.parse((await run('--id', hers, '--yes', '--json')).stdout)).toMatchObject({
      ...{ id: hers, replayed: true, voided: { reason: 'test traffic', by: 'operator' } },
    });
    expect(await figures()).toMatchObject({ messages: 2, outcomes: { TRACKED: 2, VOIDED: 3 } });
    expect(await differences(app, shop)).toBe(0n);
  });

  it.each([
    [['--yes'], 'Give --id, or both --from and --to'],
    [['--from', '2026-03-11', '--to', '2026-03-10', '--yes'], 'ends before it starts'],
    [['--from', '2026-03-32', '--to', '2026-04-10', '--yes'], 'is not an instant'],
    [['--id', '0190d2b4-0000-7000-8000-000000000000', '--from', '2026-03-11'], 'not both'],
  ])('refuses %j', async (args, words) => {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});
