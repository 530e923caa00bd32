// A month is closed once, in order and permanently; later changes are carried to the next statement.
import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { aCustomer, aToken, aTurn, startApp, type TestApp, type TestWorkspace } from './support/app';
import { aChargedShop, saveCharged, sealedStatements, statementDifferences } from './support/charged-shop';
import { runCommand, spawnMain } from './support/command';
import { until } from './support/embedded-process';
import { SAVE } from './support/operations';
import { laterSavePasses } from './support/standing-in-line';

let app: TestApp;
let shop: TestWorkspace;
let closing: string;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
beforeEach(async () => {
  app.clock.set('2026-03-15T12:00:00Z');
  shop = await aChargedShop(app);
  closing = await aToken(app, {
    ...{ kind: 'client', workspaceIds: [shop.id] },
    scopes: ['usage:read', 'usage:correct', 'statements:close'],
  });
});

const STATEMENT = `number month closedAt period { from to timeZone complete } total { amount } messages carried { amount }
  sha256 previousSha256 lines { totalCount nodes { customer { name } month messages amount { amount } } }`;
const CLOSE = `mutation ($input: CloseMonthInput!) { closeMonth(input: $input) { replayed statement { ${STATEMENT} } } }`;
interface Statement {
  number: number;
  month: string;
  total: { amount: string };
  carried: { amount: string };
  messages: number;
  sha256: string;
  previousSha256: string | null;
  lines: {
    totalCount: number;
    nodes: { customer: { name: string }; month: string; messages: number; amount: { amount: string } }[];
  };
}
const sendClose = (month: string, token = closing) =>
  app.api.as(token).send<{ closeMonth: { replayed: boolean; statement: Statement } }>(CLOSE, {
    input: { workspaceId: shop.id, month },
  });
const close = async (month: string) =>
  (
    await app.api.as(closing).data<{ closeMonth: { replayed: boolean; statement: Statement } }>(CLOSE, {
      input: { workspaceId: shop.id, month },
    })
  ).closeMonth;

const save = (at: string) => saveCharged(app, shop, at);
const takeBack = (id: string) =>
  app.services.voids.void(shop.id, { usageRecordId: id, reason: 'x' }, { name: 'test' });

const CAUSES = ['usage', 'cameLate', 'takenBack', 'zoneChanged', 'open'] as const;
type Causes = Record<(typeof CAUSES)[number], string>;
const since = (amounts: Causes) => ({
  sinceClosing: Object.fromEntries(CAUSES.map((cause) => [cause, { amount: amounts[cause] }])),
});
/** Of each statement, newest first, read in one request. */
async function sinceClosing(): Promise<unknown[]> {
  const answer = await app.api.as(closing).data<{ statements: { nodes: unknown[] } }>(
    `query ($id: ID!) { statements(workspaceId: $id) { nodes {
      month sinceClosing { ${CAUSES.map((cause) => `${cause} { amount }`).join(' ')} } } } }`,
    { id: shop.id },
  );
  return answer.statements.nodes;
}

const differences = () => statementDifferences(app, shop);

const sealed = (of: TestWorkspace) => sealedStatements(app, of);

const run = (...args: string[]) => runCommand(args, { DATABASE_URL: app.database.url });
const exported = async (month: string) =>
  (await run('statement', 'export', '--workspace', shop.id, '--month', month)).stdout;

it("fixes the month's lines; a second call returns the first result", async () => {
  await save('2026-01-31T22:59:59Z');
  // February in Rome.
  await save('2026-01-31T23:00:00Z');
  const first = await close('2026-01');
  expect(first).toMatchObject({
    replayed: false,
    statement: {
      ...{
        number: 1,
        month: '2026-01',
        messages: 1,
        total: { amount: '0.005' },
        carried: { amount: '0.00' },
      },
      period: {
        ...{ from: '2025-12-31T23:00:00.000Z', to: '2026-01-31T23:00:00.000Z' },
        ...{ timeZone: 'Europe/Rome', complete: true },
      },
      previousSha256: null,
      lines: {
        totalCount: 1,
        nodes: [
          { customer: { name: 'Mario Rossi' }, month: '2026-01', messages: 1, amount: { amount: '0.005' } },
        ],
      },
    },
  });
  expect(await close('2026-01')).toEqual({ ...first, replayed: true });
  expect(await differences()).toEqual([]);
});

it('carries late charges and voids to the next statement, and does not change the closed one', async () => {
  const wrong = await save('2026-01-10T10:00:00Z');
  await save('2026-01-11T10:00:00Z');
  await save('2026-02-10T10:00:00Z');
  const january = (await close('2026-01')).statement;
  const before = await exported('2026-01');
  await takeBack(wrong);
  await save('2026-01-20T10:00:00Z');
  await save('2026-01-21T10:00:00Z');
  const february = (await close('2026-02')).statement;
  expect(february).toMatchObject({
    ...{ number: 2, messages: 2, total: { amount: '0.01' }, carried: { amount: '0.005' } },
    previousSha256: january.sha256,
    lines: {
      nodes: [
        { month: '2026-02', messages: 1, amount: { amount: '0.005' } },
        { month: '2026-01', messages: 1, amount: { amount: '0.005' } },
      ],
    },
  });
  expect(await exported('2026-01')).toBe(before);
  expect((await close('2026-01')).statement).toEqual(january);
  expect(await differences()).toEqual([]);
});

it('has the SHA-256 of what statement export writes, and the hash before it', async () => {
  await takeBack(await save('2026-01-10T10:00:00.123Z'));
  const first = (await close('2026-01')).statement;
  const second = (await close('2026-02')).statement;
  const forms = [await exported('2026-01'), await exported('2026-02')];
  expect(forms.map((form) => createHash('sha256').update(form).digest('hex'))).toEqual([
    first.sha256,
    second.sha256,
  ]);
  const lines = (forms[0] ?? '').split('\n');
  expect(lines.slice(0, 3)).toEqual([
    `statement,${shop.id},1,2026-01,EUR`,
    'previous_sha256,',
    'id,kind,customer_id,occurred_at,month,epoch,amount_micros',
  ]);
  expect(
    lines
      .slice(3, 5)
      .map((line) => line.replace(/[0-9a-f-]{36}/g, 'id'))
      .sort(),
  ).toEqual([
    'id,CHARGE,id,2026-01-10T10:00:00.123Z,2026-01,1,5000',
    'id,REVERSAL,id,2026-01-10T10:00:00.123Z,2026-01,1,-5000',
  ]);
  // A month without lines gets an empty statement.
  expect(forms[1]).toBe(
    `statement,${shop.id},2,2026-02,EUR\nprevious_sha256,${first.sha256}\nid,kind,customer_id,occurred_at,month,epoch,amount_micros\n`,
  );
  expect(second).toMatchObject({ messages: 0, total: { amount: '0.00' }, lines: { totalCount: 0 } });
  // Nothing remains of the client's month.
  expect(first).toMatchObject({ messages: 0, lines: { totalCount: 0 } });
});

it.each([
  ['2026-03', /2026-03 has not ended in Europe\/Rome: it can be closed from 2026-03-31T22:00:00.000Z on/],
  ['2026-02', /Months are closed in order: 2026-01 comes first/],
  ['2025-12', /2025-12 is before the first month that can be closed, 2026-01/],
  ['2026-13', /is not a calendar month/],
])('refuses %s, and writes nothing', async (month, words) => {
  await save('2026-01-10T10:00:00Z');
  const answer = await sendClose(month);
  expect([answer.status, answer.body.errors?.[0]?.extensions?.code]).toEqual([400, 'BAD_USER_INPUT']);
  expect(answer.body.errors?.[0]?.message).toMatch(words);
  const [row] = await app.database.sql<{ epoch: number; statements: number }>(
    `SELECT w.epoch, (SELECT count(*)::int FROM statements WHERE workspace_id = $1) AS statements
     FROM workspaces w WHERE w.id = $1`,
    [shop.id],
  );
  expect(row).toEqual({ epoch: 1, statements: 0 });
});

it('has nothing to close where nothing was ever charged', async () => {
  expect((await sendClose('2026-01')).body.errors?.[0]?.message).toMatch(/nothing was ever charged/);
});

it('needs the scope statements:close; reading needs usage:read', async () => {
  await save('2026-01-10T10:00:00Z');
  const bare = await aToken(app, { kind: 'service', workspaceIds: [shop.id], scopes: ['statements:close'] });
  expect((await sendClose('2026-01', shop.client)).body.errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
  expect((await sendClose('2026-01', bare)).body.errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
  const numbers =
    'mutation ($input: CloseMonthInput!) { closeMonth(input: $input) { statement { number } } }';
  const input = { workspaceId: shop.id, month: '2026-01' };
  expect(await app.api.as(bare).data(numbers, { input })).toEqual({
    closeMonth: { statement: { number: 1 } },
  });
});

it('is read by month and as a list, newest first', async () => {
  await save('2025-12-10T10:00:00Z');
  await app.services.closing.closeThrough(shop.id, '2026-02', { name: 'test' }, () => undefined);
  const LIST = `query ($id: ID!, $after: String) {
    statement(workspaceId: $id, month: "2026-01") { number }
    open: statement(workspaceId: $id, month: "2026-03") { number }
    statements(workspaceId: $id, first: 2, after: $after) { totalCount nodes { month } pageInfo { endCursor hasNextPage } }
  }`;
  interface List {
    statements: { nodes: { month: string }[]; pageInfo: { endCursor: string } };
  }
  const page = await app.api.as(shop.client).data<List>(LIST, { id: shop.id });
  expect(page).toMatchObject({
    ...{ statement: { number: 2 }, open: null },
    statements: {
      totalCount: 3,
      nodes: [{ month: '2026-02' }, { month: '2026-01' }],
      pageInfo: { hasNextPage: true },
    },
  });
  const after = page.statements.pageInfo.endCursor;
  expect((await app.api.as(shop.client).data<List>(LIST, { id: shop.id, after })).statements.nodes).toEqual([
    { month: '2025-12' },
  ]);
});

it('pages through its lines', async () => {
  for (let client = 0; client < 5; client += 1) {
    const phoneNumber = `+39333000000${client}`;
    await aCustomer(app, shop, { name: `Client ${client}`, phoneNumber });
    for (let turn = 0; turn <= client % 3; turn += 1)
      await app.api
        .as(shop.service)
        .data(SAVE, { input: aTurn(shop, { phoneNumber, occurredAt: '2026-01-10T10:00:00Z' }) });
  }
  await close('2026-01');
  const found: string[] = [];
  for (let after: string | null = null; ; ) {
    const {
      statement,
    }: {
      statement: {
        lines: {
          nodes: { customer: { name: string }; messages: number }[];
          pageInfo: { endCursor: string; hasNextPage: boolean };
        };
      };
    } = await app.api.as(shop.client).data(
      `query ($id: ID!, $after: String) { statement(workspaceId: $id, month: "2026-01") {
           lines(first: 2, after: $after) { nodes { customer { name } messages } pageInfo { endCursor hasNextPage } } } }`,
      { id: shop.id, after },
    );
    found.push(...statement.lines.nodes.map(({ customer, messages }) => `${messages} ${customer.name}`));
    if (!statement.lines.pageInfo.hasNextPage) break;
    after = statement.lines.pageInfo.endCursor;
  }
  expect(found[0]).toBe('3 Client 2');
  expect([...found].sort()).toEqual(['1 Client 0', '1 Client 3', '2 Client 1', '2 Client 4', '3 Client 2']);
});

it('comes before the saves that arrive while it waits, so that saves without a pause do not starve it', async () => {
  await save('2026-01-10T10:00:00Z');
  const passes = laterSavePasses(
    app,
    shop.id,
    () => close('2026-01'),
    () => save('2026-01-11T10:00:00Z'),
  );
  expect(await passes).toBe(false);
});

it('is closed once by 20 simultaneous callers', async () => {
  await save('2026-01-10T10:00:00Z');
  const answers = await Promise.all(Array.from({ length: 20 }, () => close('2026-01')));
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect(new Set(answers.map(({ statement }) => JSON.stringify(statement))).size).toBe(1);
  expect(
    await app.database.sql(
      `SELECT actor LIKE 'token:%' AS token, subject FROM audit_entries WHERE workspace_id = $1 AND action = 'statement.closed'`,
      [shop.id],
    ),
  ).toEqual([{ token: true, subject: '2026-01' }]);
});

it.each([
  'UPDATE statements SET total_micros = total_micros + 1',
  'UPDATE statements SET sealed_at = NULL, messages = NULL, total_micros = NULL, carried_micros = NULL, ledger_lines = NULL, prices = NULL, sha256 = NULL',
  'UPDATE statements SET closed_at = now()',
  'DELETE FROM statements',
  'UPDATE statement_lines SET amount_micros = 0',
  'DELETE FROM statement_lines',
])('never changes: %s is refused', async (statement) => {
  await save('2026-01-10T10:00:00Z');
  await close('2026-01');
  await expect(app.database.sql(statement)).rejects.toThrow('never changed or deleted');
});

it.each([
  ['UPDATE statement_lines SET amount_micros = amount_micros + 1', '1 lines differ'],
  [`UPDATE statements SET sha256 = repeat('0', 64)`, `sha256 ${'0'.repeat(64)}`],
  ['UPDATE statements SET carried_micros = 1', '1 carried'],
  ['UPDATE charges SET amount_micros = 7', '1 messages'],
  ['UPDATE charges SET epoch = 2', '1 messages'],
])('verify finds what somebody did past the triggers: %s', async (statement, words) => {
  await save('2026-01-10T10:00:00Z');
  await close('2026-01');
  await app.database.sql(
    `SET session_replication_role = replica; ${statement} WHERE workspace_id = '${shop.id}'`,
  );
  expect((await differences()).map(({ frozen }) => frozen).join()).toContain(words);
  const { code, stdout } = await run('verify', '--workspace', shop.id);
  expect([code, stdout]).toEqual([1, expect.stringContaining('statements 1')]);
});

describe('a zone that changes', () => {
  it('moves no line between statements, and the report shows its effect on the month', async () => {
    const late = '2026-01-31T23:30:00Z';
    await save('2026-01-10T10:00:00Z');
    await save(late);
    const wrong = await save('2026-01-12T10:00:00Z');
    await close('2026-01');
    await takeBack(wrong);
    await save('2026-01-13T10:00:00Z');
    await save('2026-01-14T10:00:00Z');
    // February's first half hour in Rome is January's last in London.
    await app.services.workspaces.update(shop.id, { timeZone: 'Europe/London' }, { name: 'test' });
    const report = await run('report', '--workspace', shop.id, '--month', '2026-01', '--json');
    expect(JSON.parse(report.stdout)).toMatchObject({
      cost: '0.02',
      statement: {
        ...{ number: 1, total: '0.01', own: '0.01', carried: '0.00' },
        ...{ cameLate: '0.01', takenBack: '-0.005', zoneChanged: '0.005' },
      },
    });
    const words = await run('report', '--workspace', shop.id, '--month', '2026-01');
    expect(words.stdout).toContain('Statement 1');
    expect(words.stdout).toContain('came late');
    expect(await sinceClosing()).toEqual([
      {
        month: '2026-01',
        ...since({
          usage: '0.02',
          cameLate: '0.01',
          takenBack: '-0.005',
          zoneChanged: '0.005',
          open: '0.005',
        }),
      },
    ]);
    const february = (await close('2026-02')).statement;
    expect(february).toMatchObject({ messages: 2, total: { amount: '0.01' }, carried: { amount: '0.005' } });
    // January's difference is on February's statement now; only what comes after that is open, and months don't mix.
    await save('2026-01-15T10:00:00Z');
    await save('2026-02-15T10:00:00Z');
    expect(await sinceClosing()).toEqual([
      {
        month: '2026-02',
        ...since({
          usage: '0.005',
          cameLate: '0.005',
          takenBack: '0.00',
          zoneChanged: '-0.005',
          open: '0.005',
        }),
      },
      {
        month: '2026-01',
        ...since({
          usage: '0.025',
          cameLate: '0.015',
          takenBack: '-0.005',
          zoneChanged: '0.005',
          open: '0.005',
        }),
      },
    ]);
    expect(await differences()).toEqual([]);
  });
});

it('a server that is killed between the cut and the lines leaves them to another', async () => {
  await save('2026-01-10T10:00:00Z');
  await app.database.sql(
    `WITH m AS (
       INSERT INTO messages (workspace_id, id, key_digest, phone_number, customer_id, message, outcome, occurred_at, saved_at)
       SELECT m.workspace_id, gen_random_uuid(), sha256(convert_to('bulk ' || n, 'UTF8')), m.phone_number, m.customer_id, '', 'TRACKED', m.occurred_at, m.saved_at
       FROM messages m, generate_series(1, 50000) n WHERE m.workspace_id = $1 RETURNING *)
     INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at, epoch, month)
     SELECT workspace_id, gen_random_uuid(), id, customer_id, 5000, occurred_at, saved_at, 1, '2026-01-01' FROM m`,
    [shop.id],
  );
  // Sealing can't get what it needs until the server is dead.
  await app.database.sql(`CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END $$`);
  await app.database.sql(
    'CREATE TRIGGER wait_here BEFORE INSERT ON statement_lines FOR EACH ROW EXECUTE FUNCTION wait_here()',
  );
  const holder = new Client({ connectionString: app.database.url });
  await holder.connect();
  try {
    await holder.query('SELECT pg_advisory_lock(4711)');
    const child = spawnMain(['statement', 'close', '--workspace', shop.id, '--month', '2026-01', '--yes'], {
      DATABASE_URL: app.database.url,
    });
    await until(async () => (await sealed(shop))[0] === false, 'the cut');
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGKILL');
    await ended;
  } finally {
    await holder.end();
    await app.database.sql('DROP FUNCTION wait_here CASCADE');
  }
  expect(await sealed(shop)).toEqual([false]);
  const QUERY = 'query ($id: ID!) { statement(workspaceId: $id, month: "2026-01") { number } }';
  expect(await app.api.as(shop.client).data(QUERY, { id: shop.id })).toEqual({ statement: null });
  await save('2026-01-11T10:00:00Z');
  await app.services.closing.closeDue();
  const answer = await close('2026-01');
  expect(answer).toMatchObject({ replayed: true, statement: { messages: 50_001 } });
  expect(await differences()).toEqual([]);
}, 120_000);

describe('the command', () => {
  it('closes in order, lists and shows', async () => {
    await save('2026-01-10T10:00:00Z');
    const asked = await run('statement', 'close', '--workspace', shop.id, '--through', '2026-02');
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('Confirm with --yes')]);
    const done = await run('statement', 'close', '--workspace', shop.id, '--through', '2099-02', '--yes');
    expect([done.code, done.stderr]).toEqual([2, expect.stringContaining('has not ended')]);
    expect(JSON.parse((await run('statement', 'list', '--workspace', shop.id, '--json')).stdout)).toEqual([]);
    const closed = JSON.parse(
      (await run('statement', 'close', '--workspace', shop.id, '--through', '2026-02', '--yes', '--json'))
        .stdout,
    );
    expect(closed).toMatchObject([
      {
        number: 1,
        month: '2026-01',
        total: '0.005',
        replayed: false,
        prices: [{ price: '0.005', charges: 1 }],
      },
      { number: 2, month: '2026-02', total: '0.00', replayed: false },
    ]);
    const listed = await run('statement', 'list', '--workspace', shop.id);
    expect(listed.stdout).toMatch(/^NUMBER +MONTH/);
    const shown = JSON.parse(
      (await run('statement', 'show', '--workspace', shop.id, '--month', '2026-01', '--json')).stdout,
    );
    expect(shown).toMatchObject([
      { number: 1, lines: [{ customer: 'Mario Rossi', month: '2026-01', messages: 1, amount: '0.005' }] },
    ]);
    const open = await run('statement', 'show', '--workspace', shop.id, '--month', '2026-03');
    expect([open.code, open.stderr]).toEqual([2, expect.stringContaining('2026-03 is not closed')]);
    expect((await run('verify', '--workspace', shop.id)).code).toBe(0);
  });
});

it.each(['0000-01', '0001-01', '1999-12', '9999-12'])('says of %s that it is not closed', async (month) => {
  const query =
    'query ($id: ID!, $month: YearMonth!) { statement(workspaceId: $id, month: $month) { number } }';
  expect(await app.api.as(shop.client).data(query, { id: shop.id, month })).toEqual({ statement: null });
});
