// Two stretches of time of the reader's choice, client by client.
import type { Page } from 'playwright-core';
import { aCustomer, aTurn, aWorkspace, type TestWorkspace } from '../support/app';
import { saveCharged } from '../support/charged-shop';
import { card, findings, openShop, PHONE, type Shop, untilCard, visit } from './shop';

const SAVE_MANY = /* GraphQL */ `
  mutation SaveMany($workspaceId: ID!, $items: [SaveMessageItem!]!) {
    saveMessages(workspaceId: $workspaceId, items: $items) { error { message } }
  }`;

const LONG_NAME = 'W'.repeat(200);

let shop: Shop;
let mine: TestWorkspace;
/** Charged turns: Ada 3 in March and 1 in January; Bruno 2 in January only; Carla 1 in each; the last 1 in March. */
beforeAll(async () => {
  shop = await openShop();
  const { app } = shop;
  mine = await aWorkspace(app, { name: `Ristorante${'R'.repeat(150)}` });
  const writes: [name: string, march: number, january: number][] = [
    ['Ada', 3, 1],
    ['Bruno', 0, 2],
    ['Carla', 1, 1],
    [LONG_NAME, 1, 0],
  ];
  for (const [index, [name, march, january]] of writes.entries()) {
    const phoneNumber = `+39333000000${index}`;
    await aCustomer(app, mine, { name, phoneNumber });
    for (let day = 0; day < march; day += 1)
      await saveCharged(app, mine, `2025-03-1${day}T10:00:00Z`, { phoneNumber });
    for (let day = 0; day < january; day += 1)
      await saveCharged(app, mine, `2025-01-1${day}T10:00:00Z`, { phoneNumber });
  }
}, 120_000);
afterAll(() => shop.stop());

const CHOSEN =
  'from=2025-03-01&to=2025-03-20&compare=range&against-from=2025-01-05&against-to=2025-01-31&clients=compared';
const address = (query = CHOSEN) => `?workspace=${mine.id}&${query}`;

/** What is seen of each row on one line, without phone numbers. */
const compared = async (page: Page, caption: string): Promise<string[]> => {
  const rows = page.getByRole('table', { name: caption }).locator('tbody tr');
  await rows.first().waitFor();
  return (await rows.allInnerTexts()).map((row) =>
    row
      .replace(/\+39\d+/, '')
      .split(/\s+/)
      .join(' '),
  );
};

it('chooses first and last day of both, and compares client by client', async () => {
  const { page, complaints } = await visit(shop, address('month=2025-03'), { token: mine.client });
  await page.locator('select[name=period]').selectOption('Free range…');
  const period = page.getByRole('form', { name: 'Period' });
  await period.getByLabel('To (included)').fill('2025-03-20');
  await period.getByRole('button', { name: 'Apply' }).click();
  await page.waitForURL(/from=2025-03-01&to=2025-03-20/);
  await page.getByLabel('Compare with').first().selectOption('Days of your choice…');
  const against = page.getByRole('form', { name: 'Compare with' });
  await against.getByLabel('From').fill('2025-01-05');
  await against.getByLabel('To (included)').fill('2025-01-31');
  await against.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('1 – 20 Mar 2025 against 5 – 31 Jan, client by client.').waitFor();
  expect(new URL(page.url()).search).toBe(address());
  expect(await compared(page, 'Clients compared')).toEqual([
    'Ada €0.015 €0.005 +€0.010 +200.00%',
    'Bruno €0.000 €0.010 -€0.010 -100.00%',
    'Carla €0.005 €0.005 €0.000 0.00%',
    `${LONG_NAME} €0.005 €0.000 +€0.005`,
  ]);
  // The same days everywhere on the page, and the sum below.
  expect(await card(page, 'Cost')).toContain('vs 5 – 31 Jan: €0.020');
  const foot = page.locator('.comparison tfoot');
  expect((await foot.innerText()).replace(/\s+/g, ' ')).toBe('All €0.025 €0.020 +€0.005 +25.00%');
  await page.reload();
  await foot.waitFor();
  // On paper the sum is a row like the others: a table's foot would stand on every sheet.
  await page.emulateMedia({ media: 'print' });
  const display = await page.evaluate(`getComputedStyle(document.querySelector('tfoot')).display`);
  expect(display).toBe('table-row-group');
  expect(complaints).toEqual([]);
  await page.context().close();
});

it('in Italian, and by messages', async () => {
  const { page, complaints } = await visit(shop, address(), { token: mine.client, locale: 'it-IT' });
  await page.getByText('1–20 mar 2025 e 5–31 gen a confronto, cliente per cliente.').waitFor();
  await page.getByLabel('Ordina per').selectOption('Messaggi');
  await page.getByRole('row', { name: /Ada.*\+2/ }).waitFor();
  expect((await compared(page, 'Clienti a confronto')).slice(0, 2)).toEqual([
    'Ada 3 1 +2 +200,00%',
    'Bruno 0 2 -2 -100,00%',
  ]);
  expect(await page.getByLabel('Ordina per').locator('option').allInnerTexts()).toEqual([
    'Costo',
    'Messaggi',
  ]);
  expect(complaints).toEqual([]);
  await page.context().close();
});

it('compares with what is chosen beside: the same days of the period before, too', async () => {
  const { page } = await visit(shop, address('month=2025-02'), { token: mine.client });
  await page.getByRole('button', { name: 'Compared', exact: true }).click();
  await page.getByText('February 2025 against January, client by client.').waitFor();
  expect((await compared(page, 'Clients compared')).map((row) => /^(Client \d+|\w+)/.exec(row)?.[0])).toEqual(
    ['Bruno', 'Ada', 'Carla'],
  );
  await page.getByRole('link', { name: 'Bruno' }).click();
  await page.getByRole('heading', { level: 1, name: 'Bruno' }).waitFor();
  await page.goBack();
  await page.getByRole('button', { name: /^All/ }).click();
  await page.getByRole('region', { name: 'Clients' }).getByText('No charges in this period.').waitFor();
  await page.context().close();
});

it.each(['compare=range', 'compare=range&against-from=2025-01-05&against-to=2025-01-01'])(
  'an address without days that exist says so: %s',
  async (query) => {
    const { page } = await visit(shop, address(query), { token: mine.client });
    await page
      .getByRole('alert')
      .getByText(/against-from=/)
      .waitFor();
    expect(await page.locator('.figure').count()).toBe(0);
    await page.context().close();
  },
);

it('more than a page of each: joined by client, highest first, until all are there', async () => {
  const { app } = shop;
  const many = await aWorkspace(app);
  // Client n has n turns in January; in March those up to 30 have 100 - n. The first page of March ends with 75.
  const january = Array.from({ length: 40 }, (_, index) => index + 1);
  for (const n of january) {
    const phoneNumber = `+3933310000${String(n).padStart(2, '0')}`;
    await aCustomer(app, many, { name: `Client ${n}`, phoneNumber });
    const turns = (month: string, count: number) =>
      Array.from({ length: count }, (_, turn) =>
        aTurn(many, {
          phoneNumber,
          occurredAt: `2025-${month}-10T10:00:${String(turn % 60).padStart(2, '0')}Z`,
        }),
      );
    const items = [...turns('01', n), ...turns('03', n <= 30 ? 100 - n : 0)];
    await app.api.as(many.service).data(SAVE_MANY, {
      workspaceId: many.id,
      items: items.map(({ workspaceId: _, ...item }) => item),
    });
  }
  const highest = (n: number) => (n <= 30 ? 100 - n : n);
  const expected = january.toSorted((a, b) => highest(b) - highest(a)).map((n) => `Client ${n}`);
  const { page } = await visit(
    shop,
    `?workspace=${many.id}&month=2025-03&compare=range&against-from=2025-01-01&against-to=2025-01-31&clients=compared&order=messages`,
    { token: many.client },
  );
  const names = async () =>
    (await compared(page, 'Clients compared')).map((row) => /^(Client \d+|\w+)/.exec(row)?.[0]);
  await page.getByText('25 clients so far, highest first').waitFor();
  expect(await names()).toEqual(expected.slice(0, 25));
  await page.getByRole('button', { name: 'Show more' }).click();
  await page.getByText('40 clients', { exact: true }).waitFor();
  expect(await names()).toEqual(expected);
  expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0);
  await page.context().close();
});

it.each([320, 390, 800, 1280])('is no wider than %s px, and axe finds nothing', async (width) => {
  const { page } = await visit(shop, address(), {
    ...{ token: mine.client, locale: 'it-IT', reducedMotion: 'reduce' },
    ...(width < 500 ? PHONE : {}),
    viewport: { width, height: 800 },
  });
  await page.locator('.comparison tfoot').waitFor();
  await untilCard(page, 'Costo', /^0,025\s€$/);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  expect(await findings(page)).toEqual([]);
  const menu = page.getByRole('button', { name: 'Confronta, esporta, stampa' });
  if (await menu.isVisible()) {
    await menu.click();
    const form = page.getByRole('form', { name: 'Confronta con' });
    expect(await findings(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    await form.getByLabel('Dal').fill('2025-01-10');
    await form.getByRole('button', { name: 'Applica' }).click();
    // What was behind the menu is seen.
    await form.waitFor({ state: 'hidden' });
    await page.waitForURL(/against-from=2025-01-10/);
  }
  await page.context().close();
});
