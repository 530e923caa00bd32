// What an address opens: the view that it names, or a message about its mistake, in the page's language.
import { aCustomer, aTurn } from '../support/app';
import { SAVE } from '../support/operations';
import { card, openShop, rowsOf, type Shop, untilCard, visit } from './shop';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
}, 120_000);
afterAll(() => shop.stop());

const WORKSPACE = 'workspace=workspace-123';
const JANUARY = `?${WORKSPACE}&month=2025-01`;

describe('a client', () => {
  it('that was never charged has a name, a state and its saved turns', async () => {
    const workspace = { id: 'workspace-123' };
    const phoneNumber = '+393339999999';
    const customer = await aCustomer(shop.app, workspace, {
      ...{ name: 'Mai Addebitato', phoneNumber, activeChatbot: false },
    });
    await shop.app.api.as(shop.service).data(SAVE, {
      input: aTurn(workspace, { phoneNumber, message: 'C’è posto?', occurredAt: '2025-01-20T12:00:00Z' }),
    });
    const { page, complaints } = await visit(shop, `/clients/${customer.id}${JANUARY}`, {
      ...{ token: shop.analyst, locale: 'it-IT' },
    });
    await page.getByRole('heading', { name: 'Mai Addebitato' }).waitFor();
    await page
      .getByText('Il chatbot è spento per questo cliente. Non è mai stato addebitato nulla.')
      .waitFor();
    await page.getByRole('listitem').filter({ hasText: 'C’è posto?' }).getByText('Chatbot spento').waitFor();
    await untilCard(page, 'Costo', /^0,00\s€$/);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each(['0190d2b4-0000-7000-8000-000000000000', 'nobody'])('that there is not: %s', async (id) => {
    const { page } = await visit(shop, `/clients/${id}${JANUARY}`, { token: shop.client });
    const notice = page.getByRole('alert').filter({ hasText: 'This shop has no client with this id' });
    await notice.getByText(id).waitFor();
    await page.context().close();
  });
});

it.each(['/nowhere', '/clients', '/messages/extra'])('%s leads nowhere, and says so', async (path) => {
  const { page } = await visit(shop, `${path}${JANUARY}`, { token: shop.client });
  await page.getByText('There is no such page.').waitFor();
  expect(await page.locator('.figure').count()).toBe(0);
  await page.getByRole('link', { name: 'Back to the overview' }).click();
  await untilCard(page, 'Cost', '€0.125');
  await page.context().close();
});

it.each([
  'month=2025-13',
  'month=january',
  'period=fortnight',
  'from=2025-01-31&to=2025-01-01',
  'from=2025-02-30&to=2025-03-01',
  'from=2025-01-01',
  'compare=whole',
  'order=name',
  'outcome=maybe',
])('%s is not taken for something else', async (query) => {
  const { page } = await visit(shop, `?${WORKSPACE}&${query}`, { token: shop.client });
  const notice = page.getByRole('alert').filter({ hasText: 'This address asks for something' });
  await notice.getByText(/=/).waitFor();
  expect(await page.locator('.figure').count()).toBe(0);
  await notice.getByRole('button').click();
  await page.getByRole('heading', { name: 'Clients', exact: true }).waitFor();
  expect(page.url()).toBe(`${shop.app.url}/dashboard?${WORKSPACE}`);
  await page.context().close();
});

it("shows the server's refusals in the language of the page", async () => {
  const { page } = await visit(shop, JANUARY, { token: shop.client, locale: 'it-IT' });
  await untilCard(page, 'Costo', /0,125\s€/);
  const answers = [
    ['RATE_LIMITED', 429, 'Sono arrivate troppe richieste insieme.', {}],
    ['SERVICE_UNAVAILABLE', 503, 'Il server è occupato.', {}],
    ['BAD_USER_INPUT', 400, 'Il server non può rispondere', {}],
    ['FORBIDDEN', 403, 'Questo token non dà accesso', {}],
    ['INTERNAL_SERVER_ERROR', 500, 'con il codice 0190-42', { errorId: '0190-42' }],
  ] as const;
  let [code, status, words, more]: readonly [string, number, string, object] = answers[0];
  await page.route('**/graphql', (route) =>
    route.fulfill({
      ...{ status, contentType: 'application/json' },
      body: JSON.stringify({
        errors: [{ message: `[${code}] in English`, extensions: { code, ...more } }],
      }),
    }),
  );
  for ([code, status, words, more] of answers) {
    await page.reload();
    await page.getByRole('alert').filter({ hasText: words }).waitFor();
    expect(await page.locator('main').innerText()).not.toContain('in English');
  }
  await page.context().close();
});

describe('compared', () => {
  it('by weekday: every day with the same day of the earlier week', async () => {
    const { page, operations } = await visit(shop, `?${WORKSPACE}&from=2025-01-06&to=2025-01-07`, {
      ...{ token: shop.client },
    });
    await untilCard(page, 'Messages charged', /^2$/);
    // Monday and Tuesday: compared with the two days before by default, with Saturday and Sunday by weekday.
    expect(await card(page, 'Cost')).toContain('vs 4 – 5 Jan: €0.005');
    operations();
    await page.getByLabel('Compare with').selectOption('Same weekdays before');
    await untilCard(page, 'Cost', /vs 30/);
    expect(await card(page, 'Cost')).toContain('↑ +100.00%');
    expect(await card(page, 'Cost')).toContain('vs 30 – 31 Dec 2024: €0.005');
    expect(operations().filter((name) => name !== 'Pulse')).toEqual(['Overview']);
    await page.getByText('Show table').first().click();
    await page.getByRole('columnheader', { name: 'Same weekdays before' }).waitFor();
    await page.reload();
    await untilCard(page, 'Cost', /vs 30/);
    await page.context().close();
  });

  it('shows no weekdays for months, and no percentage of a tiny amount', async () => {
    const { page } = await visit(shop, `?${WORKSPACE}&period=this-year`, { token: shop.client });
    await page.getByRole('heading', { name: 'Clients', exact: true }).waitFor();
    expect(await page.getByLabel('Compare with').locator('option').allTextContents()).not.toContain(
      'Same weekdays before',
    );
    await page.context().close();
  });

  it('with a tiny amount: in words, without a percentage of thousands', async () => {
    const { page } = await visit(shop, '', {});
    await page.route('**/graphql', async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replaceAll('"percent":"31.58"', '"percent":"70584.00"');
      await route.fulfill({ response, body });
    });
    await page.goto(`${shop.app.url}/dashboard${JANUARY}#token=${shop.client}`);
    await page.reload();
    await untilCard(page, 'Cost', 'Too little before to compare with');
    expect(await card(page, 'Cost')).not.toMatch(/[+-]\d|70.?584/);
    // A tick may have asked once more.
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.context().close();
  });
});

it('a past month is complete and not live; the running month is live', async () => {
  const { page } = await visit(shop, JANUARY, { token: shop.client, locale: 'it-IT' });
  await page.locator('.as-of').getByText('Concluso').waitFor();
  expect(await page.getByText('In diretta').count()).toBe(0);
  await page.locator('select[name=period]').selectOption('THIS_MONTH');
  await page.locator('.as-of').getByText('In diretta').waitFor();
  await page.context().close();
});

it('speaks Italian as people do', async () => {
  const { page } = await visit(shop, `?${WORKSPACE}&from=2025-01-01&to=2025-01-24`, {
    ...{ token: shop.client, locale: 'it-IT' },
  });
  await untilCard(page, 'Costo', /rispetto all’8.31 dic 2024/);
  const said = await page.locator('body').innerText();
  expect(said).toContain('La settimana a colpo d’occhio');
  expect(said).toContain('Mostra tabella');
  expect(await page.locator('select[name=compare] option').first().innerText()).toBe(
    'Stessi giorni del periodo precedente',
  );
  expect(await page.locator('.rank abbr').getAttribute('title')).toBe('Posizione');
  expect(await rowsOf(page, 'Clienti')).not.toEqual([]);
  await page.context().close();
});

it('breaks no number across lines, however long', async () => {
  const { page } = await visit(shop, '', { viewport: { width: 320, height: 640 } });
  await page.route('**/graphql', async (route) => {
    const response = await route.fetch();
    const body = (await response.text())
      .replaceAll('"amount":"0.125"', '"amount":"90071992547409931.123457"')
      .replaceAll('"messages":25', '"messages":9007199254740991');
    await route.fulfill({ response, body });
  });
  await page.goto(`${shop.app.url}/dashboard${JANUARY}#token=${shop.client}`);
  await page.reload();
  await untilCard(page, 'Cost', '€90,071,992,547,409,931.123457');
  const lines =
    await page.evaluate(`[...document.querySelectorAll('.figure, .outcome-count strong, td.number')]
    .map((element) => { const range = document.createRange(); range.selectNodeContents(element);
      return [element.textContent, new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size]; })
    .filter(([, lines]) => lines > 1)`);
  expect(lines).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
  // A tick may have asked once more.
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.context().close();
});
