// A backup as docs/operations.md describes it, with the same commands: dumped from a running server, restored and
// served again.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { rowsWith, traces } from './support/canaries';
import { statementDifferences } from './support/charged-shop';
import { createDatabase, serverMajor } from './support/database';
import { OUTCOMES, SAVE, type SaveData, TOTALS, type TotalsData } from './support/operations';
import { verify } from './support/upkeep';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';
const ROOT = join(__dirname, '..');

/**
 * The tools of the server's version or the next newer one: an older pg_dump refuses the server, and a newer pg_restore
 * may use settings that the server doesn't know.
 */
function toolsFor(major: number): string | undefined {
  const installed = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number) : [];
  return installed
    .filter((version) => version >= major)
    .sort((a, b) => a - b)
    .map((version) => join(DEBIAN, String(version), 'bin'))
    .find((bin) => existsSync(join(bin, 'pg_dump')) && existsSync(join(bin, 'pg_restore')));
}

const section = /^## Backup and restore$([\s\S]*?)^## /m.exec(
  readFileSync(join(ROOT, 'docs/operations.md'), 'utf8'),
)?.[1];
const [backUp = '', restore = '', keepReceipts = '', eraseAgain = ''] = [
  ...(section ?? '').matchAll(/^```sh\n([\s\S]*?)^```$/gm),
].map(([, commands]) => commands);

const tools = toolsFor(serverMajor());
const withTools = tools === undefined ? it.skip : it;
const reason =
  tools === undefined ? ` (skipped: no pg_dump of PostgreSQL ${serverMajor()} or newer in ${DEBIAN})` : '';

/** Runs commands of the manual; the files that they name are in `folder`. */
const shellIn = (folder: string, databaseUrl: string, newUrl: string) => async (commands: string) => {
  const inFolder = commands.replaceAll(/\b(centesimo\.dump|receipts\.ndjson)\b/g, `${folder}/$1`);
  const { stdout } = await run('bash', ['-euc', inFolder], {
    cwd: ROOT,
    env: {
      ...{ PATH: `${tools}:${process.env.PATH ?? ''}`, HOME: folder },
      ...{ DATABASE_URL: databaseUrl, NEW_URL: newUrl },
    },
  });
  return stdout;
};

/** A period that holds all turns of this test: a query without a period would only see the current month. */
const PERIOD = { from: '2026-01-01T00:00:00Z', to: '2026-03-16T00:00:00Z' };

async function figures(app: TestApp, shop: TestWorkspace) {
  const api = app.api.as(shop.client);
  const of = { workspaceId: shop.id, period: PERIOD };
  const { usage } = await api.data<TotalsData>(TOTALS, of);
  const outcomes = await api.data<{ usage: object }>(OUTCOMES, of);
  return { ...usage, ...outcomes.usage };
}

const save = async (app: TestApp, shop: TestWorkspace, input: Record<string, unknown>) =>
  (await app.api.as(shop.service).data<SaveData>(SAVE, { input })).saveMessage;

/** Charged turns of three months by two customers, and some uncharged ones. */
async function fill(app: TestApp, shop: TestWorkspace): Promise<Record<string, unknown>[]> {
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  await aCustomer(app, shop, { name: 'Zoë Nuñez 🍕', phoneNumber: '+393330000002' });
  const turns = Array.from({ length: 40 }, (_, index) =>
    aTurn(shop, {
      phoneNumber: ['+393331234567', '+393330000002', '+393339999999'][index % 3],
      message: `perché no? 🍝 "${index}"\n\t\\N`,
      response: index % 5 === 0 ? null : 'Ciao!',
      occurredAt: new Date(Date.parse('2026-01-01T00:30:00Z') + index * 150_000_000).toISOString(),
    }),
  );
  for (const input of turns) await save(app, shop, input);
  return turns;
}

it('is described in docs/operations.md with the same commands', () => {
  expect(backUp).toMatch(/^pg_dump --format=custom .*\n$/);
  expect(restore).toMatch(/^pg_restore .*\n.* verify\n$/);
  expect(keepReceipts).toMatch(/ customer erasures --ndjson > receipts\.ndjson\n$/);
  expect(eraseAgain).toMatch(/ customer erase --again receipts\.ndjson --yes\n$/);
});

withTools(`brings back the figures, the idempotency keys and the tokens${reason}`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'centesimo-backup-'));
  const app = await startApp();
  const database = await createDatabase({ empty: true });
  try {
    const shop = await aWorkspace(app);
    const turns = await fill(app, shop);
    const before = await figures(app, shop);
    const charged = turns.filter(
      ({ response, phoneNumber }) => response !== null && phoneNumber !== '+393339999999',
    );
    expect(before.totals).toMatchObject({ messages: charged.length, activeClients: 2 });

    const shell = shellIn(folder, app.database.url, database.url);
    await shell(backUp);
    // The dump does not contain later turns.
    const late = aTurn(shop);
    await save(app, shop, late);
    expect(await shell(restore)).toContain('All roll-ups and statements agree with the records.');

    const restored = await startApp({ database });
    try {
      expect((await restored.api.get('/health/ready')).status).toBe(200);
      expect(await figures(restored, shop)).toEqual(before);
      const verification = await verify(restored, shop);
      expect(verification).toMatchObject({ differences: 0n, first: [] });
      expect(verification.compared).toBeGreaterThan(0n);
      for (const input of turns) {
        const { replayed, message } = await save(restored, shop, input);
        expect({ replayed, text: message.message }).toEqual({ replayed: true, text: input.message });
      }
      expect(await figures(restored, shop)).toEqual(before);
      expect((await save(restored, shop, late)).replayed).toBe(false);
      expect(await figures(restored, shop)).toEqual(await figures(app, shop));
      expect(await verify(restored, shop)).toMatchObject({ differences: 0n });
    } finally {
      await restored.stop();
    }
  } finally {
    await app.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
});

withTools(`forgets again, by receipts kept outside of it, who was erased since${reason}`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'centesimo-backup-'));
  const app = await startApp();
  const database = await createDatabase({ empty: true });
  try {
    const shop = await aWorkspace(app);
    await fill(app, shop);
    await app.services.closing.close(shop.id, '2026-01', { name: 'test' });
    const before = await figures(app, shop);
    const shell = shellIn(folder, app.database.url, database.url);
    await shell(backUp);
    const reason = 'asked';
    for (const phoneNumber of ['+393330000002', '+393339999999'])
      await app.services.eraser.erase(shop.id, { phoneNumber, reason }, { name: 'test' });
    await shell(keepReceipts);
    await shell(restore);
    const gone = ['Zoë', ...traces('393330000002'), ...traces('393339999999')];
    expect((await rowsWith(database, gone)).length).toBeGreaterThan(20);
    // Of the 40 turns 13 are hers, and 13 the stranger's.
    expect(await shell(eraseAgain)).toContain('2 receipts: 1 customers and 26 turns were forgotten again');
    expect(await rowsWith(database, gone)).toEqual([]);
    expect((await rowsWith(database, ['393331234567'])).length).toBeGreaterThan(10);
    const restored = await startApp({ database });
    try {
      expect(await figures(restored, shop)).toEqual(before);
      expect(await verify(restored, shop)).toMatchObject({ differences: 0n });
      expect(await statementDifferences(restored, shop)).toEqual([]);
    } finally {
      await restored.stop();
    }
  } finally {
    await app.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
});
