// Two servers on one database behind a balancer are restarted one after the other under load: no request fails.
import { randomUUID } from 'node:crypto';
import { Api } from './support/api';
import { aCustomer, aWorkspace, startApp, type TestApp, TestClock, type TestWorkspace } from './support/app';
import { type RunningServer, startServer } from './support/command';
import { until } from './support/embedded-process';
import { longForm } from './support/long-form';
import { SAVE, type SaveData, TOTALS } from './support/operations';
import { freePort } from './support/process';

const RESTARTS = Number(process.env.SOAK_RESTARTS ?? 4);
const CALLERS = 6;
const LOOK_EVERY_MS = 50;

jest.setTimeout(120_000 + RESTARTS * 30_000);

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  // The servers' own clock is the real one, and tokens end.
  const clock = new TestClock();
  clock.set(new Date());
  app = await startApp({ clock });
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
});
afterAll(() => app.stop());

/** Does what balancers do: asks each server whether it is ready, and sends callers to those that are. */
class Balancer {
  private readonly ready = new Set<string>();
  private readonly looking: NodeJS.Timeout;
  private turn = 0;

  constructor(private readonly urls: readonly string[]) {
    this.looking = setInterval(() => void this.look(), LOOK_EVERY_MS);
  }

  get size(): number {
    return this.ready.size;
  }

  next(): string {
    const urls = [...this.ready];
    this.turn += 1;
    const url = urls[this.turn % urls.length];
    if (!url) throw new Error('No server is ready.');
    return url;
  }

  stop(): void {
    clearInterval(this.looking);
  }

  private async look(): Promise<void> {
    await Promise.all(
      this.urls.map(async (url) => {
        const ok = await fetch(`${url}/health/ready`).then(
          ({ ok }) => ok,
          () => false,
        );
        if (ok) this.ready.add(url);
        else this.ready.delete(url);
      }),
    );
  }
}

longForm('loses no request, and no turn', async () => {
  const environment = {
    DATABASE_URL: app.database.url,
    LOG_LEVEL: 'error',
    READ_POINTS_PER_SECOND: '1000000000',
    // A few looks of the balancer.
    SHUTDOWN_DELAY_MS: String(6 * LOOK_EVERY_MS),
  };
  const ports = [await freePort(), await freePort()];
  const start = (port: number): Promise<RunningServer> =>
    startServer(['--no-demo'], { ...environment, PORT: String(port) });
  const servers = new Map<number, RunningServer>();
  for (const port of ports) servers.set(port, await start(port));
  const balancer = new Balancer(ports.map((port) => `http://127.0.0.1:${port}`));
  const failures: string[] = [];
  const acknowledged: string[] = [];
  let running = true;
  const caller = async (): Promise<void> => {
    while (running) {
      const idempotencyKey = randomUUID();
      const input = {
        ...{ workspaceId: shop.id, phoneNumber: '+393331234567', message: 'ciao', response: 'Ciao!' },
        idempotencyKey,
      };
      try {
        const save = await new Api(balancer.next(), shop.service).send<SaveData>(SAVE, { input });
        if (save.status === 200) acknowledged.push(idempotencyKey);
        else failures.push(`save: ${save.status} ${JSON.stringify(save.body)}`);
        const read = await new Api(balancer.next(), shop.client).send(TOTALS, { workspaceId: shop.id });
        if (read.status !== 200) failures.push(`read: ${read.status} ${JSON.stringify(read.body)}`);
      } catch (error) {
        failures.push(String(error instanceof Error ? (error.cause ?? error) : error));
      }
    }
  };
  try {
    await until(() => balancer.size === 2, 'two ready servers');
    const callers = Array.from({ length: CALLERS }, caller);
    for (let restart = 0; restart < RESTARTS; restart += 1) {
      const port = ports[restart % ports.length] ?? 0;
      expect(await servers.get(port)?.stop()).toBe(0);
      servers.set(port, await start(port));
      await until(() => balancer.size === 2, 'both again');
    }
    running = false;
    await Promise.all(callers);
  } finally {
    running = false;
    balancer.stop();
    await Promise.all([...servers.values()].map((server) => server.stop()));
  }
  console.info(
    `${RESTARTS} restarts, ${acknowledged.length} saves and as many reads, ${failures.length} failed`,
  );
  expect(failures).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(RESTARTS);
  const [row] = await app.database.sql<{ messages: number; charges: number }>(
    `SELECT (SELECT count(*)::int FROM messages WHERE workspace_id = $1) AS messages,
       (SELECT count(*)::int FROM charges WHERE workspace_id = $1) AS charges`,
    [shop.id],
  );
  expect(row).toEqual({ messages: acknowledged.length, charges: acknowledged.length });
});
