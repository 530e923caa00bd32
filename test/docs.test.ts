// Every snippet of docs/ does what its page says: a new one fails here until it is run, or listed with a reason.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { parse } from 'csv-parse/sync';
import { Cli } from '../src/cli/cli';
import { createProgram } from '../src/cli/program';
import { DEMO_WORKSPACE } from '../src/services/demo/demo';
import { aToken, startApp, type TestApp } from './support/app';
import { runCommand } from './support/command';

const ROOT = join(__dirname, '..');
const DOCS = join(ROOT, 'docs');

let app: TestApp;
let service: string;
let client: string;
let analyst: string;
let folder: string;
beforeAll(async () => {
  app = await startApp({ demo: true });
  service = await aToken(app, { kind: 'service', workspaceIds: [DEMO_WORKSPACE.id] });
  client = await aToken(app, { kind: 'client', workspaceIds: [DEMO_WORKSPACE.id] });
  analyst = await aToken(app, { kind: 'analyst', workspaceIds: [DEMO_WORKSPACE.id] });
  folder = await mkdtemp(join(tmpdir(), 'centesimo docs '));
  for (const id of ['my-shop', 'shop', 'other-shop'])
    await cli([
      'workspace',
      'create',
      '--id',
      id,
      '--name',
      id,
      '--time-zone',
      'Europe/Rome',
      '--currency',
      'EUR',
    ]);
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

const cli = (args: string[]) => runCommand(args, { DATABASE_URL: app.database.url });

/** Runs a page's shell as its reader does; commands of the product in its folder, all others in one of their own. */
async function shell(script: string): Promise<string> {
  const { PATH = '', HOME = '/' } = process.env;
  const { stdout } = await promisify(execFile)(
    'bash',
    ['-euo', 'pipefail', '-c', script.replaceAll('http://localhost:3001', app.url)],
    {
      cwd: script.includes('npm run') ? ROOT : folder,
      env: { PATH, HOME, DATABASE_URL: app.database.url, CLIENT_TOKEN: client, ANALYST_TOKEN: analyst },
    },
  );
  return stdout;
}

/** A shop with a turn of January 2025; returns the token of the reader. */
async function aShopWithATurn(): Promise<string> {
  await app.services.customers.register(
    'shop',
    { name: 'Mario', phoneNumber: '+393331234567' },
    { name: 'test' },
  );
  await app.services.saveMessages.save({
    ...{ workspaceId: 'shop', phoneNumber: '+393331234567', message: 'a', response: 'b' },
    ...{ idempotencyKey: 'wamid.january', occurredAt: new Date('2025-01-10T10:00:00Z') },
  });
  return aToken(app, { kind: 'analyst', workspaceIds: ['shop'] });
}

const hasOffice = spawnSync('soffice', ['--version']).status === 0;

const opensInOffice = hasOffice
  ? async (text: string) => {
      await rm(join(folder, 'january.xlsx'), { force: true });
      await shell(text);
      expect((await stat(join(folder, 'january.xlsx'))).size).toBeGreaterThan(0);
    }
  : 'soffice is not installed; exports-in-other-programs.test.ts says so too';

/** What is done with each snippet, by page, language and number: it is run, or the reason why that is not done here. */
const SNIPPETS: Record<string, string | ((text: string) => Promise<void>)> = {
  'analysts.md graphql 1': async (text) => {
    const token = await aShopWithATurn();
    await app.services.closing.close('shop', '2025-01', { name: 'test' });
    expect(await app.api.as(token).data(text, { workspaceId: 'shop' })).toMatchObject({
      statement: {
        ...{ number: 1, total: { amount: '0.005' }, carried: { amount: '0.00' } },
        lines: { nodes: [{ customer: { name: 'Mario' }, month: '2025-01', messages: 1 }] },
      },
    });
  },
  'analysts.md graphql 2': async (text) => {
    const answer = await app.api.as(client).data(text, { workspaceId: DEMO_WORKSPACE.id });
    expect(answer).toEqual({ budgets: [], events: { nodes: [] } });
  },
  'analysts.md sh 1': async (text) => {
    await shell(text);
    const file = await readFile(join(folder, 'clienti.csv'), 'utf8');
    expect(parse(file, { bom: true, columns: true, delimiter: ';' })).not.toEqual([]);
  },
  'architecture.md mermaid 1': 'a drawing',
  'configuration.md text 1': async (text) => {
    const { code, stdout, stderr } = await runCommand(['serve'], { PORT: '30o1', CORS_ORIGINS: '*' });
    expect(code).toBe(2);
    expect(stdout + stderr).toContain(text.trimEnd());
  },
  'dashboards.md js 2': async (text) => {
    const program = [
      "import { WebSocket } from 'ws';",
      'globalThis.WebSocket = WebSocket;',
      `const token = '${client}';`,
      text
        .replace('https://metering.example.com', app.url)
        .replace("'shop'", `'${DEMO_WORKSPACE.id}'`)
        // Twice: at first, and because of the first tick.
        .replace('// Draw data.usage.', 'if (data) console.log(JSON.stringify(data));')
        .replace('next: () => client', 'next: () => void client')
        .replace("include: 'active' })", "include: 'active' }).then(() => process.exit())"),
    ].join('\n');
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      cwd: join(ROOT, 'dashboard'),
    });
    const shown = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).usage.totals);
    expect(shown.length).toBeGreaterThan(0);
    for (const totals of shown)
      expect(totals).toMatchObject({ messages: expect.any(Number), cost: { currency: 'EUR' } });
  },
  'dashboards.md js 1': async (text) => {
    const program = [
      // Browsers have a WebSocket; Node 20 has none.
      "import { WebSocket } from 'ws';",
      'globalThis.WebSocket = WebSocket;',
      `const token = '${client}';`,
      text
        .replace('wss://metering.example.com', app.url.replace(/^http/, 'ws'))
        .replace("'shop'", `'${DEMO_WORKSPACE.id}'`)
        .replace('// Ask for the figures again.', 'console.log(JSON.stringify(tick));\n  process.exit();'),
    ].join('\n');
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      cwd: ROOT,
    });
    expect(JSON.parse(stdout)).toEqual({ data: { usageChanged: { asOf: expect.stringMatching(/Z$/) } } });
  },
  'dashboards.md json 1': 'examples.test.ts generates types with it',
  'n8n.md sh 1': async (text) => expect(await shell(text)).toMatch(/ctm_svc_\w+/),
  'n8n.md graphql 1': async (text) => {
    const variables = { workspaceId: DEMO_WORKSPACE.id, phoneNumber: '393331234567' };
    expect(await app.api.as(service).data(text, variables)).toEqual({
      serveDecision: { allowed: true, reason: 'OK', resetsAt: null },
    });
  },
  'n8n.md graphql 2': async (text) => {
    const items = [
      { idempotencyKey: 'wamid.caught-up', phoneNumber: '393331234567', message: 'a', response: 'b' },
    ];
    const variables = { workspaceId: DEMO_WORKSPACE.id, items };
    const saved = (replayed: boolean) => ({
      saveMessages: [{ payload: { replayed, message: { tracking: { outcome: 'TRACKED' } } }, error: null }],
    });
    expect(await app.api.as(service).data(text, variables)).toEqual(saved(false));
    expect(await app.api.as(service).data(text, variables)).toEqual(saved(true));
  },
  'operations.md sh 1': async (text) => {
    await aShopWithATurn();
    const said = await shell(text);
    const hash = /^([0-9a-f]{64}) {2}-$/m.exec(said)?.[1] ?? 'none';
    expect(said.split(hash)).toHaveLength(4);
    expect(said).toMatch(/Each month is closed on day 5/);
  },
  'operations.md sh 2': 'OpenTelemetry is no dependency; the page says what was tried with it',
  'operations.md sh 3': async (text) =>
    expect(await shell(text)).toMatch(/Set the budget probe: 1 turns by DAY[\s\S]*No events[\s\S]*Removed/),
  'operations.md sh 4': 'backup.test.ts runs it on PostgreSQL 15',
  'operations.md sh 5': 'backup.test.ts runs it on PostgreSQL 15',
  'operations.md sh 6': 'backup.test.ts runs it on PostgreSQL 15',
  'operations.md sh 7': 'backup.test.ts runs it on PostgreSQL 15',
  'operations.md sh 8': 'expand-contract.test.ts runs it on a database of the version before',
  'owner.it.md sh 1': async (text) => expect(await shell(text)).toContain('Set the budget mese: 50.00 EUR'),
  'owner.md sh 1': async (text) => expect(await shell(text)).toMatch(/NAME +SUBJECT[\s\S]*No events/),
  'webhooks.md ts 1': 'webhook-verify.test.ts runs it',
  'webhooks.md python 1': 'webhook-verify.test.ts runs it where there is Python',
  'webhooks.md sh 1': 'webhooks.test.ts runs the command with a receiver of its own',
  'rest.md sh 1': async (text) => {
    await shell(text);
    const rows = parse(await readFile(join(folder, 'january.csv'), 'utf8'), { record_delimiter: '\r\n' });
    expect(rows).toHaveLength(26);
  },
  'rest.md sql 1': 'exports-in-other-programs.test.ts gives it to psql',
  'rest.md sh 2': opensInOffice,
  'rest.md sh 3': opensInOffice,
  'scale.md sql 1': 'test/support/citus.ts does it for the tests on a real Citus',
  'scale.md sql 2': 'test/support/citus.ts does it for the tests on a real Citus',
  'scale.md sh 1': 'citus.test.ts distributes a database that has data, where there is a Citus',
  'scale.md sh 2': 'it writes into the folder of a real nginx',
};

interface Page {
  name: string;
  text: string;
}

const pages = async (): Promise<Page[]> => {
  const names = await readdir(DOCS, { recursive: true });
  return Promise.all(
    names
      .filter((name) => name.endsWith('.md'))
      .sort()
      .map(async (name) => ({ name, text: await readFile(join(DOCS, name), 'utf8') })),
  );
};

const snippetsOf = ({ name, text }: Page): [string, string][] => {
  const seen = new Map<string, number>();
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, language = '', body = '']) => {
    const number = (seen.get(language) ?? 0) + 1;
    seen.set(language, number);
    return [`${name} ${language} ${number}`, body];
  });
};

it('knows every snippet of every page', async () => {
  const found = (await pages()).flatMap(snippetsOf).map(([key]) => key);
  expect(found.sort()).toEqual(Object.keys(SNIPPETS).sort());
});

const isRun = (key: string): boolean => typeof SNIPPETS[key] === 'function';

it.each(Object.keys(SNIPPETS).filter(isRun))('%s', async (key) => {
  const page = (await pages()).flatMap(snippetsOf).find(([name]) => name === key);
  const done = SNIPPETS[key];
  if (!page || typeof done !== 'function') throw new Error(`there is no ${key}`);
  await done(page[1]);
});

const program = createProgram(new Cli());

/** The command of these names. */
const find = (names: readonly string[]): Command | undefined =>
  names.reduce<Command | undefined>(
    (found, name) => found?.commands.find((command) => command.name() === name),
    program,
  );

it('names only existing commands with existing options', async () => {
  const commands = (await pages()).flatMap(({ text }) =>
    [...text.matchAll(/npm run -s cli -- ([^`\n]+)/g)].map(([, command = '']) => command),
  );
  expect(commands.length).toBeGreaterThan(5);
  for (const command of new Set(commands)) {
    if (command === 'COMMAND') continue;
    const words = command.split(' ');
    // Without the arguments: a file, an id.
    const names = words.slice(0, words.findIndex((word) => !/^[a-z]+$/.test(word)) >>> 0);
    const help = find(names)?.helpInformation();
    expect(help).toContain(`Usage: npm run -s cli -- ${names.join(' ')}`);
    for (const option of words.filter((word) => word.startsWith('--'))) expect(help).toContain(option);
  }
});

it('creates the token that analysts.md describes', async () => {
  const text = await readFile(join(DOCS, 'analysts.md'), 'utf8');
  const command = /`npm run -s cli -- (token create[^`]+)`/.exec(text)?.[1] ?? '';
  const { code, stdout } = await cli(command.split(' '));
  expect([code, stdout]).toEqual([0, expect.stringMatching(/ctm_ana_\w+/)]);
});

it('has a table of all commands', async () => {
  const page = await readFile(join(DOCS, 'operations.md'), 'utf8');
  const table = /^## Commands$[\s\S]*?^## /m.exec(page)?.[0] ?? '';
  const commandsOf = (...names: string[]): string[] =>
    find(names)?.commands.map((found) => found.name()) ?? [];
  const all = commandsOf();
  expect(all.length).toBeGreaterThan(10);
  for (const name of all) {
    const row = new RegExp(`^\\|.*\`${name}\\b.*$`, 'm').exec(table)?.[0] ?? '';
    const missing = commandsOf(name).filter((verb) => !row.includes(verb));
    expect([name, row !== '', missing]).toEqual([name, true, []]);
  }
}, 60_000);
