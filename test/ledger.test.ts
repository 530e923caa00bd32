// The whole ledger: whatever two servers do, every line is on one statement or open, and closed statements never
// change.
import fc from 'fast-check';
import { AppError } from '../src/errors';
import type { CloseResult } from '../src/services/ledger/closing';
import {
  ACTOR,
  aCustomer,
  aWorkspace,
  startApp,
  type TestApp,
  TestClock,
  type TestWorkspace,
} from './support/app';
import { fixedForms, statementDifferences } from './support/charged-shop';
import { differences } from './support/upkeep';

const SKEW_MS = 5 * 60_000;
const NOW = Date.parse('2026-03-15T12:00:00Z');
const FIRST = Date.parse('2025-11-20T00:00:00Z');

let one: TestApp;
let other: TestApp;
beforeAll(async () => {
  const [early, late] = [new TestClock(), new TestClock()];
  early.set(new Date(NOW - SKEW_MS));
  late.set(new Date(NOW + SKEW_MS));
  // On a busy machine a waiting statement may take longer than the usual time-out.
  const config = { statementTimeoutMs: 100_000 };
  one = await startApp({ clock: early, config });
  other = await startApp({ clock: late, config, database: one.database });
  // Some charges fail for a while; reconciliation makes them.
  await one.database.sql('CREATE TABLE refusing ()');
  await one.database.sql(`CREATE FUNCTION refuse_some() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT FROM refusing) AND date_part('milliseconds', NEW.occurred_at)::int % 1000 < 100 AND NOT NEW.reversal
    THEN RAISE EXCEPTION 'not now'; END IF; RETURN NEW; END $$`);
  await one.database.sql(
    'CREATE TRIGGER refuse_some BEFORE INSERT ON charges FOR EACH ROW EXECUTE FUNCTION refuse_some()',
  );
}, 240_000);
afterAll(async () => {
  await other.stop();
  await one.stop();
});

const step = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('save' as const),
      at: fc.integer({ min: FIRST, max: NOW - SKEW_MS }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('void' as const), which: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('close' as const),
      month: fc.constantFrom('2025-11', '2025-12', '2026-01', '2026-02', '2026-03'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('zone' as const),
      zone: fc.constantFrom('UTC', 'Pacific/Apia', 'America/St_Johns', 'Europe/Rome'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reconcile' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

let keys = 0;
async function take(server: TestApp, shop: TestWorkspace, step: Step): Promise<void> {
  const { services, database } = server;
  if (step.kind === 'save') {
    keys += 1;
    await services.saveMessages.save({
      ...{ workspaceId: shop.id, phoneNumber: '+393331234567', message: 'ciao', response: 'Ciao!' },
      ...{ idempotencyKey: `key ${keys}`, occurredAt: new Date(step.at) },
    });
  } else if (step.kind === 'void') {
    const rows = await database.sql<{ id: string }>(
      'SELECT id FROM charges WHERE workspace_id = $1 AND NOT reversal ORDER BY id',
      [shop.id],
    );
    const usageRecordId = rows[step.which % Math.max(1, rows.length)]?.id;
    if (usageRecordId) await services.voids.void(shop.id, { usageRecordId, reason: 'x' }, ACTOR);
  } else if (step.kind === 'close') {
    await services.closing.close(shop.id, step.month, ACTOR).catch((error: unknown) => {
      if (!/order|ended|before the first|nothing/.test(String(error))) throw error;
    });
  } else if (step.kind === 'zone') await services.workspaces.update(shop.id, { timeZone: step.zone }, ACTOR);
  else {
    await database.sql('DELETE FROM refusing');
    await services.reconciler.run();
    await database.sql('INSERT INTO refusing DEFAULT VALUES');
  }
}

it('every line is on exactly one statement or still open; closed statements stay the same byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 8, maxLength: 20 }), { minLength: 3, maxLength: 6 }),
      async (clients) => {
        const shop = await aWorkspace(one);
        await aCustomer(one, shop, { phoneNumber: '+393331234567' });
        const seen = new Map<string, string>();
        await Promise.all(
          clients.map(async (steps, index) => {
            for (const each of steps) {
              await take(index % 2 === 0 ? one : other, shop, each);
              if (each.kind !== 'close') continue;
              for (const [month, text] of await fixedForms(one, shop)) {
                expect(seen.get(month) ?? text).toBe(text);
                seen.set(month, text);
              }
            }
          }),
        );
        const closed = await fixedForms(one, shop);
        for (const [month, text] of seen) expect(closed.get(month)).toBe(text);
        const onStatements = [...closed.values()]
          .flatMap((text) => text.trimEnd().split('\n').slice(3))
          .map((line) => line.split(','));
        const ids = onStatements.map(([id]) => id);
        expect(new Set(ids).size).toBe(ids.length);
        const lines = await one.database.sql<{ id: string; micros: number; late: boolean }>(
          `SELECT c.id, c.amount_micros::int AS micros, NOT EXISTS (
           SELECT FROM statements s WHERE s.workspace_id = $1 AND s.month >= c.month AND s.epoch >= c.epoch) AS late
         FROM charges c WHERE c.workspace_id = $1`,
          [shop.id],
        );
        // A line is open when no later closing exists.
        expect(
          lines
            .filter(({ late }) => late)
            .map(({ id }) => id)
            .sort(),
        ).toEqual(
          lines
            .map(({ id }) => id)
            .filter((id) => !ids.includes(id))
            .sort(),
        );
        const sum = (of: readonly number[]) => of.reduce((total, micros) => total + micros, 0);
        expect(
          sum(onStatements.map((cells) => Number(cells[6]))) +
            sum(lines.filter(({ late }) => late).map(({ micros }) => micros)),
        ).toBe(sum(lines.map(({ micros }) => micros)));
        expect(await differences(one, shop)).toBe(0n);
        expect(await statementDifferences(one, shop)).toEqual([]);
      },
    ),
    { numRuns: 8 },
  );
}, 240_000);

/** Tries again when told to: on a busy machine 50 at once wait too long for the pool's connections. */
async function asCallersDo<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'SERVICE_UNAVAILABLE')) throw error;
    }
  }
}

it('50 voids and a closing are done while 64 callers save without a pause', async () => {
  const shop = await aWorkspace(one);
  await aCustomer(one, shop, { phoneNumber: '+393331234567' });
  await one.database.sql('DELETE FROM refusing');
  const save = (server: TestApp, at: string) => {
    keys += 1;
    return server.services.saveMessages.save({
      ...{ workspaceId: shop.id, phoneNumber: '+393331234567', message: 'ciao', response: 'Ciao!' },
      ...{ idempotencyKey: `key ${keys}`, occurredAt: new Date(at) },
    });
  };
  const wrong = [];
  for (let made = 0; made < 50; made += 1)
    wrong.push((await save(one, '2026-01-10T10:00:00Z')).message.charge?.id ?? '');
  let stop = false;
  const callers = Array.from({ length: 64 }, async (_, index) => {
    while (!stop) await save(index % 2 === 0 ? one : other, '2026-01-11T10:00:00Z');
  });
  let closed: CloseResult;
  try {
    [closed] = await Promise.all([
      asCallersDo(() => one.services.closing.close(shop.id, '2026-01', ACTOR)),
      ...wrong.map((usageRecordId) =>
        asCallersDo(() => other.services.voids.void(shop.id, { usageRecordId, reason: 'x' }, ACTOR)),
      ),
    ]);
  } finally {
    stop = true;
    await Promise.allSettled(callers);
  }
  await Promise.all(callers);
  expect(closed.statement.number).toBe(1);
  expect(await statementDifferences(one, shop)).toEqual([]);
}, 240_000);
