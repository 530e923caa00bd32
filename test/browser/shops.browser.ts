// Whoever has several shops sees each in one line, and goes into one.
import { ACTOR, aCustomer, aToken, aWorkspace, type TestWorkspace } from '../support/app';
import { saveCharged } from '../support/charged-shop';
import { findings, openShop, PHONE, rowsOf, type Shop, untilCard, visit } from './shop';

const LONG = `Z${'negozio'.repeat(30)}`.slice(0, 200);

let shop: Shop;
let first: TestWorkspace;
let silent: TestWorkspace;
let old: TestWorkspace;
let yen: TestWorkspace;
let owner: string;
beforeAll(async () => {
  shop = await openShop();
  const { app } = shop;
  const open = async (name: string, input: object = {}) => {
    const made = await aWorkspace(app, { name, priceMicros: 5_000n, ...input });
    await aCustomer(app, made, { phoneNumber: '+393331234567' });
    return made;
  };
  first = await open('Bar Sport');
  silent = await open('Chiosco');
  old = await open('Vecchia osteria');
  yen = await open(LONG, { currency: 'JPY', priceMicros: 1_000_000n, timeZone: 'Asia/Tokyo' });
  for (const day of ['05', '06']) await saveCharged(app, first, `2025-01-${day}T10:00:00Z`);
  await saveCharged(app, first, '2024-12-05T10:00:00Z');
  await saveCharged(app, old, '2025-01-07T10:00:00Z');
  await app.services.workspaces.remove(old.id, ACTOR);
  // In Tokyo it is January already.
  await saveCharged(app, yen, '2024-12-31T20:00:00Z');
  owner = await aToken(app, {
    ...{ kind: 'client', workspaceIds: [first.id, silent.id, old.id, yen.id], scopes: ['usage:read'] },
  });
}, 120_000);
afterAll(() => shop.stop());

const JANUARY = '?month=2025-01';

it('one line a shop: name, messages, cost, growth; one without a turn and an archived one too', async () => {
  const { page, operations, complaints } = await visit(shop, JANUARY, { token: owner });
  expect(await rowsOf(page, 'All shops')).toEqual([
    'Bar Sportlast message 6 Jan 2025, 11:002 messages | 2 | €0.010↑ +100.00%',
    'ChioscoNo charges in this period.0 messages | 0 | €0.000–Nothing to compare with',
    'Vecchia osterialast message 7 Jan 2025, 11:001 message | 1 | €0.005–Nothing to compare with',
    `${LONG}last message 1 Jan 2025, 05:001 message | 1 | JP¥1–Nothing to compare with`,
  ]);
  // Of two currencies there is no sum.
  expect(await page.getByText('Together').count()).toBe(0);
  expect(operations().filter((name) => name !== 'Viewer')).toEqual(['Shops']);
  expect(complaints).toEqual([]);
  await page.context().close();
});

it('then into one, and back to all of them', async () => {
  const { page } = await visit(shop, JANUARY, { token: owner });
  await page.getByRole('link', { name: 'Bar Sport' }).click();
  await untilCard(page, 'Cost', '€0.010');
  expect(page.url()).toContain(`workspace=${first.id}`);
  expect(await page.evaluate('document.activeElement.id')).toBe('figures');
  await page.getByLabel('Workspace').selectOption('All shops');
  await page.getByRole('heading', { name: 'All shops' }).waitFor();
  await page.getByRole('link', { name: LONG }).click();
  await untilCard(page, 'Cost', 'JP¥1');
  await page.goBack();
  await page.getByRole('heading', { name: 'All shops' }).waitFor();
  // An archived shop is read like any other.
  await page.getByRole('link', { name: 'Vecchia osteria' }).click();
  await untilCard(page, 'Cost', '€0.005');
  await page.context().close();
});

it('of one currency there is a sum, in Italian, and another period is another sum', async () => {
  const token = await aToken(shop.app, { kind: 'client', workspaceIds: [first.id, old.id] });
  const { page } = await visit(shop, JANUARY, { token, locale: 'it-IT' });
  const sum = page.getByRole('row', { name: /^In tutto/ });
  expect(((await sum.textContent()) ?? '').replace(/\s+/g, ' ')).toBe('In tutto3 messaggi30,015 €');
  await page.getByRole('button', { name: 'Precedente' }).click();
  await sum.getByText('0,005 €').waitFor();
  await page.context().close();
});

it('a token of one shop goes straight to it', async () => {
  const { page, operations } = await visit(shop, JANUARY, { token: first.client });
  await untilCard(page, 'Cost', '€0.010');
  expect(page.url()).toContain(`workspace=${first.id}`);
  expect(operations()).not.toContain('Shops');
  expect(await page.getByLabel('Workspace').count()).toBe(0);
  await page.context().close();
});

it('what was read stays when the server is away', async () => {
  const { page } = await visit(shop, JANUARY, { token: owner });
  await rowsOf(page, 'All shops');
  await page.route('**/graphql', (route) => route.abort());
  await page.getByRole('button', { name: 'Earlier' }).click();
  await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
  await page.unroute('**/graphql');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('last message 5 Dec 2024').waitFor();
  await page.context().close();
});

it.each([
  ['320 px, in Italian', { ...PHONE, viewport: { width: 320, height: 640 }, locale: 'it-IT' }],
  ['390 px, dark', { ...PHONE, colorScheme: 'dark' as const }],
  ['a desktop', { viewport: { width: 1280, height: 900 } }],
])('nothing is wider than the screen, and axe finds nothing: %s', async (_name, options) => {
  const { page } = await visit(shop, JANUARY, { token: owner, reducedMotion: 'reduce', ...options });
  await page.locator('tbody tr').nth(3).waitFor();
  const wider = `Math.max(...[...document.querySelectorAll('table')].map((table) => table.scrollWidth - table.parentElement.clientWidth))`;
  expect(await page.evaluate(wider)).toBeLessThanOrEqual(0);
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
  expect(await findings(page)).toEqual([]);
  await page.context().close();
});
