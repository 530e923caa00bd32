// A person is erased, and the ledger stays the same to the last micro-unit.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Eraser } from '../src/services/people/erasure';
import {
  ACTOR,
  aCustomer,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { rowsWith, traces } from './support/canaries';
import { figuresOf } from './support/charged-shop';
import { runCommand, spawnMain } from './support/command';
import { createDatabase, onServer } from './support/database';
import { digester } from './support/keys';
import { untilWaiting } from './support/lock-waits';
import { SAVE, type SaveData } from './support/operations';

const NUMBER = '393337654321';
const PHONE = `+${NUMBER}`;
const USER_ID = 'IT.99887766554433221100';
const NAME = 'Canaria Gialla';
const CANARIES = [...traces(NUMBER), ...traces(USER_ID), 'Canaria', 'Gialla', 'canary'];

const ERASE = /* GraphQL */ `
  mutation Erase($input: EraseCustomerInput!) {
    eraseCustomer(input: $input) { id erasedAt messages charges amount { amount currency } replayed }
  }`;
interface ReceiptData {
  id: string;
  erasedAt: string;
  messages: number;
  charges: number;
  amount: { amount: string; currency: string };
  replayed: boolean;
}

let app: TestApp;
let shop: TestWorkspace;
let eraser: string;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
beforeEach(async () => {
  shop = await aWorkspace(app);
  eraser = await anEraser([shop]);
});

const anEraser = (shops: readonly TestWorkspace[], where = app) =>
  aToken(where, { kind: 'client', workspaceIds: shops.map(({ id }) => id), scopes: ['customers:erase'] });

const input = (fields: Record<string, unknown>) => ({ workspaceId: shop.id, reason: 'asked', ...fields });

const erase = async (fields: Record<string, unknown>, as = eraser) =>
  (await app.api.as(as).data<{ eraseCustomer: ReceiptData }>(ERASE, { input: input(fields) })).eraseCustomer;

let keys = 0;
/** As WhatsApp makes them: bytes around the digits of the number, in base64. */
const wamid = () =>
  `wamid.${Buffer.from(`\x1c\x18\x0c${NUMBER}\x15\x02\x00\x12${keys++}`, 'latin1').toString('base64')}`;

const save = async (fields: Record<string, unknown> = {}, where = app) =>
  (
    await where.api.as(shop.service).data<SaveData>(SAVE, {
      input: aTurn(shop, {
        ...{
          phoneNumber: PHONE,
          idempotencyKey: wamid(),
          message: 'the canary asks',
          response: 'a canary answer',
        },
        ...fields,
      }),
    })
  ).saveMessage;

/** A person who wrote before being registered, was charged, charged wrongly, and not answered; one month is closed. */
async function aPerson() {
  await save({ occurredAt: '2026-01-02T10:00:00Z' });
  const person = await aCustomer(app, shop, { name: NAME, phoneNumber: PHONE });
  await aCustomer(app, shop, { name: NAME, phoneNumber: PHONE, whatsappUserId: USER_ID });
  await save({ occurredAt: '2026-01-10T10:00:00Z' });
  const wrong = await save({
    occurredAt: '2026-02-10T10:00:00Z',
    phoneNumber: null,
    whatsappUserId: USER_ID,
  });
  await save({ occurredAt: '2026-03-01T10:00:00Z', response: null, failure: 'No canary answers' });
  await save({ occurredAt: '2026-03-02T10:00:00Z', whatsappUserId: USER_ID });
  await app.services.closing.close(shop.id, '2026-01', ACTOR);
  await app.services.voids.void(
    shop.id,
    { usageRecordId: wrong.message.tracking.usage?.id ?? '', reason: 'Canaria tried it out' },
    ACTOR,
  );
  return person;
}

async function somebodyElse(): Promise<void> {
  await aCustomer(app, shop, { name: 'Rita', phoneNumber: '+393330000001' });
  await save({
    phoneNumber: '+393330000001',
    message: 'I am Rita',
    response: 'ciao Rita',
    idempotencyKey: 'rita',
  });
}

const ritas = () =>
  app.database.sql("SELECT FROM messages WHERE workspace_id = $1 AND message = 'I am Rita'", [shop.id]);

const PERIOD = { from: '2026-01-01T00:00:00Z', to: '2026-03-16T00:00:00Z' };
const figures = (where = app) => figuresOf(where, shop, PERIOD);

const namesOf = async () =>
  (
    await app.database.sql<{ name: string }>(
      'SELECT name FROM customers WHERE workspace_id = $1 ORDER BY id',
      [shop.id],
    )
  ).map(({ name }) => name);

it("no row and no line has the person's words, names or numbers any more, and every figure is unchanged", async () => {
  const person = await aPerson();
  await somebodyElse();
  expect((await rowsWith(app.database, CANARIES)).length).toBeGreaterThan(5);
  const before = await figures();
  expect(before.statements.size).toBe(1);
  const receipt = await erase({ customerId: person.id });
  expect(receipt).toEqual({
    ...{ id: expect.any(String), erasedAt: '2026-03-15T12:00:00.000Z', messages: 5, charges: 2 },
    ...{ amount: { amount: '0.01', currency: 'EUR' }, replayed: false },
  });
  expect(await rowsWith(app.database, CANARIES)).toEqual([]);
  expect(CANARIES.filter((canary) => app.logs().includes(canary))).toEqual([]);
  expect(await figures()).toEqual(before);
  expect(before.differences).toEqual([0n, []]);
  expect(await namesOf()).toEqual(['Erased customer 1', 'Rita']);
  expect(await ritas()).toHaveLength(1);
});

it('the trail says that it was done, by whom and why, but not who was erased', async () => {
  const person = await aPerson();
  const { id } = await erase({ customerId: person.id });
  const { stdout } = await runCommand(['audit', '--json', '--subject', person.id], {
    DATABASE_URL: app.database.url,
  });
  expect(JSON.parse(stdout)).toEqual([
    expect.objectContaining({
      ...{ action: 'customer.erased', actor: expect.stringMatching(/^token:/) },
      after: { erasureId: id, messages: '5', reason: 'asked' },
    }),
    expect.objectContaining({ action: 'customer.updated', before: null, after: null }),
    expect.objectContaining({ action: 'customer.registered', before: null, after: null }),
  ]);
});

it('the key of an erased turn is answered as before: nothing is stored, charged or compared again', async () => {
  const { id } = await aCustomer(app, shop, { name: NAME, phoneNumber: PHONE });
  const key = wamid();
  const first = await save({ idempotencyKey: key });
  await erase({ customerId: id });
  const before = await figures();
  const { replayed, message } = await save({ idempotencyKey: key });
  expect({ replayed, id: message.id, text: message.message, phone: message.phoneNumber }).toEqual({
    ...{ replayed: true, id: first.message.id, text: '', phone: null },
  });
  expect((await save({ idempotencyKey: key, message: 'other words, same key' })).replayed).toBe(true);
  expect(await figures()).toEqual(before);
  expect(await rowsWith(app.database, CANARIES)).toEqual([]);
});

it('a person who was never registered is erased by number, however it is written, or by user id', async () => {
  await save();
  await save({ phoneNumber: null, whatsappUserId: USER_ID });
  await somebodyElse();
  expect(await erase({ phoneNumber: '39 333 765-43.21' })).toMatchObject({ messages: 1, charges: 0 });
  expect(await erase({ whatsappUserId: USER_ID })).toMatchObject({ messages: 1, charges: 0 });
  expect(await rowsWith(app.database, CANARIES)).toEqual([]);
  expect(await ritas()).toHaveLength(1);
});

it('affects one workspace only: the same number in another one stays', async () => {
  await save();
  const here = shop;
  shop = await aWorkspace(app);
  await save();
  shop = here;
  await erase({ phoneNumber: PHONE });
  const rows = await app.database.sql('SELECT id FROM messages WHERE phone_number = $1', [PHONE]);
  expect(rows).toHaveLength(1);
  await app.database.sql(
    "UPDATE messages SET message = '', response = NULL, phone_number = NULL, text_removed_at = now() WHERE phone_number IS NOT NULL",
  );
});

it('a second request gets the first receipt; what came since gets a receipt of its own', async () => {
  const person = await aPerson();
  const first = await erase({ customerId: person.id });
  expect(await erase({ customerId: person.id })).toEqual({ ...first, replayed: true });
  expect(await erase({ phoneNumber: PHONE })).toEqual({ ...first, replayed: true });
  expect(await erase({ whatsappUserId: USER_ID })).toEqual({ ...first, replayed: true });
  const since = await save();
  expect(since.message.tracking.outcome).toBe('UNKNOWN_CUSTOMER');
  // There are no new turns under the id; a request by number finds these as well.
  expect(await erase({ customerId: person.id })).toEqual({ ...first, replayed: true });
  const second = await erase({ phoneNumber: PHONE });
  expect(second).toMatchObject({ messages: 1, charges: 0, replayed: false });
  expect(second.id).not.toBe(first.id);
  expect(await rowsWith(app.database, CANARIES)).toEqual([]);
  // The person is back as a new customer, whom a second call for the old one does not touch.
  const back = await aCustomer(app, shop, { name: NAME, phoneNumber: PHONE });
  expect(await erase({ customerId: person.id })).toEqual({ ...first, replayed: true });
  expect(await namesOf()).toEqual(['Erased customer 1', NAME]);
  expect(await erase({ customerId: back.id })).toMatchObject({ replayed: false });
  expect(await namesOf()).toEqual(['Erased customer 1', 'Erased customer 2']);
});

it("an erased customer is shown, keeps its figures, and can't be switched", async () => {
  const person = await aPerson();
  await erase({ customerId: person.id });
  const { customer } = await app.api
    .as(shop.client)
    .data<{ customer: unknown }>(
      'query ($w: ID!, $id: ID!, $p: PeriodInput) { customer(workspaceId: $w, id: $id) { name phoneNumber whatsappUserId usage(period: $p) { messages } } }',
      { w: shop.id, id: person.id, p: PERIOD },
    );
  expect(customer).toEqual({
    ...{ name: 'Erased customer 1', phoneNumber: null, whatsappUserId: null, usage: { messages: 2 } },
  });
  await expect(app.services.customers.setActive(shop.id, person.id, false, ACTOR)).rejects.toThrow(
    'was erased',
  );
});

it('64 concurrent saves of the same contact leave no words with the erased customer', async () => {
  const { id } = await aCustomer(app, shop, { name: NAME, phoneNumber: PHONE });
  const saving = Array.from({ length: 64 }, () => save());
  const [receipt, ...saved] = await Promise.all([erase({ customerId: id }), ...saving]);
  const rows = await app.database.sql<{ mine: boolean; removed: boolean; outcome: string }>(
    `SELECT customer_id IS NOT NULL AS mine, text_removed_at IS NOT NULL AS removed, outcome FROM messages
     WHERE workspace_id = $1`,
    [shop.id],
  );
  expect(rows).toHaveLength(64);
  for (const row of rows) {
    if (row.mine) expect(row).toEqual({ mine: true, removed: true, outcome: 'TRACKED' });
    else expect(row.outcome).toBe('UNKNOWN_CUSTOMER');
  }
  expect(saved.every(({ replayed }) => !replayed)).toBe(true);
  expect(receipt.charges).toBe(rows.filter(({ mine }) => mine).length);
  expect((await figures()).differences).toEqual([0n, []]);
  if (rows.some(({ removed }) => !removed)) await erase({ phoneNumber: PHONE });
  expect(await rowsWith(app.database, CANARIES)).toEqual([]);
});

it('a save that found the customer before the erasure decides again after it', async () => {
  const { id } = await aCustomer(app, shop, { name: NAME, phoneNumber: PHONE });
  const saved = await onServer(app.database.url, async (client) => {
    // The save has looked up the customer, and waits for the workspace's row.
    await client.query('BEGIN');
    await client.query('SELECT FROM workspaces WHERE id = $1 FOR UPDATE', [shop.id]);
    const saving = save();
    await untilWaiting(app.database, 1);
    await client.query(`UPDATE workspaces SET settings_version = settings_version + 1 WHERE id = $1`, [
      shop.id,
    ]);
    await client.query(
      `UPDATE customers SET name = 'Erased customer 1', phone_number = NULL, erased_at = now() WHERE workspace_id = $1 AND id = $2`,
      [shop.id, id],
    );
    await client.query('COMMIT');
    return saving;
  });
  expect(saved.message.tracking.outcome).toBe('UNKNOWN_CUSTOMER');
  await erase({ phoneNumber: PHONE });
});

describe('an erasure is refused', () => {
  it('without the scope, which no kind has by itself', async () => {
    for (const token of [shop.service, shop.client, shop.analyst])
      expect(await app.api.as(token).code(ERASE, { input: input({ phoneNumber: PHONE }) })).toBe('FORBIDDEN');
  });

  it.each([
    [{}, 'Give the id of a customer'],
    [{ customerId: '0190d2b4-0000-7000-8000-000000000000', phoneNumber: PHONE }, 'Give the id of a customer'],
    [{ customerId: 'Mario' }, 'not the id of a customer'],
    [{ customerId: '0190d2b4-0000-7000-8000-000000000000' }, 'There is no customer'],
    [{ phoneNumber: '+390000000' }, 'Nothing is stored about this contact'],
    [{ phoneNumber: PHONE, reason: ' ' }, 'reason must have 1 to 500'],
    [{ phoneNumber: PHONE, reason: 'x'.repeat(501) }, 'reason must have 1 to 500'],
    [{ whatsappUserId: '' }, 'whatsappUserId must have'],
  ])('for %j', async (fields, words) => {
    const [error] = await app.api.as(eraser).errors(ERASE, { input: input(fields) });
    expect([error?.extensions.code, error?.message]).toEqual([
      'BAD_USER_INPUT',
      expect.stringContaining(words),
    ]);
  });

  it('for a customer of another workspace, with the message for one that does not exist', async () => {
    const other = await aWorkspace(app);
    const theirs = await aCustomer(app, other, { name: 'Theirs', phoneNumber: '+393330000009' });
    const [error] = await app.api.as(eraser).errors(ERASE, { input: input({ customerId: theirs.id }) });
    expect(error?.message).toContain(`There is no customer ${theirs.id}`);
    expect(await rowsWith(app.database, ['Theirs'])).toHaveLength(1);
  });

  it('after 20 in a day by one token, over all its workspaces; the next day it works again', async () => {
    const other = await aWorkspace(app);
    const token = await anEraser([shop, other]);
    const people = await Promise.all(
      Array.from({ length: 21 }, (_, n) =>
        aCustomer(app, n % 2 ? shop : other, { name: `Person ${n}`, phoneNumber: `+3933300010${n + 10}` }),
      ),
    );
    const ask = ({ id, workspaceId }: (typeof people)[number]) =>
      app.api.as(token).send<{ eraseCustomer: ReceiptData }>(ERASE, {
        input: { workspaceId, customerId: id, reason: 'asked' },
      });
    const answers = await Promise.all(people.map(ask));
    const refused = answers.filter(({ body }) => body.errors !== undefined);
    expect(refused.map(({ status, body }) => [status, body.errors?.[0]?.extensions.code])).toEqual([
      [429, 'RATE_LIMITED'],
    ]);
    expect(refused[0]?.headers.get('retry-after')).toBe('86400');
    const done = people[answers.findIndex(({ body }) => body.errors === undefined)];
    const left = people[answers.findIndex(({ body }) => body.errors !== undefined)];
    if (!done || !left) throw new Error('one is done and one is left');
    // A call that is answered with an existing receipt is not counted; another token has its own twenty.
    expect((await ask(done)).body.data?.eraseCustomer.replayed).toBe(true);
    app.clock.advance(86_400_000);
    expect((await ask(left)).body.data?.eraseCustomer.replayed).toBe(false);
    app.clock.set('2026-03-15T12:00:00Z');
  });
});

/** Enough for several batches of the walk. */
const manyTurns = (customerId: string) =>
  app.database.sql(
    `INSERT INTO messages (workspace_id, id, key_digest, phone_number, customer_id, message, response, outcome, occurred_at, saved_at)
     SELECT $1, gen_random_uuid(), sha256(convert_to('many ' || n, 'UTF8')), $3, $2, 'the canary asks', NULL, 'NO_RESPONSE',
       '2026-02-01T00:00:00Z'::timestamptz + n * interval '1 second', '2026-03-01T00:00:00Z' FROM generate_series(1, 25000) n`,
    [shop.id, customerId, PHONE],
  );

it('an erasure that takes too long for its caller is finished by a server; a second request gets the receipt', async () => {
  const { id } = await aCustomer(app, shop, { name: NAME, phoneNumber: PHONE });
  await manyTurns(id);
  const hasty = new Eraser(app.database, app.clock.now, 0);
  const asked = { customerId: id, reason: 'asked' };
  await expect(hasty.eraseFor(shop.id, asked, ACTOR)).rejects.toMatchObject({
    ...{ code: 'SERVICE_UNAVAILABLE', retryAfterSeconds: 30 },
  });
  // The identity goes at once.
  expect(await namesOf()).toEqual(['Erased customer 1']);
  await app.services.eraser.runDue();
  expect((await rowsWith(app.database, ['canary'])).length).toBe(15_000);
  app.clock.advance(61_000);
  await app.services.eraser.runDue();
  app.clock.set('2026-03-15T12:00:00Z');
  expect(await rowsWith(app.database, CANARIES)).toEqual([]);
  expect(await erase({ customerId: id })).toMatchObject({ messages: 25_000, replayed: true });
});

it('an erasure that is killed in the middle is finished by another server', async () => {
  const { id } = await aCustomer(app, shop, { name: NAME, phoneNumber: PHONE });
  await manyTurns(id);
  const last = `SELECT id FROM messages WHERE workspace_id = '${shop.id}' ORDER BY occurred_at DESC, id DESC LIMIT 1`;
  await onServer(app.database.url, async (client) => {
    await client.query('BEGIN');
    await client.query(`SELECT FROM messages WHERE id = (${last}) FOR UPDATE`);
    const killed = spawnMain(
      ['customer', 'erase', '--workspace', shop.id, '--customer', id, '--reason', 'asked', '--yes'],
      { DATABASE_URL: app.database.url },
    );
    const ended = once(killed, 'exit');
    await untilWaiting(app.database, 1);
    killed.kill('SIGKILL');
    await ended;
    await client.query('ROLLBACK');
  });
  expect((await rowsWith(app.database, ['canary'])).length).toBe(5_000);
  // The command used the machine's clock.
  app.clock.run(61_000);
  await app.services.eraser.runDue();
  app.clock.set('2026-03-15T12:00:00Z');
  expect(await rowsWith(app.database, CANARIES)).toEqual([]);
  expect(await erase({ customerId: id })).toMatchObject({ messages: 25_000, replayed: true });
});

describe('an erasure on the command line', () => {
  const run = (...args: string[]) => runCommand(['customer', ...args], { DATABASE_URL: app.database.url });

  it('a person is erased, and the receipts are listed', async () => {
    const person = await aPerson();
    const refused = await run('erase', '--workspace', shop.id, '--phone', PHONE, '--reason', 'asked');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('Confirm with --yes')]);
    const { code, stdout } = await run(
      ...['erase', '--workspace', shop.id, '--phone', PHONE, '--reason', 'asked', '--yes', '--json'],
    );
    const receipt = JSON.parse(stdout);
    expect([code, receipt]).toEqual([
      0,
      expect.objectContaining({
        ...{ workspaceId: shop.id, messages: 5, charges: 2, amount: '0.01', customerIds: [person.id] },
        replayed: false,
      }),
    ]);
    const digest = await digester(app.database, shop.id);
    expect([...receipt.contactHmacs].sort()).toEqual(
      [digest(`phone:${PHONE}`), digest(`user:${USER_ID}`)].sort(),
    );
    const { replayed: _, ...line } = receipt;
    const listed = await run('erasures', '--ndjson', '--workspace', shop.id);
    expect(listed.stdout).toBe(`${JSON.stringify(line)}\n`);
    expect((await run('erasures', '--workspace', shop.id)).stdout).toContain('0.01 EUR');
    expect(await rowsWith(app.database, CANARIES)).toEqual([]);
  });

  it.each([
    ['{', 'Line 1 is not a receipt'],
    ['{"workspaceId":"shop"}', 'Line 1 is not a receipt of customer erasures --ndjson: id must be a text'],
    ['', 'The file has no receipt'],
  ])('a file of %j is refused, and nothing is done', async (text, words) => {
    const folder = await mkdtemp(join(tmpdir(), 'centesimo-receipts-'));
    await writeFile(join(folder, 'receipts'), text);
    const { code, stderr } = await run('erase', '--again', join(folder, 'receipts'), '--yes');
    await rm(folder, { recursive: true });
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});

describe('an erasure of a restored backup', () => {
  const STRANGER = '+393330000077';
  const again = async (url: string, file: string) => {
    const args = ['customer', 'erase', '--again', file, '--yes', '--json'];
    const { code, stdout, stderr } = await runCommand(args, { DATABASE_URL: url });
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };

  it('erases everybody who has a receipt again, but nobody who came back', async () => {
    const shared = app;
    const database = await createDatabase();
    const folder = await mkdtemp(join(tmpdir(), 'centesimo-again-'));
    const dropped = [database];
    try {
      app = await startApp({ database });
      shop = await aWorkspace(app);
      const person = await aPerson();
      await somebodyElse();
      await save({ phoneNumber: STRANGER, idempotencyKey: 'seven', message: 'a canary of a stranger' });
      const before = await figures();
      await app.stop();
      const old = await createDatabase({ copyOf: database.name });
      dropped.push(old);
      app = await startApp({ database });
      eraser = await anEraser([shop]);
      await erase({ customerId: person.id });
      await erase({ phoneNumber: STRANGER });
      const receipts = await runCommand(['customer', 'erasures', '--ndjson'], { DATABASE_URL: database.url });
      await app.stop();
      const file = join(folder, 'receipts.ndjson');
      await writeFile(file, receipts.stdout);

      expect((await rowsWith(old, CANARIES)).length).toBeGreaterThan(5);
      expect(await again(old.url, file)).toEqual({
        ...{ receipts: 2, customers: 1, messages: 6, missingWorkspaces: [] },
      });
      expect(await rowsWith(old, [...CANARIES, ...traces(STRANGER.slice(1))])).toEqual([]);
      expect(await rowsWith(old, ['I am Rita'])).toHaveLength(1);
      const listed = await runCommand(['customer', 'erasures', '--ndjson'], { DATABASE_URL: old.url });
      expect(listed.stdout).toBe(receipts.stdout);
      app = await startApp({ database: old });
      expect(await figures()).toEqual(before);
      // The person is back after the receipts.
      app.clock.advance(60_000);
      await save();
      await app.stop();
      expect(await again(old.url, file)).toMatchObject({ customers: 0, messages: 0 });
      expect(await rowsWith(old, ['canary'])).toHaveLength(1);
    } finally {
      app = shared;
      for (const one of dropped) await one.drop();
      await rm(folder, { recursive: true });
    }
  });
});
