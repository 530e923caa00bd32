// A closed month as a file: the PDF is read back by other programs, CSV and JSON by their rules.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';
import {
  aCustomer,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { runCommand } from './support/command';
import { SAVE, type SaveData } from './support/operations';

const threads: typeof import('node:worker_threads') = jest.requireActual('node:worker_threads');
const { Worker } = threads;

const runs = (program: string): boolean => spawnSync(program, ['-v']).status === 0;
/** poppler reads the PDF; without it the test's name says so. */
const when = runs('pdftotext') ? it : it.skip;
const WITHOUT = '(skipped without pdftotext)';

let app: TestApp;
let folder: string;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
  folder = await mkdtemp(join(tmpdir(), 'centesimo paper '));
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  shop = await aWorkspace(app, { name: 'Trattoria «Da Nino»' });
});
afterEach(() => jest.restoreAllMocks());

async function save(
  name: string,
  at = '2026-01-10T10:00:00Z',
  phoneNumber = `+39333${String(1_000_000 + phones++)}`,
): Promise<{ id: string; phoneNumber: string; customerId: string }> {
  const { id: customerId } = await aCustomer(app, shop, { name, phoneNumber });
  const input = aTurn(shop, { phoneNumber, occurredAt: at });
  const { usage } = (await app.api.as(shop.service).data<SaveData>(SAVE, { input })).saveMessage.message
    .tracking;
  return { id: usage?.id ?? '', phoneNumber, customerId };
}
let phones = 0;

/** So many clients with a charge each, without the way through HTTP. */
async function fill(clients: number): Promise<void> {
  await app.database.sql(
    `WITH u AS (
       INSERT INTO customers (workspace_id, id, name, phone_number, active_chatbot, created_at, updated_at)
       SELECT $1, gen_random_uuid(), 'Client ' || n, '+39333' || (5000000 + n), true, '2026-01-01', '2026-01-01' FROM generate_series(1, $2) n RETURNING *),
     m AS (
       INSERT INTO messages (workspace_id, id, key_digest, phone_number, customer_id, message, outcome, occurred_at, saved_at)
       SELECT $1, gen_random_uuid(), sha256(u.phone_number::bytea), u.phone_number, u.id, '', 'TRACKED', '2026-01-10', '2026-01-10' FROM u RETURNING *)
     INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at, epoch, month)
     SELECT $1, gen_random_uuid(), m.id, m.customer_id, 1000 * right(m.phone_number, 4)::int, m.occurred_at, m.saved_at, 1, '2026-01-01' FROM m`,
    [shop.id, clients],
  );
}

const close = (month = '2026-01') => app.services.closing.close(shop.id, month, { name: 'test' });
const get = (query = '', { month = '2026-01', token = shop.client, headers = {} } = {}): Promise<Response> =>
  app.api.as(token).get(`/api/usage/statement/${shop.id}/${month}${query}`, headers);

async function pdf(query = '', month = '2026-01'): Promise<Buffer> {
  const response = await get(query, { month });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return Buffer.from(await response.arrayBuffer());
}

let written = 0;
async function textOf(bytes: Buffer, ...options: string[]): Promise<string> {
  written += 1;
  const file = join(folder, `${written}.pdf`);
  await writeFile(file, bytes);
  const { stdout } = await promisify(execFile)('pdftotext', ['-layout', ...options, file, '-'], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

/** Rows of its tables: the text on the left, and the figures right of it. */
const rowsOf = (text: string): string[][] =>
  text
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/))
    .filter((cells) => cells.length > 1);

/** Mario twice and Lucia once in January; in February one of Mario's late, one of Lucia's taken back, one of Zoë's. */
async function twoMonths(): Promise<void> {
  const mario = await save('Mario Rossi');
  await save('Mario Rossi', '2026-01-11T10:00:00Z', mario.phoneNumber);
  const lucia = await save('Lucia Bianchi');
  await close();
  await save('Mario Rossi', '2026-01-12T10:00:00Z', mario.phoneNumber);
  await app.services.voids.void(shop.id, { usageRecordId: lucia.id, reason: 'x' }, { name: 'test' });
  await save('Zoë Àèìòù', '2026-02-10T10:00:00Z');
  await close('2026-02');
}

describe('the PDF', () => {
  when(`has every figure of its statement, in English ${WITHOUT}`, async () => {
    await twoMonths();
    const text = await textOf(await pdf('?format=pdf&lang=en', '2026-02'));
    expect(text).toContain('Trattoria «Da Nino»');
    expect(text).toContain('Usage statement no. 2, February 2026');
    expect(text).toContain('Usage statement: this document is not valid for tax purposes');
    expect(text).toContain('page 1 of 1');
    const hashes = await app.database.sql<{ sha256: string }>(
      'SELECT sha256 FROM statements WHERE workspace_id = $1 ORDER BY number DESC',
      [shop.id],
    );
    const rows = rowsOf(text);
    expect(rows).toEqual([
      ['Month', 'February 2026 (Europe/Rome)'],
      ['Closed on', '15 March 2026, 13:00 (Europe/Rome)'],
      ['Clients', '3'],
      ['Messages', '1'],
      ['Price per message', '€0.005 (2 charged)'],
      ['This month', '€0.005'],
      ['Carried from earlier months', '€0.000'],
      ['Total', '€0.005'],
      ['SHA-256 of its lines', hashes[0]?.sha256],
      ['SHA-256 of the one before', hashes[1]?.sha256],
      ['Client', 'Messages', 'Amount (EUR)'],
      ['Zoë Àèìòù', '1', '0.005'],
      ['Total', '1', '0.005'],
      ['Client', 'Month', 'Messages', 'Amount (EUR)'],
      ['Mario Rossi', 'January 2026', '1', '0.005'],
      ['Lucia Bianchi', 'January 2026', '-1', '-0.005'],
      ['Total', '0', '0.000'],
      ['Total', '€0.005'],
      ['Usage statement: this document is not valid for tax purposes', 'page 1 of 1'],
    ]);
  });

  when(`is in Italian for whoever asks so ${WITHOUT}`, async () => {
    await save('Mario Rossi');
    await close();
    const text = await textOf(await pdf('?lang=it'));
    expect(text).toContain('Riepilogo consumi n. 1, gennaio 2026');
    expect(text).toContain('Riepilogo consumi: documento non valido ai fini fiscali');
    expect(rowsOf(text)).toEqual(
      expect.arrayContaining([
        ['Prezzo di un messaggio', '0,005 € (1 addebitati)'],
        ['Totale', '0,005 €'],
        ['Mario Rossi', '1', '0,005'],
      ]),
    );
  });

  when(`says of who was erased what the page says ${WITHOUT}`, async () => {
    const { phoneNumber } = await save('Mario Rossi');
    await close();
    await app.services.eraser.erase(shop.id, { phoneNumber, reason: 'asked' }, { name: 'test' });
    expect(rowsOf(await textOf(await pdf('?lang=it')))).toContainEqual([
      'Cliente cancellato 1',
      '1',
      '0,005',
    ]);
    expect(rowsOf(await textOf(await pdf('?lang=en')))).toContainEqual(['Erased customer 1', '1', '0.005']);
    expect(await (await get('?format=csv')).text()).toContain(',Erased customer 1,1,0.005,EUR');
  });

  it.each([
    [undefined, 'en'],
    ['it', 'it'],
    ['it-CH, en;q=0.9', 'it'],
    ['de, en;q=0.5, it;q=0.8', 'it'],
    ['it;q=0, en', 'en'],
    ['*', 'en'],
    [';;q=x,,it;q=,', 'en'],
  ])('asked with Accept-Language: %s is in %s', async (header, language) => {
    await save('Mario');
    await close();
    const headers = header === undefined ? undefined : { 'accept-language': header };
    const response = await get('', { headers });
    expect(response.headers.get('content-language')).toBe(language);
    expect(response.headers.get('vary')).toContain('Accept-Language');
    expect(Buffer.from(await response.arrayBuffer()).toString('latin1')).toContain(`/Lang (${language})`);
  });

  it('is tagged, has a title and embedded fonts, and no present date', async () => {
    await save('Mario Rossi');
    await close();
    const response = await get();
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/pdf',
      'content-disposition': `attachment; filename="${shop.id}-statement-2026-01.pdf"`,
      'cache-control': 'private, no-store',
    });
    const bytes = Buffer.from(await response.arrayBuffer()).toString('latin1');
    expect(bytes).toMatch(/^%PDF-1\.7/);
    for (const part of [
      '/MarkInfo',
      '/StructTreeRoot',
      '/DisplayDocTitle true',
      '/FontFile2',
      '/Scope /Column',
    ])
      expect([part, bytes.includes(part)]).toEqual([part, true]);
    expect(bytes).toContain('(D:20260315120000Z)');
    const dates = bytes.match(/D:\d{14}Z/g);
    expect(new Set(dates).size).toBe(1);
  });

  it('has the same bytes while the names stay the same', async () => {
    const { phoneNumber } = await save('Mario Rossi');
    await save('Lucia');
    await close();
    const first = await pdf();
    app.clock.advance(86_400_000);
    expect((await pdf()).equals(first)).toBe(true);
    await aCustomer(app, shop, { name: 'Mario Verdi', phoneNumber });
    expect((await pdf()).equals(first)).toBe(false);
    await aCustomer(app, shop, { name: 'Mario Rossi', phoneNumber });
    expect((await pdf()).equals(first)).toBe(true);
    app.clock.set('2026-03-15T12:00:00Z');
  });

  when(`prints what people may be called, or says that it can't ${WITHOUT}`, async () => {
    const names = [
      'W'.repeat(200),
      'Γιώργος Παπαδόπουλος',
      'Дмитрий Иванов',
      'Ромашка 王',
      '\u202eevil\u202c\u0007\u0085',
      'دانا',
      'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍',
      '=HYPERLINK("x")',
      'Anna',
      'Anna',
    ];
    const ids = new Map<string, string>();
    for (const name of names) ids.set((await save(name)).customerId, name);
    await close();
    const text = await textOf(await pdf());
    const lines = text.split('\n').map((line) => line.trim());
    for (const shown of ['Γιώργος Παπαδόπουλος', 'Дмитрий Иванов', 'Ромашка □', 'evil', '=HYPERLINK("x")'])
      expect(lines.filter((line) => line.startsWith(`${shown}  `))).toHaveLength(1);
    expect(text.match(/W/g)).toHaveLength(200);
    // Poppler puts what is written from the right between marks.
    expect(text).toContain('دانا');
    const shownIds = lines.filter((line) => /^[0-9a-f-]{36}$/.test(line));
    expect(shownIds.map((id) => ids.get(id)).sort()).toEqual([...['Anna', 'Anna', 'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍', 'Ромашка 王']]);
    expect(text).toContain("A code below a name is the client's id");
  });

  when(`counts in a currency without decimals ${WITHOUT}`, async () => {
    shop = await aWorkspace(app, { currency: 'JPY', priceMicros: 3_000_000n, name: '寿司' });
    await save('Taro');
    await close();
    const text = await textOf(await pdf());
    expect(rowsOf(text)).toEqual(
      expect.arrayContaining([
        ['Total', 'JP¥3'],
        ['Taro', '1', '3'],
      ]),
    );
    expect(
      text
        .split('\n')
        .slice(0, 2)
        .map((line) => line.trim()),
    ).toEqual(['□□', shop.id]);
  });

  when(`of a month without usage is whole, too ${WITHOUT}`, async () => {
    await save('Mario');
    await close();
    await close('2026-02');
    const text = await textOf(await pdf('', '2026-02'));
    expect(text).toContain('No client used anything.');
    expect(rowsOf(text)).toEqual(expect.arrayContaining([['Total', '€0.00']]));
  });

  when(`lists 2 000 clients over its pages, each with the table's head ${WITHOUT}`, async () => {
    await fill(2_000);
    await close();
    const text = await textOf(await pdf());
    const pages = text.split('\f').filter((page) => page !== '');
    expect(pages.length).toBeGreaterThan(40);
    for (const [index, page] of pages.entries()) {
      expect(page).toContain(`page ${index + 1} of ${pages.length}`);
      expect(page).toMatch(/^Client +Messages +Amount \(EUR\)$/m);
      expect(page).toContain('Usage statement: this document is not valid for tax purposes');
    }
    const found = rowsOf(text).filter(([name = '']) => /^Client \d+$/.test(name));
    expect(new Set(found.map((row) => row.join()))).toEqual(
      new Set(Array.from({ length: 2_000 }, (_, n) => `Client ${n + 1},1,${((n + 1) / 1_000).toFixed(3)}`)),
    );
    expect(text).toMatch(/^Total +2,000 +2,001\.000$/m);
  });

  when(`of 2 001 clients has the totals, and names the CSV ${WITHOUT}`, async () => {
    await fill(2_001);
    await close();
    const text = await textOf(await pdf());
    expect(text).toContain('The lines of its 2,001 clients (2,001) are too many for paper: see the CSV');
    expect(text).toMatch(/^Total +€2,003\.001$/m);
    expect(text).not.toContain('Client 1 ');
    const rows: unknown[] = parse(await (await get('?format=csv')).text(), { columns: true });
    expect(rows).toHaveLength(2_001);
  });
});

describe('the thread that makes it', () => {
  /** Runs this instead of the product's threads. */
  const threadsRun = (code: string) =>
    jest
      .spyOn(threads, 'Worker')
      .mockImplementation((_file, options) => new Worker(code, { ...options, eval: true }));

  it('has ended when the answer arrives, and serves one document', async () => {
    await save('Mario');
    await close();
    const made: import('node:worker_threads').Worker[] = [];
    jest.spyOn(threads, 'Worker').mockImplementation((file, options) => {
      const worker = new Worker(file, options);
      made.push(worker);
      return worker;
    });
    await Promise.all([pdf(), pdf(), pdf()]);
    await get('?format=csv').then((response) => response.text());
    // A thread that has ended has the id -1.
    expect(made.map(({ threadId }) => threadId)).toEqual([-1, -1, -1]);
  });

  it.each([
    ['throws', 'throw new Error("the thread is broken")', 'the thread is broken'],
    ['ends', 'process.exit(3)', 'The thread ended with 3 and no answer.'],
    [
      'answers nonsense',
      'require("node:worker_threads").parentPort.postMessage(7)',
      'something else than bytes',
    ],
  ])('that %s gives an error with an id that the log has, and spoils nothing', async (_what, code, words) => {
    await save('Mario');
    await close();
    threadsRun(code);
    const response = await get();
    const { errors } = JSON.parse(await response.text());
    expect([response.status, errors[0].extensions.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
    expect(errors[0].message).not.toContain('thread');
    const logged = app
      .logs()
      .split('\n')
      .filter((line) => line.includes(words) && line.includes(errors[0].extensions.errorId));
    expect(logged).toHaveLength(1);
    jest.restoreAllMocks();
    expect((await pdf()).length).toBeGreaterThan(10_000);
  });

  it('ends with its caller', async () => {
    const failures = () => app.logs().split('"unexpected error"').length;
    const before = failures();
    await save('Mario');
    await close();
    const ended = new Promise<number>((resolve) => {
      jest.spyOn(threads, 'Worker').mockImplementation((_file, options) => {
        const worker = new Worker('for (;;);', { ...options, eval: true });
        worker.once('exit', resolve);
        worker.once('online', () => call.destroy());
        return worker;
      });
    });
    const headers = { authorization: `Bearer ${shop.client}` };
    const call = httpRequest(`${app.url}/api/usage/statement/${shop.id}/2026-01`, { headers });
    call.on('error', () => undefined).end();
    expect(await ended).toBe(1);
    jest.restoreAllMocks();
    await pdf();
    // Nobody has to look into it.
    expect(failures()).toBe(before);
  });

  it('is the only place that loads PDF libraries: a start loads none of them', async () => {
    const bundle = await readFile(join(__dirname, '../dist/centesimo.js'), 'utf8');
    expect(/pdfkit|fontkit/i.exec(bundle)?.[0]).toBeUndefined();
  });
});

describe('CSV and JSON', () => {
  type Row = Record<string, string>;

  it('have every client line, exactly', async () => {
    await twoMonths();
    const response = await get('?format=csv', { month: '2026-02' });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': `attachment; filename="${shop.id}-statement-2026-02.csv"`,
    });
    const rows: Row[] = parse(await response.text(), { columns: true, record_delimiter: '\r\n' });
    const line = (customer: string, month: string, messages: string, amount: string) => ({
      ...{ number: '2', month, carried: String(month !== '2026-02'), customer_id: expect.any(String) },
      ...{ customer, messages, amount, currency: 'EUR' },
    });
    expect(rows).toEqual([
      line('Zoë Àèìòù', '2026-02', '1', '0.005'),
      line('Mario Rossi', '2026-01', '1', '0.005'),
      line('Lucia Bianchi', '2026-01', '-1', '-0.005'),
    ]);
    const json = JSON.parse(await (await get('?format=json', { month: '2026-02' })).text());
    expect(json).toMatchObject({
      ...{ workspaceId: shop.id, number: 2, month: '2026-02', timeZone: 'Europe/Rome', currency: 'EUR' },
      ...{ from: '2026-01-31T23:00:00.000Z', to: '2026-02-28T23:00:00.000Z' },
      ...{ total: '0.005', carried: '0.00', messages: 1, rows: 3, amount: '0.005' },
      ...{
        prices: [{ price: '0.005', charges: 2 }],
        previousSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    });
    const asText = (value: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(value).map(([name, cell]) => [name, String(cell)]));
    expect(json.lines.map(asText)).toEqual(rows);
  });

  it('are complete without lines', async () => {
    await save('Mario');
    await close();
    await close('2026-02');
    const csv = await (await get('?format=csv', { month: '2026-02' })).text();
    expect(csv).toBe('number,month,carried,customer_id,customer,messages,amount,currency\r\n');
    const json = JSON.parse(await (await get('?format=json', { month: '2026-02' })).text());
    expect(json).toMatchObject({ lines: [], rows: 0, total: '0.00' });
  });

  it.each([
    ['=HYPERLINK("http://x","y")', `'=HYPERLINK("http://x","y")`],
    ['Bar;=1+1;', `Bar;'=1+1;`],
    ['Rossi, "Mario"\nsecond line', 'Rossi, "Mario"\nsecond line'],
    ['back\\slash\ttab', 'back\\slash\ttab'],
  ])('defuse what a spreadsheet would run: %j', async (name, cell) => {
    await save(name);
    await close();
    const [row]: Row[] = parse(await (await get('?format=csv')).text(), {
      ...{ columns: true, record_delimiter: '\r\n' },
    });
    expect(row?.customer).toBe(cell);
    expect(JSON.parse(await (await get('?format=json')).text()).lines[0].customer).toBe(name);
  });
});

describe('what is refused', () => {
  beforeEach(async () => {
    await save('Mario');
    await close();
  });

  it.each([
    ['2026-02', '', 404, 'NOT_FOUND', 'There is no statement of 2026-02: the month is not closed.'],
    ['2026-03', '?format=csv', 404, 'NOT_FOUND', 'not closed'],
    ['2031-01', '', 404, 'NOT_FOUND', 'not closed'],
    ['2025-12', '?format=json', 404, 'NOT_FOUND', 'not closed'],
    ['2026-13', '', 400, 'BAD_USER_INPUT', '"2026-13" is not a calendar month'],
    ['0000-01', '', 400, 'BAD_USER_INPUT', 'outside the years'],
    ['january', '', 400, 'BAD_USER_INPUT', 'is not a calendar month'],
    ['2026-01', '?format=xml', 400, 'BAD_USER_INPUT', 'format is one of pdf, csv, json.'],
    ['2026-01', '?format=csv&format=pdf', 400, 'BAD_USER_INPUT', 'format is given more than once'],
    ['2026-01', '?lang=de', 400, 'BAD_USER_INPUT', 'lang is one of en, it.'],
    ['2026-01', '?format=csv&lang=it', 400, 'BAD_USER_INPUT', 'lang is for format=pdf'],
    [
      '2026-01',
      '?month=2026-02',
      400,
      'BAD_USER_INPUT',
      'There is no parameter "month"; there are format, lang.',
    ],
  ])('%s%s: %i %s', async (month, query, status, code, words) => {
    const response = await get(query, { month });
    const { errors } = JSON.parse(await response.text());
    expect([response.status, errors[0].extensions.code]).toEqual([status, code]);
    expect(errors[0].message).toContain(words);
  });

  it('a token of another workspace, and one that may not read usage', async () => {
    const other = await aWorkspace(app);
    const closing = await aToken(app, {
      ...{ kind: 'client', workspaceIds: [shop.id], scopes: ['statements:close'] },
    });
    for (const token of [other.client, closing, shop.service])
      expect((await get('', { token })).status).toBe(403);
  });

  it('a month without a file name', async () => {
    expect((await app.api.as(shop.client).get(`/api/usage/statement/${shop.id}`)).status).toBe(404);
  });
});

describe('the command', () => {
  const show = (...args: string[]) =>
    runCommand(['statement', 'show', '--workspace', shop.id, '--month', '2026-01', ...args], {
      DATABASE_URL: app.database.url,
    });
  beforeEach(async () => {
    await save('Mario');
    await close();
  });

  it('writes the same bytes as the server', async () => {
    const out = join(folder, `${shop.id}.pdf`);
    const made = await show('--out', out, '--lang', 'it', '--json');
    expect([made.stderr, made.code]).toEqual(['', 0]);
    expect(JSON.parse(made.stdout)).toEqual({
      ...{ file: out, number: 1, month: '2026-01', total: '0.005', currency: 'EUR' },
    });
    expect((await readFile(out)).equals(await pdf('?lang=it'))).toBe(true);
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it.each(['csv', 'json'])('prints %s', async (format) => {
    const { code, stdout } = await show('--format', format);
    expect([code, stdout]).toEqual([0, await (await get(`?format=${format}`)).text()]);
  });

  it.each([
    [['--out', '/nowhere/a.txt'], '"/nowhere/a.txt" names no format. Give --format pdf, csv, json.'],
    [['--format', 'csv', '--lang', 'it'], '--lang is for a PDF'],
    [['--format', 'xml'], 'Allowed choices are pdf, csv, json'],
  ])('refuses %j', async (args, words) => {
    const { code, stderr } = await show(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
    expect(existsSync('/nowhere')).toBe(false);
  });
});
