// The ledger while servers are killed (kill -9): whatever is saved, taken back and closed, every line is on one
// statement or open, and closed statements stay the same byte for byte. test/ledger.test.ts is the same without kills.
import { Api } from '../support/api';
import { aToken, aTurn, startApp, type TestApp, TestClock, type TestWorkspace } from '../support/app';
import { aChargedShop, fixedForms, statementDifferences } from '../support/charged-shop';
import { type RunningServer, startServer } from '../support/command';
import { randomOf } from '../support/documents';
import { until } from '../support/embedded-process';
import { SAVE } from '../support/operations';
import { differences } from '../support/upkeep';

const ROUNDS = Number(process.env.SOAK_LEDGER_ROUNDS ?? 6);
const SEED = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000);
const SAVERS = 8;
const FIRST_AT = Date.parse('2025-01-02T00:00:00Z');
const LAST_AT = Date.parse('2025-06-29T00:00:00Z');
const MONTHS = ['2025-01', '2025-02', '2025-03', '2025-04', '2025-05', '2025-06'];
const CLOSE = 'mutation ($input: CloseMonthInput!) { closeMonth(input: $input) { statement { number } } }';
const VOID = 'mutation ($input: VoidUsageInput!) { voidUsage(input: $input) { replayed } }';

jest.setTimeout(120_000 + ROUNDS * 60_000);

let app: TestApp;
let shop: TestWorkspace;
let acting: string;
const servers: RunningServer[] = [];
beforeAll(async () => {
  app = await startApp({ clock: new TestClock().run() });
  shop = await aChargedShop(app);
  acting = await aToken(app, {
    ...{ kind: 'client', workspaceIds: [shop.id] },
    scopes: ['usage:read', 'usage:correct', 'statements:close'],
  });
  servers.push(await aServer(), await aServer());
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await app.stop();
});

const aServer = () =>
  startServer(['--no-demo'], {
    ...{ DATABASE_URL: app.database.url, LOG_LEVEL: 'error', RECONCILE_INTERVAL_MS: '1000' },
    READ_POINTS_PER_SECOND: '1000000000',
  });

const random = randomOf(SEED);
const anyOf = <T>(values: readonly T[]): T | undefined => values[Math.floor(random() * values.length)];

/** Asks a server until one answers: a killed one gives no answer, and nobody knows what it did. */
async function asked(token: string, query: string, input: object): Promise<void> {
  for (;;) {
    const answer = await new Api(anyOf(servers)?.url ?? '', token)
      .send(query, { input })
      .catch(() => undefined);
    const code = answer?.body.errors?.[0]?.extensions?.code;
    if (answer?.status === 200 && code === undefined) return;
    if (answer && code !== 'SERVICE_UNAVAILABLE') throw new Error(JSON.stringify(answer.body));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it('every line is on one statement or still open, whenever servers are killed', async () => {
  const keys: string[] = [];
  const seen = new Map<string, string>();
  let stopped = false;
  const keepSeen = async () => {
    for (const [month, text] of await fixedForms(app, shop)) {
      expect(seen.get(month) ?? text).toBe(text);
      seen.set(month, text);
    }
  };
  const savers = Array.from({ length: SAVERS }, async () => {
    while (!stopped) {
      const occurredAt = new Date(FIRST_AT + random() * (LAST_AT - FIRST_AT)).toISOString();
      const input = aTurn(shop, { occurredAt });
      await asked(shop.service, SAVE, input);
      keys.push(String(input.idempotencyKey));
    }
  });
  const voider = (async () => {
    while (!stopped) {
      const charges = await app.database.sql<{ id: string }>(
        'SELECT id FROM charges WHERE workspace_id = $1 AND NOT reversal',
        [shop.id],
      );
      const usageRecordId = anyOf(charges)?.id;
      if (usageRecordId) await asked(acting, VOID, { workspaceId: shop.id, usageRecordId, reason: 'x' });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  let closedMonths = 0;
  const closer = (async () => {
    await until(async () => keys.length > 100, 'the first saves');
    for (const month of MONTHS) {
      await asked(acting, CLOSE, { workspaceId: shop.id, month });
      closedMonths += 1;
      await keepSeen();
      const before = keys.length;
      await until(async () => stopped || keys.length > before + 100, 'saves after a closing');
    }
  })();
  const killer = (async () => {
    for (let round = 0; round < ROUNDS || closedMonths < MONTHS.length; round += 1) {
      const before = keys.length;
      await until(async () => keys.length > before + 20 + random() * 100, 'saves between two kills');
      const index = round % servers.length;
      await servers[index]?.stop('SIGKILL');
      servers[index] = await aServer();
    }
  })();
  try {
    await Promise.all([killer, closer]);
  } finally {
    stopped = true;
  }
  await Promise.all([...savers, voider]);
  // What a server that was killed left.
  await app.services.closing.closeDue();
  await keepSeen();
  expect([...seen.keys()].sort()).toEqual(MONTHS);
  const [stored] = await app.database.sql<{ turns: number; charges: number; reversals: number }>(
    `SELECT (SELECT count(*)::int FROM messages WHERE workspace_id = $1) AS turns,
       count(*) FILTER (WHERE NOT reversal)::int AS charges, count(*) FILTER (WHERE reversal)::int AS reversals
     FROM charges WHERE workspace_id = $1`,
    [shop.id],
  );
  console.info(`seed ${SEED}`, JSON.stringify({ ...stored, acknowledged: keys.length }));
  expect(stored).toMatchObject({ turns: keys.length, charges: keys.length });
  expect(stored?.reversals).toBeGreaterThan(0);
  expect(await statementDifferences(app, shop)).toEqual([]);
  expect(await differences(app, shop)).toBe(0n);
});
