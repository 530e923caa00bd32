// Which clients are new, back or quiet; and in which hours nobody answered.
import { aCustomer, aTurn, aWorkspace, type TestWorkspace } from '../support/app';
import { saveCharged } from '../support/charged-shop';
import { SAVE } from '../support/operations';
import { findings, openShop, PHONE, rowsOf, type Shop, visit } from './shop';

let shop: Shop;
let mine: TestWorkspace;
/** Of February: Ada is new, Rita regular, Bruno back after a month, Carla quiet. */
beforeAll(async () => {
  shop = await openShop();
  const { app } = shop;
  mine = await aWorkspace(app);
  const writes: [name: string, phoneNumber: string, months: string[]][] = [
    ['Ada', '+393330000001', ['2025-02']],
    ['Rita', '+393330000002', ['2025-01', '2025-02']],
    ['Bruno', '+393330000003', ['2024-12', '2025-02']],
    ['Carla', '+393330000004', ['2025-01']],
  ];
  for (const [name, phoneNumber, months] of writes) {
    await aCustomer(app, mine, { name, phoneNumber });
    for (const month of months) await saveCharged(app, mine, `${month}-12T10:00:00Z`, { phoneNumber });
  }
  // Two of February's four Mondays, at 20:00 in Rome.
  for (const day of ['03', '10'])
    await app.api.as(mine.service).data(SAVE, {
      input: aTurn(mine, { response: '', occurredAt: `2025-02-${day}T19:20:00Z` }),
    });
}, 120_000);
afterAll(() => shop.stop());

const FEBRUARY = () => `?workspace=${mine.id}&month=2025-02`;

it.each([
  ['New 1', 'Ada'],
  ['Regular 1', 'Rita'],
  ['Back 1', 'Bruno'],
  ['Quiet 1', 'Carla'],
])('lists the clients who are: %s', async (button, name) => {
  const { page, complaints } = await visit(shop, FEBRUARY(), { token: mine.client });
  const rows = page.locator('.clients tbody tr');
  const only = rows.getByRole('link', { name });
  await page.getByRole('button', { name: 'All 3' }).waitFor();
  await page.getByRole('button', { name: button }).click();
  await only.waitFor();
  await rows.nth(1).waitFor({ state: 'detached' });
  expect((await rowsOf(page, 'Clients')).map((row) => row.split(' | ')[1])).toEqual([
    expect.stringContaining(name),
  ]);
  // In the address too.
  await page.reload();
  await only.waitFor();
  await rows.nth(1).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'All 3' }).click();
  await rows.nth(2).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

it('shows the hours without an answer, with their average, in Italian', async () => {
  const { page, complaints } = await visit(shop, FEBRUARY(), { token: mine.client, locale: 'it-IT' });
  await page.getByLabel('Che cosa mostra la settimana').selectOption('Senza risposta');
  const week = page.getByRole('region', { name: 'La settimana a colpo d’occhio' });
  await week.getByText('Lunedì 20:00–21:00: 2 messaggi, in media 0,5 ogni volta').waitFor();
  expect(page.url()).toContain('hours=unanswered');
  await week.getByText('Mostra tabella').click();
  expect((await rowsOf(page, 'Messaggi senza risposta per giorno della settimana e ora'))[20]).toBe(
    '20:00 | 2 | 0 | 0 | 0 | 0 | 0 | 0',
  );
  expect(complaints).toEqual([]);
  await page.context().close();
});

it.each([320, 390, 1280])('is no wider than %s px, and axe finds nothing', async (width) => {
  const { page } = await visit(shop, `${FEBRUARY()}&segment=lost&hours=unanswered`, {
    ...{ token: mine.client, locale: 'it-IT', reducedMotion: 'reduce' },
    ...(width < 500 ? PHONE : {}),
    viewport: { width, height: 800 },
  });
  await page.getByText('I loro dati sono di allora.').waitFor();
  await page.getByRole('link', { name: 'Carla' }).waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  expect(await findings(page)).toEqual([]);
  await page.context().close();
});
