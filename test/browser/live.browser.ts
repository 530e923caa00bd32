// A page that stays open: new turns appear, failures are shown, and the figures stay.

import { aTurn } from '../support/app';
import { SAVE } from '../support/operations';
import { openShop, type Shop, untilCard, type Visit, visit } from './shop';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
}, 120_000);
afterAll(() => shop.stop());

const save = (input: Record<string, unknown> = {}) =>
  shop.app.api
    .as(shop.service)
    .data(SAVE, { input: aTurn({ id: 'workspace-123' }, { occurredAt: '2025-01-15T12:00:00Z', ...input }) });

const JANUARY = '?workspace=workspace-123&month=2025-01';

/** The test moves the page's clock, so nothing waits for real seconds. */
async function visitWithClock(): Promise<Visit> {
  const visited = await visit(shop, JANUARY, { token: shop.client });
  await untilCard(visited.page, 'Messages charged', /^\d+$/);
  await visited.page.clock.install();
  await visited.page.reload();
  await visited.page.locator('.as-of.complete').waitFor();
  visited.operations();
  return visited;
}

it('a charge appears within 5 seconds, without a reload and without a skeleton', async () => {
  const { page, operations } = await visitWithClock();
  await untilCard(page, 'Messages charged', /^25$/);
  await page.evaluate('window.stillTheSamePage = true');

  await save();
  await page.clock.runFor(5_000);
  await untilCard(page, 'Messages charged', /^26$/);
  expect(operations().at(-1)).toBe('Overview');
  expect(await page.evaluate('window.stillTheSamePage')).toBe(true);
  expect(await page.locator('.skeleton').count()).toBe(0);
  await page.context().close();
});

it('a poll that finds nothing new reads little, and a hidden tab reads nothing', async () => {
  const { page, operations } = await visitWithClock();
  const pulse = () => page.waitForResponse((response) => /Pulse/.test(response.request().postData() ?? ''));
  for (let beat = 0; beat < 2; beat += 1) {
    const answered = pulse();
    await page.clock.runFor(5_000);
    await answered;
  }
  expect(new Set(operations())).toEqual(new Set(['Pulse']));

  await page.evaluate(`Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'))`);
  await page.clock.runFor(60_000);
  operations();
  await page.clock.runFor(60_000);
  expect(operations()).toEqual([]);
  const answered = pulse();
  await page.evaluate(`Object.defineProperty(document, 'hidden', { value: false, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'))`);
  await answered;
  expect(operations()[0]).toBe('Pulse');
  await page.context().close();
});

it('offline keeps the figures and says so; back online goes on by itself', async () => {
  const { page } = await visit(shop, JANUARY, { token: shop.client });
  await page.locator('.as-of.complete').waitFor();
  const shown = await page.getByRole('region', { name: 'Cost', exact: true }).first().innerText();
  await page.context().setOffline(true);
  await page.getByRole('alert').filter({ hasText: 'The server cannot be reached.' }).waitFor();
  await page.getByText('Not updating').waitFor();
  expect(await page.getByRole('region', { name: 'Cost', exact: true }).first().innerText()).toBe(shown);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('The figures below are the last that were read.').waitFor();

  await page.context().setOffline(false);
  await page.locator('.as-of.complete').waitFor();
  expect(await page.getByRole('alert').count()).toBe(0);
  await page.context().close();
});

it('a client and its charges are live too', async () => {
  const { page } = await visit(shop, JANUARY, { token: shop.client });
  await page.getByRole('link', { name: 'Giulia Bianchi' }).click();
  await untilCard(page, 'Cost', '6 messages');
  await save({ phoneNumber: '+393332345678' });
  await untilCard(page, 'Cost', '7 messages');
  await page.getByText('7 of 7').waitFor();
  await page.context().close();
});
