// What was reported, in words: limits that were reached, months that were closed, charges that were taken back.
import type { Page } from 'playwright-core';
import { ACTOR, type TestWorkspace } from '../support/app';
import { budgetsOf } from '../support/budgets';
import { aChargedShop, saveCharged } from '../support/charged-shop';
import { findings, openShop, PHONE, type Shop, type VisitOptions, visit } from './shop';

const LONG = 'Limite'.repeat(33);

let shop: Shop;
let mine: TestWorkspace;
beforeAll(async () => {
  shop = await openShop();
}, 120_000);
afterAll(() => shop.stop());
const { set, sweep } = budgetsOf(() => ({ app: shop.app, shop: mine }));
beforeEach(async () => {
  const { app, clock } = shop;
  clock.set('2026-10-20T10:00:00Z');
  mine = await aChargedShop(app);
  const first = await saveCharged(app, mine, '2026-10-20T09:00:00Z');
  await saveCharged(app, mine, '2026-10-20T09:30:00Z');
  await app.services.voids.void(mine.id, { usageRecordId: first, reason: 'x' }, ACTOR);
  clock.set('2026-11-02T10:00:00Z');
  await app.services.closing.close(mine.id, '2026-10', ACTOR);
  clock.set('2026-11-03T10:00:00Z');
  await saveCharged(app, mine, '2026-11-03T09:00:00Z');
  const set100 = { thresholds: [100], interval: 'MONTH' } as const;
  await set({ ...set100, name: LONG, measure: 'COST', limit: '0.005' });
  const removed = await set({ ...set100, name: 'Old', subject: 'EACH_CUSTOMER', limit: '1' });
  await sweep();
  await app.services.budgets.remove(mine.id, removed.id, ACTOR);
});

async function open(options: VisitOptions = {}) {
  const visited = await visit(shop, `/events?workspace=${mine.id}`, {
    ...{ token: mine.client, reducedMotion: 'reduce' },
    ...options,
  });
  await visited.page.locator('.events li').first().waitFor();
  return visited;
}

const told = async (page: Page): Promise<string[]> =>
  (await page.locator('.events li').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));

it.each([
  [
    'en-GB',
    [
      `3 Nov 2026, 11:00 · Limit The limit “${LONG}”: 100% reached, €0.005 of €0.005. November 2026`,
      '3 Nov 2026, 11:00 · Limit A limit that was removed: 100% reached, 1 of 1. November 2026 See the client',
      '2 Nov 2026, 11:00 · Month closed October 2026: closed, with statement no. 1. See the month',
      '20 Oct 2026, 12:00 · Taken back €0.005 of 20 Oct 2026, 11:00 was taken back. See the client',
    ],
  ],
  [
    'it-IT',
    [
      `3 nov 2026, 11:00 · Limite Il limite «${LONG}»: 100% raggiunto, 0,005 € su 0,005 €. Novembre 2026`,
      '3 nov 2026, 11:00 · Limite Un limite eliminato: 100% raggiunto, 1 su 1. Novembre 2026 Vedi il cliente',
      '2 nov 2026, 11:00 · Mese chiuso Ottobre 2026: chiuso, con il riepilogo n. 1. Vedi il mese',
      '20 ott 2026, 12:00 · Stornato Stornati 0,005 € del 20 ott 2026, 11:00. Vedi il cliente',
    ],
  ],
])('each event is a sentence, newest first: %s', async (locale, expected) => {
  const { page, complaints } = await open({ locale });
  const found = await told(page);
  // Those of one look have no order among them.
  expect([...found.slice(0, 2).sort(), ...found.slice(2)]).toEqual([
    ...expected.slice(0, 2).sort(),
    ...expected.slice(2),
  ]);
  expect(complaints).toEqual([]);
  await page.context().close();
});

it('leads to the client and to the month, and there from the menu and from the limits', async () => {
  const { page } = await visit(shop, `/budgets?workspace=${mine.id}`, { token: mine.client });
  await page.getByRole('link', { name: 'What limits have told' }).click();
  await page.getByRole('link', { name: 'See the client' }).first().click();
  await page.getByRole('heading', { name: 'Mario Rossi' }).waitFor();
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('link', { name: 'What happened' }).click();
  await page.getByRole('link', { name: 'See the month' }).click();
  await page.getByRole('heading', { name: 'Statement of October 2026' }).waitFor();
  await page.context().close();
});

it('more of them are read when they are asked for; a shop without any says so', async () => {
  for (let day = 1; day <= 23; day += 1) {
    const id = await saveCharged(shop.app, mine, `2026-11-02T${String(day).padStart(2, '0')}:00:00Z`);
    await shop.app.services.voids.void(mine.id, { usageRecordId: id, reason: 'x' }, ACTOR);
  }
  const { page } = await open();
  await page.getByText('25 of 27').waitFor();
  await page.getByRole('button', { name: 'Show more' }).click();
  await page.getByText('27 of 27').waitFor();
  expect(new Set(await told(page)).size).toBe(27);
  await page.context().close();
  const other = await aChargedShop(shop.app);
  const { page: empty } = await visit(shop, `/events?workspace=${other.id}`, { token: other.client });
  await empty.getByText('Nothing was told yet.').waitFor();
  await empty.context().close();
});

it.each([
  ['320 px, in Italian', { ...PHONE, viewport: { width: 320, height: 640 }, locale: 'it-IT' }],
  ['390 px, dark', { ...PHONE, colorScheme: 'dark' as const }],
  ['a desktop', { viewport: { width: 1280, height: 900 } }],
])('nothing is wider than the screen, and axe finds nothing: %s', async (_name, options) => {
  const { page } = await open(options);
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
  expect(await findings(page)).toEqual([]);
  await page.context().close();
});
