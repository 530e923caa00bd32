// Webhooks that nothing gets through to: told to who may manage them, and to nobody else.
import type { Page } from 'playwright-core';
import { aToken, startApp, type TestApp, type TestWorkspace } from '../support/app';
import { aChargedShop } from '../support/charged-shop';
import { answering, Receiver } from '../support/receiver';
import { KEY, webhooksOf } from '../support/webhooks';
import { findings, openShop, PHONE, type Shop, type VisitOptions, visit } from './shop';

let shop: Shop;
let app: TestApp;
let receiver: Receiver;
let mine: TestWorkspace;
let manager: string;
beforeAll(async () => {
  shop = await openShop();
  receiver = await Receiver.start();
  app = await startApp({
    ...{ database: shop.app.database, clock: shop.clock },
    config: { secretsKey: KEY, webhookAllowHosts: [receiver.host] },
  });
}, 120_000);
afterAll(async () => {
  await app.stop();
  await receiver.stop();
  await shop.stop();
});
beforeEach(async () => {
  shop.clock.set('2026-11-27T09:15:00Z');
  receiver.behave = answering(500);
  mine = await aChargedShop(app);
  manager = await aToken(app, {
    ...{ kind: 'client', workspaceIds: [mine.id], scopes: ['usage:read', 'webhooks:write'] },
  });
});
const { create, happen, tell, update } = webhooksOf(() => ({ app, shop: mine, token: manager, receiver }));

/** All that the server answered, beside the page. */
async function open(token: string, options: VisitOptions = {}): Promise<{ page: Page; answers: string[] }> {
  const { page } = await visit({ ...shop, app }, '', options);
  const answers: string[] = [];
  page.on('response', async (response) => {
    if (response.url().endsWith('/graphql')) answers.push(await response.text());
  });
  await page.goto(`${app.url}/dashboard?workspace=${mine.id}#token=${token}`);
  await page.locator('main .figures:not([aria-busy=true]) h1').waitFor();
  return { page, answers };
}
const line = (page: Page) => page.locator('.silent-webhooks');
const textOf = async (page: Page) => (await line(page).innerText()).replaceAll('\u00a0', ' ');

it.each([
  ['en-GB', '1 webhook has not answered since 27 Nov 2026, 10:15. What to do: docs/webhooks.md.'],
  ['it-IT', '1 webhook non risponde dal 27 nov 2026, 10:15. Che cosa fare: docs/webhooks.md.'],
])('one line says that one does not answer, and since when: %s', async (locale, words) => {
  await create();
  await happen();
  await tell();
  const { page, answers } = await open(manager, { locale });
  await line(page).waitFor();
  expect(await textOf(page)).toBe(words);
  // The address is a secret, which the page has no use for.
  expect(answers.length).toBeGreaterThan(0);
  expect(answers.filter((text) => text.includes(receiver.host))).toEqual([]);
  expect(await page.content()).not.toContain(receiver.host);
  await page.context().close();
});

it('several are counted, with those that were switched off', async () => {
  receiver.behave = answering(410);
  await create();
  await create();
  await happen();
  await tell();
  const { page } = await open(manager, {
    ...PHONE,
    viewport: { width: 320, height: 640 },
    colorScheme: 'dark',
  });
  await line(page).waitFor();
  expect(await textOf(page)).toBe(
    '2 webhooks have not answered since 27 Nov 2026, 10:15; 2 are switched off. What to do: docs/webhooks.md.',
  );
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
  expect(await findings(page)).toEqual([]);
  await page.context().close();
});

it.each<[string, () => Promise<string>]>([
  ['without webhooks', async () => manager],
  [
    'while they answer',
    async () => {
      receiver.behave = answering(200);
      await create();
      await happen();
      await tell();
      return manager;
    },
  ],
  [
    'of one that somebody paused',
    async () => {
      const { webhook } = await create();
      await happen();
      await tell();
      await update({ id: webhook.id, state: 'PAUSED' });
      return manager;
    },
  ],
  [
    'to a token without the scope',
    async () => {
      await create();
      await happen();
      await tell();
      return mine.client;
    },
  ],
])('nothing is said %s', async (_, prepare) => {
  const token = await prepare();
  const { page, answers } = await open(token);
  expect(await line(page).count()).toBe(0);
  if (token === mine.client) expect(answers.filter((text) => /webhook/i.test(text))).toEqual([]);
  await page.context().close();
});
