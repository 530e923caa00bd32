// Exports read by programs that are not ours: psql loads them, LibreOffice opens them.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { SAVE } from './support/operations';

const run = promisify(execFile);

const runs = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const psql = ['/usr/lib/postgresql/15/bin/psql', 'psql'].find(
  (program) => (!program.startsWith('/') || existsSync(program)) && runs(program),
);
const office = ['soffice', 'libreoffice'].find(runs);
const when = (program: string | undefined) => (program ? it : it.skip);

const NAMES = [
  '=HYPERLINK("http://x","y")',
  '+1+1',
  '-2',
  '@SUM(1)',
  '\t=1+1',
  '＝1+1',
  '\u200b=1+1',
  'Bar;=1+1;',
  'Zoë O’Neil 👋🏽, "àèìòù"\nsecond line',
];

let app: TestApp;
let shop: TestWorkspace;
let folder: string;
beforeAll(async () => {
  app = await startApp();
  folder = await mkdtemp(join(tmpdir(), 'centesimo export '));
  shop = await aWorkspace(app, { priceMicros: 125_000n });
  for (const [index, name] of NAMES.entries()) {
    const phoneNumber = `+39333123456${index}`;
    await aCustomer(app, shop, { name, phoneNumber });
    const occurredAt = `2026-03-0${index + 1}T10:00:00Z`;
    await app.api.as(shop.service).data(SAVE, { input: aTurn(shop, { phoneNumber, occurredAt }) });
  }
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

async function exported(query = ''): Promise<{ file: string; text: string }> {
  const response = await app.api.as(shop.analyst).get(`/api/usage/export/${shop.id}?month=2026-03${query}`);
  const text = await response.text();
  const file = join(folder, 'bill.csv');
  await writeFile(file, text);
  return { file, text };
}

when(psql)(
  'psql \\copy loads the exact CSV into a table of the documented columns (skipped without psql)',
  async () => {
    const { file, text } = await exported();
    const documented = await readFile(join(__dirname, '../docs/rest.md'), 'utf8');
    const table = /```sql\n([\s\S]*?)```/.exec(documented)?.[1] ?? '';
    const script = join(folder, 'load.sql');
    await writeFile(
      script,
      `${table.replace('january.csv', file)}
     SELECT json_agg(json_build_object('customer', customer, 'phone', phone, 'amount', amount) ORDER BY occurred_at) FROM bill;`,
    );
    const url = new URL(app.database.url);
    url.search = '';
    const { stdout } = await run(psql ?? '', [
      '-X',
      '-q',
      '-A',
      '-t',
      '-v',
      'ON_ERROR_STOP=1',
      '-f',
      script,
      url.toString(),
    ]);
    const rows: Record<string, string>[] = parse(text, { columns: true, record_delimiter: '\r\n' });
    expect(JSON.parse(stdout)).toEqual(
      rows.map(({ customer, phone, amount }) => ({ customer, phone, amount: Number(amount) })),
    );
    expect(rows).toHaveLength(NAMES.length);
  },
);

/** LibreOffice's cells after it opened a CSV file with these options and saved it as another file. */
async function opened(
  file: string,
  options: string,
  kind: 'xlsx' | 'ods',
): Promise<Record<string, string>[]> {
  const profile = `-env:UserInstallation=file://${encodeURI(join(folder, 'profile'))}`;
  const convert = (source: string, filter: string[], to: string) =>
    run(office ?? '', [profile, '--headless', ...filter, '--convert-to', to, '--outdir', folder, source], {
      timeout: 120_000,
    });
  await convert(file, [`--infilter=CSV:${options}`], kind);
  // Semicolons, so that it can't be the first file that is read; formulas as formulas, numbers as they are stored.
  await convert(
    file.replace('.csv', `.${kind}`),
    [],
    'csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,false,true',
  );
  const cells = await readFile(join(folder, 'bill.csv'), 'utf8');
  return parse(cells, { columns: true, delimiter: ';', bom: true });
}

describe('LibreOffice (skipped without soffice)', () => {
  // Comma, quote, UTF-8, from line 1, columns as found, English (USA), no quoted field as text, detect numbers.
  const ENGLISH = '44,34,76,1,,1033,false,true';

  when(office).each(['xlsx', 'ods'] as const)(
    'opens the spreadsheet dialect and keeps it as %s: text stays text, amounts are numbers',
    async (kind) => {
      const { file, text } = await exported('&dialect=spreadsheet');
      const written: Record<string, string>[] = parse(text, { columns: true, record_delimiter: '\r\n' });
      const cells = await opened(file, ENGLISH, kind);
      expect(cells.map(({ customer }) => customer)).toEqual(written.map(({ customer }) => customer));
      expect(cells.map(({ phone }) => phone)).toEqual(NAMES.map((_, index) => `'+39333123456${index}`));
      expect(cells.map(({ amount }) => amount)).toEqual(NAMES.map(() => '0.125'));
      expect(new Set(cells.map(({ id }) => id))).toEqual(new Set(written.map(({ id }) => id)));
    },
    240_000,
  );

  // Semicolon, quote, UTF-8, from line 1, columns as found, Italian (Italy), no quoted field as text, detect numbers.
  const ITALIAN = '59,34,76,1,,1040,false,true';

  when(office).each(['records', 'clients', 'messages'] as const)(
    'in Italian opens the Italian dialect of %s: 0,125 is 0.125, and text stays text',
    async (what) => {
      const { file, text } = await exported(`&dialect=italian&what=${what}`);
      const written: Record<string, string>[] = parse(text, { columns: true, delimiter: ';', bom: true });
      const cells = await opened(file, ITALIAN, 'xlsx');
      expect(cells.map(({ customer }) => customer)).toEqual(written.map(({ customer }) => customer));
      expect(cells.map(({ phone }) => phone).sort()).toEqual(
        NAMES.map((_, index) => `'+39333123456${index}`),
      );
      expect(written.map(({ amount }) => amount)).toEqual(NAMES.map(() => '0,125'));
      expect(cells.map(({ amount }) => amount)).toEqual(NAMES.map(() => '0.125'));
      expect(cells.map(({ currency }) => currency)).toEqual(NAMES.map(() => 'EUR'));
    },
    240_000,
  );

  when(office)(
    'reads other amounts and phones when its import is told something else',
    async () => {
      const { file } = await exported();
      const cells = await opened(file, ENGLISH.replace('1033', '1040'), 'xlsx');
      expect(cells.map(({ amount }) => amount)).toEqual(NAMES.map(() => '125'));
      expect(cells[0]?.phone).toBe('393331234560');
    },
    240_000,
  );

  it('is configured as the docs say', async () => {
    const page = await readFile(join(__dirname, '../docs/rest.md'), 'utf8');
    for (const options of [ENGLISH, ITALIAN]) expect(page).toContain(`--infilter=CSV:${options} `);
  });
});
