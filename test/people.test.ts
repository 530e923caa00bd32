// A person's own data, for people who ask for it.
import {
  ACTOR,
  aCustomer,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { runCommand } from './support/command';
import { SAVE, type SaveData } from './support/operations';

const PHONE = '+393331234567';
const USER_ID = 'IT.13491208655302741918';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
beforeEach(async () => {
  shop = await aWorkspace(app);
});

const save = async (input: Record<string, unknown>, where = shop) =>
  (await app.api.as(where.service).data<SaveData>(SAVE, { input: aTurn(where, input) })).saveMessage.message;

const run = (...args: string[]) =>
  runCommand(['customer', 'export', '--workspace', shop.id, ...args], { DATABASE_URL: app.database.url });

async function exported(...args: string[]) {
  const { code, stdout, stderr } = await run(...args);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** A person who wrote before being registered, was charged, charged wrongly, and not answered. */
async function aPerson() {
  const before = await save({ occurredAt: '2026-01-02T10:00:00Z', message: 'siete aperti?' });
  const mario = await aCustomer(app, shop, { phoneNumber: PHONE, whatsappUserId: USER_ID });
  const charged = await save({
    occurredAt: '2026-01-10T10:00:00Z',
    message: 'un tavolo, "due" persone\n👋🏽',
  });
  const byUserId = { phoneNumber: null, whatsappUserId: USER_ID };
  const wrong = await save({ ...byUserId, occurredAt: '2026-02-10T10:00:00Z', message: 'prova' });
  const unanswered = await save({ occurredAt: '2026-02-11T10:00:00Z', response: null });
  await app.services.voids.void(
    shop.id,
    { usageRecordId: wrong.tracking.usage?.id ?? '', reason: 'Mario tried it out' },
    ACTOR,
  );
  return { mario, before, charged, wrong, unanswered };
}

/** Other people's turns, here and with the same number elsewhere. */
async function others(): Promise<void> {
  await aCustomer(app, shop, { name: 'Rita', phoneNumber: '+393330000001' });
  await save({ phoneNumber: '+393330000001', occurredAt: '2026-01-10T10:00:00Z', message: 'canary of Rita' });
  const other = await aWorkspace(app);
  await aCustomer(app, other, { name: 'Elsewhere', phoneNumber: PHONE });
  await save({ message: 'canary elsewhere' }, other);
}

it('is all that is stored about the person, and nothing about anybody else', async () => {
  const { mario, before, charged, wrong, unanswered } = await aPerson();
  await others();
  await app.services.closing.close(shop.id, '2026-01', ACTOR);
  const { stdout } = await run('--phone', '393331234567');
  expect(stdout).not.toMatch(/canary|Rita|Elsewhere/);
  const all = JSON.parse(stdout);
  expect(Object.keys(all)).toEqual([
    ...['workspaceId', 'currency', 'customers', 'turns', 'charges', 'statementMonths', 'auditEntries'],
  ]);
  expect(all).toMatchObject({
    ...{ workspaceId: shop.id, currency: 'EUR' },
    customers: [{ id: mario.id, name: 'Mario Rossi', phoneNumber: PHONE, whatsappUserId: USER_ID }],
    statementMonths: [{ statement: 1, month: '2026-01', customerId: mario.id, messages: 1, amount: '0.005' }],
    auditEntries: [{ action: 'customer.registered', subject: mario.id, actor: 'test' }],
  });
  expect(all.turns).toEqual([
    {
      ...{ id: before.id, customerId: null, outcome: 'UNKNOWN_CUSTOMER', message: 'siete aperti?' },
      ...{ phoneNumber: PHONE, whatsappUserId: null, response: 'Ciao!', textRemovedAt: null },
      ...{ occurredAt: '2026-01-02T10:00:00.000Z', savedAt: '2026-03-15T12:00:00.000Z' },
    },
    expect.objectContaining({
      ...{ id: charged.id, outcome: 'TRACKED', message: 'un tavolo, "due" persone\n👋🏽' },
    }),
    expect.objectContaining({ id: wrong.id, outcome: 'VOIDED', whatsappUserId: USER_ID }),
    expect.objectContaining({ id: unanswered.id, outcome: 'NO_RESPONSE', response: null }),
  ]);
  expect(
    all.charges.map((line: Record<string, unknown>) => [line.turnId, line.kind, line.amount, line.reason]),
  ).toEqual(
    expect.arrayContaining([
      [charged.id, 'CHARGE', '0.005', undefined],
      [wrong.id, 'CHARGE', '0.005', undefined],
      [wrong.id, 'REVERSAL', '-0.005', 'Mario tried it out'],
    ]),
  );
  expect(all.charges).toHaveLength(3);
});

it('is the same by the id, by either contact and by both', async () => {
  const { mario } = await aPerson();
  const byPhone = await exported('--phone', PHONE);
  expect(await exported('--customer', mario.id)).toEqual(byPhone);
  expect(await exported('--whatsapp-user-id', USER_ID)).toEqual(byPhone);
  expect(await exported('--phone', PHONE, '--whatsapp-user-id', USER_ID)).toEqual(byPhone);
});

it('of a person who was never registered has the turns of the contact; of an unknown contact it is empty', async () => {
  const turn = await save({ phoneNumber: '+393339999999' });
  expect(await exported('--phone', '+393339999999')).toMatchObject({
    ...{ customers: [], turns: [{ id: turn.id }], charges: [], statementMonths: [], auditEntries: [] },
  });
  expect(await exported('--phone', '+393338888888')).toMatchObject({ customers: [], turns: [] });
});

it('is complete over many pages', async () => {
  const mario = await aCustomer(app, shop, { phoneNumber: PHONE });
  await app.database.sql(
    `WITH m AS (
       INSERT INTO messages (workspace_id, id, key_digest, phone_number, customer_id, message, outcome, occurred_at, saved_at)
       SELECT $1, gen_random_uuid(), sha256(convert_to('page ' || n, 'UTF8')), CASE WHEN n % 9 = 0 THEN $3 ELSE '+3900000001' END,
         CASE WHEN n % 9 = 0 THEN $2::uuid END, 'words', CASE WHEN n % 9 = 0 THEN 'TRACKED' ELSE 'UNKNOWN_CUSTOMER' END,
         '2026-01-01T00:00:00Z'::timestamptz + (n / 5) * interval '1.000001 second', now()
       FROM generate_series(1, 25000) n RETURNING *)
     INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at, epoch, month)
     SELECT workspace_id, gen_random_uuid(), id, customer_id, 5000, occurred_at, saved_at, 1, '2026-01-01'
     FROM m WHERE customer_id IS NOT NULL`,
    [shop.id, mario.id, PHONE],
  );
  const { turns, charges } = await exported('--phone', PHONE);
  const ids = (rows: { id: string }[]) => new Set(rows.map(({ id }) => id)).size;
  expect([turns.length, ids(turns), charges.length, ids(charges)]).toEqual([2_777, 2_777, 2_777, 2_777]);
});

it.each([
  [[], 'Give the id of a customer'],
  [['--customer', '0190d2b4-0000-7000-8000-000000000000', '--phone', PHONE], 'Give the id of a customer'],
  [['--customer', 'Mario'], 'not the id of a customer'],
  [['--customer', '0190d2b4-0000-7000-8000-000000000000'], 'There is no customer 0190d2b4'],
  [['--phone', '12'], 'A phone number has 7 to 15 digits'],
])('customer export refuses %j, and writes nothing', async (args, words) => {
  const { code, stdout, stderr } = await run(...args);
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(words)]);
});

it('customer export does not know a customer of another workspace', async () => {
  const other = await aWorkspace(app);
  const theirs = await aCustomer(app, other, { phoneNumber: PHONE });
  const { code, stderr } = await run('--customer', theirs.id);
  expect([code, stderr]).toEqual([2, expect.stringContaining('There is no customer')]);
});
