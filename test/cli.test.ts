// The command line, as scripts and operators use it.
import { execFile } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Api } from './support/api';
import { aFolder, type Ran, runCommand, startServer } from './support/command';
import { createDatabase, type TestDatabase } from './support/database';
import { demoTemplate } from './support/demo';
import { longForm } from './support/long-form';
import { SAVE, type SaveData } from './support/operations';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

const run = (...args: string[]): Promise<Ran> => runCommand(args, { DATABASE_URL: database.url });

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...args, '--json');
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

const createShop = (id: string) =>
  json<{ id: string }>(
    'workspace',
    'create',
    '--id',
    id,
    '--name',
    `Shop ${id}`,
    '--time-zone',
    'Europe/Rome',
    '--currency',
    'EUR',
  );

it('creates all that a first saved turn needs, beside a running server', async () => {
  const server = await startServer([], { DATABASE_URL: database.url, LOG_LEVEL: 'warn' });
  try {
    expect(await createShop('first')).toMatchObject({
      id: 'first',
      currency: 'EUR',
      pricePerResponse: '0.005',
    });
    const made = await json<{ id: string; token: string; scopes: string[] }>(
      ...[
        'token',
        'create',
        '--kind',
        'service',
        '--name',
        'n8n',
        '--workspace',
        'first',
        '--expires-in',
        '30',
      ],
    );
    expect(made.scopes).toEqual(['messages:write', 'customers:write', 'contacts:check']);
    await json(
      'customer',
      'add',
      '--workspace',
      'first',
      '--name',
      'Mario Rossi',
      '--phone',
      '+39 333 123 4567',
    );
    const input = {
      workspaceId: 'first',
      phoneNumber: '393331234567',
      message: 'ciao',
      response: 'Ciao!',
      idempotencyKey: 'k',
    };
    const { saveMessage } = await new Api(server.url, made.token).data<SaveData>(SAVE, { input });
    expect(saveMessage.message.tracking.outcome).toBe('TRACKED');
    await json('token', 'revoke', made.id);
    const refused = await new Api(server.url, made.token).send(SAVE, { input });
    expect([refused.status, refused.body.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
  } finally {
    expect(await server.stop()).toBe(0);
  }
});

it('prints the link that opens the dashboard for tokens that may read it, and for no other', async () => {
  await createShop('linked');
  const create = (kind: string, ...more: string[]) =>
    run('token', 'create', '--kind', kind, '--name', 'x', '--workspace', 'linked', ...more);
  const { stdout } = await create('client');
  const token = /^ctm_cli_\S+/.exec(stdout)?.[0];
  expect(stdout).toMatch(new RegExp(`^  http://[\\w.]+:\\d+/dashboard#token=${token}$`, 'm'));
  const made = JSON.parse((await create('client', '--json')).stdout);
  expect(made.link.endsWith(`/dashboard#token=${made.token}`)).toBe(true);
  expect((await create('service')).stdout).not.toContain('/dashboard');
});

it('lists workspaces, prices and tokens without secrets', async () => {
  await createShop('listed');
  const made = await json<{ id: string; token: string }>(
    'token',
    'create',
    '--kind',
    'client',
    '--name',
    'page',
    '--workspace',
    'listed',
  );
  const { stdout } = await run('token', 'list', '--json');
  expect(JSON.parse(stdout)).toContainEqual(
    expect.objectContaining({ id: made.id, kind: 'CLIENT', state: 'active' }),
  );
  expect(stdout).not.toContain(made.token);
  expect((await run('workspace', 'list')).stdout).toMatch(
    /^listed\s+Shop listed\s+Europe\/Rome\s+0\.005 EUR\s+by hand\s+kept\s+active$/m,
  );
});

it('lists the tokens of one workspace, and says when there is no such workspace', async () => {
  for (const id of ['one', 'two']) {
    await createShop(id);
    await json('token', 'create', '--kind', 'client', '--name', `page of ${id}`, '--workspace', id);
  }
  expect(await json('token', 'list', '--workspace', 'one')).toMatchObject([{ name: 'page of one' }]);
  expect((await run('token', 'list', '--workspace', 'nowhere')).code).not.toBe(0);
});

it('prints its version', async () => {
  const { version } = JSON.parse(await readFile(join(__dirname, '../package.json'), 'utf8'));
  expect(await run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

it('says which database of a move can not be reached', async () => {
  const ran = await run('move', '--to', 'postgres://x:y@127.0.0.1:1/target');
  expect([ran.code, ran.stderr]).toEqual([
    3,
    expect.stringMatching(/database 127\.0\.0\.1:1\/target can't be reached/),
  ]);
});

it('asks for the price where a currency has no decimals', async () => {
  const shop = ['--id', 'tokyo', '--name', 'Sushi', '--time-zone', 'Asia/Tokyo', '--currency', 'JPY'];
  const refused = await run('workspace', 'create', ...shop);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/JPY has no decimals.*--price/)]);
  expect(await json('workspace', 'create', ...shop, '--price', '1')).toMatchObject({ pricePerResponse: '1' });
});

it('rotates a token: both work until the overlap ends', async () => {
  await createShop('rotated');
  const old = await json<{ id: string }>(
    'token',
    'create',
    '--kind',
    'client',
    '--name',
    'page',
    '--workspace',
    'rotated',
  );
  const rotated = await json<{ token: string; oldExpiresAt: string }>(
    'token',
    'rotate',
    old.id,
    '--overlap',
    '2',
  );
  expect(rotated.token).toMatch(/^ctm_cli_/);
  const hours = (Date.parse(rotated.oldExpiresAt) - Date.now()) / 3_600_000;
  expect(hours).toBeGreaterThan(1.9);
  expect(hours).toBeLessThan(2.1);
});

it('sets prices and lists them', async () => {
  await createShop('priced');
  await json(
    'price',
    'set',
    '--workspace',
    'priced',
    '--amount',
    '0.006',
    '--from',
    '2027-01-01T00:00:00+01:00',
  );
  expect(await json('price', 'list', '--workspace', 'priced')).toMatchObject([
    { from: null, amount: '0.005' },
    { from: '2026-12-31T23:00:00.000Z', amount: '0.006', currency: 'EUR' },
  ]);
});

describe('an import of customers', () => {
  it('names the bad rows and imports nothing, unless told to skip them', async () => {
    await createShop('imported');
    const folder = await aFolder();
    const file = join(folder.path, '..', 'customers.csv');
    await writeFile(
      file,
      '\ufeffname,phone,whatsapp_user_id,active\r\n"Rossi, Mario",393331234567,,\r\nAnna,,IT.1,false\r\nBad,12,,\r\nTwice,+39 333 123 4567,,\r\n',
    );
    const refused = await run('customer', 'import', file, '--workspace', 'imported');
    expect([refused.code, refused.stdout]).toEqual([
      2,
      expect.stringMatching(
        /line 4: A phone number[\s\S]*line 5: .*line 2[\s\S]*Nothing was imported: 2 bad rows/,
      ),
    ]);
    expect(await json('customer', 'list', '--workspace', 'imported')).toEqual([]);
    const done = await json('customer', 'import', file, '--workspace', 'imported', '--skip-bad');
    expect(done).toMatchObject({ created: 2, updated: 0, imported: true });
    expect(await json('customer', 'list', '--workspace', 'imported')).toMatchObject([
      { name: 'Anna', whatsappUserId: 'IT.1', activeChatbot: false },
      { name: 'Rossi, Mario', phoneNumber: '+393331234567', activeChatbot: true },
    ]);
    expect(await json('customer', 'import', file, '--workspace', 'imported', '--skip-bad')).toMatchObject({
      created: 0,
      unchanged: 2,
    });
    await folder.remove();
  });

  it("accepts semicolons, and names every row that can't be read", async () => {
    await createShop('semicolons');
    const folder = await aFolder();
    const file = join(folder.path, '..', 'clienti.csv');
    await writeFile(
      file,
      'name;phone;active\r\nRossi, Mario;393331234568;true\r\nAnna;393331234569;forse\r\n\r\nLuca;393331234570;true;di troppo\r\nPaolo;393331234571\r\n',
    );
    const refused = await run('customer', 'import', file, '--workspace', 'semicolons');
    expect([refused.code, refused.stdout]).toEqual([
      2,
      expect.stringMatching(
        /^line 3: active is "forse"[^\n]*\nline 5: It has more fields[^\n]*\nNothing was imported: 2 bad rows/,
      ),
    ]);
    expect(await json('customer', 'import', file, '--workspace', 'semicolons', '--skip-bad')).toMatchObject({
      created: 2,
    });
    expect(await json('customer', 'list', '--workspace', 'semicolons')).toMatchObject([
      { name: 'Paolo' },
      { name: 'Rossi, Mario' },
    ]);
    const missing = await run('customer', 'import', `${file}.none`, '--workspace', 'semicolons');
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('clienti.csv.none')]);
    await folder.remove();
  });
});

it('deletes only what is named, and archives what has turns', async () => {
  await createShop('gone');
  expect((await run('workspace', 'delete', 'gone')).code).toBe(2);
  expect((await run('workspace', 'delete', 'gone', '--confirm', 'gone')).code).toBe(2);
  expect(await json('workspace', 'delete', 'gone', '--confirm', 'Shop gone')).toEqual({
    id: 'gone',
    state: 'deleted',
  });
  expect((await run('workspace', 'list')).stdout).not.toMatch(/^gone /m);
});

longForm('makes the demo, and a token of each kind for it', async () => {
  const demo = await json<{ tokens: Record<string, string> }>('demo');
  expect(Object.keys(demo.tokens)).toEqual(['service', 'client', 'analyst']);
});

it("reports the demo's month, verifies and rebuilds", async () => {
  const demo = await createDatabase({ copyOf: await demoTemplate(new Date('2026-03-15T12:00:00Z')) });
  const run = (...args: string[]): Promise<Ran> => runCommand(args, { DATABASE_URL: demo.url });
  const asJson = await run('report', '--workspace', 'workspace-123', '--month', '2025-01', '--json');
  expect(JSON.parse(asJson.stdout)).toMatchObject({
    cost: '0.125',
    messages: 25,
    growthPercent: '31.58',
    peakHour: '14:00',
    topClients: expect.arrayContaining([{ rank: 1, name: 'Mario Rossi', messages: 9, cost: '0.045' }]),
  });
  expect((await run('report', '--workspace', 'workspace-123', '--month', '2025-01')).stdout).toMatch(
    /^Trattoria Da Nino, January 2025 \(Europe\/Rome\)\n[\s\S]*Cost {12}0\.125 EUR\n[\s\S]*Mario Rossi +9 +0\.045 EUR\n/,
  );
  expect((await run('report', '--workspace', 'workspace-123')).stdout).toMatch(
    /^Trattoria Da Nino, \w+ \d{4}, until \d+ \w+, \d\d:\d\d \(Europe\/Rome\)\n/,
  );
  const month = ['--workspace', 'workspace-123', '--month', '2025-01'];
  const clients = await run('export', ...month, '--what', 'clients', '--dialect', 'italian');
  expect(clients.stdout).toMatch(
    /^\ufeffcustomer_id;customer;[^\n]*\n[^\n]*;Mario Rossi;'\+393331234567;;9;0,045;EUR;/,
  );
  const turns = await run('export', ...month, '--what', 'messages', '--format', 'ndjson');
  expect(turns.stdout).toMatch(
    /"outcome":"UNKNOWN_CUSTOMER"[\s\S]*\n\{"rows":\d+,"amount":"0\.125","currency":"EUR"\}\n$/,
  );
  expect(await run('export', ...month, '--format', 'json', '--dialect', 'italian')).toMatchObject({
    ...{ code: 2, stderr: expect.stringContaining('dialect is for format=csv') },
  });
  expect((await run('export', ...month, '--what', 'prices')).code).toBe(2);
  expect((await run('verify')).code).toBe(0);
  await demo.sql(
    "UPDATE customer_days SET messages = messages + 1 WHERE workspace_id = 'workspace-123' AND day = '2025-01-02'",
  );
  const broken = await run('verify', '--workspace', 'workspace-123');
  expect([broken.code, broken.stdout]).toEqual([1, expect.stringMatching(/customer_days 2025-01-02/)]);
  expect((await run('rebuild', '--workspace', 'workspace-123')).code).toBe(0);
  expect((await run('verify')).code).toBe(0);
  await demo.drop();
});

it('moves everything to an empty database, and refuses one that is in use', async () => {
  const other = await createDatabase({ empty: true });
  try {
    const target = new URL(other.url).toString();
    const moved = await json<{ rows: Record<string, number> }>('move', '--to', target);
    const [kept] = await database.sql<{ messages: string; prices: string }>(
      'SELECT (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM prices) AS prices',
    );
    expect([moved.rows.messages, moved.rows.prices]).toEqual([Number(kept?.messages), Number(kept?.prices)]);
    const there = (...args: string[]) => runCommand(args, { DATABASE_URL: other.url });
    expect((await there('verify')).code).toBe(0);
    const shop = ['--name', 'x', '--time-zone', 'UTC', '--currency', 'EUR'];
    expect((await there('workspace', 'create', '--id', 'after-the-move', ...shop)).code).toBe(0);
    expect(await run('move', '--to', target)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/has workspaces already/),
    });
  } finally {
    await other.drop();
  }
});

it.each([
  ['an unknown command', ['nonsense'], 2],
  ['a missing option', ['token', 'create'], 2],
  [
    'an unknown zone',
    ['workspace', 'create', '--id', 'x', '--name', 'x', '--time-zone', 'Mars/Base', '--currency', 'EUR'],
    2,
  ],
  [
    'an unknown currency',
    ['workspace', 'create', '--id', 'x', '--name', 'x', '--time-zone', 'UTC', '--currency', 'XYZ'],
    2,
  ],
  [
    'a write scope for a client',
    [
      'token',
      'create',
      '--kind',
      'client',
      '--name',
      'x',
      '--workspace',
      'first',
      '--scope',
      'messages:write',
    ],
    2,
  ],
  [
    'a token of a workspace that is not there',
    ['token', 'create', '--kind', 'client', '--name', 'x', '--workspace', 'nowhere'],
    2,
  ],
  ['a price finer than a micro-unit', ['price', 'set', '--workspace', 'first', '--amount', '0.0000001'], 2],
  ['a negative price', ['price', 'set', '--workspace', 'first', '--amount', '-1'], 2],
  ['help', ['token', 'create', '--help'], 0],
])('%s ends with the exit code that says so, and no stack', async (_, args, code) => {
  const ran = await run(...args);
  expect([ran.code, ran.stderr]).toEqual([code, expect.not.stringMatching(/\n\s+at /)]);
});

describe('help', () => {
  const TYPED = 'token create --kind service --name n8n --workspace shop';

  it("shows commands as they are typed in the project's folder", async () => {
    const { stdout } = await run('token', 'create', '--help');
    expect(stdout).toContain('Usage: npm run -s cli -- token create ');
    expect(stdout).toContain(`  npm run -s cli -- ${TYPED}\n`);
  });

  it('shows commands as they are typed when the program is installed', async () => {
    const folder = await aFolder();
    const link = join(dirname(folder.path), 'centesimo');
    try {
      await symlink(join(__dirname, '../dist/src/main.js'), link);
      const { stdout } = await promisify(execFile)(process.execPath, [link, 'token', 'create', '--help']);
      expect(stdout).toContain('Usage: centesimo token create ');
      expect(stdout).toContain(`  centesimo ${TYPED}\n`);
    } finally {
      await folder.remove();
    }
  });
});

it.each([
  [
    'a database that is not there',
    { DATABASE_URL: 'postgres://x:y@127.0.0.1:1/shops' },
    3,
    /127\.0\.0\.1:1\/shops \(DATABASE_URL\) can't be reached/,
  ],
  [
    'a wrong password',
    () => ({ DATABASE_URL: database.url.replace(/:[^:@/]*@/, ':wrong@') }),
    1,
    /refused the user or the password/,
  ],
  ['a database that does not exist', () => ({ DATABASE_URL: `${database.url}_no` }), 1, /does not exist/],
] as [string, Record<string, string> | (() => Record<string, string>), number, RegExp][])(
  'says in words what is wrong with %s',
  async (_, environment, code, words) => {
    const ran = await runCommand(
      ['workspace', 'list'],
      typeof environment === 'function' ? environment() : environment,
    );
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringMatching(words)]);
    expect(ran.stderr).not.toMatch(/\n\s+at /);
  },
);

it('says in words that the port is taken', async () => {
  const server = await startServer([], { DATABASE_URL: database.url, LOG_LEVEL: 'warn' });
  try {
    const port = new URL(server.url).port;
    const ran = await runCommand(['serve'], { DATABASE_URL: database.url, PORT: port, LOG_LEVEL: 'warn' });
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringContaining(`The port 127.0.0.1:${port} is taken`),
    ]);
  } finally {
    await server.stop();
  }
});

it("loads none of the server's libraries for a command", async () => {
  const loaded = await promisify(execFile)(process.execPath, [
    ...['-p', "require('./dist/src/cli/cli'); Object.keys(require.cache).join('\\n')"],
  ]);
  expect(loaded.stdout).toContain('node_modules/typeorm/');
  expect(loaded.stdout).not.toMatch(/node_modules\/(fastify|@apollo|type-graphql|graphql)\//);
});

it('names every mistake in the settings at once, and masks secrets when it shows them', async () => {
  const ran = await runCommand(['config'], {
    PORT: 'abc',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'mysql://secret',
  });
  expect([ran.code, ran.stderr]).toEqual([
    2,
    expect.stringMatching(
      /3 mistakes[\s\S]*PORT="abc"[\s\S]*DATABASE_URL: |DATABASE_URL: [\s\S]*LOG_LEVEL="loud"/,
    ),
  ]);
  expect(ran.stderr).not.toContain('secret');
  const shown = await runCommand(['config'], { DATABASE_URL: 'postgres://me:secret@127.0.0.1/x' });
  expect(shown.stdout).toMatch(/DATABASE_URL\s+\*{8}/);
  expect(shown.stdout).not.toContain('secret');
});

it('runs from its bundle alone: no library is loaded twice', async () => {
  const create = () =>
    runCommand(
      ['workspace', 'create', '--id', 'twice', '--name', 'x', '--time-zone', 'UTC', '--currency', 'EUR'],
      {
        DATABASE_URL: database.url,
        NODE_OPTIONS: `--require "${join(__dirname, 'support/print-loaded.cjs')}"`,
      },
    );
  expect(await create()).toMatchObject({ code: 0, stderr: 'loaded beside the bundle: \n' });
  // An error of the database's driver is recognised by its class.
  expect(await create()).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^The workspace "twice" exists already/),
  });
});
