// Servers with wrong clocks: what they log, and that their figures still add up.
import { aCustomer, aTurn, aWorkspace, startApp, TestClock } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { SAVE } from './support/operations';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

it.each([
  [-7_000, /^[5-7]\.\d s behind the database's clock$/],
  [7_000, /^[5-7]\.\d s ahead of the database's clock$/],
])(
  'a server that is %d ms ahead says so: in the log, when asked, as a metric, and goes on',
  async (by, words) => {
    const app = await startApp({
      database,
      clock: new TestClock().run(by),
      config: { metricsPort: 0 },
    });
    try {
      const ready = await app.api.get('/health/ready');
      const { status, checks } = (await ready.json()) as { status: string; checks: { clock: string } };
      expect([ready.status, status]).toEqual([200, 'ok']);
      expect(checks.clock).toMatch(words);
      expect(app.logs()).toContain(`this server's clock is ${checks.clock}`);
      const metrics = await (await fetch(`${app.metricsUrl}/metrics`)).text();
      const ahead = Number(/^centesimo_clock_ahead_seconds (\S+)$/m.exec(metrics)?.[1]);
      expect(checks.clock.startsWith(`${Math.abs(ahead).toFixed(1)} s`)).toBe(true);
      expect(Math.sign(ahead)).toBe(Math.sign(by));

      app.clock.run();
      await app.services.clockWatch.look();
      expect(await (await app.api.get('/health/ready')).json()).toMatchObject({ checks: { clock: 'ok' } });
      expect(app.logs()).toContain("agrees with the database's again");
    } finally {
      await app.stop();
    }
  },
);

it('a server with a difference of 4 s logs nothing', async () => {
  const app = await startApp({ database, clock: new TestClock().run(-4_000) });
  try {
    expect(await (await app.api.get('/health/ready')).json()).toMatchObject({ checks: { clock: 'ok' } });
    expect(app.logs()).not.toContain("this server's clock");
  } finally {
    await app.stop();
  }
});

it('parts add up for a reader whose clock is behind, without a gap in its timeline', async () => {
  const late = new TestClock();
  late.set('2026-03-15T09:50:00Z');
  const [writer, reader] = [await startApp({ database }), await startApp({ database, clock: late })];
  try {
    const shop = await aWorkspace(writer, { timeZone: 'UTC' });
    await aCustomer(writer, shop, { phoneNumber: '+393331234567' });
    for (const occurredAt of ['2026-03-15T09:30:00Z', '2026-03-15T09:54:59Z', '2026-03-15T11:58:00Z'])
      await writer.api.as(shop.service).data(SAVE, { input: aTurn(shop, { occurredAt }) });
    const { usage } = await reader.api.as(shop.client).data<{
      usage: {
        asOf: string;
        totals: { messages: number };
        timeline: { from: string; messages: number; activeClients: number | null }[];
        days: { messages: number; activeClients: number }[];
        heatmap: { messages: number }[];
      };
    }>(
      `query ($id: ID!) { usage(workspaceId: $id, period: { preset: TODAY }) { asOf totals { messages }
        timeline(interval: HOUR) { from messages } days: timeline(interval: DAY) { messages activeClients }
        heatmap { messages } } }`,
      { id: shop.id },
    );
    const sum = (cells: { messages: number }[]) => cells.reduce((all, { messages }) => all + messages, 0);
    expect(usage.asOf).toBe('2026-03-15T09:50:00.000Z');
    expect([usage.totals.messages, sum(usage.timeline), sum(usage.days), sum(usage.heatmap)]).toEqual([
      3, 3, 3, 3,
    ]);
    expect(usage.days).toEqual([{ messages: 3, activeClients: 1 }]);
    expect(usage.timeline.map(({ from }) => from)).toEqual(
      Array.from({ length: 12 }, (_, hour) => `2026-03-15T${String(hour).padStart(2, '0')}:00:00.000Z`),
    );
  } finally {
    await reader.stop();
    await writer.stop();
  }
});
