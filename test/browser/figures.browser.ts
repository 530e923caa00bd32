// What an owner reads: the reference example, every picker, every list (docs/semantics.md#the-reference-example).
import { readFile } from 'node:fs/promises';
import { aWorkspace } from '../support/app';
import { card, openShop, rowsOf, type Shop, untilCard, visit } from './shop';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
}, 120_000);
afterAll(() => shop.stop());

const JANUARY = '?workspace=workspace-123&month=2025-01';

describe('January 2025', () => {
  it('in English', async () => {
    const { page, complaints } = await visit(shop, JANUARY, { token: shop.client });
    await untilCard(page, 'Cost', '€0.125');

    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('January 2025');
    expect(await card(page, 'Cost')).toMatch(
      /^Cost €0\.125 ↑ \+31\.58% .*vs December 2024: €0\.095 €0\.11 left, after /,
    );
    expect(await card(page, 'Cost')).toContain(
      '€0.11 left, after €0.01 for the model and €0.00 for the channel. The costs of 92.5% of the answers are known.',
    );
    // With one price messages grow as the cost does, so the page shows it once.
    expect(await card(page, 'Messages charged')).toBe('Messages charged 25 19 before €0.005 per message now');
    expect(await card(page, 'Active clients')).toBe('Active clients 4 4 before €0.03 per client');
    expect(await page.getByRole('region', { name: 'Forecast' }).count()).toBe(0);
    await page.getByText('Busiest at 14:00: 8 messages.').waitFor();
    expect(await rowsOf(page, 'Clients')).toEqual([
      '1 | Mario Rossi+393331234567 | 9 | €0.045 | 36.0% | 31 Jan 2025, 12:50',
      '2 | Giulia Bianchi+393332345678 | 6 | €0.030 | 24.0% | 27 Jan 2025, 19:05',
      '2 | Luca Verdi+393333456789 | 6 | €0.030 | 24.0% | 30 Jan 2025, 20:42',
      '4 | Anna FerrariIT.13491208655302741918 | 4 | €0.020 | 16.0% | 28 Jan 2025, 14:28',
    ]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('in Italian, by the browser or by choice', async () => {
    const { page } = await visit(shop, JANUARY, { token: shop.client, locale: 'it-IT' });
    await untilCard(page, 'Costo', /0,125\s€/);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Gennaio 2025');
    expect(await card(page, 'Costo')).toMatch(/0,125 € ↑ \+31,58% .*rispetto a dicembre 2024: 0,095 €/);
    expect((await card(page, 'Costo')).replaceAll('\u00a0', ' ')).toContain(
      'Restano 0,11 €, tolti 0,01 € per il modello e 0,00 € per il canale. Sono noti i costi del 92,5% delle risposte.',
    );
    await page.getByText('L’ora di punta è alle 14:00: 8 messaggi.').waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('it');

    await page.getByRole('button', { name: 'Menù' }).click();
    await page.getByLabel('Lingua').selectOption('English');
    await untilCard(page, 'Cost', '€0.125');
    await page.reload();
    await untilCard(page, 'Cost', '€0.125');
    await page.context().close();
  });

  it('says what is left only where costs are known: not in the month before', async () => {
    const { page } = await visit(shop, '?workspace=workspace-123&month=2024-12', { token: shop.client });
    await untilCard(page, 'Cost', '€0.095');
    expect(await card(page, 'Cost')).not.toContain('left, after');
    await page.context().close();
  });

  it('shows each plot also as a table whose sum is the total', async () => {
    const { page } = await visit(shop, JANUARY, { token: shop.client });
    await page.locator('.plot').first().waitFor();
    for (const summary of await page.getByText('Show table').all()) await summary.click();

    const days = await rowsOf(page, 'Cost over time');
    expect(days).toHaveLength(31);
    expect(days[1]).toBe('Thu, 2 January 2025 | €0.005 | 1 | €0.005');
    expect(days[4]).toBe('Sun, 5 January 2025 | €0.000 | 0 | €0.005');
    expect(days.reduce((sum, row) => sum + Number(row.split(' | ')[2]), 0)).toBe(25);
    const hours = await rowsOf(page, 'Peak hours');
    expect(hours).toHaveLength(24);
    expect(hours[14]).toBe('14:00 | 8 | 32.0% | €0.040');
    const heat = (await rowsOf(page, 'Messages by weekday and hour')).map((row) => row.split(' | ').slice(1));
    expect(heat).toHaveLength(24);
    expect(heat.flat().reduce((sum, cell) => sum + Number(cell), 0)).toBe(25);
    // Mondays.
    expect(heat[14]?.[0]).toBe('3');
    const name = await page.getByRole('img', { name: /^Cost over time/ }).getAttribute('aria-label');
    expect(name).toMatch(/January 2025: €0\.125 in all\. Highest: .*€0\.005 · 1 message\./);
    await page.context().close();
  });

  it('asks once for the whole page, and again only for what changed', async () => {
    const { page, operations } = await visit(shop, JANUARY, { token: shop.client });
    await untilCard(page, 'Cost', '€0.125');
    // The first tick asks whether anything was saved since: Pulse, which reads little.
    const pages = () => operations().filter((name) => name !== 'Pulse');
    // The first time, the token must be looked up.
    expect(pages()).toEqual(['Viewer', 'Overview']);
    await page.reload();
    await untilCard(page, 'Cost', '€0.125');
    await page.locator('.plot').first().waitFor();
    expect(pages()).toEqual(['Overview']);
    await page.context().close();
  });

  it('explains on hover and on focus what it is compared with', async () => {
    const { page } = await visit(shop, JANUARY, { token: shop.client });
    const why = page.getByRole('region', { name: 'Cost', exact: true }).getByRole('button');
    await why.hover();
    await page
      .getByText(/a complete one with the whole one before.*1 Dec 2024, 00:00/)
      .first()
      .waitFor();
    await page.mouse.move(0, 0);
    await why.focus();
    expect(await page.getByRole('tooltip').first().isVisible()).toBe(true);
    await page.context().close();
  });
});

describe('the pickers', () => {
  it('of the period: presets, months, steps and a free range, each in the address', async () => {
    const { page } = await visit(shop, '?workspace=workspace-123', { token: shop.client });
    const period = page.locator('select[name=period]');
    await page.getByRole('heading', { name: 'Clients', exact: true }).waitFor();
    await period.selectOption('LAST_7_DAYS');
    await page.waitForURL(/period=last-7-days/);
    await period.selectOption({ value: 'YESTERDAY' });
    await page.waitForURL(/period=yesterday/);
    await page.goto(`${shop.app.url}/dashboard?workspace=workspace-123&month=2025-02`);
    await page.getByRole('heading', { name: 'February 2025' }).waitFor();
    await page.getByRole('button', { name: 'Earlier' }).click();
    await untilCard(page, 'Cost', '€0.125');
    expect(page.url()).toContain('month=2025-01');

    await period.selectOption('Free range…');
    await page.getByLabel('From').fill('2025-01-06');
    await page.getByLabel('To (included)').fill('2025-01-05');
    await page.getByText('The first day must not be after the last.').waitFor();
    await page.getByLabel('To (included)').fill('2025-01-12');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.waitForURL(/from=2025-01-06&to=2025-01-12/);
    await untilCard(page, 'Messages charged', /^6$/);
    // Days of the shop's zone, not the reader's: seven days, and the seven before.
    expect(await card(page, 'Cost')).toContain('30 Dec 2024');
    await page.goBack();
    await untilCard(page, 'Cost', '€0.125');
    await page.context().close();
  });

  it('of the comparison: the same part, the whole period before, a year earlier', async () => {
    const { page } = await visit(shop, JANUARY, { token: shop.client });
    await untilCard(page, 'Cost', '€0.125');
    await page.getByLabel('Compare with').selectOption('A year earlier');
    await page.waitForURL(/compare=year-earlier/);
    await untilCard(page, 'Cost', /January 2024/);
    await page.getByText('Nothing to compare with').first().waitFor();
    await page.getByLabel('Compare with').selectOption('Whole period before');
    await untilCard(page, 'Cost', /December 2024/);
    await page.context().close();
  });

  it('of running periods show a forecast, and the whole period before', async () => {
    const { page } = await visit(shop, '?workspace=workspace-123&period=last-30-days', {
      token: shop.client,
    });
    await untilCard(page, 'Forecast', /^€\d/);
    await page.context().close();
  });
});

describe('clients', () => {
  it('are paged in the chosen order, and found by name or number', async () => {
    const { page } = await visit(shop, '?workspace=workspace-123&period=last-30-days', {
      token: shop.client,
    });
    await page.getByRole('heading', { name: 'Clients', exact: true }).waitFor();
    const first = await rowsOf(page, 'Clients');
    expect(first).toHaveLength(10);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'First page' }).waitFor();
    await page.waitForFunction(
      `!document.body.innerText.includes(${JSON.stringify(first[0]?.slice(4, 15))})`,
    );
    const second = await rowsOf(page, 'Clients');
    expect(second.filter((row) => first.includes(row))).toEqual([]);
    await page.reload();
    await page.getByRole('button', { name: 'First page' }).click();
    await page.getByLabel('Order by').selectOption('Last active');
    await page.waitForURL(/order=last-active/);

    await page.getByRole('searchbox').fill('verdi');
    await page.getByText('1 client found').waitFor();
    expect((await rowsOf(page, 'Clients'))[0]).toMatch(/^Luca Verdi\+393333456789/);
    expect(page.url()).toContain('search=verdi');
    await page.getByRole('searchbox').fill('nobody of this name');
    await page.getByText('Nobody found.').waitFor();
    await page.context().close();
  });

  it('have a page of their own with every charge', async () => {
    const { page, complaints } = await visit(shop, JANUARY, { token: shop.client });
    await page.getByRole('link', { name: 'Mario Rossi' }).click();
    await page.getByRole('heading', { name: 'Mario Rossi' }).waitFor();
    await untilCard(page, 'Cost', '€0.045');
    await page.getByText('9 of 9').waitFor();
    const charges = await rowsOf(page, 'Charges');
    expect(charges).toHaveLength(9);
    expect(charges[0]).toMatch(/^31 Jan 2025, 12:50 \| .* \| €0\.005$/);
    expect(new URL(page.url()).pathname).toMatch(/^\/dashboard\/clients\/[0-9a-f-]{36}$/);
    await page.reload();
    await page.getByRole('heading', { name: 'Mario Rossi' }).waitFor();
    await page.locator('select[name=period]').selectOption('LAST_30_DAYS');
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.getByText(/^50 of \d+$/).waitFor();
    await page.getByRole('link', { name: /Back to the overview/ }).click();
    await page.getByRole('heading', { name: 'Clients', exact: true }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe('outcomes', () => {
  it('say what was not charged, and what the token lacks to read the messages', async () => {
    const { page } = await visit(shop, JANUARY, { token: shop.client });
    const panel = page.getByRole('region', { name: 'What was charged, and what was not' });
    await panel.getByText('scope messages:read').waitFor();
    expect(await panel.locator('strong').allTextContents()).toEqual(['25', '1', '1', '1', '0', '0']);
    expect(await panel.getByRole('link').count()).toBe(0);
    await page.goto(`${shop.app.url}/dashboard/messages?workspace=workspace-123`);
    await page.getByText('scope messages:read').waitFor();
    await page.context().close();
  });

  it('lead to the messages with a token that may read them', async () => {
    const { page, complaints } = await visit(shop, JANUARY, { token: shop.analyst });
    await page.getByRole('link', { name: 'See messages: “Unknown number”' }).click();
    await page.getByRole('listitem').filter({ hasText: '+447700900123' }).waitFor();
    expect(page.url()).toContain(
      '/dashboard/messages?workspace=workspace-123&month=2025-01&outcome=unknown-customer',
    );
    await page.getByLabel('Outcome').selectOption('All outcomes');
    await page.getByText('25 of 28').waitFor();
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.getByText('28 of 28').waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe('exports', () => {
  it.each([
    ['CSV', (text: string) => text.trim().split('\r\n').length - 1],
    ['JSON', (text: string): number => JSON.parse(text).records.length],
  ])('%s of the period on the screen', async (format, count) => {
    const { page } = await visit(shop, JANUARY, { token: shop.client });
    await untilCard(page, 'Cost', '€0.125');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: `Export ${format}` }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(new RegExp(`^workspace-123.*\\.${format.toLowerCase()}$`));
    expect(count(await readFile(await download.path(), 'utf8'))).toBe(25);
    await page.context().close();
  });
});

it.each([
  ['it-IT', 'Esporta CSV', 'italian', ';0,005;EUR;', "'+39333"],
  ['en-GB', 'Export CSV', 'spreadsheet', ',0.005,EUR,', "'+39333"],
])('CSV in %s opens as a spreadsheet there reads it', async (locale, button, dialect, amount, phone) => {
  const { page } = await visit(shop, JANUARY, { token: shop.client, locale });
  await page.locator('.plot').first().waitFor();
  const asked = page.waitForRequest(/\/api\/usage\/export\//);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button }).click(),
  ]);
  expect(new URL((await asked).url()).searchParams.get('dialect')).toBe(dialect);
  const text = await readFile(await download.path(), 'utf8');
  expect(text).toContain(amount);
  expect(text).toContain(phone);
  await page.context().close();
});

describe('a plot', () => {
  it('tells a column to the pointer, and none when it has left', async () => {
    const { page } = await visit(shop, JANUARY, { token: shop.client });
    const box = await page.getByRole('slider', { name: 'Peak hours' }).boundingBox();
    if (!box) throw new Error('No plot.');
    // 24 columns: the middle of the 15th.
    await page.mouse.move(box.x + (box.width * 14.5) / 24, box.y + 20);
    const tip = page.locator('.tip');
    await tip.getByText('14:00 – 15:00').waitFor();
    expect((await tip.innerText()).replace(/\s+/g, ' ')).toBe(
      '14:00 – 15:00 Messages 8 Share 32.0% Cost €0.04',
    );
    await page.mouse.move(0, 0);
    await tip.waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('is read column by column with the keyboard', async () => {
    const { page } = await visit(shop, JANUARY, { token: shop.client });
    const reader = page.getByRole('slider', { name: 'Cost over time' });
    await reader.focus();
    const said = () => reader.getAttribute('aria-valuetext');
    await page.keyboard.press('ArrowRight');
    expect(await said()).toMatch(
      /^Thu, 2 January 2025, This period: €0\.005 · 1 message, Period before, .*2024/,
    );
    await page.keyboard.press('End');
    expect(await said()).toMatch(/^Fri, 31 January 2025/);
    await page.keyboard.press('Home');
    expect(await said()).toMatch(/^Wed, 1 January 2025/);
    await page.keyboard.press('Tab');
    await page.locator('.tip').waitFor({ state: 'detached' });
    await page.context().close();
  });

  it.each([320, 390, 800, 1280])('writes no label on another, at %s px', async (width) => {
    const { page } = await visit(shop, `?workspace=workspace-123&period=last-30-days`, {
      ...{ token: shop.client, locale: 'it-IT', viewport: { width, height: 900 } },
    });
    await page.locator('.plot').first().waitFor();
    for (const plot of await page.locator('.plot').all()) {
      const labels = await plot.evaluate((element) =>
        [...element.querySelectorAll('.labels span')]
          .filter((label) => label.checkVisibility())
          .map((label) => label.getBoundingClientRect())
          .map(({ left, right }) => ({ left, right })),
      );
      expect(labels.length).toBeGreaterThan(2);
      const met = labels.filter(({ left }, index) => index > 0 && left < (labels[index - 1]?.right ?? 0) + 3);
      expect(met).toEqual([]);
    }
    await page.context().close();
  });
});

it('an empty workspace explains itself to its owner, not to an operator', async () => {
  const empty = await aWorkspace(shop.app, { name: 'Nuovo' });
  const { page } = await visit(shop, '', { token: empty.client });
  const panel = page.getByRole('region', { name: 'No messages yet' });
  await panel.getByText('As soon as a client of yours writes').waitFor();
  expect(await panel.innerText()).not.toMatch(/npm|saveMessage|token|workspace/);
  expect(await panel.getByRole('button').allInnerTexts()).toEqual(['Last 30 days', 'This year']);
  await page.context().close();
});

it.each([
  ['month=2025-01', true],
  ['period=this-year', false],
])('the week shows numbers in its cells where all of them fit: %s', async (period, fit) => {
  const { page } = await visit(shop, `?workspace=workspace-123&${period}`, { token: shop.client });
  const cells = page.locator('.heatmap .cell');
  await cells.first().waitFor();
  const numbers = (await cells.allInnerTexts()).filter((text) => text !== '');
  expect(numbers.length > 0).toBe(fit);
  await page.context().close();
});
