// The audit trail: who changed tokens, prices, customers and workspaces, when, from what to what; and that nobody can
// change its entries.
import { isWellFormed } from '../src/auth/tokens';
import { inTransaction } from '../src/database/transaction';
import { listAudit } from '../src/services/audit';
import { aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { runCommand } from './support/command';

const OPERATOR = { name: 'operator' };
const REGISTER = 'mutation ($input: RegisterCustomerInput!) { registerCustomer(input: $input) { id } }';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
  shop = await aWorkspace(app);
});
afterAll(() => app.stop());

const trail = (filter: { workspaceId?: string; subject?: string; since?: Date }) =>
  inTransaction(app.database, (sql) => listAudit(sql, { limit: 100, ...filter }));

const audit = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await runCommand(['audit', ...args], { DATABASE_URL: app.database.url });
  if (code !== 0) throw new Error(`audit ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
};

it('names the token that registered or changed a customer, and what changed', async () => {
  const n8n = await app.services.tokens.create(
    { kind: 'service', name: 'n8n', workspaceIds: [shop.id] },
    OPERATOR,
  );
  const register = (input: object) =>
    app.api.as(n8n.token).data<{ registerCustomer: { id: string } }>(REGISTER, {
      input: { workspaceId: shop.id, name: 'Rita', phoneNumber: '393330000001', ...input },
    });
  const { id } = (await register({})).registerCustomer;
  app.clock.advance(60_000);
  await register({ activeChatbot: false });
  // Nothing changed, so there is no entry.
  await register({});

  expect(await trail({ subject: id })).toMatchObject([
    {
      ...{ at: app.clock.now(), action: 'customer.updated', workspaceId: shop.id },
      ...{ actor: { name: `token:${n8n.id}` }, tokenName: 'n8n' },
      ...{ before: { activeChatbot: true }, after: { changed: ['activeChatbot'], activeChatbot: false } },
    },
    {
      ...{ action: 'customer.registered', before: null },
      after: { changed: ['name', 'phoneNumber', 'activeChatbot'], activeChatbot: true },
    },
  ]);
  const [texts] = await app.database.sql<{ text: string }>(
    "SELECT string_agg(a::text, ' ') AS text FROM audit_entries a",
  );
  expect(texts?.text).not.toMatch(/Rita|393330000001/);
  expect(await audit('--subject', id)).toContain('activeChatbot: true -> false');
});

it('shows the old and the new price, as in force at the instant when the new one starts', async () => {
  const set = (amountMicros: bigint, startsAt: string) =>
    app.services.workspaces.setPrice(shop.id, { amountMicros, startsAt: new Date(startsAt) }, OPERATOR);
  await set(6_000n, '2027-01-01T00:00:00Z');
  await set(7_000n, '2027-02-01T00:00:00Z');

  expect((await trail({ subject: shop.id })).slice(0, 2)).toMatchObject([
    {
      ...{ action: 'price.set', actor: OPERATOR, tokenName: null },
      ...{
        before: { amountMicros: '6000' },
        after: { amountMicros: '7000', startsAt: '2027-02-01T00:00:00.000Z' },
      },
    },
    { action: 'price.set', before: { amountMicros: '5000' }, after: { amountMicros: '6000' } },
  ]);
});

it('records the life of a workspace', async () => {
  const other = await aWorkspace(app, { name: 'Before' });
  await app.services.workspaces.update(
    other.id,
    { name: 'After', timeZone: 'Asia/Kolkata', closeDay: null, keepDays: null },
    OPERATOR,
  );
  await app.services.workspaces.remove(other.id, OPERATOR);

  expect(
    (await trail({ subject: other.id })).map(({ action, before, after }) => [action, before, after]),
  ).toEqual([
    ['workspace.deleted', { name: 'After', timeZone: 'Asia/Kolkata', currency: 'EUR' }, null],
    [
      'workspace.updated',
      { name: 'Before', timeZone: 'Europe/Rome', closeDay: null, keepDays: null },
      { name: 'After', timeZone: 'Asia/Kolkata', closeDay: null, keepDays: null },
    ],
    ['workspace.created', null, expect.objectContaining({ name: 'Before', priceMicros: '5000' })],
  ]);
});

it("finds a token's life under each workspace it is for", async () => {
  const [one, two] = [await aWorkspace(app), await aWorkspace(app)];
  const made = await app.services.tokens.create(
    { kind: 'client', name: 'both', workspaceIds: [one.id, two.id] },
    OPERATOR,
  );
  await app.services.tokens.rotate(made.id, OPERATOR);
  await app.services.tokens.revoke(made.id, OPERATOR);
  for (const { id } of [one, two]) {
    const found = (await trail({ workspaceId: id })).filter(({ subject }) => subject === made.id);

    expect(found.map(({ action }) => action)).toEqual(['token.revoked', 'token.rotated', 'token.created']);
  }
});

it('holds no token, nor does any other table: not in a dump, and not in the log', async () => {
  await app.api.as(shop.service).send('{ viewer { name } }');
  const tables = await app.database.sql<{ name: string }>(
    "SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'",
  );
  const texts = [app.logs()];
  for (const { name } of tables) {
    const [all] = await app.database.sql<{ text: string | null }>(
      `SELECT string_agg(t::text, ' ') AS text FROM ${name} t`,
    );
    texts.push(all?.text ?? '');
  }
  const whole = texts.join(' ');
  const words = whole.split(/[^0-9A-Za-z_]+/);

  expect(tables.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['tokens', 'audit_entries', 'messages']),
  );
  expect(words.length).toBeGreaterThan(500);
  expect(words.filter(isWellFormed)).toEqual([]);
  for (const token of [shop.service, shop.client, shop.analyst])
    for (const form of [
      token.slice(8),
      Buffer.from(token).toString('base64').slice(12, 40),
      Buffer.from(token).toString('hex'),
    ])
      expect(whole).not.toContain(form);
});

it.each([
  ['UPDATE', "UPDATE audit_entries SET actor = 'nobody'"],
  ['DELETE', 'DELETE FROM audit_entries'],
  ['TRUNCATE', 'TRUNCATE audit_entries'],
])('is append-only: %s is refused, of the owner too', async (_, statement) => {
  await expect(app.database.sql(statement)).rejects.toThrow(
    'rows of audit_entries are never changed or deleted',
  );
});

describe('what an older version wrote about a customer', () => {
  const CUSTOMER = 'of an older version';
  const written = (where = '') =>
    app.database.sql(
      `SELECT at, actor, action, workspace_id, subject, before, after FROM audit_entries ${where} ORDER BY id`,
    );
  beforeAll(async () => {
    const { id } = await aWorkspace(app);
    for (const action of ['customer.registered', 'customer.updated', 'price.set'])
      await app.database.sql(
        `INSERT INTO audit_entries (at, actor, action, workspace_id, subject, before, after)
         VALUES (now(), 'operator', $1, $2, $3, '{"name": "Rita"}', '{"name": "Rita Verdi"}')`,
        [action, id, CUSTOMER],
      );
  });
  const set = (assignments: string, action: string) =>
    app.database.sql(
      `UPDATE audit_entries SET ${assignments} WHERE action = $1 AND after ->> 'name' = 'Rita Verdi'`,
      [action],
    );

  it.each([
    ['before = NULL', 'customer.updated'],
    ['after = NULL', 'customer.updated'],
    [`before = NULL, after = '{"name": "Anna"}'`, 'customer.updated'],
    [`before = '{}', after = NULL`, 'customer.registered'],
    ['before = NULL, after = NULL, id = DEFAULT', 'customer.updated'],
    ["before = NULL, after = NULL, at = '2026-01-01'", 'customer.updated'],
    ["before = NULL, after = NULL, actor = 'nobody'", 'customer.updated'],
    ["before = NULL, after = NULL, action = 'price.set'", 'customer.updated'],
    ['before = NULL, after = NULL, workspace_id = NULL', 'customer.updated'],
    ["before = NULL, after = NULL, subject = 'nobody'", 'customer.updated'],
    ['before = NULL, after = NULL', 'price.set'],
  ])('may become empty and nothing else: %s of %s is refused', async (assignments, action) => {
    const before = await written();
    await expect(set(assignments, action)).rejects.toThrow('never changed or deleted');
    expect(await written()).toEqual(before);
  });

  it.each(['customer.registered', 'customer.updated'])(
    'may become empty as a whole: %s; the entry stays',
    async (action) => {
      const own = `WHERE subject = '${CUSTOMER}' AND action = '${action}'`;
      const [before] = await written(own);
      await set('before = NULL, after = NULL', action);
      expect(await written(own)).toEqual([{ ...before, before: null, after: null }]);
      await expect(
        app.database.sql(`UPDATE audit_entries SET after = '{"name": "Rita Verdi"}' ${own}`),
      ).rejects.toThrow('never changed or deleted');
      expect(await audit('--subject', CUSTOMER)).toContain(action);
    },
  );
});

it('has no entry for a change that was rolled back', async () => {
  const before = (await trail({})).length;
  await expect(app.services.workspaces.setPrice('nowhere', { amountMicros: 1n }, OPERATOR)).rejects.toThrow();
  await expect(
    app.services.tokens.create({ kind: 'client', name: 'x', workspaceIds: ['nowhere'] }, OPERATOR),
  ).rejects.toThrow();

  expect(await trail({})).toHaveLength(before);
});

describe('centesimo audit', () => {
  it('prints one line per entry, newest first, as many as asked for', async () => {
    const printed = await audit('--workspace', shop.id, '--limit', '3');
    const [titles = '', newest = '', ...rest] = printed.trim().split('\n');

    expect(titles.split(/ {2,}/)).toEqual(['AT', 'WHO', 'ACTION', 'WORKSPACE', 'SUBJECT', 'CHANGE']);
    expect(newest).toMatch(
      /^2026-\S+Z {2}operator +price.set .* amountMicros: "6000" -> "7000", startsAt: none -> /,
    );
    expect(rest).toHaveLength(2);
  });

  it('prints JSON for scripts', async () => {
    const [entry] = JSON.parse(await audit('--subject', shop.id, '--limit', '1', '--json'));

    expect(entry).toMatchObject({
      ...{ actor: 'operator', tokenName: null, action: 'price.set', workspaceId: shop.id },
      ...{ subject: shop.id, before: { amountMicros: '6000' }, after: { amountMicros: '7000' } },
      at: expect.stringMatching(/^2026-.*Z$/),
    });
  });

  it('prints only entries since an instant', async () => {
    expect(await audit('--since', '2099-01-01T00:00:00Z')).toBe('No entries.\n');
  });

  it.each([
    ['--limit', '0'],
    ['--limit', '10001'],
    ['--since', 'yesterday'],
  ])('refuses %s %s', async (...args) => {
    const { code, stderr } = await runCommand(['audit', ...args], { DATABASE_URL: app.database.url });

    expect([code, stderr.trim().split('\n')]).toEqual([2, [expect.any(String)]]);
  });
});
