// Clients who are new, return, come back or are lost; cohorts of clients by their first month.
import { ACTOR, aWorkspace, startApp, type TestApp } from './support/app';
import { aShopWithClients, reportOn } from './support/shops';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

describe('clients who come and go', () => {
  const shopOfFour = () =>
    aShopWithClients(app, {
      Nuova: ['2026-03-02T10:00:00Z'],
      Fedele: ['2026-01-02T10:00:00Z', '2026-02-20T10:00:00Z', '2026-03-02T10:00:00Z'],
      Tornata: ['2026-01-02T10:00:00Z', '2026-03-02T10:00:00Z'],
      Persa: ['2026-02-20T10:00:00Z', '2026-02-21T10:00:00Z'],
    });
  const MOVED = 'clientMovement { comparedTo { from to } new returning reactivated lost }';

  it('are compared with the whole month before by default, so that a client who came late in it is returning', async () => {
    const shop = await shopOfFour();
    expect(
      await reportOn(
        app,
        shop,
        `${MOVED} early: clientMovement(basis: SAME_ELAPSED) { returning reactivated lost }`,
      ),
    ).toEqual({
      clientMovement: {
        comparedTo: { from: '2026-01-31T23:00:00.000Z', to: '2026-02-28T23:00:00.000Z' },
        ...{ new: 1, returning: 1, reactivated: 1, lost: 1 },
      },
      // By 15 February none of them had come.
      early: { returning: 0, reactivated: 2, lost: 0 },
    });
  });

  it('are listed as lost with their earlier figures', async () => {
    const shop = await shopOfFour();
    const { clientsIn } = await reportOn<{ clientsIn: object }>(
      app,
      shop,
      `clientsIn(segment: LOST) { totalCount nodes { rank customer { name } messages cost { amount } share lastAt previous { messages } } }`,
    );
    expect(clientsIn).toEqual({
      totalCount: 1,
      nodes: [
        {
          ...{ rank: 1, customer: { name: 'Persa' }, messages: 2, cost: { amount: '0.01' }, share: '0.6667' },
          ...{ lastAt: '2026-02-21T10:00:00.000Z', previous: { messages: 0 } },
        },
      ],
    });
  });

  it('are new again when all their earlier charges were taken back', async () => {
    const shop = await aShopWithClients(app, { Anna: ['2026-01-02T10:00:00Z', '2026-03-02T10:00:00Z'] });
    const [first] = await app.database.sql<{ id: string }>(
      'SELECT id FROM charges WHERE workspace_id = $1 ORDER BY occurred_at LIMIT 1',
      [shop.id],
    );
    expect(await reportOn(app, shop, 'clientMovement { new reactivated }')).toEqual({
      clientMovement: { new: 0, reactivated: 1 },
    });
    await app.services.voids.void(shop.id, { usageRecordId: first?.id ?? '', reason: 'a mistake' }, ACTOR);
    expect(await reportOn(app, shop, 'clientMovement { new reactivated }')).toEqual({
      clientMovement: { new: 1, reactivated: 0 },
    });
  });

  it('page on in the order of their cost, by cursors of their own segment and basis', async () => {
    const shop = await aShopWithClients(app, {
      Ada: ['2026-03-02T10:00:00Z'],
      Bea: ['2026-03-02T10:00:00Z', '2026-03-03T10:00:00Z'],
      Cia: ['2026-03-02T10:00:00Z'],
    });
    const page = async (args: string) => {
      const found = await reportOn<{
        clientsIn: { nodes: { customer: { name: string } }[]; pageInfo: { endCursor: string } };
      }>(app, shop, `clientsIn(${args}) { nodes { customer { name } } pageInfo { endCursor } }`);
      return {
        names: found.clientsIn.nodes.map(({ customer }) => customer.name),
        ...found.clientsIn.pageInfo,
      };
    };
    const first = await page('segment: NEW, first: 2');
    expect(first.names).toEqual(['Bea', 'Ada']);
    expect((await page(`segment: NEW, first: 2, after: "${first.endCursor}"`)).names).toEqual(['Cia']);
    await expect(page(`segment: LOST, after: "${first.endCursor}"`)).rejects.toThrow('another segment');
    await expect(page(`segment: NEW, basis: YEAR_EARLIER, after: "${first.endCursor}"`)).rejects.toThrow(
      'another basis',
    );
  });

  it('have their earlier figures read by one statement for a list and a basis', async () => {
    const shop = await shopOfFour();
    app.statements();
    const { topClients } = await reportOn<{ topClients: unknown[] }>(
      app,
      shop,
      `topClients { customer { name } previous { messages } whole: previous(basis: FULL_PREVIOUS) { messages cost { amount } } }`,
    );
    expect(topClients).toEqual([
      {
        customer: { name: 'Fedele' },
        previous: { messages: 0 },
        whole: { messages: 1, cost: { amount: '0.005' } },
      },
      {
        customer: { name: 'Nuova' },
        previous: { messages: 0 },
        whole: { messages: 0, cost: { amount: '0.00' } },
      },
      {
        customer: { name: 'Tornata' },
        previous: { messages: 0 },
        whole: { messages: 0, cost: { amount: '0.00' } },
      },
    ]);
    expect(app.statements().filter((name) => name === 'previous_figures')).toHaveLength(2);
  });

  it('have a distribution of zeros when nobody came', async () => {
    const shop = await aWorkspace(app);
    expect(
      await reportOn(
        app,
        shop,
        'distribution { p50 p90 p95 p99 max mean topTenthShare } clientMovement { new lost }',
      ),
    ).toEqual({
      distribution: { ...{ p50: 0, p90: 0, p95: 0, p99: 0, max: 0 }, mean: '0', topTenthShare: '0' },
      clientMovement: { new: 0, lost: 0 },
    });
  });
});

describe('cohorts', () => {
  const ask = (from: string, to: string) =>
    `{ retention(workspaceId: "WORKSPACE", from: "${from}", to: "${to}") { month clients retained } }`;

  it('have one row per month, up to the running one', async () => {
    const shop = await aShopWithClients(app, {
      Anna: ['2026-01-31T22:59:59Z', '2026-03-02T10:00:00Z'],
      Luca: ['2026-01-31T23:00:00Z', '2026-03-02T10:00:00Z'],
      Mario: ['2026-01-05T10:00:00Z', '2026-02-05T10:00:00Z'],
    });
    const document = ask('2026-01', '2026-12').replace('WORKSPACE', shop.id);
    expect(await app.api.as(shop.client).data(document)).toEqual({
      retention: [
        { month: '2026-01', clients: 2, retained: [2, 1, 1] },
        { month: '2026-02', clients: 1, retained: [1, 1] },
        { month: '2026-03', clients: 0, retained: [0] },
      ],
    });
    expect(
      await app.api.as(shop.client).data(ask('2026-04', '2026-05').replace('WORKSPACE', shop.id)),
    ).toEqual({
      retention: [],
    });
  });

  it.each([
    ['that begin after they end', '2026-03', '2026-02', 'from 2026-03 is after to 2026-02'],
    ['of more than 60 months', '2021-01', '2026-01', '61 months; at most 60'],
    ['of years that nobody may ask for', '0000-01', '0000-02', 'outside the years 1970 to 2200'],
  ])('%s are refused', async (_, from, to, words) => {
    const shop = await aWorkspace(app);
    const [error] = await app.api.as(shop.client).errors(ask(from, to).replace('WORKSPACE', shop.id));
    expect([error?.extensions.code, error?.message]).toEqual([
      'BAD_USER_INPUT',
      expect.stringContaining(words),
    ]);
  });
});
