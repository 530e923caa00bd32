// A server with the demo's data, and Chromium to open its pages.
import axe from 'axe-core';
import pino from 'pino';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { createDemo, DEMO_WORKSPACE } from '../../src/services/demo/demo';
import { aToken, startApp, type TestApp, TestClock } from '../support/app';

/** Debian's Chromium; a variable may name another one. */
export const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

export interface Shop {
  app: TestApp;
  clock: TestClock;
  browser: Browser;
  /** Figures and exports: the owner's. */
  client: string;
  /** Messages too. */
  analyst: string;
  service: string;
  stop(): Promise<void>;
}

export async function openShop(): Promise<Shop> {
  const clock = new TestClock();
  clock.set(new Date());
  const app = await startApp({ clock });
  const workspaceIds = [DEMO_WORKSPACE.id];
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  await createDemo(app.services, clock.now, pino({ level: 'silent' }));
  return {
    app,
    clock,
    browser,
    client: await aToken(app, { kind: 'client', workspaceIds }),
    analyst: await aToken(app, { kind: 'analyst', workspaceIds }),
    service: await aToken(app, { kind: 'service', workspaceIds }),
    stop: async () => {
      await browser.close();
      await app.stop();
    },
  };
}

export interface Visit {
  page: Page;
  /** Names of the GraphQL operations that were sent since the last call. */
  operations(): string[];
  /** Errors of the browser's console, and requested hosts that are not ours. */
  complaints: string[];
}

export interface VisitOptions extends BrowserContextOptions {
  token?: string;
}

/** Opens a page below /dashboard, such as '?month=2025-01', far away from the shop's own time zone. */
export async function visit(
  { app, browser }: Shop,
  path: string,
  { token, ...options }: VisitOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    locale: 'en-GB',
    timezoneId: 'Pacific/Apia',
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  const sent: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(app.url) && !url.startsWith('blob:')) complaints.push(`a foreign host: ${url}`);
    if (url === `${app.url}/graphql`) sent.push(String(request.postDataJSON()?.operationName));
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.goto(`${app.url}/dashboard${path}${token === undefined ? '' : `#token=${token}`}`);
  return { page, operations: () => sent.splice(0), complaints };
}

/** A card's text, on one line. */
export async function card(page: Page, name: string): Promise<string> {
  const text = await page.getByRole('region', { name, exact: true }).first().innerText();
  return text.replace(/\s+/g, ' ').replaceAll('\u00a0', ' ');
}

/** Waits until a card shows this. */
export async function untilCard(page: Page, name: string, text: string | RegExp): Promise<void> {
  await page.getByRole('region', { name, exact: true }).first().getByText(text).first().waitFor();
}

/** The rows of a table by its caption, cells joined by ' | '. */
export async function rowsOf(page: Page, caption: string): Promise<string[]> {
  const table = page.getByRole('table', { name: caption }).locator('tbody tr');
  await table.first().waitFor();
  const rows = await table.all();
  return Promise.all(
    rows.map(async (row) => {
      const cells = await row.locator('th, td').allTextContents();
      return cells.map((cell) => cell.trim().replaceAll('\u00a0', ' ')).join(' | ');
    }),
  );
}

interface Finding {
  id: string;
  impact: string;
  targets: string[];
}

/** What axe finds on the page. */
export async function findings(page: Page): Promise<Finding[]> {
  await page.evaluate(axe.source);
  return page.evaluate(`axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    .then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, targets: nodes.map(({ target }) => String(target)) })))`);
}
