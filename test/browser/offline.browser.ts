// An analyst behind a firewall: Apollo's host can't be reached, and GraphiQL comes from the server itself.
import type { Page } from 'playwright-core';
import { exampleOperations } from '../../src/http/example-operations';
import { aTurn, startApp } from '../support/app';
import { SAVE } from '../support/operations';
import { openShop, type Shop } from './shop';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
}, 120_000);
afterAll(() => shop.stop());

interface Opened {
  page: Page;
  /** Requested hosts that are not ours. */
  foreign: string[];
  /** Errors of the browser's console, such as violations of the Content-Security-Policy. */
  complaints: string[];
}

/** `firewall`: how requests to other hosts end. */
async function open(path: string, firewall: 'refuses' | 'drops' = 'refuses'): Promise<Opened> {
  const context = await shop.browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const foreign: string[] = [];
  const complaints: string[] = [];
  const ours = (url: URL): boolean => url.href.startsWith(shop.app.url);
  await context.route(
    (url) => !ours(url),
    (route) => {
      foreign.push(route.request().url());
      // A request that is never answered waits like one whose packets are dropped.
      return firewall === 'refuses' ? route.abort('connectionrefused') : undefined;
    },
  );
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.goto(`${shop.app.url}${path}`, { waitUntil: 'commit' });
  return { page, foreign, complaints };
}

const editor = (page: Page) => page.getByRole('region', { name: 'Query Editor' });

async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Use' }).click();
  await page.getByText('In use for all tabs').waitFor();
}

async function signInAndReadSchema(page: Page): Promise<void> {
  const answered = page.waitForResponse(
    (response) => response.request().postData()?.includes('__schema') ?? false,
  );
  await signIn(page, shop.analyst);
  await answered;
}

const execute = (page: Page) => page.getByRole('button', { name: /^Execute query/ }).click();

const answer = (page: Page) => page.getByRole('region', { name: 'Result Window' });

it('answers an operation with a pasted token, completes and documents it, and asks no other host', async () => {
  const { page, foreign, complaints } = await open('/graphiql');
  await signInAndReadSchema(page);

  await page.getByRole('tab', { name: 'BusiestHours' }).click();
  await execute(page);
  await answer(page).getByText('"14:00"').first().waitFor();

  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.getByRole('link', { name: 'Query', exact: true }).click();
  await page.getByRole('link', { name: 'usage', exact: true }).click();
  await page.getByText('workspaceId').first().waitFor();

  await page.getByRole('button', { name: 'Open settings dialog' }).click();
  await page.getByRole('dialog').getByText('Theme').first().waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });

  expect(foreign).toEqual([]);
  expect(complaints).toEqual([]);
  await page.context().close();
});

it('runs a subscription: a tick at once, and one when something was saved', async () => {
  const { page, foreign, complaints } = await open('/graphiql');
  await signInAndReadSchema(page);
  await page.getByRole('tab', { name: 'WhenToAskAgain' }).click();
  await execute(page);
  const time = answer(page).getByText(/^"\d{4}-.*Z"$/);
  const first = await time.innerText();
  shop.clock.advance(1_000);
  await shop.app.api
    .as(shop.service)
    .data(SAVE, { input: aTurn({ id: 'workspace-123' }, { occurredAt: '2025-01-15T12:00:00Z' }) });
  await time.filter({ hasNotText: first }).waitFor();
  expect([foreign, complaints]).toEqual([[], []]);
  await page.context().close();
});

it('runs the operation of a tab that was opened a moment ago', async () => {
  const { page } = await open('/graphiql');
  await signInAndReadSchema(page);
  await page.getByRole('tab', { name: 'BusiestHours' }).click();
  await execute(page);
  await answer(page).getByText('"14:00"').first().waitFor();
  // GraphiQL reads the operation's name a tenth of a second after the tab is opened.
  await page.getByRole('tab', { name: 'MonthlyBill' }).click();
  await execute(page);
  await answer(page).getByText('"forecast"').waitFor();
  await page.context().close();
});

it('opens with the operations of Sandbox, each in a tab with its variables', async () => {
  const { page } = await open('/graphiql');
  await editor(page).waitFor();
  const names = exampleOperations().map(
    ({ document }) => /^(?:query|subscription|mutation) (\w+)/m.exec(document)?.[1] ?? '',
  );
  expect(new Set(names).size).toBeGreaterThan(5);
  for (const name of names) await page.getByRole('tab', { name }).waitFor();
  await page.getByText('"workspace-123"').first().waitFor();
  await page.context().close();
});

it('its bar fits the width of a phone', async () => {
  const { page } = await open('/graphiql');
  await page.setViewportSize({ width: 320, height: 640 });
  await editor(page).waitFor();
  const bar = page.getByRole('banner');
  expect(await bar.evaluate((element) => element.scrollWidth)).toBeLessThanOrEqual(320);
  await page.context().close();
});

it('stores no token: a reload forgets it', async () => {
  const { page } = await open('/graphiql');
  await signInAndReadSchema(page);
  await page.getByRole('tab', { name: 'BusiestHours' }).click();
  await editor(page).getByText('BusiestHours').first().waitFor();
  await execute(page);
  await answer(page).getByText('"peakHour"').waitFor();
  const kept = () =>
    page.evaluate(`(async () => ({
      local: { ...localStorage }, session: { ...sessionStorage }, cookie: document.cookie, address: location.href,
      databases: await indexedDB.databases(), caches: await caches.keys(),
    }))()`);
  const nothing = {
    ...{ local: {}, session: {}, cookie: '', databases: [], caches: [] },
    address: `${shop.app.url}/graphiql`,
  };
  expect(await kept()).toEqual(nothing);

  await page.reload();
  await editor(page).waitFor();
  expect(await page.getByLabel('Token').inputValue()).toBe('');
  expect(await kept()).toEqual(nothing);
  // The editor comes empty, and is filled a moment later.
  await editor(page).getByText('query').first().waitFor();
  await execute(page);
  await answer(page).getByText('"UNAUTHENTICATED"').waitFor();
  await page.context().close();
});

describe('Sandbox, when its host', () => {
  it.each(['refuses', 'drops'] as const)('%s: leads to GraphiQL', async (firewall) => {
    const { page, foreign } = await open('/graphql', firewall);
    await page.waitForURL('**/graphiql');
    await editor(page).waitFor();
    expect(foreign.join()).toContain('apollographql.com');
    await page.context().close();
  });

  it('comes late: a person who goes back to it stays there', async () => {
    const { page } = await open('/graphiql');
    await page.getByRole('link', { name: 'Apollo Sandbox' }).click();
    await page.getByText('Apollo Sandbox cannot be loaded').waitFor();
    expect(page.url()).toBe(`${shop.app.url}/graphql#sandbox`);
    await page.context().close();
  });
});

it('/ links to it', async () => {
  const { page, foreign, complaints } = await open('/');
  await page.getByRole('link', { name: 'API, without the internet' }).click();
  await editor(page).waitFor();
  expect([foreign, complaints]).toEqual([[], []]);
  await page.context().close();
});

it('has its own content policy without foreign scripts, serves only its own files, and can be switched off', async () => {
  const get = (path: string) => fetch(`${shop.app.url}${path}`);
  const policy = (await get('/graphiql')).headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'; script-src 'self';");
  expect(policy).not.toMatch(/https?:|unsafe-eval|\*/);
  for (const path of ['/graphiql/package.json', '/graphiql/..%2fpackage.json', '/graphiql/other'])
    expect([path, (await get(path)).status]).toEqual([path, 404]);
  const plain = await startApp({ config: { sandbox: false } });
  expect((await fetch(`${plain.url}/graphiql`)).status).toBe(404);
  await plain.stop();
  // The dashboard loads nothing from GraphiQL.
  expect(await (await get('/dashboard')).text()).not.toContain('graphiql');
});
