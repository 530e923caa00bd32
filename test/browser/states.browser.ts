// States of the page besides its figures: loading, failures, a colleague's view, amounts longer than a float.
import { openShop, PHONE, type Shop, untilCard, visit } from './shop';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
}, 120_000);
afterAll(() => shop.stop());

const JANUARY = '?workspace=workspace-123&month=2025-01';

const asks = (operation: string) => (text: string | null) =>
  text !== null && JSON.parse(text).operationName === operation;

it('shows a skeleton while loading, then the time of the figures and its zone', async () => {
  const { page, complaints } = await visit(shop, '');
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route('**/graphql', async (route) => {
    if (asks('Overview')(route.request().postData())) await held;
    await route.continue();
  });
  await page.goto(`${shop.app.url}/dashboard${JANUARY}#token=${shop.client}`);
  await page.reload();
  await page.locator('.skeleton').first().waitFor();
  expect(await page.getByText('€0.125').count()).toBe(0);
  letGo();
  await untilCard(page, 'Cost', '€0.125');
  expect(await page.locator('.skeleton').count()).toBe(0);
  await page.getByText(/As of \d\d:\d\d:\d\d/).waitFor();
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByText('Time zone: Europe/Rome').waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

it.each([
  ['a phone', PHONE, JANUARY],
  ['a phone, this month', PHONE, '?workspace=workspace-123'],
  ['a desktop', {}, JANUARY],
])('moves nothing when the figures and the plots come: %s', async (_name, options, path) => {
  const { page } = await visit(shop, path, { ...options, token: shop.client });
  await page.locator('.plot').first().waitFor();
  await page.addInitScript(`(() => {
    window.shifts = [];
    window.takeShifts = (entries) => shifts.push(...entries.map(({ value, sources }) =>
      [value, ...sources.map(({ node, previousRect, currentRect }) =>
        (node?.outerHTML ?? '').slice(0, 60) + ' from ' + previousRect.y + ' to ' + currentRect.y)]));
    window.shiftObserver = new PerformanceObserver((list) => takeShifts(list.getEntries()));
    shiftObserver.observe({ type: 'layout-shift', buffered: true });
  })()`);
  await page.route('**/graphql', async (route) => {
    if (asks('Overview')(route.request().postData()))
      // Two frames: the shapes are on the screen.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    await route.continue();
  });
  await page.reload();
  await page.locator('.plot').first().waitFor();
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  expect(await page.evaluate('takeShifts(shiftObserver.takeRecords()), shifts')).toEqual([]);
  await page.context().close();
});

it('keeps the figures when the server fails, and tries again when asked to', async () => {
  const { page } = await visit(shop, JANUARY, { token: shop.client });
  await untilCard(page, 'Cost', '€0.125');
  let failing = true;
  await page.route('**/graphql', (route) =>
    failing
      ? route.fulfill({
          status: 503,
          contentType: 'application/json',
          body: '{"errors":[{"message":"[SERVICE_UNAVAILABLE] away","extensions":{"code":"SERVICE_UNAVAILABLE"}}]}',
        })
      : route.continue(),
  );
  // The page asks at once when the network is back.
  await page.evaluate("dispatchEvent(new Event('online'))");
  const notice = page.getByRole('alert').or(page.getByRole('status')).filter({ hasText: /again/i });
  await notice.first().waitFor();
  await untilCard(page, 'Cost', '€0.125');
  failing = false;
  await page.getByRole('button', { name: /again/i }).click();
  await notice.first().waitFor({ state: 'hidden' });
  await page.locator('.as-of.complete').waitFor();
  await page.context().close();
});

it('shows an amount that no float can hold exactly', async () => {
  const { page } = await visit(shop, '');
  await page.route('**/graphql', async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    await route.fulfill({
      response,
      body: text.replaceAll('"amount":"0.125"', '"amount":"90071992547409931.123457"'),
    });
  });
  await page.goto(`${shop.app.url}/dashboard${JANUARY}#token=${shop.client}`);
  await page.reload();
  await untilCard(page, 'Cost', '€90,071,992,547,409,931.123457');
  // A tick may have asked once more.
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.context().close();
});

it('opens the same view for a colleague with another token', async () => {
  const mine = await visit(shop, `${JANUARY}&order=messages&search=ross&compare=full-previous`, {
    token: shop.client,
  });
  await mine.page.getByRole('link', { name: 'Mario Rossi' }).waitFor();
  const sent = mine.page.url();
  expect(sent).not.toContain('ctm_');
  const theirs = await visit(shop, new URL(sent).search, { token: shop.analyst });
  await theirs.page.getByRole('link', { name: 'Mario Rossi' }).waitFor();
  const shown = async ({ page }: typeof mine) => [
    await page.getByRole('searchbox').inputValue(),
    await page.locator('main').getByRole('heading', { level: 1 }).innerText(),
    await page.getByRole('table', { name: 'Clients' }).locator('tbody tr').count(),
  ];
  expect(await shown(theirs)).toEqual(await shown(mine));
  await mine.page.context().close();
  await theirs.page.context().close();
});

it('weighs at most 180 kB over the wire with its figures and its plots', async () => {
  const { page } = await visit(shop, '');
  await page.goto(`${shop.app.url}/dashboard${JANUARY}#token=${shop.client}`);
  await untilCard(page, 'Cost', '€0.125');
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  const urls = new Map<string, string>();
  const sizes = new Map<string, number>();
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    urls.set(requestId, request.url);
  });
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    sizes.set(urls.get(requestId) ?? requestId, encodedDataLength);
  });
  await page.reload();
  await page.locator('.plot').first().waitFor();
  const figures = [...sizes.values()].reduce((total, size) => total + size, 0);
  console.info(`the first view: ${figures} bytes with its figures and its plots`);
  expect(figures).toBeGreaterThan(50_000);
  expect(figures).toBeLessThanOrEqual(180_000);
  await page.context().close();
});

it('would notice that the browser blocks a script from another host', async () => {
  const { page, complaints } = await visit(shop, '');
  await page.evaluate(
    `{ const script = document.createElement('script'); script.textContent = 'window.inlined = 1'; document.head.append(script); }`,
  );
  expect(await page.evaluate('window.inlined')).toBeUndefined();
  expect(complaints.join('\n')).toContain('Content Security Policy');
  await page.context().close();
});
