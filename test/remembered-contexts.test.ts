// A server remembers what a contact's last turn was decided from. Another server may change all of it: no turn may be
// decided from what no longer holds.
import fc from 'fast-check';
import type { TrackingOutcome } from '../src/services/turns/tracking';
import {
  ACTOR,
  aCustomer,
  aTurn,
  aWorkspace,
  startApp,
  startBeside,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { SAVE, type SaveData, type SavedMessage } from './support/operations';

const PHONES = ['+393331111111', '+393332222222'] as const;
const USERS = ['IT.1111', 'IT.2222'] as const;

let one: TestApp;
let other: TestApp;
beforeAll(async () => {
  one = await startApp();
  other = await startBeside(one);
}, 240_000);
afterAll(async () => {
  await other.stop();
  await one.stop();
});

async function save(
  app: TestApp,
  shop: TestWorkspace,
  input: Record<string, unknown> = {},
): Promise<SavedMessage> {
  const { saveMessage } = await app.api.as(shop.service).data<SaveData>(SAVE, { input: aTurn(shop, input) });
  return saveMessage.message;
}

const lookUps = (app: TestApp): number => app.statements().filter((name) => name === 'look_up_turns').length;

describe('a contact that wrote before', () => {
  it('needs no look-up, on the server that saved its last turn', async () => {
    const shop = await aWorkspace(one);
    await aCustomer(one, shop, { phoneNumber: PHONES[0] });
    await save(one, shop, { phoneNumber: PHONES[0] });
    lookUps(one);
    expect((await save(one, shop, { phoneNumber: PHONES[0] })).tracking.outcome).toBe('TRACKED');
    expect(lookUps(one)).toBe(0);
    await save(one, shop, { phoneNumber: PHONES[1] });
    expect(lookUps(one)).toBe(1);
  });

  it('needs none either while nobody is registered under it', async () => {
    const shop = await aWorkspace(one);
    await save(one, shop);
    lookUps(one);
    expect((await save(one, shop)).tracking.outcome).toBe('UNKNOWN_CUSTOMER');
    expect(lookUps(one)).toBe(0);
  });

  it('is looked up when a turn or today lies where another price may be in force', async () => {
    const shop = await aWorkspace(one);
    await aCustomer(one, shop, { phoneNumber: '+393331234567' });
    const { services, clock } = one;
    const startsAt = new Date(clock.now().getTime() + 60_000);
    await services.workspaces.setPrice(shop.id, { amountMicros: 7_000n, startsAt }, ACTOR);
    await save(one, shop);
    lookUps(one);
    const later = await save(one, shop, { occurredAt: startsAt.toISOString() });
    expect(later.tracking.usage?.price.amount).toBe('0.007');
    expect(lookUps(one)).toBe(1);
    const before = await save(one, shop, { occurredAt: new Date(startsAt.getTime() - 1).toISOString() });
    expect(before.tracking.usage?.price.amount).toBe('0.005');
  });
});

type Step =
  | { kind: 'save'; phone: number | null; user: number | null; response: boolean; minutes: number }
  | { kind: 'register'; phone: number | null; user: number | null; name: string; active: boolean }
  | { kind: 'switch'; which: number; active: boolean }
  | { kind: 'erase'; which: number }
  | { kind: 'price'; micros: number; minutes: number }
  | { kind: 'rename'; name: string };

const contact = fc.constantFrom<{ phone: number | null; user: number | null }[]>(
  { phone: 0, user: null },
  { phone: 1, user: null },
  { phone: null, user: 0 },
  { phone: null, user: 1 },
  { phone: 0, user: 0 },
  { phone: 0, user: 1 },
);
const text = fc.constantFrom('Anna', 'Berta', 'Carla');
const minutes = fc.integer({ min: -3, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(contact, fc.boolean(), minutes)
      .map(([who, response, at]) => ({ kind: 'save' as const, ...who, response, minutes: at })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(contact, text, fc.boolean())
      .map(([who, name, active]) => ({ kind: 'register' as const, ...who, name, active })),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('switch' as const), which: fc.nat(), active: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('erase' as const), which: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('price' as const),
      micros: fc.integer({ min: 1_000, max: 9_000 }),
      minutes,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rename' as const), name: text }) },
);

interface Verdict {
  outcome: TrackingOutcome;
  customer: { id: string; name: string } | null;
  amount: string | null;
  shop: string;
}

/** What a turn must be decided to, asked from the tables by questions of this test's own. */
async function expected(shop: TestWorkspace, { phone, user, response, at }: Asked): Promise<Verdict> {
  const { sql } = one.database;
  type Found = { id: string; name: string; active_chatbot: boolean };
  const by = async (column: string, value: string | null): Promise<Found | undefined> => {
    const rows = await sql<Found & { contact: string | null }>(
      `SELECT id, name, active_chatbot, ${column} AS contact FROM customers WHERE workspace_id = $1`,
      [shop.id],
    );
    return rows.find((row) => value !== null && row.contact === value);
  };
  const found = (await by('whatsapp_user_id', user)) ?? (await by('phone_number', phone));
  const outcome = !response
    ? 'NO_RESPONSE'
    : !found
      ? 'UNKNOWN_CUSTOMER'
      : found.active_chatbot
        ? 'TRACKED'
        : 'INACTIVE_CUSTOMER';
  const prices = await sql<{ from: number; micros: string }>(
    `SELECT extract(epoch FROM starts_at)::float8 * 1000 AS "from", amount_micros::text AS micros FROM prices
     WHERE workspace_id = $1 ORDER BY id`,
    [shop.id],
  );
  let price = { from: Number.NEGATIVE_INFINITY, micros: '' };
  for (const each of prices) if (each.from <= at.getTime() && each.from >= price.from) price = each;
  const [workspace] = await sql<{ name: string }>('SELECT name FROM workspaces WHERE id = $1', [shop.id]);
  return {
    outcome,
    customer: found ? { id: found.id, name: found.name } : null,
    amount: outcome === 'TRACKED' ? String(Number(price.micros) / 1_000_000) : null,
    shop: workspace?.name ?? '',
  };
}

interface Asked {
  phone: string | null;
  user: string | null;
  response: boolean;
  at: Date;
}

const contactOf = ({ phone, user }: { phone: number | null; user: number | null }) => ({
  phone: phone === null ? null : (PHONES[phone] ?? null),
  user: user === null ? null : (USERS[user] ?? null),
});

async function change(
  app: TestApp,
  shop: TestWorkspace,
  step: Exclude<Step, { kind: 'save' }>,
): Promise<void> {
  const { services, clock } = app;
  const known = await one.database.sql<{ id: string }>(
    'SELECT id FROM customers WHERE workspace_id = $1 AND erased_at IS NULL ORDER BY id',
    [shop.id],
  );
  if (step.kind === 'register') {
    const { phone, user } = contactOf(step);
    await services.customers
      .register(
        shop.id,
        { name: step.name, phoneNumber: phone, whatsappUserId: user, activeChatbot: step.active },
        ACTOR,
      )
      .catch((error: unknown) => {
        if (!/two different customers/.test(String(error))) throw error;
      });
  } else if (step.kind === 'price') {
    const startsAt = new Date(clock.now().getTime() + step.minutes * 60_000);
    await services.workspaces.setPrice(shop.id, { amountMicros: BigInt(step.micros), startsAt }, ACTOR);
  } else if (step.kind === 'rename') await services.workspaces.update(shop.id, { name: step.name }, ACTOR);
  else {
    const id = known[step.which % Math.max(1, known.length)]?.id;
    if (id === undefined) return;
    if (step.kind === 'switch') await services.customers.setActive(shop.id, id, step.active, ACTOR);
    else await services.eraser.erase(shop.id, { customerId: id, reason: 'x' }, ACTOR);
  }
}

const NAMED = SAVE.replace('workspace { id', 'workspace { id name');

it('every turn is decided from what holds when it is stored, whichever server changed it last', async () => {
  let steps = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(step, fc.boolean()), { minLength: 20, maxLength: 60 }),
      async (taken) => {
        const shop = await aWorkspace(one);
        for (const [each, here] of taken) {
          const app = here ? one : other;
          steps += 1;
          if (each.kind !== 'save') {
            await change(app, shop, each);
            continue;
          }
          const { phone, user } = contactOf(each);
          const at = new Date(one.clock.now().getTime() + each.minutes * 60_000);
          const wanted = await expected(shop, { phone, user, response: each.response, at });
          const { saveMessage } = await app.api.as(shop.service).data<{
            saveMessage: { message: SavedMessage & { workspace: { name: string } } };
          }>(NAMED, {
            input: aTurn(shop, {
              ...{ phoneNumber: phone, whatsappUserId: user, occurredAt: at.toISOString() },
              response: each.response ? 'Ciao!' : null,
            }),
          });
          const { message } = saveMessage;
          expect({
            outcome: message.tracking.outcome,
            customer: message.customer,
            amount: message.tracking.usage?.price.amount ?? null,
            shop: message.workspace.name,
          }).toEqual(wanted);
        }
      },
    ),
    { numRuns: 6, endOnFailure: true },
  );
  expect(steps).toBeGreaterThan(120);
}, 240_000);

it('a turn sent after a change was answered is never decided by the state before it, with others under way', async () => {
  const shop = await aWorkspace(one);
  const customer = await aCustomer(one, shop, { phoneNumber: PHONES[0] });
  // How many changes had been asked for and how many answered; an odd one switches off.
  let asked = 0;
  let answered = 0;
  let going = true;
  const wrong: string[] = [];
  let saved = 0;
  const savers = Array.from({ length: 8 }, async (_, index) => {
    const app = index % 2 === 0 ? one : other;
    while (going) {
      const from = answered;
      const { tracking } = await save(app, shop, { phoneNumber: PHONES[0] });
      saved += 1;
      const possible = new Set<string>();
      for (let state = from; state <= asked; state += 1)
        possible.add(state % 2 === 0 ? 'TRACKED' : 'INACTIVE_CUSTOMER');
      if (!possible.has(tracking.outcome)) wrong.push(`${tracking.outcome} in ${from} to ${asked}`);
    }
  });
  for (let change = 1; change <= 60; change += 1) {
    asked = change;
    const app = change % 3 === 0 ? one : other;
    await app.services.customers.setActive(shop.id, customer.id, change % 2 === 0, ACTOR);
    answered = change;
    // In each state somebody saves.
    const { tracking } = await save(change % 2 === 0 ? one : other, shop, { phoneNumber: PHONES[0] });
    if (tracking.outcome !== (change % 2 === 0 ? 'TRACKED' : 'INACTIVE_CUSTOMER')) wrong.push(`${change}`);
  }
  going = false;
  await Promise.all(savers);
  expect(wrong).toEqual([]);
  expect(saved).toBeGreaterThan(60);
}, 240_000);
