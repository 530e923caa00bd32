// Under overload, full batches are saved as before, and further turns are refused.
import { performance } from 'node:perf_hooks';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { FaultyNetwork } from './support/faulty-network';
import { SAVE, type SaveData } from './support/operations';

/** How many are saved under overload. */
const TURNS = Number(process.env.SOAK_OVERLOAD_TURNS ?? 60);
const BATCH = 5;
const QUEUE = 40;
/** A slow network limits this server, so that its callers and the server itself have spare processor time. */
const NETWORK_MS = 20;
/** They keep one batch on its way and another one ready: the most that can be saved. */
const ENOUGH_CALLERS = 20;
/** Four times as many as there is room for. */
const TOO_MANY_CALLERS = 4 * (QUEUE + BATCH);
/** What Retry-After asks for. */
const PAUSE_MS = 1_000;

let database: TestDatabase;
let network: FaultyNetwork;
let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  database = await createDatabase();
  network = await FaultyNetwork.to(new URL(database.url));
  app = await startApp({
    database: { ...database, url: network.through(database.url) },
    config: { writeLanes: 1, writeBatchMax: BATCH, writeQueueMax: QUEUE },
  });
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  network.delayMs = NETWORK_MS;
});
afterAll(async () => {
  network.delayMs = 0;
  await app.stop();
  await network.close();
  await database.drop();
});
jest.setTimeout(120_000 + TURNS * 1_000);

interface Refusal {
  retryAfter: number;
  /** Sent before it, and without an answer when it had its own. */
  overtook: number;
}

interface Load {
  saved: number;
  refused: Refusal[];
  /** Any other answer. */
  strange: number[];
  batches: number;
  longestQueue: number;
  perSecond: number;
}

/** So many callers, each of whom sends again when it is answered, until so many turns are saved. */
async function load(callers: number, turns: number): Promise<Load> {
  app.statements();
  const begun = performance.now();
  const found: Load = { saved: 0, refused: [], strange: [], batches: 0, longestQueue: 0, perSecond: 0 };
  const open = new Set<number>();
  let sent = 0;
  const caller = async (): Promise<void> => {
    while (found.saved < turns) {
      sent += 1;
      const number = sent;
      open.add(number);
      const { status, headers } = await app.api.as(shop.service).send<SaveData>(SAVE, { input: aTurn(shop) });
      open.delete(number);
      found.longestQueue = Math.max(found.longestQueue, app.services.saveMessages.load.turns);
      if (status === 200) found.saved += 1;
      else if (status === 503) {
        const overtook = [...open].filter((other) => other < number).length;
        found.refused.push({ retryAfter: Number(headers.get('retry-after')), overtook });
        await new Promise((next) => setTimeout(next, PAUSE_MS));
      } else found.strange.push(status);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  found.batches = app.statements().filter((name) => name === 'insert_turns').length;
  found.perSecond = (found.saved / (performance.now() - begun)) * 1_000;
  return found;
}

it('keeps saving full batches under far more load, and refuses the rest at once', async () => {
  const enough = await load(ENOUGH_CALLERS, TURNS);
  const tooMuch = await load(TOO_MANY_CALLERS, TURNS);
  console.info(
    `enough: ${enough.perSecond.toFixed(0)}/s saved; too much: ${tooMuch.perSecond.toFixed(0)}/s saved ` +
      `(${(tooMuch.perSecond / enough.perSecond).toFixed(2)} of that), ${tooMuch.refused.length} refused`,
  );
  expect([enough.refused, enough.strange, tooMuch.strange]).toEqual([[], [], []]);
  expect(tooMuch.refused.length).toBeGreaterThanOrEqual(QUEUE);
  expect(tooMuch.refused.filter(({ retryAfter }) => !(retryAfter >= 1))).toEqual([]);
  // Refusals wait for nobody: turns in the queue were sent earlier and are answered later.
  expect(tooMuch.refused.filter(({ overtook }) => overtook === 0)).toEqual([]);
  expect(tooMuch.longestQueue).toBeLessThanOrEqual(QUEUE);
  // Refused turns do not slow down the others: each round trip carries as many turns as it may.
  expect(tooMuch.saved / tooMuch.batches).toBeGreaterThan(0.9 * BATCH);
});
