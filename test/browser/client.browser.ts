// One client's page: when it cost what, its conversation as a chat, and charges that were taken back.
import type { Page } from 'playwright-core';
import { aCustomer, aTurn, aWorkspace, type TestWorkspace } from '../support/app';
import { saveCharged } from '../support/charged-shop';
import { SAVE } from '../support/operations';
import { findings, openShop, PHONE, rowsOf, type Shop, untilCard, visit } from './shop';

const ME = { name: 'test' };
const LONG_NAME = 'W'.repeat(200);
const FAMILY = '👨‍👩‍👧‍👦';
const HOSTILE: [message: string, response: string][] = [
  [`${FAMILY.repeat(5_900)}`, 'x'.repeat(65_000)],
  [`${'riga\n'.repeat(40)}fine`, `${'a b '.repeat(300)}https://example.com/${'q'.repeat(300)}`],
  ['مرحبا، هل لديكم طاولة لشخصين؟ +39 333\nשלום abc', 'نعم، 20:00. Va bene?'],
  ['\u202Eoverride', `Z${'\u0353\u0300\u0340'.repeat(80)}algo`],
];

let shop: Shop;
let mine: TestWorkspace;
/** Has three turns on two days of January and one of December; one was taken back, one got no answer. */
let ada: string;
/** A shop of its own, for the client whose words are hostile. */
let other: TestWorkspace;
let wild: string;
beforeAll(async () => {
  shop = await openShop();
  const { app } = shop;
  mine = await aWorkspace(app, { name: `Ristorante${'R'.repeat(150)}` });
  const phoneNumber = '+393330000001';
  ada = (await aCustomer(app, mine, { name: 'Ada', phoneNumber })).id;
  await saveCharged(app, mine, '2024-12-20T10:00:00Z', { phoneNumber });
  // In Rome it is the 11th already.
  await saveCharged(app, mine, '2025-01-10T23:30:00Z', { phoneNumber, message: 'Siete aperti?' });
  const wrong = await saveCharged(app, mine, '2025-01-10T12:00:00Z', {
    phoneNumber,
    response: 'Sì.\nFino alle 23.',
  });
  await app.services.voids.void(mine.id, { usageRecordId: wrong, reason: 'answered <b>twice</b>' }, ME);
  await app.api.as(mine.service).data(SAVE, {
    input: aTurn(mine, {
      ...{ phoneNumber, message: 'Allora?', response: '', failure: 'the model timed out' },
      occurredAt: '2025-01-11T09:00:00Z',
    }),
  });
  other = await aWorkspace(app);
  wild = (await aCustomer(app, other, { name: LONG_NAME, phoneNumber })).id;
  for (const [index, [message, response]] of HOSTILE.entries())
    await saveCharged(app, other, `2025-01-10T1${index}:00:00Z`, { phoneNumber, message, response });
}, 120_000);
afterAll(() => shop.stop());

const JANUARY = (workspace = mine) => `?workspace=${workspace.id}&month=2025-01`;
const chat = (page: Page) => page.locator('.chat');
/** The chat as it is read, line by line. */
const readChat = async (page: Page): Promise<string[]> => {
  await chat(page).waitFor();
  return (await chat(page).innerText())
    .split('\n')
    .map((line) => line.trim().replaceAll('\u00a0', ' '))
    .filter((line) => line !== '');
};

describe('the conversation', () => {
  it.each([
    [
      'en-GB',
      [
        ...['Fri, 10 January 2025', '13:00', 'Wrote', 'ciao', 'Answered', 'Sì.', 'Fino alle 23.'],
        'Taken back · €0.005',
        ...[
          'Sat, 11 January 2025',
          '00:30',
          'Wrote',
          'Siete aperti?',
          'Answered',
          'Ciao!',
          'Charged · €0.005',
        ],
        ...['10:00', 'Wrote', 'Allora?', 'Answered', 'no answer', 'Reason: the model timed out', 'No answer'],
      ],
    ],
    [
      'it-IT',
      [
        ...['Ven 10 gennaio 2025', '13:00', 'Ha scritto', 'ciao', 'Risposta', 'Sì.', 'Fino alle 23.'],
        'Stornato · 0,005 €',
        ...['Sab 11 gennaio 2025', '00:30', 'Ha scritto', 'Siete aperti?', 'Risposta', 'Ciao!'],
        'Addebitato · 0,005 €',
        ...['10:00', 'Ha scritto', 'Allora?', 'Risposta', 'nessuna risposta', 'Motivo: the model timed out'],
        'Senza risposta',
      ],
    ],
  ])("runs day by day in the shop's zone, with what became of each turn: %s", async (locale, lines) => {
    const { page, complaints } = await visit(shop, `/clients/${ada}${JANUARY()}`, {
      ...{ token: mine.analyst, locale },
    });
    expect(await readChat(page)).toEqual(lines);
    // The client's words begin at the left, the answers end at the right.
    const box = await chat(page).boundingBox();
    const wrote = await page.locator('.wrote').first().boundingBox();
    const answered = await page.locator('.answered').first().boundingBox();
    if (!box || !wrote || !answered) throw new Error('No chat.');
    expect(wrote.x).toBeCloseTo(box.x, 0);
    expect(answered.x + answered.width).toBeCloseTo(box.x + box.width, 0);
    expect(answered.x).toBeGreaterThan(wrote.x);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('is read with the scope messages:read only', async () => {
    const { page, operations, complaints } = await visit(shop, `/clients/${ada}${JANUARY()}`, {
      token: mine.client,
    });
    await page.getByRole('region', { name: 'What was said' }).getByText('scope messages:read').waitFor();
    await rowsOf(page, 'Charges');
    expect(operations()).not.toContain('Messages');
    expect(await chat(page).count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('goes back page by page, and what is read stays where it is', async () => {
    const phoneNumber = '+393330000003';
    const { id } = await aCustomer(shop.app, mine, { name: 'Bruno', phoneNumber });
    const minutes = Array.from({ length: 30 }, (_, index) => String(10 + index));
    for (const minute of minutes)
      await saveCharged(shop.app, mine, `2025-01-12T10:${minute}:00Z`, {
        ...{ phoneNumber, message: `at ${minute}` },
      });
    const { page } = await visit(shop, `/clients/${id}${JANUARY()}`, { token: mine.analyst, ...PHONE });
    const region = page.getByRole('region', { name: 'What was said' });
    await region.getByText('25 of 30').waitFor();
    const said = () => page.locator('.wrote').allInnerTexts();
    expect(await said()).toEqual(minutes.slice(5).map((minute) => `at ${minute}`));
    await page.getByText('at 15', { exact: true }).scrollIntoViewIfNeeded();
    const before = await page.getByText('at 15', { exact: true }).boundingBox();
    await region.getByRole('button', { name: 'Show earlier' }).click();
    await region.getByText('30 of 30').waitFor();
    expect(await said()).toEqual(minutes.map((minute) => `at ${minute}`));
    const after = await page.getByText('at 15', { exact: true }).boundingBox();
    expect(Math.abs((after?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(60);
    expect(await region.getByRole('button', { name: 'Show earlier' }).count()).toBe(0);

    // What is said now comes last, without losing what was read of before.
    await saveCharged(shop.app, mine, '2025-01-12T11:30:00Z', { phoneNumber, message: 'at last' });
    await page.getByText('at last').waitFor();
    expect(await said()).toEqual([...minutes.map((minute) => `at ${minute}`), 'at last']);
    await region.getByText('31 of 31').waitFor();
    await page.context().close();
  });

  it('shows the beginning of a long message, cut between characters, and all of it on demand', async () => {
    const { page } = await visit(shop, `/clients/${wild}${JANUARY(other)}`, { token: other.analyst });
    await chat(page).waitFor();
    const long = page.locator('.wrote').first();
    const beginning = (await long.locator('.text').innerText()).replace(/…$/, '');
    expect(beginning).toBe(FAMILY.repeat(beginning.length / FAMILY.length));
    expect(beginning.length).toBeLessThan(1_300);
    const open = long.getByRole('button', { name: 'Read all: 41,300 characters' });
    await open.click();
    expect(await long.locator('.text').innerText()).toBe(HOSTILE[0]?.[0]);
    await long.getByRole('button', { name: 'Read less' }).click();
    await open.waitFor();
    await page.context().close();
  });

  it('of the longest messages comes in smaller pages', async () => {
    const phoneNumber = '+393330000004';
    const { id } = await aCustomer(shop.app, mine, { name: 'Carla', phoneNumber });
    const text = 'ص'.repeat(65_536);
    for (let hour = 10; hour < 22; hour += 1)
      await saveCharged(shop.app, mine, `2025-01-13T${hour}:00:00Z`, {
        ...{ phoneNumber, message: `${text.slice(0, -2)}${hour}`, response: '🙂'.repeat(65_536) },
      });
    const { page } = await visit(shop, `/clients/${id}${JANUARY()}`, { token: mine.analyst });
    const region = page.getByRole('region', { name: 'What was said' });
    await region.getByText('5 of 12').waitFor();
    await region.getByRole('button', { name: 'Show earlier' }).click();
    await region.getByText('10 of 12').waitFor();
    await page.context().close();
  });
});

describe('taken back', () => {
  it.each([
    ['en-GB', 'Charges', /^Taken back on .* 20\d\d, \d\d:\d\d: answered <b>twice<\/b>$/],
    ['it-IT', 'Addebiti', /^Stornato il .* 20\d\d, \d\d:\d\d: answered <b>twice<\/b>$/],
  ])('a charge stays in the list, struck out, with when and why: %s', async (locale, caption, row) => {
    const { page } = await visit(shop, `/clients/${ada}${JANUARY()}`, { token: mine.client, locale });
    const rows = await rowsOf(page, caption);
    expect(rows.map((cells) => cells.split(' | ')[0])).toEqual([
      expect.stringMatching(/^11 .* 2025, 00:30$/),
      expect.stringMatching(/^10 .* 2025, 13:00$/),
      expect.stringMatching(row),
    ]);
    expect(await page.locator('.rows s').allInnerTexts()).toHaveLength(1);
    expect(await page.locator('.continued s').count()).toBe(1);
    // The amount above is without it, and says what was not charged.
    const cost = locale === 'en-GB' ? 'Cost' : 'Costo';
    await untilCard(page, cost, /^(€0\.005|0,005\s€)$/);
    const uncharged = locale === 'en-GB' ? 'No answer 1 · Taken back 1' : 'Senza risposta 1 · Stornato 1';
    await untilCard(page, cost, uncharged);
    await page.context().close();
  });

  it('while the page is open: the list says so', async () => {
    const phoneNumber = '+393330000005';
    const { id } = await aCustomer(shop.app, mine, { name: 'Dario', phoneNumber });
    const usageRecordId = await saveCharged(shop.app, mine, '2025-01-14T10:00:00Z', { phoneNumber });
    const { page } = await visit(shop, `/clients/${id}${JANUARY()}`, { token: mine.analyst });
    await untilCard(page, 'Cost', '€0.005');
    await shop.app.services.voids.void(mine.id, { usageRecordId, reason: 'a test' }, ME);
    await untilCard(page, 'Cost', '€0.00');
    await page.getByText(/^Taken back on .*: a test$/).waitFor();
    await page.locator('.exchange .voided').waitFor();
    await page.context().close();
  });
});

it('draws when it cost what, in the chosen period and before, with a table', async () => {
  const { page, complaints } = await visit(shop, `/clients/${ada}${JANUARY()}`, { token: mine.client });
  const panel = page.getByRole('region', { name: 'Cost over time' });
  await panel.getByText('Show table').click();
  const rows = await rowsOf(page, 'Cost over time');
  expect(rows).toHaveLength(31);
  expect(rows[9]).toBe('Fri, 10 January 2025 | €0.000 | 0 | €0.000');
  expect(rows[10]).toBe('Sat, 11 January 2025 | €0.005 | 1 | €0.000');
  expect(rows[19]).toBe('Mon, 20 January 2025 | €0.000 | 0 | €0.005');
  await page.locator('select[name=period]').selectOption('LAST_YEAR');
  await page.getByRole('heading', { level: 1, name: 'Ada' }).waitFor();
  const bars = page.locator('.plot.tall .bars i');
  await bars.nth(12).waitFor({ state: 'detached' });
  expect(await bars.count()).toBe(12);
  await page.locator('select[name=period]').selectOption('YESTERDAY');
  await panel.getByText('No charges in this period.').waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

it('draws the last twelve months, whatever the period', async () => {
  await saveCharged(shop.app, mine, new Date().toISOString(), { phoneNumber: '+393330000001' });
  const { page } = await visit(shop, `/clients/${ada}${JANUARY()}`, { token: mine.client });
  const panel = page.getByRole('region', { name: 'Last twelve months' });
  await panel.getByText('Show table').click();
  const months = await rowsOf(page, 'Last twelve months');
  expect(months).toHaveLength(12);
  expect(months.at(-1)).toMatch(/ \| €0\.005 \| 1$/);
  await page.context().close();
});

it('says on paper which period it is of, and keeps the bubbles apart', async () => {
  const { page } = await visit(shop, `/clients/${ada}${JANUARY()}`, { token: mine.analyst, locale: 'it-IT' });
  await chat(page).waitFor();
  const period = page.getByText('Gennaio 2025', { exact: true });
  expect(await period.isVisible()).toBe(false);
  await page.emulateMedia({ media: 'print' });
  expect(await period.isVisible()).toBe(true);
  const border = await page.evaluate(`getComputedStyle(document.querySelector('.wrote')).borderTopWidth`);
  expect(border).toBe('1px');
  await page.context().close();
});

it('says so where its file is not loaded, and loads it when the server has it again', async () => {
  const { page } = await visit(shop, JANUARY(), { token: mine.client });
  await page.route('**/assets/client-page-*.js', (route) => route.fulfill({ status: 404 }));
  await page.getByRole('link', { name: 'Ada', exact: true }).click();
  const notice = page.getByRole('alert').filter({ hasText: 'This part of the page was not loaded.' });
  await notice.waitFor();
  // What stands around it is there still.
  await page.locator('select[name=period]').waitFor();
  await page.unrouteAll();
  await notice.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { level: 1, name: 'Ada' }).waitFor();
  await page.context().close();
});

describe.each([
  ['320 px', { ...PHONE, viewport: { width: 320, height: 640 } }],
  ['390 px', PHONE],
  ['a desktop', { viewport: { width: 1280, height: 900 } }],
])('with hostile words: %s', (_name, options) => {
  it.each([
    ['as a chat', () => `/clients/${wild}${JANUARY(other)}`, '.exchange'],
    ['among the messages', () => `/messages${JANUARY(other)}`, '.turn'],
  ])('%s nothing is wider than the screen, and axe finds nothing', async (_what, path, turn) => {
    const { page, complaints } = await visit(shop, path(), {
      ...{ token: other.analyst, locale: 'it-IT', reducedMotion: 'reduce' as const },
      ...options,
    });
    await page.locator(turn).first().waitFor();
    expect(await findings(page)).toEqual([]);
    const unread = page.getByRole('button', { name: 'Leggi tutto' });
    expect(await unread.count()).toBe(4);
    for (let left = 4; left > 0; left -= 1) await unread.first().click();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(options.viewport.width);
    const outside: string[] = await page.evaluate(`[...document.querySelectorAll('.said dd')]
      .map((bubble) => [bubble, bubble.closest('.chat, .turn').getBoundingClientRect()])
      .filter(([bubble, { left, right }]) => {
        const box = bubble.getBoundingClientRect();
        return box.left < left - 0.5 || box.right > right + 0.5;
      })
      .map(([bubble]) => bubble.textContent.slice(0, 40))`);
    expect(outside).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
