// Limits: made, changed and removed on the page, or by a command where the page's address only reads.
import { execFileSync } from 'node:child_process';
import type { Page } from 'playwright-core';
import { ACTOR, aCustomer, aToken, startApp, type TestApp, type TestWorkspace } from '../support/app';
import { type BudgetInput, MONTH } from '../support/budgets';
import { aChargedShop, saveCharged } from '../support/charged-shop';
import { runCommand } from '../support/command';
import { findings, openShop, PHONE, type Shop, type VisitOptions, visit } from './shop';

const LONG = 'Limite'.repeat(33);

let shop: Shop;
let mine: TestWorkspace;
let owner: string;
beforeAll(async () => {
  shop = await openShop();
}, 120_000);
afterAll(() => shop.stop());
beforeEach(async () => {
  mine = await aChargedShop(shop.app);
  owner = await aToken(shop.app, {
    ...{ kind: 'client', workspaceIds: [mine.id], scopes: ['usage:read', 'budgets:write'] },
  });
});

const set = (input: Partial<BudgetInput> = {}) =>
  shop.app.services.budgets.set(mine.id, { ...MONTH, ...input }, ACTOR);

async function open(options: VisitOptions = {}, at: Shop = shop) {
  const visited = await visit(at, `/budgets?workspace=${mine.id}`, {
    ...{ token: owner, reducedMotion: 'reduce' },
    ...options,
  });
  await visited.page.locator('.budgets').waitFor();
  return visited;
}

const stored = (): Promise<Record<string, unknown>[]> =>
  shop.app.database.sql(
    `SELECT name, subject, customer_id, measure, limit_units::text AS limit, interval, thresholds, forecast, enforcement
     FROM budgets WHERE workspace_id = $1 ORDER BY name`,
    [mine.id],
  );

/** The control that has the focus, as a screen reader reads it out: its label, and what describes it. */
const focused = (page: Page): Promise<{ label: string; described: string; invalid: string | null }> =>
  page.evaluate(`(() => {
    const control = document.activeElement;
    const ids = control.getAttribute('aria-describedby')?.split(' ') ?? [];
    return {
      label: control.labels?.[0]?.textContent ?? control.textContent,
      described: ids.map((id) => document.getElementById(id).textContent).join(' '),
      invalid: control.getAttribute('aria-invalid'),
    };
  })()`);

describe('with the scope budgets:write', () => {
  it('a limit is made with the keyboard alone, and says what it does', async () => {
    const { page, complaints } = await open();
    await page.getByText('No limit is set.').waitFor();
    await page.getByRole('button', { name: 'New limit' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction("document.activeElement.name === 'name'");
    await page.keyboard.type('Month');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.type('12,5');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('The limit “Month” is saved.').waitFor();
    expect((await focused(page)).label).toBe('The limit “Month” is saved.');
    const limit = page.getByRole('listitem').filter({ hasText: 'Month' });
    await limit.getByText('€0.00 of €12.50').waitFor();
    await limit.getByText('Tells at 50%, 80%, 100%').waitFor();
    expect(await stored()).toEqual([
      {
        ...{ name: 'Month', subject: 'WORKSPACE', customer_id: null, measure: 'COST', limit: '12500000' },
        ...{ interval: 'MONTH', thresholds: [50, 80, 100], forecast: false, enforcement: 'NOTIFY' },
      },
    ]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('it is changed, from what it is now', async () => {
    const ugo = await aCustomer(shop.app, mine, { name: 'Ugo', phoneNumber: '+393330000002' });
    await set({ name: LONG, subject: 'CUSTOMER', customerId: ugo.id, enforcement: 'STOP' });
    const { page, complaints } = await open({ locale: 'it-IT' });
    await page.getByRole('button', { name: `Modifica: «${LONG}»` }).click();
    const form = page.getByRole('form');
    await page.waitForFunction("document.activeElement.name === 'limit'");
    expect(await form.getByLabel('Nome o numero del cliente').inputValue()).toBe('Ugo');
    expect(await form.getByLabel('Avvisa a queste percentuali').inputValue()).toBe('50 100');
    expect(await form.getByLabel('Ferma il chatbot al limite').isChecked()).toBe(true);
    await form.getByLabel('Che cosa conta').selectOption('Costo');
    await form.getByLabel('Limite, in EUR').fill('0,005');
    await form.getByLabel('Ferma il chatbot al limite').uncheck();
    await form.getByLabel('Avvisa se la previsione supera il limite').check();
    await form.getByRole('button', { name: 'Salva' }).click();
    await page.getByText(`Il limite «${LONG}» è salvato.`).waitFor();
    await page.getByText('Avvisa al 50%, 100% · avvisa se la previsione lo supera').waitFor();
    expect(await stored()).toEqual([
      {
        ...{ name: LONG, subject: 'CUSTOMER', customer_id: ugo.id, measure: 'COST', limit: '5000' },
        ...{ interval: 'MONTH', thresholds: [50, 100], forecast: true, enforcement: 'NOTIFY' },
      },
    ]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('it is removed, after a question that Escape answers with no', async () => {
    await set({ name: 'Old' });
    const { page } = await open();
    const remove = page.getByRole('button', { name: 'Remove: “Old”' });
    await remove.click();
    const question = page.getByRole('dialog', { name: 'Remove the limit “Old”?' });
    await question.waitFor();
    expect((await focused(page)).label).toBe('Keep it');
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    expect(await stored()).toHaveLength(1);
    await page.waitForFunction("document.activeElement.ariaLabel === 'Remove: “Old”'");
    await remove.click();
    await question.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('status').getByText('The limit “Old” is removed.').waitFor();
    await page.getByText('No limit is set.').waitFor();
    expect(await stored()).toEqual([]);
    await page.context().close();
  });
});

const GOOD = { Name: 'Month', 'Limit, in EUR': '12.50' };

describe('what is refused is said beside its field, which gets the focus', () => {
  it.each<[string, Record<string, string>, string, string, RegExp]>([
    [
      'a threshold of 0',
      { 'Tell at': '50 0' },
      'en-GB',
      'Tell at these percentages of the limit',
      /^Write whole percentages from 1 to 999/,
    ],
    [
      'a threshold of 1000',
      { 'Tell at': '1000' },
      'en-GB',
      'Tell at these percentages of the limit',
      /^Write whole percentages from 1 to 999/,
    ],
    [
      'half a percent',
      { 'Tell at': '99.5' },
      'en-GB',
      'Tell at these percentages of the limit',
      /^Write whole percentages/,
    ],
    [
      '21 thresholds',
      { 'Tell at': Array.from({ length: 21 }, (_, n) => n + 1).join(' ') },
      'en-GB',
      'Tell at these percentages of the limit',
      /at most 20 of them/,
    ],
    [
      'nothing to do',
      { 'Tell at': '' },
      'en-GB',
      'Tell at these percentages of the limit',
      /^This limit would do nothing/,
    ],
    [
      'a limit finer than a micro-unit',
      { 'Limit, in EUR': '0.0000001' },
      'en-GB',
      'Limit, in EUR',
      /^Write an amount above 0, .* at most six decimals/,
    ],
    ['a limit of 0', { 'Limit, in EUR': '0' }, 'en-GB', 'Limit, in EUR', /^Write an amount above 0/],
    ['a negative limit', { 'Limit, in EUR': '-1' }, 'en-GB', 'Limit, in EUR', /^Write an amount above 0/],
    [
      'more than a billion',
      { 'Limit, in EUR': '1000000001' },
      'en-GB',
      'Limit, in EUR',
      /at most 1 000 000 000/,
    ],
    [
      'what is no number',
      { 'Limit, in EUR': 'ten' },
      'en-GB',
      'Limit, in EUR',
      /^Write a number such as 12.50/,
    ],
    ['no limit', { 'Limit, in EUR': '' }, 'en-GB', 'Limit, in EUR', /^Write a number such as 12.50/],
    ['no name', { Name: '  ' }, 'en-GB', 'Name', /^Write a name of 1 to 200 characters/],
    ['the name of another', { Name: 'Taken' }, 'en-GB', 'Name', /^There is a limit of this name/],
    [
      'what can be a thousand or one',
      { 'Limite, in EUR': '1.000' },
      'it-IT',
      'Limite, in EUR',
      /^Scrivi un numero come 12,50, senza segni tra le migliaia/,
    ],
    [
      'a threshold of 0, in Italian',
      { 'Avvisa a queste': '0' },
      'it-IT',
      'Avvisa a queste percentuali del limite',
      /^Scrivi percentuali intere da 1 a 999/,
    ],
  ])('%s', async (_, fields, locale, label, words) => {
    await set({ name: 'Taken' });
    const { page } = await open({ locale });
    const isItalian = locale === 'it-IT';
    await page.getByRole('button', { name: isItalian ? 'Nuovo limite' : 'New limit' }).click();
    const form = page.getByRole('form');
    const good = isItalian ? { Nome: 'Mese', 'Limite, in EUR': '12,50' } : GOOD;
    for (const [name, text] of Object.entries({ ...good, ...fields })) await form.getByLabel(name).fill(text);
    await form.getByRole('button', { name: isItalian ? 'Salva' : 'Save' }).click();
    await form.locator('.wrong').waitFor();
    const control = await focused(page);
    expect([control.label, control.invalid]).toEqual([label, 'true']);
    expect(control.described).toMatch(words);
    expect(await stored()).toHaveLength(1);
    await page.context().close();
  });

  it.each([
    ['a forecast of each day', 'How long it counts', 'Each day'],
    ['a forecast of each client', 'For whom', 'Each client'],
  ])('%s', async (_, select, option) => {
    const { page } = await open();
    await page.getByRole('button', { name: 'New limit' }).click();
    const form = page.getByRole('form');
    for (const [name, text] of Object.entries(GOOD)) await form.getByLabel(name).fill(text);
    await form.getByLabel(select).selectOption(option);
    await form.getByLabel('Tell when the forecast').check();
    await form.getByRole('button', { name: 'Save' }).click();
    await form.locator('.wrong').waitFor();
    const control = await focused(page);
    expect(control.label).toBe('Tell when the forecast passes the limit');
    expect(control.described).toMatch(/^There is no forecast of a single day, nor of each client/);
    // Mended, it is taken.
    await form.getByLabel('Tell when the forecast').uncheck();
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The limit “Month” is saved.').waitFor();
    await page.context().close();
  });

  it('half a message', async () => {
    const { page } = await open();
    await page.getByRole('button', { name: 'New limit' }).click();
    const form = page.getByRole('form');
    await form.getByLabel('Name').fill('Half');
    await form.getByLabel('What it counts').selectOption('Messages charged');
    await form.getByLabel('Limit, in messages').fill('1.5');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.locator('.wrong').waitFor();
    expect((await focused(page)).described).toMatch(/^Write a whole number of messages/);
    await page.context().close();
  });

  it('a name or number that is nobody’s; and asks which one, where it is of several', async () => {
    const first = await aCustomer(shop.app, mine, { name: 'Rita Bianchi', phoneNumber: '+393330000003' });
    await aCustomer(shop.app, mine, { name: 'Rita Neri', phoneNumber: '+393330000004' });
    const { page } = await open();
    await page.getByRole('button', { name: 'New limit' }).click();
    const form = page.getByRole('form');
    for (const [name, text] of Object.entries(GOOD)) await form.getByLabel(name).fill(text);
    await form.getByLabel('For whom').selectOption('One client');
    const save = form.getByRole('button', { name: 'Save' });
    const client = form.getByLabel('Name or number of the client');
    for (const [text, words] of [
      ['', 'Write the name or the number of a client.'],
      ['+39333999', 'Nobody with this name or number is registered.'],
      ['Rita', 'Choose one of the clients.'],
    ] as const) {
      await client.fill(text);
      await save.click();
      await form.getByText(words).waitFor();
      expect(await focused(page)).toEqual({
        ...{ label: 'Name or number of the client', described: words, invalid: 'true' },
      });
    }
    await form.getByRole('group', { name: 'Several clients' }).getByLabel('Rita Bianchi').check();
    await save.click();
    await page.getByText('The limit “Month” is saved.').waitFor();
    expect(await stored()).toMatchObject([{ subject: 'CUSTOMER', customer_id: first.id }]);
    await page.context().close();
  });

  it('and says so above the form, of an archived shop and of a server that is away; what was written stays', async () => {
    const { page } = await open();
    await page.getByRole('button', { name: 'New limit' }).click();
    const form = page.getByRole('form');
    for (const [name, text] of Object.entries(GOOD)) await form.getByLabel(name).fill(text);
    await page.route('**/graphql', (route) => route.abort());
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByRole('alert').getByText('The server cannot be reached.').waitFor();
    await page.unroute('**/graphql');
    // What has a charge is archived instead of removed.
    await saveCharged(shop.app, mine, '2026-11-20T10:00:00Z');
    await shop.app.services.workspaces.remove(mine.id, ACTOR);
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByRole('alert').getByText('This shop is archived').waitFor();
    expect(await form.getByLabel('Name').inputValue()).toBe('Month');
    expect(await stored()).toEqual([]);
    await page.context().close();
  });
});

it('without the scope the limits are read, and it is said who sets them', async () => {
  await set({ name: 'Month' });
  const { page, operations } = await open({ token: mine.client });
  await page.getByText('or a token with the scope budgets:write').waitFor();
  expect(await page.locator('main').getByRole('button').count()).toBe(0);
  expect(operations()).not.toContain('Mutations');
  await page.context().close();
});

describe('where mutations have a port of their own', () => {
  let reading: TestApp;
  beforeAll(async () => {
    reading = await startApp({
      ...{ database: shop.app.database, clock: shop.clock },
      config: { internalPort: 0 },
    });
  });
  afterAll(() => reading.stop());

  /** The words that a shell passes to the program. */
  const wordsOf = (command: string): string[] =>
    JSON.parse(
      execFileSync('sh', [
        '-c',
        command.replace(
          'npm run -s cli --',
          `"$0" -e 'console.log(JSON.stringify(process.argv.slice(1)))' --`,
        ),
        process.execPath,
      ]).toString(),
    );
  const run = (command: string) =>
    runCommand(wordsOf(command), { DATABASE_URL: shop.app.database.url, LOG_LEVEL: 'silent' });

  it('the page writes the command, which does the same', async () => {
    const name = `L'“ombra” di $HOME; "x" \\ --stop`;
    const { page } = await open({}, { ...shop, app: reading });
    await page.getByRole('button', { name: 'New limit' }).click();
    const form = page.getByRole('form');
    await form.getByLabel('Name').fill(name);
    await form.getByLabel('Limit, in EUR').fill('50');
    await form.getByLabel('Tell when the forecast').check();
    await form.getByLabel('Stop the chatbot').check();
    await form.getByRole('button', { name: 'Write the command' }).click();
    const command = await form.getByLabel('Command').inputValue();
    expect(await stored()).toEqual([]);
    expect(await run(command)).toMatchObject({ code: 0, stderr: '' });
    expect(await stored()).toEqual([
      {
        ...{ name, subject: 'WORKSPACE', customer_id: null, measure: 'COST', limit: '50000000' },
        ...{ interval: 'MONTH', thresholds: [50, 80, 100], forecast: true, enforcement: 'STOP' },
      },
    ]);
    // Another choice is another command.
    await form.getByLabel('Limit, in EUR').fill('60');
    expect(await form.getByLabel('Command').count()).toBe(0);
    await page.reload();
    await page.getByRole('button', { name: `Remove: “${name}”` }).click();
    expect(await run(await page.getByLabel('Command').inputValue())).toMatchObject({ code: 0 });
    expect(await stored()).toEqual([]);
    await page.context().close();
  });

  it('which is copied by a button', async () => {
    const { page } = await open(
      { permissions: ['clipboard-read', 'clipboard-write'] },
      { ...shop, app: reading },
    );
    await page.getByRole('button', { name: 'New limit' }).click();
    const form = page.getByRole('form');
    for (const [name, text] of Object.entries(GOOD)) await form.getByLabel(name).fill(text);
    await form.getByRole('button', { name: 'Write the command' }).click();
    await form.getByRole('button', { name: 'Copy' }).click();
    await form.getByRole('status').getByText('Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
      `npm run -s cli -- budget set --workspace ${mine.id} --name Month --limit 12.50 --measure cost --interval month --subject workspace --threshold 50 80 100`,
    );
    await page.context().close();
  });
});

it.each([
  ['320 px, in Italian', { ...PHONE, viewport: { width: 320, height: 640 }, locale: 'it-IT' }],
  ['390 px, dark', { ...PHONE, colorScheme: 'dark' as const }],
  ['a desktop', { viewport: { width: 1280, height: 900 } }],
])('nothing is wider than the screen, and axe finds nothing: %s', async (_name, options) => {
  await aCustomer(shop.app, mine, { name: `A${'m'.repeat(199)}`, phoneNumber: '+393330000005' });
  await aCustomer(shop.app, mine, { name: `B${'m'.repeat(199)}`, phoneNumber: '+393330000006' });
  await set({ name: LONG, limit: '999999999', measure: 'COST' });
  const { page } = await open(options);
  const wider = () => page.evaluate('document.documentElement.scrollWidth - innerWidth');
  await page.getByRole('button', { name: /^(New limit|Nuovo limite)$/ }).click();
  const form = page.getByRole('form');
  await form.getByLabel(/^(For whom|Per chi)/).selectOption('CUSTOMER');
  await form.getByLabel(/^(Name or number|Nome o numero)/).fill('mmm');
  await form.getByRole('button', { name: /^(Save|Salva)$/ }).click();
  await form.getByRole('group').waitFor();
  expect(await wider()).toBe(0);
  expect(await findings(page)).toEqual([]);
  await form.getByRole('button', { name: /^(Cancel|Annulla)$/ }).click();
  await page.getByRole('button', { name: /^(Remove|Elimina): / }).click();
  await page.getByRole('dialog').waitFor();
  expect(await wider()).toBe(0);
  expect(await findings(page)).toEqual([]);
  await page.context().close();
});
