// A page that one keeps open: what is saved appears, what breaks is said, and the figures stay.

import { aTurn } from '../support/app';
import { SAVE } from '../support/operations';
import { openShop, type Shop, untilCard, visit } from './shop';

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

it('a charge appears within 5 seconds, without a reload and without a skeleton', async () => {
  const { page, operations } = await visit(shop, JANUARY, { token: shop.client });
  await untilCard(page, 'Messages charged', /^25$/);
  await page.evaluate('window.stillTheSamePage = true');
  operations();

  await save();
  await untilCard(page, 'Messages charged', /^26$/);
  expect(operations().at(-1)).toBe('Overview');
  expect(await page.evaluate('window.stillTheSamePage')).toBe(true);

  const started = Date.now();
  await save();
  await untilCard(page, 'Messages charged', /^27$/);
  expect(Date.now() - started).toBeLessThan(5_000);
  await page.context().close();
});

it('a poll that finds nothing new reads little, and a hidden tab reads nothing', async () => {
  const { page, operations } = await visit(shop, JANUARY, { token: shop.client });
  await page.getByText('Live').waitFor();
  await page.waitForTimeout(8_000);
  const sent = operations().filter((name) => name !== 'Viewer');
  expect(sent.filter((name) => name === 'Overview')).toHaveLength(1);
  expect(sent.filter((name) => name === 'Pulse').length).toBeGreaterThanOrEqual(1);

  await page.evaluate(`Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'))`);
  await page.waitForTimeout(300);
  operations();
  await page.waitForTimeout(5_000);
  expect(operations()).toEqual([]);
  await page.evaluate(`Object.defineProperty(document, 'hidden', { value: false, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'))`);
  await page.waitForTimeout(500);
  expect(operations()).toEqual(['Pulse']);
  await page.context().close();
});

it('offline keeps the figures and says so; back online goes on by itself', async () => {
  const { page } = await visit(shop, JANUARY, { token: shop.client });
  await page.getByText('Live').waitFor();
  const shown = await page.getByRole('region', { name: 'Cost', exact: true }).first().innerText();
  await page.context().setOffline(true);
  await page.getByRole('alert').filter({ hasText: 'The server cannot be reached.' }).waitFor();
  await page.getByText('Not updating').waitFor();
  expect(await page.getByRole('region', { name: 'Cost', exact: true }).first().innerText()).toBe(shown);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('The figures below are the last that were read.').waitFor();

  await page.context().setOffline(false);
  await page.getByText('Live').waitFor();
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
