// Phones, dark mode, screen readers and print; little to load, and nothing from other hosts.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { findings, openShop, PHONE, type Shop, untilCard, visit } from './shop';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
}, 120_000);
afterAll(() => shop.stop());

const JANUARY = '?workspace=workspace-123&month=2025-01';

describe.each(['light', 'dark'] as const)('axe finds nothing, %s', (colorScheme) => {
  it.each([
    ['the overview', JANUARY, 'Clients'],
    ['the messages', `/messages${JANUARY}`, 'Messages'],
  ])('%s', async (_name, path, heading) => {
    const { page } = await visit(shop, path, { token: shop.analyst, colorScheme, reducedMotion: 'reduce' });
    await page.getByRole('heading', { name: heading, exact: true }).waitFor();
    for (const summary of await page.getByText('Show table').all()) await summary.click();
    expect(await findings(page)).toEqual([]);
    await page.context().close();
  });

  it('a client, on a phone', async () => {
    const { page } = await visit(shop, JANUARY, { token: shop.client, colorScheme, ...PHONE });
    await page.getByRole('link', { name: 'Mario Rossi' }).click();
    await page.getByText('9 of 9').waitFor();
    expect(await findings(page)).toEqual([]);
    await page.context().close();
  });

  it('signing in, with a refusal', async () => {
    const { page } = await visit(shop, '', { token: 'ctm_cli_nonsense', colorScheme });
    await page.getByRole('alert').waitFor();
    expect(await findings(page)).toEqual([]);
    await page.context().close();
  });
});

it('is dark when the system is dark, or by choice', async () => {
  const { page } = await visit(shop, JANUARY, { token: shop.client, colorScheme: 'dark' });
  const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
  await untilCard(page, 'Cost', '€0.125');
  expect(await paper()).toBe('rgb(19, 21, 20)');
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByLabel('Appearance').selectOption('Light');
  expect(await paper()).toBe('rgb(246, 245, 241)');
  await page.reload();
  expect(await paper()).toBe('rgb(246, 245, 241)');
  await page.context().close();
});

it('works by keyboard: skip link, controls, links', async () => {
  const { page } = await visit(shop, JANUARY, { token: shop.client });
  await untilCard(page, 'Cost', '€0.125');
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the figures');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('document.activeElement.id')).toBe('figures');
  await page.getByRole('link', { name: 'Mario Rossi' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Mario Rossi' }).waitFor();
  await page.context().close();
});

it('has no animation when the reader asked for none', async () => {
  const { page } = await visit(shop, JANUARY, { token: shop.client, reducedMotion: 'reduce' });
  await untilCard(page, 'Cost', '€0.125');
  expect(await page.evaluate('document.getAnimations().length')).toBe(0);
  await page.context().close();
});

describe('what is served', () => {
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${shop.app.url}${path}`, { headers });

  it('the page weighs at most 180 kB gzipped before its figures', async () => {
    const { page } = await visit(shop, '');
    const assets: string[] = await page.evaluate(
      `[...document.querySelectorAll('script[src], link[href]')].map((element) => element.src ?? element.href)`,
    );
    const urls = [`${shop.app.url}/dashboard`, ...new Set(assets)];
    const sizes = await Promise.all(
      urls.map(
        async (url) => gzipSync(Buffer.from(await (await fetch(url)).arrayBuffer()), { level: 9 }).length,
      ),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(180_000);
    await page.context().close();
  });

  it('has a strict policy on every answer, and caches by name', async () => {
    const page = await get('/dashboard');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|https?:\/\//);
    const [, asset = ''] = /src="([^"]+\.js)"/.exec(html) ?? [];
    const script = await get(asset, { 'accept-encoding': 'gzip' });
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(script.headers.get('content-encoding')).toBe('gzip');
    const etag = page.headers.get('etag') ?? '';
    expect((await get('/dashboard', { 'if-none-match': etag })).status).toBe(304);
  });

  it('only the built files, and the page for each of its addresses', async () => {
    for (const path of ['/dashboard/', '/dashboard/messages', '/dashboard/clients/some-id'])
      expect((await get(path)).headers.get('content-type')).toBe('text/html; charset=utf-8');
    for (const path of [
      '/dashboard/assets/x.js',
      '/dashboard/.built',
      '/dashboard/..%2fpackage.json',
      '/dashboards',
    ])
      expect([path, (await get(path)).status]).toEqual([path, 404]);
    expect(readFileSync('dashboard/dist/licences.md', 'utf8')).toContain('react-dom');
  });
});
