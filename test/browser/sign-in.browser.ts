// Signing in: by a link, by pasting, with an invalid token, and when the token ends.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { aToken, aWorkspace } from '../support/app';
import { CHROMIUM, FLAGS, openShop, type Shop, untilCard, visit } from './shop';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
}, 120_000);
afterAll(() => shop.stop());

const STORAGE = '[Object.keys(sessionStorage).join(), Object.keys(localStorage).join(), document.cookie]';

it('the link from the start signs in, and leaves no token in the address, the history or on disk', async () => {
  const { page, complaints } = await visit(shop, '?month=2025-01', { token: shop.client });
  await untilCard(page, 'Cost', '€0.125');

  expect(page.url()).toBe(
    `${shop.app.url}/dashboard?month=2025-01&workspace=workspace-123`.replace(
      'month=2025-01&workspace=workspace-123',
      'workspace=workspace-123&month=2025-01',
    ),
  );
  expect(await page.evaluate('history.length')).toBe(2);
  expect(await page.evaluate(STORAGE)).toEqual(['centesimo.token,centesimo.viewer', '', '']);
  expect(complaints).toEqual([]);
  await page.context().close();
});

describe('asked to stay', () => {
  it('signs in once a browser: the next tab is in, and signing out ends both', async () => {
    const { page } = await visit(shop, '?month=2025-01', { locale: 'it-IT' });
    const box = page.getByLabel('Resta connesso su questo dispositivo');
    expect(await box.isChecked()).toBe(false);
    await box.check();
    await page.getByLabel('Token').fill(shop.client);
    await page.getByRole('button', { name: 'Accedi' }).click();
    await untilCard(page, 'Costo', /0,125/);
    expect(await page.evaluate(STORAGE)).toEqual(['', 'centesimo.token,centesimo.viewer', '']);

    const second = await page.context().newPage();
    await second.goto(`${shop.app.url}/dashboard?month=2025-01`);
    await untilCard(second, 'Costo', /0,125/);
    await second.getByRole('button', { name: 'Menù' }).click();
    await second.getByRole('button', { name: 'Esci' }).click();
    await page.getByLabel('Token').waitFor();
    expect(await page.evaluate(STORAGE)).toEqual(['', '', '']);
    await page.context().close();
  });

  it('can be chosen after a link, and undone', async () => {
    const { page } = await visit(shop, '?month=2025-01', { token: shop.client });
    await untilCard(page, 'Cost', '€0.125');
    const second = await page.context().newPage();
    await second.goto(`${shop.app.url}/dashboard`);
    await second.getByLabel('Token').waitFor();

    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByLabel('Stay signed in on this device').check();
    await second.reload();
    await second.getByRole('heading', { name: 'Clients', exact: true }).waitFor();
    await page.getByLabel('Stay signed in on this device').uncheck();
    await page.reload();
    await untilCard(page, 'Cost', '€0.125');
    expect(await page.evaluate(STORAGE)).toEqual(['centesimo.token,centesimo.viewer', '', '']);
    await page.context().close();
  });

  it('keeps the stored token when a link opens another one', async () => {
    const { page } = await visit(shop, '', { token: shop.client });
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByLabel('Stay signed in on this device').check();
    const second = await page.context().newPage();
    await second.goto(`${shop.app.url}/dashboard#token=${shop.analyst}`);
    await second.getByRole('heading', { name: 'Clients', exact: true }).waitFor();
    await second.getByRole('button', { name: 'Menu' }).click();
    await second.getByRole('button', { name: 'Sign out' }).click();
    await second.getByLabel('Token').waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Clients', exact: true }).waitFor();
    await page.context().close();
  });
});

it('can be installed: Chromium finds nothing missing', async () => {
  // A profile of its own, since a private window can't install a page.
  const folder = await mkdtemp(join(tmpdir(), 'centesimo-install-'));
  const context = await chromium.launchPersistentContext(folder, { executablePath: CHROMIUM, args: FLAGS });
  try {
    const page = await context.newPage();
    await page.goto(`${shop.app.url}/dashboard`);
    await page.getByLabel('Token').waitFor();
    const session = await context.newCDPSession(page);
    const { errors, url } = await session.send('Page.getAppManifest');
    expect([url, errors]).toEqual([`${shop.app.url}/dashboard/manifest.webmanifest`, []]);
    expect((await session.send('Page.getInstallabilityErrors')).installabilityErrors).toEqual([]);
    for (const icon of ['icon-192.png', 'icon-512.png', 'icon-maskable.png', 'apple-touch-icon.png'])
      expect((await fetch(`${shop.app.url}/dashboard/${icon}`)).headers.get('content-type')).toBe(
        'image/png',
      );
  } finally {
    await context.close();
    await rm(folder, { recursive: true });
  }
});

it('a pasted token signs in, and signing out forgets it', async () => {
  const { page } = await visit(shop, '?month=2025-01');
  await page.getByLabel('Token').fill(` ${shop.client}\n`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await untilCard(page, 'Cost', '€0.125');

  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Token').waitFor();
  expect(await page.evaluate(STORAGE)).toEqual(['', '', '']);
  await page.reload();
  await page.getByLabel('Token').waitFor();
  await page.context().close();
});

it.each([
  ['a mistyped one', () => `${shop.client.slice(0, -1)}_`, /not valid: mistyped, expired or revoked/],
  ['something else', () => 'perché no', /not valid/],
  ['one that saves', () => shop.service, /may not read figures/],
])('%s is refused in words', async (_name, token, words) => {
  const { page } = await visit(shop, '');
  await page.getByLabel('Token').fill(token());
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: words }).waitFor();
  await page.context().close();
});

it('a link with a bad token says so, and lets another be pasted', async () => {
  const { page } = await visit(shop, '', { token: 'ctm_cli_nonsense' });
  await page.getByRole('alert').filter({ hasText: 'not valid' }).waitFor();
  expect(page.url()).toBe(`${shop.app.url}/dashboard`);
  await page.getByLabel('Token').fill(shop.client);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Clients', exact: true }).waitFor();
  await page.context().close();
});

it('an expired token keeps the figures on the screen, and the next token continues', async () => {
  const { services } = shop.app;
  const made = await services.tokens.create(
    { name: 'short', kind: 'client', workspaceIds: ['workspace-123'] },
    { name: 'test' },
  );
  const { page } = await visit(shop, '?month=2025-01', { token: made.token });
  await untilCard(page, 'Cost', '€0.125');
  await services.tokens.revoke(made.id, { name: 'test' });

  await page.getByText('The token has expired, or is not valid any more.').waitFor({ timeout: 15_000 });
  await untilCard(page, 'Cost', '€0.125');
  await page.getByText('Not updating').waitFor();
  await page.getByLabel('Token').fill(shop.client);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('.as-of.complete').waitFor();
  expect(await page.getByText('The token has expired').count()).toBe(0);
  await page.context().close();
});

it('chooses among the workspaces of a token; the name of a foreign one is shown', async () => {
  const other = await aWorkspace(shop.app, { name: 'Bar Sport', currency: 'JPY', priceMicros: 5_000n });
  const token = await aToken(shop.app, { kind: 'client', workspaceIds: [other.id, 'workspace-123'] });
  const { page } = await visit(shop, '?workspace=workspace-123&month=2025-01', { token });
  await untilCard(page, 'Cost', '€0.125');
  await page.getByLabel('Workspace').selectOption('Bar Sport');
  await page.getByRole('region', { name: 'No messages yet' }).waitFor();
  expect(page.url()).toContain(`workspace=${other.id}`);
  await page.goBack();
  await untilCard(page, 'Cost', '€0.125');

  await page.goto(`${shop.app.url}/dashboard?workspace=someone-elses`);
  await page.getByText('Your token does not open the workspace someone-elses.').waitFor();
  await page.getByRole('button', { name: /^Open/ }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.context().close();
});
