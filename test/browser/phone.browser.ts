// Phones: nothing is wider than the screen with any names; the figures come first; targets are large enough for
// fingers.
import type { Page } from 'playwright-core';
import { aCustomer, aToken, aTurn, aWorkspace, type TestWorkspace } from '../support/app';
import { SAVE } from '../support/operations';
import { openShop, PHONE, type Shop, visit } from './shop';

const LONG_NAME = 'W'.repeat(200);

let shop: Shop;
let hostile: TestWorkspace;
/** For two shops, one with a long name. */
let both: string;
beforeAll(async () => {
  shop = await openShop();
  hostile = await aWorkspace(shop.app, { name: `Ristorante${'R'.repeat(150)}` });
  await aCustomer(shop.app, hostile, { name: LONG_NAME, phoneNumber: '+393331234567' });
  await shop.app.api
    .as(hostile.service)
    .data(SAVE, { input: aTurn(hostile, { message: 'x'.repeat(400), response: 'y'.repeat(400) }) });
  both = await aToken(shop.app, { kind: 'analyst', workspaceIds: ['workspace-123', hostile.id] });
}, 120_000);
afterAll(() => shop.stop());

const ready = (page: Page) => page.locator('main .figures:not([aria-busy=true]) h1').waitFor();

/**
 * Elements that reach beyond the screen's edge or into their panel's padding, without those that scroll in their own
 * box.
 */
const tooWide = (page: Page): Promise<string[]> =>
  page.evaluate(`[document.documentElement.scrollWidth > innerWidth ? 'the page: ' + document.documentElement.scrollWidth : '',
    ...[...document.querySelectorAll('body *')]
      .filter((element) => element.checkVisibility() && !element.closest('.scroll, .visually-hidden, svg'))
      .filter((element) => {
        const panel = element.parentElement.closest('.panel, .card');
        const edge = panel
          ? panel.getBoundingClientRect().right - parseFloat(getComputedStyle(panel).paddingInlineEnd)
          : innerWidth;
        return element.getBoundingClientRect().right > edge + 0.5;
      })
      .map((element) => element.tagName + '.' + element.className)].filter((text) => text !== '')`);

const VIEWS: [string, () => string][] = [
  ['the demo, one of two shops', () => '?workspace=workspace-123'],
  ['a name of 200 letters', () => `?workspace=${hostile.id}`],
  ['its messages', () => `/messages?workspace=${hostile.id}`],
];

describe.each([
  ['320 px', { ...PHONE, viewport: { width: 320, height: 640 } }],
  ['390 px', PHONE],
  ['a desktop', { viewport: { width: 1280, height: 900 } }],
])('never wider than the screen: %s', (_name, options) => {
  it.each(VIEWS)('%s', async (_what, path) => {
    const { page } = await visit(shop, path(), { token: both, locale: 'it-IT', ...options });
    await ready(page);
    for (const summary of await page.getByText('Mostra tabella').all()) await summary.click();
    expect(await tooWide(page)).toEqual([]);
    await page.context().close();
  });

  it('a client with a long name', async () => {
    const { page } = await visit(shop, `?workspace=${hostile.id}`, { token: both, ...options });
    await page.getByRole('link', { name: LONG_NAME }).click();
    await page.getByRole('heading', { level: 1, name: LONG_NAME }).waitFor();
    expect(await tooWide(page)).toEqual([]);
    await page.context().close();
  });
});

it('a button beside one with a long name keeps its own word whole', async () => {
  const { page } = await visit(shop, '?workspace=nobody', {
    ...{ token: both, ...PHONE, locale: 'it-IT', viewport: { width: 320, height: 640 } },
  });
  await page.getByRole('button', { name: 'Esci', exact: true }).waitFor();
  const lines = await page.evaluate(`(() => {
    const range = document.createRange();
    range.selectNodeContents([...document.querySelectorAll('button')].find((one) => one.textContent === 'Esci'));
    return range.getClientRects().length;
  })()`);
  expect(lines).toBe(1);
  await page.context().close();
});

/** Texts of the clients' table with more lines than allowed; `mayBreak` returns how many. */
const brokenTexts = (page: Page, cells: string, mayBreak: boolean): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll(${JSON.stringify(cells)})]
    .filter((cell) => cell.checkVisibility())
    .flatMap((cell) => {
      const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
      const texts = [];
      while (walker.nextNode()) texts.push(walker.currentNode);
      return texts;
    })
    .filter((text) => text.data.trim() !== '' && !text.parentElement.closest('.visually-hidden'))
    .filter((text) => {
      const range = document.createRange();
      range.selectNodeContents(text);
      const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      return lines.size > (${mayBreak} ? text.data.trim().split(/[\\s\u00a0]+/).length : 1);
    })
    .map((text) => text.data)`);

it.each([320, 390, 1280])('a long name breaks no date and no heading beside it, at %s px', async (width) => {
  const yen = await aWorkspace(shop.app, { name: 'Yen', currency: 'JPY', priceMicros: 1_000_000n });
  await aCustomer(shop.app, yen, { name: LONG_NAME, phoneNumber: '+393331234567' });
  await shop.app.api.as(yen.service).data(SAVE, { input: aTurn(yen) });
  const token = await aToken(shop.app, { kind: 'client', workspaceIds: [yen.id] });
  const { page } = await visit(shop, `?workspace=${yen.id}`, {
    ...{ token, locale: 'it-IT' },
    viewport: { width, height: 900 },
  });
  await ready(page);
  await page.getByRole('table', { name: 'Clienti' }).waitFor();
  expect(await brokenTexts(page, 'table.rows thead th', true)).toEqual([]);
  expect(await brokenTexts(page, 'table.rows td', false)).toEqual([]);
  await page.context().close();
});

it.each([320, 390])('breaks no word of a usual name and no phone number, at %s px', async (width) => {
  const { page } = await visit(shop, '?workspace=workspace-123', {
    ...{ token: shop.client, locale: 'it-IT' },
    ...PHONE,
    viewport: { width, height: 844 },
  });
  await ready(page);
  await page.getByRole('table', { name: 'Clienti' }).waitFor();
  expect(await brokenTexts(page, 'table.rows .name', true)).toEqual([]);
  const contacts = await brokenTexts(page, 'table.rows .contact', false);
  expect(contacts.filter((text) => text.startsWith('+'))).toEqual([]);
  await page.context().close();
});

it.each([
  [320, 'it-IT', 'Cerca nome o numero'],
  [390, 'it-IT', 'Cerca nome o numero'],
  [320, 'en-GB', 'Search name or number'],
  [390, 'en-GB', 'Search name or number'],
])('the word in the search field is read whole at %s px: %s', async (width, locale, name) => {
  const { page } = await visit(shop, '?workspace=workspace-123', {
    ...{ token: both, ...PHONE, locale, viewport: { width, height: 800 } },
  });
  await ready(page);
  await page.getByRole('searchbox', { name, exact: true }).waitFor();
  const room = await page.evaluate(`(() => {
    const input = document.querySelector('input[name=search]');
    const style = getComputedStyle(input);
    const pen = document.createElement('canvas').getContext('2d');
    pen.font = style.font;
    const needed = pen.measureText(input.placeholder).width;
    return input.clientWidth - parseFloat(style.paddingInlineStart) - parseFloat(style.paddingInlineEnd) - needed;
  })()`);
  expect(room).toBeGreaterThan(0);
  await page.context().close();
});

it.each([320, 390])('the link to the messages stands below their number, at %s px', async (width) => {
  const { page } = await visit(shop, '?workspace=workspace-123', {
    ...{ token: shop.analyst, locale: 'it-IT' },
    ...PHONE,
    viewport: { width, height: 844 },
  });
  await ready(page);
  const count = page
    .locator('.outcome-count')
    .filter({ has: page.getByRole('link') })
    .first();
  const number = await count.locator('strong').boundingBox();
  const link = await count.getByRole('link').boundingBox();
  if (!number || !link) throw new Error('No count.');
  expect(link.y).toBeGreaterThanOrEqual(number.y + number.height - 1);
  await page.context().close();
});

it.each(['', '/messages'])('the chosen period is read whole at 320 px: /dashboard%s', async (path) => {
  const { page } = await visit(shop, `${path}?workspace=workspace-123&period=this-week`, {
    ...{ token: both, locale: 'it-IT' },
    ...PHONE,
    viewport: { width: 320, height: 640 },
  });
  const select = page.locator('select[name=period]');
  await select.waitFor();
  const [given, needed] = await select.evaluate((element) => {
    const { width } = element.getBoundingClientRect();
    Object.assign(element.style, { fieldSizing: 'content', inlineSize: 'max-content' });
    return [width, element.getBoundingClientRect().width];
  });
  expect(given).toBeGreaterThanOrEqual(needed ?? 0);
  await page.context().close();
});

it('a long name does not widen the menu of shops, on every page', async () => {
  const { page } = await visit(shop, `/messages?workspace=${hostile.id}`, { token: both, locale: 'it-IT' });
  const picker = await page.locator('select[name=workspace]').boundingBox();
  expect(picker?.width).toBeLessThan(400);
  await page.context().close();
});

it('a check box is square beside a label of two lines', async () => {
  const { page } = await visit(shop, '', {
    locale: 'it-IT',
    ...PHONE,
    viewport: { width: 320, height: 640 },
  });
  const box = await page.getByRole('checkbox').boundingBox();
  expect(box?.width).toBe(box?.height);
  await page.context().close();
});

it('a tapped bar shows its figures within the screen', async () => {
  const { page } = await visit(shop, '?workspace=workspace-123&compare=same-weekdays', {
    ...{ token: shop.client, locale: 'it-IT' },
    ...PHONE,
    viewport: { width: 320, height: 640 },
  });
  await page.locator('.plot').first().waitFor();
  const plot = page.locator('.plot.tall');
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  if (!box) throw new Error('No plot.');
  for (const part of [0.3, 0.6, 0.95]) {
    await page.touchscreen.tap(box.x + box.width * part, box.y + box.height / 2);
    await page.locator('.tip').first().waitFor();
    const tip = await page.locator('.tip').first().boundingBox();
    if (!tip) throw new Error('No tip.');
    expect(tip.x).toBeGreaterThanOrEqual(0);
    expect(tip.x + tip.width).toBeLessThanOrEqual(320);
  }
  expect(await tooWide(page)).toEqual([]);
  await page.context().close();
});

it.each([320, 390])('the first figure lies within the first 200 of %s px', async (width) => {
  const { page } = await visit(shop, '?workspace=workspace-123', {
    ...{ token: both, locale: 'it-IT' },
    ...PHONE,
    viewport: { width, height: 844 },
  });
  await ready(page);
  const morning = await page.locator('.morning').boundingBox();
  expect(morning && morning.y + 40).toBeLessThanOrEqual(200);
  // A month that is over has no sentence about this morning.
  await page.goto(`${shop.app.url}/dashboard?workspace=workspace-123&month=2025-01`);
  await page.locator('.as-of.complete').waitFor();
  const figure = await page.locator('.figure').first().boundingBox();
  expect(figure && figure.y + figure.height).toBeLessThanOrEqual(230);
  expect(figure?.y).toBeLessThanOrEqual(200);
  await page.context().close();
});

it.each(['', '/messages'])('a finger finds every target: /dashboard%s', async (path) => {
  const { page } = await visit(shop, `${path}?workspace=workspace-123`, { token: both, ...PHONE });
  await ready(page);
  await page.getByRole('list').or(page.getByRole('table')).first().waitFor();
  const small = () =>
    page.evaluate(`[...document.querySelectorAll('button, select, input, summary, a[href]')]
      .filter((element) => element.checkVisibility() && !element.closest('.skip-link'))
      .map((element) => element.closest('label.check, th') ?? element)
      .map((element) => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
      .filter(([, { width, height }]) => width < 44 || height < 44)
      .map(([html, { width, height }]) => html + ' ' + width + ' x ' + height)`);
  expect(await small()).toEqual([]);
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByLabel('Language').waitFor();
  expect(await small()).toEqual([]);
  await page.context().close();
});

it('rare actions are in a menu; the menu of the view compares and exports', async () => {
  const { page } = await visit(shop, '?workspace=workspace-123&month=2025-01', {
    token: shop.client,
    ...PHONE,
  });
  await ready(page);
  expect(await page.getByLabel('Language').isVisible()).toBe(false);
  expect(await page.getByLabel('Compare with').isVisible()).toBe(false);
  await page.getByRole('button', { name: 'Compare, export, print' }).click();
  await page.getByLabel('Compare with').selectOption('A year earlier');
  await page.waitForURL(/compare=year-earlier/);
  expect(await tooWide(page)).toEqual([]);
  await page.context().close();
});

it('a tapped cell of the week shows its numbers, and a table shows all', async () => {
  const { page } = await visit(shop, '?workspace=workspace-123&month=2025-01', {
    ...{ token: shop.client, locale: 'it-IT' },
    ...PHONE,
  });
  await ready(page);
  const week = page.getByRole('region', { name: 'La settimana a colpo d’occhio' });
  // Monday, 14:00.
  await week.locator('[data-cell="14"]').tap();
  await week.getByText(/^Lunedì 14:00–15:00: 3 messaggi, 0,015\s€$/).waitFor();
  await week.getByText('Mostra tabella').tap();
  await week.getByRole('row', { name: '14:00' }).waitFor();
  await page.context().close();
});
