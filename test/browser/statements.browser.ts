// Closed months on the page: what was billed, their files, later changes, and where these are billed.
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { aCustomer, aToken, aWorkspace, type TestWorkspace } from '../support/app';
import { aChargedShop, saveCharged } from '../support/charged-shop';
import { card, openShop, PHONE, rowsOf, type Shop, visit } from './shop';

const ME = { name: 'test' };
const LONG = 'Ristorante'.repeat(20);

let shop: Shop;
let mine: TestWorkspace;
let token: string;
/** Two closed months; January's usage has changed for each of the three causes. */
beforeAll(async () => {
  shop = await openShop();
  const { app } = shop;
  mine = await aChargedShop(app);
  const save = (at: string) => saveCharged(app, mine, at);
  const { closing, voids, workspaces } = app.services;
  await save('2025-01-10T10:00:00Z');
  await save('2025-01-11T10:00:00Z');
  // February's first half hour in Rome is January's last in London.
  await save('2025-01-31T23:30:00Z');
  const wrong = await save('2025-01-12T10:00:00Z');
  await closing.close(mine.id, '2025-01', ME);
  await voids.void(mine.id, { usageRecordId: wrong, reason: 'sent twice' }, ME);
  await save('2025-01-13T10:00:00Z');
  await save('2025-01-14T10:00:00Z');
  await save('2025-01-15T10:00:00Z');
  await closing.close(mine.id, '2025-02', ME);
  await save('2025-01-16T10:00:00Z');
  await workspaces.update(mine.id, { timeZone: 'Europe/London' }, ME);
  token = await aToken(app, { kind: 'client', workspaceIds: [mine.id] });
}, 120_000);
afterAll(() => shop.stop());

const open = (path: string, options = {}) =>
  visit(shop, `${path}?workspace=${mine.id}`, { token, ...options });

const paragraphs = async (page: Page, panel: string): Promise<string[]> =>
  (await page.getByRole('region', { name: panel }).locator('p').allInnerTexts()).map((text) =>
    text.replaceAll('\u00a0', ' '),
  );

it('lists the closed months, newest first, with what was billed and what is counted today', async () => {
  const { page, complaints } = await open('');
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('link', { name: 'Closed months' }).click();
  expect((await rowsOf(page, 'Closed months')).map((row) => row.split(' | ').slice(0, 3))).toEqual([
    [expect.stringMatching(/^February 2025No\. 2/), '€0.015', '€0.000'],
    [expect.stringMatching(/^January 2025No\. 1/), '€0.015', '€0.035'],
  ]);
  expect(complaints).toEqual([]);
  await page.context().close();
});

it("explains by three causes why a closed month's usage changed, and where that is billed", async () => {
  const { page, complaints } = await open('/statements/2025-01');
  expect(await rowsOf(page, 'What changed since it was closed')).toEqual([
    'This month on the statement | €0.015',
    'Came late | +€0.020',
    'Taken back | -€0.005',
    'Moved by another time zone | +€0.005',
    'Usage as counted today | €0.035',
  ]);
  expect(await paragraphs(page, 'What changed since it was closed')).toEqual([
    '+€0.005 will be on the statement of March 2025.',
    '+€0.010 is on a later statement already.',
    '+€0.005 is on the statement of the month before or after: no message is billed twice.',
    'The statement itself never changes. It is no invoice.',
  ]);
  expect(await card(page, 'Total of the statement')).toContain('€0.015 3 messages');
  expect(complaints).toEqual([]);
  await page.context().close();
});

it('says the same in Italian', async () => {
  const { page } = await open('/statements/2025-01', { locale: 'it-IT' });
  await page.getByRole('heading', { name: 'Riepilogo di gennaio 2025' }).waitFor();
  expect(await rowsOf(page, 'Che cosa è cambiato dopo la chiusura')).toEqual([
    'Questo mese nel riepilogo | 0,015 €',
    'Arrivato in ritardo | +0,020 €',
    'Stornato | -0,005 €',
    'Spostato da un altro fuso orario | +0,005 €',
    'Consumo contato oggi | 0,035 €',
  ]);
  expect(await paragraphs(page, 'Che cosa è cambiato dopo la chiusura')).toContain(
    '+0,005 € andrà nel riepilogo di marzo 2025.',
  );
  await page.context().close();
});

it('shows amounts carried from earlier months, and says when nothing changed', async () => {
  const { page } = await open('/statements/2025-02');
  expect(await card(page, 'Total of the statement')).toContain('€0.010 of it from earlier months');
  expect(await rowsOf(page, 'Clients')).toEqual([
    'Mario Rossi | 1 | €0.005',
    'Mario Rossifrom January 2025 | 2 | €0.010',
  ]);
  await page.context().close();
  const other = await aChargedShop(shop.app);
  await saveCharged(shop.app, other, '2025-01-10T10:00:00Z');
  await shop.app.services.closing.close(other.id, '2025-01', ME);
  const { page: quiet } = await visit(shop, `/statements/2025-01?workspace=${other.id}`, {
    token: await aToken(shop.app, { kind: 'client', workspaceIds: [other.id] }),
  });
  await quiet.getByText('Nothing: the month costs today what its statement says.').waitFor();
  await quiet.context().close();
});

it('saves the PDF in the reader’s language, and the lines as CSV', async () => {
  const { page } = await open('/statements', { locale: 'it-IT' });
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/')) asked.push(new URL(request.url()).search);
  });
  const fileOf = async (button: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: button }).click(),
    ]);
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
  };
  const paper = await fileOf('Riepilogo di gennaio 2025 PDF');
  expect(paper.name).toBe(`${mine.id}-statement-2025-01.pdf`);
  expect(paper.bytes.subarray(0, 5).toString()).toBe('%PDF-');
  const lines = await fileOf('Riepilogo di gennaio 2025 CSV');
  expect(lines.name).toBe(`${mine.id}-statement-2025-01.csv`);
  expect(lines.bytes.toString()).toContain('Mario Rossi');
  expect(asked).toEqual(['?format=pdf&lang=it', '?format=csv']);
  await page.context().close();
});

it('links a month of usage to its statement, and back', async () => {
  const { page } = await visit(shop, `?workspace=${mine.id}&month=2025-01`, { token });
  await page.getByRole('link', { name: 'Closed: statement no. 1, €0.015' }).click();
  await page.getByRole('heading', { name: 'Statement of January 2025' }).waitFor();
  await page.getByRole('link', { name: 'See the month' }).click();
  await page.getByRole('heading', { name: 'January 2025', exact: true }).waitFor();
  await page.locator('select[name=period]').selectOption({ label: 'This month' });
  await page.locator('.as-of.live').waitFor();
  expect(await page.getByText('Closed: statement').count()).toBe(0);
  await page.context().close();
});

it('says that the running month is not closed, and that a shop has no closed month', async () => {
  const { page } = await open('/statements/2025-03');
  await page.getByText('March 2025 is not closed.').waitFor();
  await page.goto(page.url().replace('2025-03', '2025-13'));
  await page.getByText('There is no such page.').waitFor();
  await page.context().close();
  const fresh = await aWorkspace(shop.app);
  const { page: none } = await visit(shop, `/statements?workspace=${fresh.id}`, {
    token: await aToken(shop.app, { kind: 'client', workspaceIds: [fresh.id] }),
  });
  await none.getByText('No month has been closed yet.').waitFor();
  await none.context().close();
});

it.each([320, 390])('fits a phone of %i px with any name', async (width) => {
  const { app } = shop;
  const long = await aWorkspace(app, { name: LONG });
  await aCustomer(app, long, { name: LONG, phoneNumber: '+393331234567' });
  await saveCharged(app, long, '2025-01-10T10:00:00Z');
  await app.services.closing.close(long.id, '2025-01', ME);
  const holder = await aToken(app, { kind: 'client', workspaceIds: [long.id] });
  for (const path of ['/statements', '/statements/2025-01']) {
    const { page } = await visit(shop, `${path}?workspace=${long.id}`, {
      ...{ token: holder, ...PHONE, locale: 'it-IT', viewport: { width, height: 800 } },
    });
    await page.getByRole('table').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    await page.context().close();
  }
});
