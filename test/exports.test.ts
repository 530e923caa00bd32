// REST reads and exports, as a script fetches them.
import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parse } from 'csv-parse/sync';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { DEMO_WORKSPACE } from '../src/services/demo/demo';
import {
  aCustomer,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { SAVE } from './support/operations';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await startApp({ demo: true });
  token = await aToken(app, { kind: 'client', workspaceIds: [DEMO_WORKSPACE.id] });
});
afterAll(() => app.stop());

const get = (path: string, as = token): Promise<Response> => app.api.as(as).get(`/api/usage/${path}`);
const demo = (name: string, query = ''): Promise<Response> => get(`${name}/${DEMO_WORKSPACE.id}${query}`);

type Row = Record<string, string>;
const rowsOf = async (response: Response): Promise<Row[]> =>
  parse(await response.text(), { columns: true, record_delimiter: '\r\n' });

async function aShopWith(name: string, turns: string[] = ['2026-03-01T10:00:00Z']): Promise<TestWorkspace> {
  const shop = await aWorkspace(app);
  await aCustomer(app, shop, { name, phoneNumber: '+393331234567' });
  for (const occurredAt of turns)
    await app.api.as(shop.service).data(SAVE, { input: aTurn(shop, { occurredAt }) });
  return shop;
}

it('the dashboard has the reference example', async () => {
  const response = await demo('dashboard', '?month=2025-01');
  expect([response.status, response.headers.get('cache-control'), response.headers.get('vary')]).toEqual([
    200,
    'private, no-store',
    expect.stringContaining('Authorization'),
  ]);
  expect(await response.json()).toMatchObject({
    totals: {
      cost: { amount: '0.125', currency: 'EUR' },
      messages: 25,
      averageCostPerClient: { amount: '0.03125' },
    },
    growth: { messages: { current: 25, previous: 19, change: 6, percent: '31.58' } },
    topClients: expect.arrayContaining([
      expect.objectContaining({
        rank: 1,
        customer: expect.objectContaining({ name: 'Mario Rossi' }),
        messages: 9,
      }),
    ]),
    peakHours: expect.arrayContaining([expect.objectContaining({ hour: 14, messages: 8 })]),
  });
});

it('the statistics add up', async () => {
  const stats = (await (await demo('stats', '?month=2025-01&interval=week')).json()) as {
    timeline: { messages: number }[];
    heatmap: { messages: number }[];
    outcomes: { outcome: string; messages: number }[];
  };
  const sum = (cells: { messages: number }[]) => cells.reduce((total, { messages }) => total + messages, 0);
  expect([sum(stats.timeline), sum(stats.heatmap), stats.heatmap.length]).toEqual([25, 25, 168]);
  expect(stats.outcomes).toContainEqual({ outcome: 'UNKNOWN_CUSTOMER', messages: 1 });
});

describe('an export', () => {
  it('in CSV has every charge of the month in order, and a telling file name', async () => {
    const response = await demo('export', '?month=2025-01');
    expect(response.headers.get('content-type')).toMatch(/^text\/csv; charset=utf-8/);
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="workspace-123-2025-01.csv"',
    );
    const rows = await rowsOf(response);
    expect(rows).toHaveLength(25);
    expect(rows[0]).toMatchObject({
      occurred_at: '2025-01-02T13:05:00.000Z',
      local_time: '2025-01-02T14:05:00.000+01:00',
      customer: 'Mario Rossi',
      phone: '+393331234567',
      amount: '0.005',
      currency: 'EUR',
    });
    expect(rows.map((row) => row.occurred_at)).toEqual(rows.map((row) => row.occurred_at).sort());
  });

  it.each([
    ['preset=YESTERDAY', 'workspace-123-2026-03-14.csv'],
    ['preset=LAST_YEAR', 'workspace-123-2025.csv'],
    ['preset=LAST_WEEK', 'workspace-123-2026-03-02-to-2026-03-08.csv'],
    ['from=2025-01-06T12:00:00Z&to=2025-01-07T23:00:00Z', 'workspace-123-2025-01-06-to-2025-01-07.csv'],
    ['month=2025-01&format=ndjson', 'workspace-123-2025-01.ndjson'],
  ])('of %s is called %s', async (query, name) => {
    const response = await demo('export', `?${query}`);
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`);
    await response.text();
  });

  it('in CSV ends with trailers of its rows and its sum', async () => {
    const trailers = await new Promise<NodeJS.Dict<string>>((resolve, reject) => {
      const url = `${app.url}/api/usage/export/${DEMO_WORKSPACE.id}?month=2025-01`;
      const headers = { authorization: `Bearer ${token}` };
      httpRequest(url, { headers }, (response) => {
        response.resume().on('end', () => resolve(response.trailers));
      })
        .on('error', reject)
        .end();
    });
    expect(trailers).toEqual({ 'centesimo-rows': '25', 'centesimo-amount': '0.125' });
  });

  it('in JSON is one document, in NDJSON a line a charge and a summary', async () => {
    const json = (await (await demo('export', '?month=2025-01&format=json')).json()) as { records: Row[] };
    expect(json).toMatchObject({ workspaceId: 'workspace-123', rows: 25, amount: '0.125', currency: 'EUR' });
    const lines = (await (await demo('export', '?month=2025-01&format=ndjson')).text()).trimEnd().split('\n');
    expect(lines.slice(0, -1).map((line) => JSON.parse(line))).toEqual(json.records);
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ rows: 25, amount: '0.125', currency: 'EUR' });
  });

  it('of nothing is a complete file', async () => {
    const shop = await aWorkspace(app);
    expect(await rowsOf(await get(`export/${shop.id}`, shop.client))).toEqual([]);
    expect(await (await get(`export/${shop.id}?format=json`, shop.client)).json()).toMatchObject({
      records: [],
      rows: 0,
      amount: '0.00',
    });
  });

  it.each([
    ['=HYPERLINK("http://x","y")', `'=HYPERLINK("http://x","y")`],
    ['+1 formula', `'+1 formula`],
    ['-2', `'-2`],
    ['@sum', `'@sum`],
    ['|calc', `'|calc`],
    ['%0', `'%0`],
    ['＝1+1', `'＝1+1`],
    ['＋1', `'＋1`],
    ['－1', `'－1`],
    ['＠SUM(1)', `'＠SUM(1)`],
    ['\u200b=1+1', `'\u200b=1+1`],
    ['\u202e=1+1', `'\u202e=1+1`],
    ['\u2060\u00ad+1', `'\u2060\u00ad+1`],
    ['\u200b\ufeff\u00a0@SUM(1)', `'\u200b\ufeff\u00a0@SUM(1)`],
    ['\u{e0020}-1', `'\u{e0020}-1`],
    // Excel in Italian splits cells at semicolons, and then a quote does not protect a line break.
    ['Bar;=1+1;x', `Bar;'=1+1;x`],
    ['Bar\n\u200b=1+1', `Bar\n'\u200b=1+1`],
    ['Bar\t=1+1', `Bar\t'=1+1`],
    ['a=b; c-d | 100% @home', 'a=b; c-d | 100% @home'],
    ['Rossi, "Mario"\nsecond line', 'Rossi, "Mario"\nsecond line'],
    ['Zoë O’Neil 👋🏽', 'Zoë O’Neil 👋🏽'],
  ])('defuses what a spreadsheet would run, and nothing else: %s', async (name, cell) => {
    const shop = await aShopWith(name);
    const [exact] = await rowsOf(await get(`export/${shop.id}`, shop.client));
    expect([exact?.customer, exact?.phone]).toEqual([cell, '+393331234567']);
    const [safe] = await rowsOf(await get(`export/${shop.id}?dialect=spreadsheet`, shop.client));
    expect([safe?.customer, safe?.phone]).toEqual([cell, `'+393331234567`]);
    const ndjson =
      (await (await get(`export/${shop.id}?format=ndjson`, shop.client)).text()).split('\n')[0] ?? '';
    expect(JSON.parse(ndjson)).toMatchObject({ customer: name, phone: '+393331234567' });
  });

  it('writes local time with its offset on both sides of a clock change, in any zone', async () => {
    app.clock.set('2026-04-01T12:00:00Z');
    const shop = await aShopWith('Mario', ['2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z']);
    const rows = await rowsOf(await get(`export/${shop.id}?month=2026-03`, shop.client));
    expect(rows.map((row) => row.local_time)).toEqual([
      '2026-03-29T01:59:59.000+01:00',
      '2026-03-29T03:00:00.000+02:00',
    ]);
    const [nepal] = await rowsOf(
      await get(`export/${shop.id}?month=2026-03&timeZone=Asia/Kathmandu`, shop.client),
    );
    expect(nepal?.local_time).toBe('2026-03-29T06:44:59.000+05:45');
    app.clock.set('2026-03-15T12:00:00Z');
  });

  /** Opens a long export; resolves at its first piece, with a promise of how it ends. */
  const openLong = (shop: TestWorkspace, query: string, token = shop.client) =>
    new Promise<{ leave: () => void; readOn: () => Promise<{ complete: boolean; text: string }> }>(
      (resolve, reject) => {
        const headers = { authorization: `Bearer ${token}` };
        const call = httpRequest(
          `${app.url}/api/usage/export/${shop.id}?format=${query}`,
          { headers },
          (response) => {
            let text = '';
            const ended = new Promise<{ complete: boolean; text: string }>((end) =>
              response.on('close', () => end({ complete: response.complete, text })),
            );
            response.on('error', () => undefined);
            response.once('data', (chunk: Buffer) => {
              text += chunk;
              response.pause();
              resolve({
                leave: () => call.destroy(),
                readOn: () => {
                  response.on('data', (more: Buffer) => {
                    text += more;
                  });
                  response.resume();
                  return ended;
                },
              });
            });
          },
        );
        call.on('error', reject).end();
      },
    );

  const exporting = async (): Promise<number> =>
    (
      await app.database.sql(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND query LIKE '%export%' AND pid <> pg_backend_pid()",
      )
    ).length;

  async function waitFor(running: number): Promise<void> {
    const deadline = Date.now() + 60_000;
    while ((await exporting()) !== running) {
      if (Date.now() > deadline) throw new Error(`not ${running} exports after 60 s`);
    }
  }

  let big: Promise<TestWorkspace> | undefined;
  const aShopWithManyCharges = (): Promise<TestWorkspace> => {
    big ??= makeBig();
    return big;
  };

  const makeBig = (): Promise<TestWorkspace> => aShopFilled(['Mario'], 80_000);

  /** This many charges for each of the customers, and one more. */
  async function aShopFilled(names: string[], charges: number): Promise<TestWorkspace> {
    const shop = await aWorkspace(app);
    for (const [index, name] of names.entries()) {
      const phoneNumber = `+39333123456${index}`;
      await aCustomer(app, shop, { name, phoneNumber });
      await app.api.as(shop.service).data(SAVE, { input: aTurn(shop, { phoneNumber }) });
    }
    await app.database.sql(
      `WITH m AS (
         INSERT INTO messages (workspace_id, id, key_digest, phone_number, customer_id, message, outcome, occurred_at, saved_at)
         SELECT m.workspace_id, gen_random_uuid(), sha256(convert_to('bulk ' || n || m.phone_number, 'UTF8')), m.phone_number, m.customer_id, '', 'TRACKED', m.occurred_at, m.saved_at
         FROM messages m, generate_series(1, $2) n WHERE m.workspace_id = $1 RETURNING *)
       INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at, epoch, month)
       SELECT workspace_id, gen_random_uuid(), id, customer_id, 5000, occurred_at, saved_at, 1, '2026-03-01' FROM m`,
      [shop.id, charges],
    );
    return shop;
  }

  it('has the same content in every format, with any names and at any length', async () => {
    const names = ['Ròmà "la" 👋🏽', 'a\\b\\', 'tab\there, comma', 'line\r\nbreak', '\\N', "o'Neil"];
    const shop = await aShopFilled(names, 1_000);
    const of = async (format: string) =>
      (await get(`export/${shop.id}?format=${format}`, shop.client)).text();
    const { records, rows, amount } = JSON.parse(await of('json'));
    const lines = (await of('ndjson')).trimEnd().split('\n');
    expect([records.length, rows, lines.length, amount]).toEqual([6_006, 6_006, 6_007, '30.03']);
    expect(lines.pop()).toBe('{"rows":6006,"amount":"30.03","currency":"EUR"}');
    expect(lines.map((line) => JSON.parse(line))).toEqual(records);
    const csv: Row[] = parse(await of('csv'), { columns: true, record_delimiter: '\r\n' });
    const asText = (record: Record<string, string | null>) =>
      Object.fromEntries(Object.entries(record).map(([name, value]) => [name, value ?? '']));
    expect(csv).toEqual(records.map(asText));
    expect(new Set(csv.map((row) => row.customer)).size).toBe(6);
  });

  it('in CSV can be loaded into PostgreSQL by \\copy unchanged', async () => {
    const shop = await aShopWith('Rossi, "Mario"\nsecond line');
    const text = await (await get(`export/${shop.id}`, shop.client)).text();
    const client = new Client({ connectionString: app.database.url });
    await client.connect();
    await client.query(`CREATE TEMP TABLE bill (id uuid, occurred_at timestamptz, saved_at timestamptz,
      local_time text, customer_id uuid, customer text, phone text, whatsapp_user_id text, amount numeric, currency text, kind text,
      llm_cost numeric, channel_cost numeric)`);
    await pipeline(
      Readable.from([text]),
      client.query(copyFrom('COPY bill FROM STDIN WITH (FORMAT csv, HEADER)')),
    );
    const { rows } = await client.query(
      'SELECT customer, phone, whatsapp_user_id, amount, occurred_at FROM bill',
    );
    expect(rows).toEqual([
      {
        customer: 'Rossi, "Mario"\nsecond line',
        phone: '+393331234567',
        whatsapp_user_id: null,
        amount: '0.005',
        occurred_at: new Date('2026-03-01T10:00:00Z'),
      },
    ]);
    await client.end();
  });

  it('of clients has each client once, biggest first, and a fitting name', async () => {
    const response = await demo('export', '?what=clients&month=2025-01');
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="workspace-123-clients-2025-01.csv"',
    );
    const rows = await rowsOf(response);
    expect(rows.map(({ customer, messages, amount }) => [customer, messages, amount])).toEqual([
      ['Mario Rossi', '9', '0.045'],
      ['Giulia Bianchi', '6', '0.03'],
      ['Luca Verdi', '6', '0.03'],
      ['Anna Ferrari', '4', '0.02'],
    ]);
    expect(rows[0]).toMatchObject({ phone: '+393331234567', currency: 'EUR' });
  });

  it('of turns also has uncharged ones: who wrote, what, and why it was not charged', async () => {
    const shop = await aShopWith('=Mario');
    await app.api.as(shop.service).data(SAVE, {
      input: aTurn(shop, {
        ...{ phoneNumber: '+393330000000', occurredAt: '2026-03-02T10:00:00Z', response: null },
        message: '=SUM(1), "a"\nline; tab\t-1',
        ...{ failure: '=no answer', workflow: 'Orders, "new"', channel: 'web' },
      }),
    });
    await app.database.sql(
      "UPDATE messages SET workflow_number = 0 WHERE workspace_id = $1 AND occurred_at < '2026-03-02'",
      [shop.id],
    );
    await app.database.sql(
      `UPDATE messages SET text_removed_at = '2026-03-10T10:00:00Z', message = '', response = NULL, phone_number = NULL
       WHERE workspace_id = $1 AND occurred_at < '2026-03-02'`,
      [shop.id],
    );
    const asked = `export/${shop.id}?what=messages`;
    const { messages, rows, amount } = JSON.parse(
      await (await get(`${asked}&format=json`, shop.analyst)).text(),
    );
    expect([rows, amount]).toEqual([2, '0.005']);
    const removed = {
      ...{ customer: '=Mario', phone: null, message: '', response: null, outcome: 'TRACKED' },
      ...{ amount: '0.005', text_removed_at: '2026-03-10T10:00:00.000Z' },
      // A value beyond the 200.
      ...{ failure: null, workflow: '(other)', channel: null },
    };
    const unknown = {
      ...{ customer_id: null, customer: null, phone: '+393330000000', whatsapp_user_id: null },
      ...{ message: '=SUM(1), "a"\nline; tab\t-1', response: null, outcome: 'NO_RESPONSE' },
      ...{ charge_id: null, amount: null, currency: 'EUR', text_removed_at: null },
      ...{ failure: '=no answer', workflow: 'Orders, "new"', channel: 'web' },
    };
    expect(messages).toEqual([expect.objectContaining(removed), expect.objectContaining(unknown)]);
    const [record] = await rowsOf(await get(`export/${shop.id}`, shop.analyst));
    expect(messages[0].charge_id).toBe(record?.id);
    const lines = (await (await get(`${asked}&format=ndjson`, shop.analyst)).text()).trimEnd().split('\n');
    expect(lines.slice(0, -1).map((line) => JSON.parse(line))).toEqual(messages);
    const [first, second] = await rowsOf(await get(asked, shop.analyst));
    expect([first?.customer, first?.phone, first?.amount]).toEqual(["'=Mario", '', '0.005']);
    expect([second?.message, second?.response, second?.amount]).toEqual([
      `'=SUM(1), "a"\nline; tab\t'-1`,
      '',
      '',
    ]);
  });

  it('for Italian spreadsheets has a byte order mark, semicolons, decimal commas and no formula', async () => {
    const shop = await aShopWith('=Mario; "x", y');
    for (const [what, columns] of [
      [
        'records',
        'id;occurred_at;saved_at;local_time;customer_id;customer;phone;whatsapp_user_id;amount;currency;kind;llm_cost;channel_cost',
      ],
      [
        'clients',
        'customer_id;customer;phone;whatsapp_user_id;messages;amount;currency;first_at;last_at;last_local_time',
      ],
    ]) {
      const response = await get(`export/${shop.id}?what=${what}&dialect=italian`, shop.client);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
      const lines = bytes.subarray(3).toString('utf8').split('\r\n');
      expect(lines[0]).toBe(columns);
      expect(lines[1]).toContain(`;"'=Mario; ""x"", y";'+393331234567;;`);
      expect(lines[1]).toContain(';0,005;EUR;');
    }
    const [message] = parse(
      await (await get(`export/${shop.id}?what=messages&dialect=italian`, shop.analyst)).text(),
      { columns: true, delimiter: ';', bom: true },
    );
    expect(message).toMatchObject({ phone: "'+393331234567", message: 'ciao', amount: '0,005' });
  });

  it('has amounts with the digits of their currency at least', async () => {
    const amountsIn = async (currency: string, price: bigint) => {
      const shop = await aWorkspace(app, { currency, priceMicros: price });
      await aCustomer(app, shop, { phoneNumber: '+393331234567' });
      await app.api.as(shop.service).data(SAVE, { input: aTurn(shop) });
      const [row] = await rowsOf(await get(`export/${shop.id}`, shop.client));
      return row?.amount;
    };
    expect(await amountsIn('EUR', 12_000_000n)).toBe('12.00');
    expect(await amountsIn('EUR', 0n)).toBe('0.00');
    expect(await amountsIn('EUR', 1n)).toBe('0.000001');
    expect(await amountsIn('JPY', 5_000_000n)).toBe('5');
    expect(await amountsIn('JPY', 500_000n)).toBe('0.5');
    expect(await amountsIn('KWD', 10_000n)).toBe('0.010');
  });

  it.each(['json', 'ndjson', 'csv'])(
    'in %s that fails midway is broken off, and can pass for no whole file',
    async (format) => {
      const shop = await aShopWithManyCharges();
      const { readOn } = await openLong(shop, format);
      await waitFor(1);
      await app.database.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%export%' AND pid <> pg_backend_pid()",
      );
      const { complete, text } = await readOn();
      expect(complete).toBe(false);
      expect(text).not.toContain('"rows"');
    },
  );

  const nothingLeft = async (): Promise<void> => {
    const deadline = Date.now() + 60_000;
    while ((await exporting()) > 0) if (Date.now() > deadline) throw new Error('the query goes on');
  };

  it('ends its query when the caller goes away', async () => {
    const shop = await aShopWithManyCharges();
    const { leave } = await openLong(shop, 'csv');
    expect(await exporting()).toBe(1);
    leave();
    await nothingLeft();
  });

  it('leaves connections for other callers: more than four at once get 503', async () => {
    const shop = await aShopWithManyCharges();
    const four = [];
    for (let opened = 0; opened < 4; opened += 1) {
      const token = await aToken(app, { kind: 'client', workspaceIds: [shop.id] });
      four.push(await openLong(shop, 'ndjson', token));
    }
    const fifth = await get(`export/${shop.id}`, shop.client);
    expect([fifth.status, fifth.headers.get('retry-after'), await fifth.json()]).toEqual([
      503,
      '10',
      {
        errors: [
          expect.objectContaining({ message: expect.stringMatching(/^\[SERVICE_UNAVAILABLE\] 4 exports/) }),
        ],
      },
    ]);
    for (const { leave } of four) leave();
    await nothingLeft();
    const ended = await get(`export/${shop.id}?format=ndjson`, shop.client);
    expect((await ended.text()).trimEnd().split('\n')).toHaveLength(80_002);
  });

  it("is limited to one at a time for each token, so that one token can't take all places", async () => {
    const shop = await aShopWithManyCharges();
    const { leave, readOn } = await openLong(shop, 'ndjson');
    const second = await get(`export/${shop.id}`, shop.client);
    expect([second.status, second.headers.get('retry-after'), await second.json()]).toEqual([
      429,
      '10',
      {
        errors: [
          expect.objectContaining({ message: expect.stringMatching(/^\[RATE_LIMITED\] .* one at a time/) }),
        ],
      },
    ]);
    const another = await get(`export/${shop.id}?format=ndjson`, shop.analyst);
    expect([another.status, (await another.text()).trimEnd().split('\n').length]).toEqual([200, 80_002]);
    expect((await readOn()).complete).toBe(true);
    leave();
    await nothingLeft();
    const later = await get(`export/${shop.id}?format=ndjson`, shop.client);
    expect([later.status, (await later.text()).length > 0]).toEqual([200, true]);
  });

  it('is limited to one at a time whatever it contains; a caller who goes away ends it', async () => {
    const shop = await aShopWithManyCharges();
    const { leave } = await openLong(shop, 'csv&what=messages', shop.analyst);
    for (const what of ['records', 'clients', 'messages'])
      expect((await get(`export/${shop.id}?what=${what}`, shop.analyst)).status).toBe(429);
    leave();
    await nothingLeft();
    const clients = await rowsOf(await get(`export/${shop.id}?what=clients`, shop.analyst));
    expect(clients).toHaveLength(1);
  });

  it("that can't begin answers with a status of failure", async () => {
    const shop = await aShopWith('Mario');
    await app.database.sql('ALTER TABLE charges RENAME TO elsewhere');
    const response = await get(`export/${shop.id}`, shop.client);
    await app.database.sql('ALTER TABLE elsewhere RENAME TO charges');
    expect([
      response.status,
      response.headers.get('content-type'),
      response.headers.get('content-disposition'),
    ]).toEqual([500, 'application/json; charset=utf-8', null]);
    expect(await response.json()).toEqual({
      errors: [
        expect.objectContaining({ extensions: expect.objectContaining({ code: 'INTERNAL_SERVER_ERROR' }) }),
      ],
    });
    expect((await get(`export/${shop.id}`, shop.client)).status).toBe(200);
  });
});

it.each(['HEAD', 'POST', 'PUT', 'DELETE'])('%s is none of its methods', async (method) => {
  const response = await fetch(`${app.url}/api/usage/export/${DEMO_WORKSPACE.id}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([
    404,
    'application/json; charset=utf-8',
  ]);
  if (method !== 'HEAD')
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
});

describe('who may export', () => {
  const paths = ['dashboard', 'stats', 'export'];
  it.each(paths)('%s: nobody without a token, nor for another workspace', async (name) => {
    const shop = await aWorkspace(app);
    const anonymous = await fetch(`${app.url}/api/usage/${name}/${shop.id}`);
    expect([anonymous.status, await anonymous.json()]).toEqual([
      401,
      { errors: [expect.objectContaining({ extensions: { code: 'UNAUTHENTICATED' } })] },
    ]);
    expect((await get(`${name}/${shop.id}`)).status).toBe(403);
    expect((await get(`${name}/nowhere`)).status).toBe(403);
    expect((await get(`${name}/${shop.id}`, shop.service)).status).toBe(403);
    expect((await get(`${name}/${shop.id}`, shop.client)).status).toBe(200);
  });

  it('messages also needs messages:read, in every format', async () => {
    const shop = await aShopWith('Mario');
    for (const format of ['csv', 'json', 'ndjson']) {
      const asked = `export/${shop.id}?what=messages&format=${format}`;
      const refused = await get(asked, shop.client);
      expect([refused.status, await refused.text()]).toEqual([
        403,
        expect.stringMatching(/"\[FORBIDDEN\] [^"]*what=messages[^"]*messages:read/),
      ]);
      expect((await get(asked, shop.analyst)).status).toBe(200);
    }
    const reader = await aToken(app, {
      ...{ kind: 'analyst', workspaceIds: [shop.id], scopes: ['messages:read', 'usage:read'] },
    });
    expect((await get(`export/${shop.id}?what=messages`, reader)).status).toBe(403);
    expect((await get(`export/${shop.id}?what=clients`, shop.client)).status).toBe(200);
  });

  it('export needs export:read', async () => {
    const shop = await aWorkspace(app);
    const reader = await aToken(app, { kind: 'client', workspaceIds: [shop.id], scopes: ['usage:read'] });
    expect((await get(`export/${shop.id}`, reader)).status).toBe(403);
    expect((await get(`dashboard/${shop.id}`, reader)).status).toBe(200);
  });
});

it.each([
  ['dashboard', '?month=2025-13'],
  ['dashboard', '?monht=2025-01'],
  ['dashboard', '?month=2025-01&preset=TODAY'],
  ['dashboard', '?timeZone=Mars/Base'],
  ['dashboard', '?from=yesterday'],
  ['stats', '?interval=decade'],
  ['stats', '?limit=0'],
  ['stats', '?limit=x'],
  ['export', '?format=xlsx'],
  ['export', '?format=json&dialect=spreadsheet'],
  ['export', '?format=ndjson&dialect=exact'],
  ['export', '?dialect=german'],
  ['export', '?what=prices'],
  ['export', '?what=clients&what=records'],
  ['export', '?what=clients&first_day=2025-01-31&last_day=2025-01-01'],
  ['export', '?month=2025-01&month=2025-02'],
])('%s%s is refused in words', async (name, query) => {
  const response = await demo(name, query);
  expect([response.status, await response.json()]).toEqual([
    400,
    {
      errors: [
        { message: expect.stringMatching(/^\[BAD_USER_INPUT\] /), extensions: { code: 'BAD_USER_INPUT' } },
      ],
    },
  ]);
});
