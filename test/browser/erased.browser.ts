// Somebody who was erased, on the page: without name and words, with every figure, in both languages.
import type { Page } from 'playwright-core';
import { aToken, type TestWorkspace } from '../support/app';
import { aChargedShop, saveCharged } from '../support/charged-shop';
import { openShop, rowsOf, type Shop, visit } from './shop';

const ME = { name: 'test' };
const PHONE = '+393331234567';

let shop: Shop;
let mine: TestWorkspace;
let id: string;
let token: string;
beforeAll(async () => {
  shop = await openShop();
  const { app } = shop;
  mine = await aChargedShop(app);
  await saveCharged(app, mine, '2025-01-10T10:00:00Z', { message: 'a canary' });
  const usageRecordId = await saveCharged(app, mine, '2025-01-11T10:00:00Z');
  await app.services.voids.void(mine.id, { usageRecordId, reason: 'a canary of a reason' }, ME);
  await app.services.closing.close(mine.id, '2025-01', ME);
  const { receipt } = await app.services.eraser.erase(mine.id, { phoneNumber: PHONE, reason: 'asked' }, ME);
  id = receipt.customerIds[0] ?? '';
  token = await aToken(app, { kind: 'analyst', workspaceIds: [mine.id] });
}, 120_000);
afterAll(() => shop.stop());

const text = (page: Page, selector: string) => page.locator(selector).first().innerText();

it.each([
  [
    'en-GB',
    ['Clients', 'Erased customer 1', 'Name, number and messages were deleted. The charges stay.', 'deleted'],
  ],
  [
    'it-IT',
    [
      ...['Clienti', 'Cliente cancellato 1'],
      ...['Nome, numero e messaggi sono stati cancellati. Gli addebiti restano.', 'cancellato'],
    ],
  ],
])(
  'in %s it has a number for a name, on each page, and keeps its figures',
  async (locale, words) => {
    const [clients = '', name = '', state = '', deleted = ''] = words;
    const open = (path: string, query = '') =>
      visit(shop, `${path}?workspace=${mine.id}&month=2025-01${query}`, { token, locale });
    const overview = await open('');
    expect(await rowsOf(overview.page, clients)).toEqual([
      expect.stringMatching(`^1 \\| ${name} \\| 1 \\| `),
    ]);
    const client = await open(`/clients/${id}`);
    expect(await text(client.page, '.client-heading h1')).toBe(name);
    expect(await text(client.page, '.client-state')).toBe(state);
    expect(await text(client.page, '.exchange .wrote')).toBe(deleted);
    // What was written about them is gone; that the charge was taken back stays.
    expect(await text(client.page, 'td.voided')).toMatch(/ \d\d:\d\d$/);
    const compared = await open('', '&clients=compared');
    await compared.page.locator('.comparison').getByRole('link', { name, exact: true }).waitFor();
    const messages = await open('/messages');
    expect(await text(messages.page, '.turn strong')).toBe(name);
    expect([await text(messages.page, '.wrote'), await text(messages.page, '.answered')]).toEqual([
      deleted,
      deleted,
    ]);
    const statement = await open('/statements/2025-01');
    await statement.page.getByRole('link', { name, exact: true }).waitFor();
    for (const { page, complaints } of [overview, client, compared, messages, statement]) {
      expect(complaints).toEqual([]);
      expect(await page.locator('body').innerText()).not.toMatch(/Mario|393331234567|canary/);
      await page.context().close();
    }
  },
  120_000,
);
