// The morning's question, answered above the figures; and the limits, where they stand.
import type { BrowserContextOptions, Page } from 'playwright-core';
import { ACTOR, aCustomer, aTurn, aWorkspace, type TestWorkspace } from '../support/app';
import { aChargedShop, saveCharged } from '../support/charged-shop';
import { SAVE } from '../support/operations';
import { findings, openShop, PHONE, type Shop, visit } from './shop';

const LONG = 'Limite'.repeat(33);
/** A Tuesday: yesterday was a Monday. */
const NOW = '2026-11-24T09:00:00Z';

let shop: Shop;
let mine: TestWorkspace;
beforeAll(async () => {
  shop = await openShop();
  const { app } = shop;
  app.clock.set(NOW);
  mine = await aChargedShop(app);
  // Two Mondays with two messages each, and three yesterday.
  for (const day of ['09', '16', '23'])
    for (const hour of ['10', '11']) await saveCharged(app, mine, `2026-11-${day}T${hour}:00:00Z`);
  await saveCharged(app, mine, '2026-11-23T12:00:00Z');
  for (const minute of ['10', '50'])
    await app.api.as(mine.service).data(SAVE, {
      input: aTurn(mine, { response: '', occurredAt: `2026-11-23T19:${minute}:00Z` }),
    });
  const set = { subject: 'WORKSPACE', thresholds: [50, 80, 100], forecast: false } as const;
  await app.services.budgets.set(
    mine.id,
    { ...set, name: 'November', measure: 'COST', interval: 'MONTH', limit: '0.05', enforcement: 'NOTIFY' },
    ACTOR,
  );
  await app.services.budgets.set(
    mine.id,
    { ...set, name: LONG, measure: 'MESSAGES', interval: 'WEEK', limit: '3', enforcement: 'STOP' },
    ACTOR,
  );
}, 120_000);
afterAll(() => shop.stop());

/** With the browser's clock where the server's is. */
async function open(
  query: string,
  { workspace = mine, ...options }: BrowserContextOptions & { workspace?: TestWorkspace } = {},
): Promise<Page> {
  const { page } = await visit(shop, '', options);
  await page.clock.setFixedTime(new Date(NOW));
  await page.goto(`${shop.app.url}/dashboard?workspace=${workspace.id}${query}#token=${workspace.client}`);
  await page.reload();
  await page.locator('main .figures:not([aria-busy=true]) h1').waitFor();
  return page;
}

const sentence = async (page: Page): Promise<string> =>
  (await page.locator('.morning').innerText()).replaceAll('\u00a0', ' ');

describe('one sentence says what matters this morning', () => {
  it.each([
    [
      'en-GB',
      `Yesterday 3 messages, €0.015, 50% more than an average Monday; 2 unanswered between 20:00 and 21:00. The limit “${LONG}” is reached.`,
    ],
    [
      'it-IT',
      `Ieri 3 messaggi, 0,015 €, 50% più di un lunedì medio; 2 senza risposta tra le 20 e le 21. Il limite «${LONG}» è raggiunto.`,
    ],
  ])('in %s', async (locale, expected) => {
    const page = await open('', { locale });
    expect(await sentence(page)).toBe(expected);
    const [said, figure] = await Promise.all(
      ['.morning', '.figure'].map((place) => page.locator(place).first().boundingBox()),
    );
    expect(said?.y).toBeLessThan(figure?.y ?? 0);
    await page.context().close();
  });

  it('but not of a month that is over, nor of a shop that has no messages', async () => {
    const page = await open('&month=2026-10');
    expect(await page.locator('.morning, .budgets').count()).toBe(0);
    await page.context().close();
    const empty = await aWorkspace(shop.app);
    const other = await open('', { workspace: empty });
    await other.getByRole('heading', { name: 'No messages yet' }).waitFor();
    expect(await other.locator('.morning, .budgets').count()).toBe(0);
    await other.context().close();
  });

  it('without an average where the shop is younger than two such days', async () => {
    const young = await aWorkspace(shop.app);
    await aCustomer(shop.app, young, { phoneNumber: '+393331234567' });
    for (const day of ['22', '23']) await saveCharged(shop.app, young, `2026-11-${day}T10:00:00Z`);
    const page = await open('', { workspace: young });
    expect(await sentence(page)).toBe('Yesterday 1 message, €0.005.');
    await page.context().close();
  });
});

describe('limits', () => {
  it('show what was used, in words and as a bar with its thresholds', async () => {
    const page = await open('');
    const limit = page.getByRole('listitem').filter({ hasText: 'November' });
    const text = (await limit.innerText()).replace(/\s+/g, ' ');
    expect(text).toContain('November €0.035 of €0.050 · 70%');
    expect(text).toContain('Cost, each month · all clients together');
    expect(text).toMatch(/At this pace €0\.0\d+ by the end/);
    expect(text).not.toContain('reached');
    const wide = async (part: string) => (await limit.locator(part).boundingBox())?.width ?? 0;
    expect((await wide('.limit-bar i')) / (await wide('.limit-bar'))).toBeCloseTo(0.7, 1);
    expect(await limit.locator('.limit-bar b:not(.expected)').count()).toBe(2);
    const other = page.getByRole('listitem').filter({ hasText: LONG });
    await other.getByText('3 of 3 · 100%').waitFor();
    await other.getByText('The limit is reached. The chatbot stops answering').waitFor();
    await page.context().close();
  });

  it.each([
    ['320 px', { ...PHONE, viewport: { width: 320, height: 640 } }],
    ['390 px, dark', { ...PHONE, colorScheme: 'dark' as const }],
    ['a desktop', { viewport: { width: 1280, height: 900 } }],
  ])('are never wider than the screen, and axe finds nothing: %s', async (_name, options) => {
    const page = await open('', { ...options, reducedMotion: 'reduce' });
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
    expect(await findings(page)).toEqual([]);
    await page.context().close();
  });
});
