// Makes the pictures in docs/images again from the demo: npm run screenshots
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DEMO_WORKSPACE } from '../../src/services/demo/demo';
import { ACTOR, aToken } from '../support/app';
import { openShop, type Shop, type VisitOptions, visit } from './shop';

const FOLDER = join(__dirname, '../../docs/images');
const DESKTOP = { width: 1280, height: 1080 };
const PHONE = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  deviceScaleFactor: 1.5,
};

let shop: Shop;
/** May set limits and read messages. */
let owner: string;
beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  shop = await openShop();
  const limit = { subject: 'WORKSPACE', forecast: true, enforcement: 'NOTIFY', interval: 'MONTH' } as const;
  const { budgets } = shop.app.services;
  await budgets.set(
    DEMO_WORKSPACE.id,
    { ...limit, name: 'Mese', measure: 'COST', limit: '20', thresholds: [50, 80, 100] },
    ACTOR,
  );
  await budgets.set(
    DEMO_WORKSPACE.id,
    {
      ...{ ...limit, name: 'Per cliente', subject: 'EACH_CUSTOMER', measure: 'MESSAGES', interval: 'DAY' },
      ...{ limit: '50', thresholds: [100], forecast: false, enforcement: 'STOP' },
    },
    ACTOR,
  );
  owner = await aToken(shop.app, {
    ...{ kind: 'client', workspaceIds: [DEMO_WORKSPACE.id] },
    scopes: ['usage:read', 'export:read', 'budgets:write'],
  });
}, 120_000);
afterAll(() => shop.stop());

interface Shot {
  name: string;
  path: string;
  /** Text that is shown when the page is ready. */
  heading: string;
  options?: VisitOptions;
  /** Only this part of the page. */
  part?: string;
}

const OVERVIEW = '?workspace=workspace-123';
const SHOTS: Shot[] = [
  { name: 'dashboard', path: OVERVIEW, heading: 'Clients' },
  { name: 'dashboard-dark', path: OVERVIEW, heading: 'Clients', options: { colorScheme: 'dark' } },
  { name: 'dashboard-phone', path: OVERVIEW, heading: 'Clienti', options: { locale: 'it-IT', ...PHONE } },
  {
    name: 'client',
    ...{ path: `${OVERVIEW}&period=last-30-days`, heading: 'Clients' },
    options: { viewport: { width: 1280, height: 1500 } },
  },
  {
    name: 'compared',
    ...{ path: `${OVERVIEW}&period=last-month&clients=compared`, heading: 'Clienti', part: '.clients' },
    options: { locale: 'it-IT' },
  },
  { name: 'limits', path: `/budgets${OVERVIEW}`, heading: 'Limits' },
  { name: 'messages', path: `/messages${OVERVIEW}`, heading: 'Messages' },
];

it.each(SHOTS)('$name', async ({ name, path, heading, options, part }) => {
  const { page, complaints } = await visit(shop, path, {
    token: name === 'limits' ? owner : shop.analyst,
    viewport: DESKTOP,
    reducedMotion: 'reduce',
    ...options,
  });
  await page.getByRole('heading', { name: heading, exact: true }).first().waitFor();
  if (name === 'client') {
    await page.locator('.clients').getByRole('link', { name: 'Mario Rossi' }).click();
    await page.getByRole('heading', { name: 'Mario Rossi' }).waitFor();
  }
  if (name === 'limits') await page.getByRole('button', { name: 'Change: “Mese”' }).click();
  await page.waitForLoadState('networkidle');
  const shot = { path: join(FOLDER, `${name}.png`), animations: 'disabled' } as const;
  await (part === undefined ? page.screenshot(shot) : page.locator(part).screenshot(shot));
  expect(complaints).toEqual([]);
  await page.context().close();
});
