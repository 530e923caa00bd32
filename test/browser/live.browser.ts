// A page that stays open: new turns appear, by the server's ticks or by asking, failures are shown, and the figures stay.
import type { Page, Response, WebSocket } from 'playwright-core';
import { aToken, aTurn } from '../support/app';
import { SAVE } from '../support/operations';
import { PlainProxy } from './plain-proxy';
import { card, openShop, type Shop, untilCard, type Visit, visit } from './shop';

let shop: Shop;
let proxy: PlainProxy;
beforeAll(async () => {
  shop = await openShop();
  proxy = await PlainProxy.before(shop.app.url);
}, 120_000);
afterAll(() => {
  proxy.stop();
  return shop.stop();
});
beforeEach(() => {
  proxy.upgrades = true;
});

const save = (input: Record<string, unknown> = {}) =>
  shop.app.api
    .as(shop.service)
    .data(SAVE, { input: aTurn({ id: 'workspace-123' }, { occurredAt: '2025-01-15T12:00:00Z', ...input }) });

const JANUARY = '?workspace=workspace-123&month=2025-01';
const CARDS = ['Cost', 'Messages charged', 'Active clients'];

/** Through the proxy. Each with a token of its own, so that none counts the other's subscriptions. */
async function come(token?: string): Promise<Visit> {
  const through = { ...shop, app: { ...shop.app, url: proxy.url } };
  return visit(through, JANUARY, {
    token: token ?? (await aToken(shop.app, { kind: 'client', workspaceIds: ['workspace-123'] })),
  });
}

/** The test moves the page's clock, so nothing waits for real seconds. */
async function comeWithClock(): Promise<Visit & { socket: WebSocket | undefined }> {
  const visited = await come();
  const { page } = visited;
  await untilCard(page, 'Messages charged', /^\d+$/);
  await page.clock.install();
  const settled = proxy.upgrades ? settledTick(visited) : undefined;
  await page.reload();
  await page.locator('.as-of.complete').waitFor();
  return { ...visited, socket: await settled };
}

/** The WebSocket that is opened next, when what its first tick has asked for is answered and nothing else is asked. */
async function settledTick({ page, operations }: Visit): Promise<WebSocket> {
  const socket = await nextTick(page);
  await page.waitForResponse(isPulse);
  do {
    operations();
    await page.clock.runFor(4_000);
    await untilCard(page, 'Messages charged', /^\d+$/);
  } while (operations().length > 0);
  return socket;
}

const isTick = ({ payload }: { payload: string | Buffer }): boolean =>
  `${payload}`.includes('"usageChanged":{');

/** A tick over a WebSocket that is opened from now on. */
async function nextTick(page: Page): Promise<WebSocket> {
  const socket = await page.waitForEvent('websocket');
  await socket.waitForEvent('framereceived', isTick);
  return socket;
}

const isPulse = (response: Response): boolean => /Pulse/.test(response.request().postData() ?? '');

const cards = async (page: Page): Promise<string[]> => Promise.all(CARDS.map((name) => card(page, name)));

/** From now on remembers whether the page blinked. */
const watch = (page: Page) =>
  page.evaluate(`{
    window.stillTheSamePage = true;
    window.blinked = [];
    const look = () => {
      for (const one of document.querySelectorAll('.skeleton, .stale, .stopped, [role=alert], [aria-busy=true]'))
        window.blinked.push(one.className);
    };
    look();
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  }`);

const watched = (page: Page): Promise<{ same: boolean; blinked: string[] }> =>
  page.evaluate('({ same: window.stillTheSamePage === true, blinked: window.blinked })');

const charged = async (): Promise<number> => {
  const { usage } = await shop.app.api.as(shop.client).data<{ usage: { totals: { messages: number } } }>(
    `{ usage(workspaceId: "workspace-123", period: { from: "2024-12-31T23:00:00Z", to: "2025-01-31T23:00:00Z" }) {
        totals { messages } } }`,
  );
  return usage.totals.messages;
};

it('a charge appears by a tick, and nothing is asked while nothing is saved', async () => {
  const { page, operations } = await comeWithClock();
  const before = await charged();
  await untilCard(page, 'Messages charged', `${before}`);
  await watch(page);
  operations();
  await page.clock.runFor(30_000);
  expect(operations()).toEqual([]);

  await save();
  await untilCard(page, 'Messages charged', `${before + 1}`);
  expect(operations()).toEqual(['Pulse', 'Overview']);
  const { same, blinked } = await watched(page);
  expect([same, blinked]).toEqual([true, []]);
  await page.context().close();
});

it('many charges are read once in two seconds, and the last of them is shown', async () => {
  const { page, operations } = await comeWithClock();
  const before = await charged();
  operations();
  const since = performance.now();
  for (let turn = 0; turn < 40; turn += 1) await save();
  await untilCard(page, 'Messages charged', `${before + 40}`);
  const seconds = (performance.now() - since) / 1_000;
  expect(operations().filter((name) => name === 'Pulse').length).toBeLessThanOrEqual(seconds / 2 + 2);
  await page.context().close();
});

describe('where no WebSocket passes', () => {
  beforeEach(() => {
    proxy.upgrades = false;
  });

  it('a charge appears within 5 seconds by asking, with the figures that a tick brings', async () => {
    const { page, operations } = await comeWithClock();
    const before = await charged();
    await untilCard(page, 'Messages charged', `${before}`);
    await watch(page);
    proxy.upgrades = true;
    const ticking = await come();
    await untilCard(ticking.page, 'Messages charged', `${before}`);
    proxy.upgrades = false;
    operations();

    await save();
    await page.clock.runFor(5_000);
    for (const one of [page, ticking.page]) await untilCard(one, 'Messages charged', `${before + 1}`);
    expect(operations()).toContain('Pulse');
    expect(await cards(page)).toEqual(await cards(ticking.page));
    const { same, blinked } = await watched(page);
    expect([same, blinked]).toEqual([true, []]);
    await Promise.all([page.context().close(), ticking.page.context().close()]);
  });

  it('a question that finds nothing new reads little', async () => {
    const { page, operations } = await comeWithClock();
    operations();
    for (let beat = 0; beat < 2; beat += 1) {
      const answered = page.waitForResponse(isPulse);
      await page.clock.runFor(5_000);
      await answered;
    }
    expect(new Set(operations())).toEqual(new Set(['Pulse']));
    await page.context().close();
  });
});

it('a connection that is lost is no blink: the page asks, and takes ticks again when they come', async () => {
  const { page, operations, complaints } = await comeWithClock();
  const before = await charged();
  await watch(page);
  proxy.upgrades = false;
  proxy.cut();
  await save();
  operations();
  await page.clock.runFor(5_000);
  await untilCard(page, 'Messages charged', `${before + 1}`);
  expect(operations()).toContain('Pulse');

  proxy.upgrades = true;
  let again = false;
  const settled = settledTick({ page, operations, complaints }).then(() => {
    again = true;
  });
  while (!again) {
    await page.clock.runFor(500);
    await page.evaluate("fetch('/health/live')");
  }
  await settled;
  operations();
  await page.clock.runFor(30_000);
  expect(operations()).toEqual([]);
  const { same, blinked } = await watched(page);
  expect([same, blinked]).toEqual([true, []]);
  await page.context().close();
});

it('a connection that fell silent counts as lost', async () => {
  const { page } = await comeWithClock();
  const before = await charged();
  proxy.hold();
  proxy.upgrades = false;
  await save();
  await page.clock.runFor(50_000);
  await untilCard(page, 'Messages charged', `${before + 1}`);
  proxy.cut();
  await page.context().close();
});

it('a token that ends is said, the figures stay, and the next one takes ticks', async () => {
  const { services } = shop.app;
  const made = await services.tokens.create(
    { name: 'short', kind: 'client', workspaceIds: ['workspace-123'] },
    { name: 'test' },
  );
  const { page } = await come(made.token);
  await untilCard(page, 'Messages charged', /^\d+$/);
  const before = await charged();
  await services.tokens.revoke(made.id, { name: 'test' });
  await page.getByText('The token has expired, or is not valid any more.').waitFor();
  await untilCard(page, 'Messages charged', `${before}`);

  const ticking = nextTick(page);
  await page.getByLabel('Token').fill(shop.client);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await ticking;
  await save();
  await untilCard(page, 'Messages charged', `${before + 1}`);
  await page.context().close();
});

it('the fourth page of one token asks, and shows what the three show', async () => {
  const token = await aToken(shop.app, { kind: 'client', workspaceIds: ['workspace-123'] });
  const opened = async (frame: (payload: string) => boolean): Promise<Visit> => {
    const visited = await visit(shop, '');
    const socket = visited.page.waitForEvent('websocket');
    await visited.page.goto(`${shop.app.url}/dashboard${JANUARY}#token=${token}`);
    await (await socket).waitForEvent('framereceived', ({ payload }) => frame(`${payload}`));
    return visited;
  };
  const visits: Visit[] = [];
  for (let page = 0; page < 3; page += 1)
    visits.push(await opened((frame) => frame.includes('"usageChanged":{')));
  visits.push(await opened((frame) => frame.includes('RATE_LIMITED')));
  const before = await charged();
  await save();
  for (const { page } of visits) await untilCard(page, 'Messages charged', `${before + 1}`);
  await Promise.all(visits.map(({ page }) => page.context().close()));
});

it('a hidden tab reads nothing and takes no ticks; seen again it asks at once', async () => {
  const { page, operations, socket } = await comeWithClock();
  const hide = (hidden: boolean) =>
    page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'))`);
  const left = socket?.waitForEvent('close');
  await hide(true);
  await left;
  operations();
  await save();
  await page.clock.runFor(60_000);
  expect(operations()).toEqual([]);
  const [answered, ticking] = [page.waitForResponse(isPulse), nextTick(page)];
  await hide(false);
  await answered;
  expect(operations()[0]).toBe('Pulse');
  await ticking;
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

it.each([
  ['by ticks', true],
  ['by asking', false],
])('a client and its charges are live too, %s', async (_how, upgrades) => {
  proxy.upgrades = upgrades;
  const { page } = await come();
  await page.getByRole('link', { name: 'Giulia Bianchi' }).click();
  const region = page.getByRole('region', { name: 'Cost', exact: true }).first();
  await region.getByText(/^\d+ messages$/).waitFor();
  const before = Number.parseInt((await region.getByText(/^\d+ messages$/).innerText()) ?? '', 10);
  await save({ phoneNumber: '+393332345678' });
  await untilCard(page, 'Cost', `${before + 1} messages`);
  await page.getByText(`${before + 1} of ${before + 1}`).waitFor();
  await page.context().close();
});
