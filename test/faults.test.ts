// A bad network between server and database, and between caller and server.
import { performance } from 'node:perf_hooks';
import { SqlConnection } from '../src/database/sql';
import { verifyWorkspace } from '../src/services/upkeep/verify';
import { listAllWorkspaces } from '../src/services/workspaces/workspaces';
import { Api } from './support/api';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { until } from './support/embedded-process';
import { COMMITTED, FaultyNetwork } from './support/faulty-network';
import { digester } from './support/keys';
import { SAVE, type SaveData, TOTALS } from './support/operations';

let database: TestDatabase;
let network: FaultyNetwork;
let app: TestApp;
let shop: TestWorkspace;

beforeEach(async () => {
  database = await createDatabase();
  network = await FaultyNetwork.to(new URL(database.url));
  app = await startApp({
    database: { ...database, url: network.through(database.url) },
    config: { statementTimeoutMs: 2_000, shutdownTimeoutMs: 1_000 },
  });
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
});
afterEach(async () => {
  network.set('pass');
  await app.stop();
  await network.close();
  await database.drop();
});

const send = (input: Record<string, unknown>, api = app.api) =>
  api.as(shop.service).send<SaveData>(SAVE, { input });
const read = () => app.api.as(shop.client).send(TOTALS, { workspaceId: shop.id });

/** Every key is stored once and charged once, and the roll-ups agree. */
async function expectStored(keys: readonly unknown[]): Promise<void> {
  const rows = await database.sql<{ key: string; charges: number }>(
    `SELECT encode(m.key_digest, 'hex') AS key,
       (SELECT count(*)::int FROM charges c WHERE c.message_id = m.id) AS charges
     FROM messages m WHERE m.workspace_id = $1 ORDER BY 1`,
    [shop.id],
  );
  const digests = keys.map(String).map(await digester(database, shop.id));
  expect(rows).toEqual(digests.sort().map((key) => ({ key, charges: 1 })));
  const runner = app.database.dataSource.createQueryRunner();
  const sql = new SqlConnection(await runner.connect());
  const workspaces = await listAllWorkspaces(sql, app.clock.now());
  const own = workspaces.find(({ id }) => id === shop.id);
  if (!own) throw new Error('no workspace');
  expect(await verifyWorkspace(sql, own)).toMatchObject({ differences: 0n });
  await runner.release();
}

const timed = async <T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> => {
  const startedAt = performance.now();
  const result = await work();
  return { ms: performance.now() - startedAt, result };
};

const figure = (what: string, value: number | string): void =>
  console.info(`${what}: ${typeof value === 'number' ? Math.round(value) : value}`);

describe('between COMMIT and its answer', () => {
  it('a cut connection gives no wrong acknowledgement: one message, one charge, not a replay', async () => {
    const turns = Array.from({ length: 30 }, () => aTurn(shop));
    for (const turn of turns) {
      network.cutAfter({ request: 'insert_turns', answer: COMMITTED, times: 1 });
      const { status, body } = await send(turn);
      expect([status, body.data?.saveMessage.replayed]).toEqual([200, false]);
      expect(body.data?.saveMessage.message.tracking.outcome).toBe('TRACKED');
    }
    expect(network.cuts).toBe(turns.length);
    await expectStored(turns.map(({ idempotencyKey }) => idempotencyKey));
    figure('cuts between COMMIT and its answer, wrong acknowledgements 0 of', turns.length);
  });

  it('many callers at once, with the connection cut repeatedly', async () => {
    network.cutAfter({ request: 'insert_turns', answer: COMMITTED, times: 8 });
    const turns = Array.from({ length: 200 }, () => aTurn(shop));
    const answers = await Promise.all(turns.map((turn) => send(turn)));
    for (const { status, body } of answers)
      if (status === 200) expect(body.data?.saveMessage.replayed).toBe(false);
      else expect(body.errors?.[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
    network.cutAfter({ request: 'none', answer: '', times: 0 });
    const again = await Promise.all(turns.map((turn) => send(turn)));
    expect(new Set(again.map(({ body }) => body.data?.saveMessage.replayed))).not.toContain(undefined);
    await expectStored(turns.map(({ idempotencyKey }) => idempotencyKey));
  });

  it('a caller who did not get the answer sends the same key again and gets a replay', async () => {
    const door = await FaultyNetwork.to(new URL(app.url));
    try {
      const near = new Api(door.through(app.url), undefined);
      const turns = Array.from({ length: 20 }, () => aTurn(shop));
      for (const turn of turns) {
        door.cutAfter({ request: 'saveMessage', answer: 'HTTP/1.1', times: 1 });
        await expect(send(turn, near)).rejects.toThrow();
        const { body } = await send(turn, near);
        expect(body.data?.saveMessage.replayed).toBe(true);
      }
      await expectStored(turns.map(({ idempotencyKey }) => idempotencyKey));
    } finally {
      await door.close();
    }
  });
});

describe('the database', () => {
  it('refuses connections: 503 with Retry-After for saves and reads, until it is back', async () => {
    const turn = aTurn(shop);
    expect((await send(turn)).status).toBe(200);
    network.set('refuse');
    for (const ask of [() => send(aTurn(shop)), read]) {
      const { ms, result } = await timed<Awaited<ReturnType<typeof read>>>(ask);
      expect([result.status, result.body.errors?.[0]?.extensions.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
      expect(Number(result.headers.get('retry-after'))).toBeGreaterThan(0);
      figure('database refuses, ms to 503', ms);
    }
    network.set('pass');
    const later = aTurn(shop);
    const { ms } = await timed(() => until(async () => (await send(later)).status === 200, 'a save'));
    await until(async () => (await read()).status === 200, 'a read');
    figure('database is back, ms to the first save', ms);
    await expectStored([turn.idempotencyKey, later.idempotencyKey]);
  });

  it('is cut off for a moment: saves are retried and no caller notices', async () => {
    // Its token has been checked.
    const first = aTurn(shop);
    expect((await send(first)).status).toBe(200);
    const turns = Array.from({ length: 20 }, () => aTurn(shop));
    network.set('refuse');
    const saving = turns.map((turn) => send(turn));
    await new Promise((resolve) => setTimeout(resolve, 300));
    network.set('pass');
    const statuses = (await Promise.all(saving)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    await expectStored([first, ...turns].map(({ idempotencyKey }) => idempotencyKey));
  });

  it('is slow (30 ms per packet, both ways): answers are slow and nothing fails', async () => {
    network.delayMs = 30;
    const turns = Array.from({ length: 20 }, () => aTurn(shop));
    const statuses = (await Promise.all(turns.map((turn) => send(turn)))).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    network.delayMs = 0;
    await expectStored(turns.map(({ idempotencyKey }) => idempotencyKey));
  });

  it('stops answering: saves and reads get 503 until it answers again', async () => {
    expect((await send(aTurn(shop))).status).toBe(200);
    expect((await read()).status).toBe(200);
    network.set('stall');
    const saving = timed(() => send(aTurn(shop)));
    const reading = timed(read);
    const [save, readOf] = [await saving, await reading];
    expect([save.result.status, readOf.result.status]).toEqual([503, 503]);
    figure('database is silent, ms to 503: save', save.ms);
    figure('database is silent, ms to 503: read', readOf.ms);
    network.set('pass');
    await until(async () => (await send(aTurn(shop))).status === 200, 'a save');
    await until(async () => (await read()).status === 200, 'a read');
  });

  it('loses all connections silently (half-open): they are closed and new ones are opened', async () => {
    expect((await send(aTurn(shop))).status).toBe(200);
    expect((await read()).status).toBe(200);
    network.set('half-open');
    const { ms } = await timed(async () => {
      await until(async () => (await send(aTurn(shop))).status === 200, 'a save');
      await until(async () => (await read()).status === 200, 'a read');
    });
    figure('half-open connections, ms to service', ms);
  });

  it('does not answer while the server stops: the server stops anyway, and logs what it left unsaved', async () => {
    expect((await send(aTurn(shop))).status).toBe(200);
    network.set('stall');
    const saving = send(aTurn(shop)).catch(() => undefined);
    const { ms } = await timed(async () => {
      await expect(app.stop()).rejects.toThrow('turns were left unsaved');
      await saving;
    });
    figure('stopping with a silent database, ms', ms);
    network.set('pass');
    app = await startApp({ database: { ...database, url: network.through(database.url) } });
  });
});

it('the statement of a caller who goes away ends long before its time-out', async () => {
  const patient = await startApp({ database: { ...database, url: network.through(database.url) } });
  const blocker = patient.database.dataSource.createQueryRunner();
  try {
    await blocker.connect();
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE usage_slots, charges IN ACCESS EXCLUSIVE MODE');
    const waiting = async (): Promise<number> => {
      const [row] = await database.sql<{ count: number }>(
        `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return row?.count ?? -1;
    };
    const period = 'from=2025-01-01T00:00:00Z&to=2025-02-01T00:00:00Z';
    for (const path of [`dashboard/${shop.id}`, `export/${shop.id}?${period}`]) {
      const gone = new AbortController();
      const reading = fetch(`${patient.url}/api/usage/${path}`, {
        headers: { authorization: `Bearer ${path.startsWith('export') ? shop.analyst : shop.client}` },
        signal: gone.signal,
      }).catch(() => undefined);
      await until(async () => (await waiting()) === 1, 'a statement that waits');
      const { ms } = await timed(async () => {
        gone.abort();
        await reading;
        // Its time-outs are 10 s for a report, and none for an export.
        await until(async () => (await waiting()) === 0, 'its end');
      });
      figure(`caller of ${path.split('/')[0]} gone, ms to the end of its statement`, ms);
    }
  } finally {
    await blocker.query('ROLLBACK');
    await blocker.release();
    await patient.stop();
  }
});
