// One client's turns over time.
import { aCustomer, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { aShopWithTurns } from './support/shops';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

/** A page of customers. */
const PHONES = Array.from({ length: 10 }, (_, index) => `+3933300000${String(index + 10)}`);

describe("a customer's timeline", () => {
  const ask = async (shop: TestWorkspace, args = '') => {
    const { customers } = await app.api
      .as(shop.client)
      .data<{ customers: { nodes: { timeline: { from: string; to: string; messages: number }[] }[] } }>(
        `query ($id: ID!) { customers(workspaceId: $id) { nodes { timeline${args} { from to messages } } } }`,
        { id: shop.id },
      );
    return customers.nodes.map(({ timeline }) => timeline);
  };

  it('covers the last twelve months by month without arguments', async () => {
    const shop = await aShopWithTurns(app, [
      '2025-03-31T21:59:59Z',
      '2025-03-31T22:00:00Z',
      '2026-03-02T10:00:00Z',
    ]);
    for (const args of ['', '(period: {})', '(period: null, interval: null)']) {
      const [timeline = []] = await ask(shop, args);
      expect(timeline).toHaveLength(12);
      expect(timeline[0]).toEqual({
        from: '2025-03-31T22:00:00.000Z',
        to: '2025-04-30T22:00:00.000Z',
        messages: 1,
      });
      expect(timeline.map(({ messages }) => messages)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
  });

  it('ends with the day that holds asOf', async () => {
    const shop = await aShopWithTurns(app, ['2026-03-14T10:00:00Z']);
    const [timeline = []] = await ask(shop, '(period: { preset: THIS_WEEK }, interval: DAY)');
    expect(timeline.map(({ messages }) => messages)).toEqual([0, 0, 0, 0, 0, 1, 0]);
    const [month = []] = await ask(shop, '(period: { preset: THIS_MONTH }, interval: DAY)');
    expect(month).toHaveLength(15);
  });

  it('refuses hours', async () => {
    const shop = await aShopWithTurns(app, []);
    const errors = await app.api
      .as(shop.client)
      .errors(`{ customers(workspaceId: "${shop.id}") { nodes { timeline(interval: HOUR) { messages } } } }`);
    expect(errors[0]).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT' },
      message: expect.stringContaining('DAY, WEEK or MONTH'),
    });
  });

  it('is read by one statement for a list, and so are its outcomes', async () => {
    const shop = await aWorkspace(app);
    for (const phoneNumber of PHONES) await aCustomer(app, shop, { phoneNumber });
    app.statements();
    await app.api.as(shop.client).data(
      `{ customers(workspaceId: "${shop.id}", first: 20) { nodes { timeline { messages } days: timeline(interval: DAY) { messages }
         outcomes { outcome } before: outcomes(period: { preset: LAST_MONTH }) { outcome } } } }`,
    );
    const ran = app.statements();
    expect(ran.filter((name) => name === 'customer_timelines')).toHaveLength(2);
    expect(ran.filter((name) => name === 'outcomes_by_customer')).toHaveLength(2);
  });
});
