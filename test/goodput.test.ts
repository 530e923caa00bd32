// Four times more than can be saved: what can be saved is saved as before, and the rest hears so.
import { performance } from 'node:perf_hooks';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { FaultyNetwork } from './support/faulty-network';
import { SAVE, type SaveData } from './support/operations';

const SECONDS = Number(process.env.SOAK_OVERLOAD_SECONDS ?? 4);
const QUEUE = 40;
/** A slow network is what limits this server: its callers and itself have processor to spare. */
const NETWORK_MS = 20;

let database: TestDatabase;
let network: FaultyNetwork;
let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  database = await createDatabase();
  network = await FaultyNetwork.to(new URL(database.url));
  app = await startApp({
    database: { ...database, url: network.through(database.url) },
    config: { writeLanes: 1, writeBatchMax: 5, writeQueueMax: QUEUE },
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
jest.setTimeout(30_000 + SECONDS * 10_000);

interface Answer {
  status: number;
  retryAfter: number;
  ms: number;
  at: number;
}

async function save(): Promise<Answer> {
  const begun = performance.now();
  const { status, headers } = await app.api.as(shop.service).send<SaveData>(SAVE, { input: aTurn(shop) });
  const at = performance.now();
  return { status, retryAfter: Number(headers.get('retry-after')), ms: at - begun, at };
}

/** As many as can be saved: each caller sends again when it is answered, and a batch is always waiting. */
async function peak(): Promise<number> {
  const end = performance.now() + SECONDS * 1_000;
  let saved = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < end) if ((await save()).status === 200) saved += 1;
  };
  await Promise.all(Array.from({ length: 20 }, caller));
  return saved / SECONDS;
}

/** So many a second, whatever becomes of them. */
async function offer(rate: number): Promise<Answer[]> {
  const begun = performance.now();
  const sending: Promise<Answer>[] = [];
  while (performance.now() < begun + SECONDS * 1_000) {
    const due = ((performance.now() - begun) / 1_000) * rate;
    while (sending.length < due) sending.push(save());
    await new Promise((next) => setTimeout(next, 5));
  }
  return Promise.all(sending);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

it('goes on saving at its rate when four times as much is offered, and refuses the rest at once', async () => {
  await peak();
  const before = await peak();
  // Counted from when the queue is full.
  const from = performance.now() + 1_000;
  const end = from + (SECONDS - 1) * 1_000;
  const answers = await offer(4 * before);
  const saved = answers.filter(({ status, at }) => status === 200 && at > from && at <= end);
  const refused = answers.filter(({ status }) => status === 503);
  const goodput = saved.length / (SECONDS - 1);
  console.info(
    `peak ${before.toFixed(0)}/s; offered ${(answers.length / SECONDS).toFixed(0)}/s: ` +
      `${goodput.toFixed(0)}/s saved (${(goodput / before).toFixed(2)} of the peak), refused within ` +
      `${median(refused.map(({ ms }) => ms)).toFixed(1)} ms, saved within ${median(saved.map(({ ms }) => ms)).toFixed(0)} ms`,
  );
  expect(answers.length).toBeGreaterThan(3 * before * SECONDS);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
  expect(refused.every(({ retryAfter }) => retryAfter >= 1)).toBe(true);
  // What is printed is the figure; a busy machine may halve it.
  expect(goodput).toBeGreaterThan(0.5 * before);
  // Nobody waits for long: the queue is as long as it may be, and no longer.
  expect(median(refused.map(({ ms }) => ms))).toBeLessThan(median(saved.map(({ ms }) => ms)));
});
