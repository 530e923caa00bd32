// From the version before to this one while servers are replaced: expand, fill in, contract.
import type { Client } from 'pg';
import { DataSource } from 'typeorm';
import { createDataSource } from '../src/database/data-source';
import { contract, migrate, migrateDown } from '../src/database/migrate';
import { Core1700000000001 } from '../src/migrations/1700000000001-core';
import { RollUps1700000000002 } from '../src/migrations/1700000000002-roll-ups';
import { ZoneStamps1700000000003 } from '../src/migrations/1700000000003-zone-stamps';
import { ledgerContraction } from '../src/migrations/ledger-contraction';
import { peopleContraction } from '../src/migrations/people-contraction';
import { verifyStatements } from '../src/services/ledger/statement-check';
import { ACTOR, aToken, aTurn, aWorkspace, startApp, type TestApp } from './support/app';
import { runCommand } from './support/command';
import { createDatabase, onServer, type TestDatabase } from './support/database';
import { describeSchema } from './support/describe-schema';
import { digester, storedDigests } from './support/keys';
import { untilWaiting } from './support/lock-waits';
import { chargeLateAsOlder, deferAsOlder, saveAsOlder } from './support/older-server';
import { madeOnce } from './support/templates';
import { differences, rebuild, workspaceOf } from './support/upkeep';

let database: TestDatabase;
let dataSource: DataSource;
beforeEach(async () => {
  database = await createDatabase({ copyOf: await madeOnce('older', 'template1', makeOlder) });
  dataSource = createDataSource({ url: database.url, poolSize: 4 });
  await dataSource.initialize();
});
afterEach(async () => {
  await dataSource.destroy();
  await database.drop();
});

const SHOP = { id: 'shop' };
const CUSTOMER = '00000000-0000-7000-8000-000000000001';
const turn = (at: string) => ({
  ...{ workspaceId: 'shop', customerId: CUSTOMER, timeZone: 'Europe/Rome', at: new Date(at) },
});

const MODEL_PRICE = {
  ...{ model: 'gpt-4.1-mini', startsAt: new Date('2026-01-01T00:00:00Z') },
  ...{ inputMicros: 1_000n, cachedInputMicros: 1_000n, outputMicros: 1_000n },
};

/** A turn of a thousand tokens. */
const saveWithTokens = (app: TestApp) =>
  app.services.saveMessages.save({
    ...{
      workspaceId: 'shop',
      phoneNumber: '+393331234567',
      response: 'Ciao!',
      idempotencyKey: 'wamid.tokens',
    },
    llm: { model: 'gpt-4.1-mini', inputTokens: 900, outputTokens: 100 },
  });

/** The schema of the version before, with a shop: what each test begins with. */
async function makeOlder(url: string): Promise<void> {
  const before = new DataSource({
    ...createDataSource({ url, poolSize: 2 }).options,
    migrations: [Core1700000000001, RollUps1700000000002, ZoneStamps1700000000003],
  });
  await before.initialize();
  await before.runMigrations({ transaction: 'each' });
  await before.query(
    `INSERT INTO workspaces (id, name, time_zone, currency, created_at) VALUES ('shop', 'Shop', 'Europe/Rome', 'EUR', now())`,
  );
  await before.query(
    `INSERT INTO prices (workspace_id, starts_at, amount_micros, recorded_at) VALUES ('shop', '-infinity', 5000, now())`,
  );
  await before.query(
    `INSERT INTO customers (workspace_id, id, name, phone_number, active_chatbot, created_at, updated_at)
     VALUES ('shop', $1, 'Mario', '+393331234567', true, now(), now())`,
    [CUSTOMER],
  );
  await before.destroy();
}

/** What the database says to the statement. */
const refusalOf = (on: Pick<TestDatabase, 'sql'>, text: string): Promise<string> =>
  on.sql(text).then(
    () => 'done',
    (error: unknown) => String(error),
  );

const months = async () =>
  (
    await database.sql<{ epoch: number | null; month: string | null; n: number }>(
      'SELECT epoch, month::text, count(*)::int AS n FROM charges GROUP BY 1, 2 ORDER BY 2 NULLS LAST',
    )
  ).map(({ epoch, month, n }) => [epoch, month, n]);

it('charges of before and of an older server are filled in, and only then the database is contracted', async () => {
  await saveAsOlder(database, turn('2026-01-31T22:59:59.999Z'));
  // The first instant of February in Rome.
  const february = await saveAsOlder(database, turn('2026-01-31T23:00:00Z'));
  await migrate(dataSource);
  const app = await startApp({ database });
  try {
    await saveAsOlder(database, turn('2026-03-01T10:00:00Z'));
    const charge = await deferAsOlder(database, turn('2026-03-02T10:00:00Z'));
    await charge();
    // The trigger sets the epoch in a newer schema; Node sets the month (docs/decisions/0005).
    expect(await months()).toEqual([
      [1, null, 2],
      [null, null, 2],
    ]);
    const gone = await app.services.voids.void(
      'shop',
      { usageRecordId: february, reason: 'x' },
      { name: 'test' },
    );
    expect(gone.record.voided?.reason).toBe('x');
    await expect(contract(dataSource)).rejects.toThrow('3 charges of an older version are not filled in yet');
    const moved = await runCommand(['move', '--to', database.url], { DATABASE_URL: database.url });
    expect([moved.code, moved.stderr]).toEqual([2, expect.stringContaining('still being filled')]);
    // And the keys of the two turns that were there before.
    expect(await app.services.filler.run()).toBe(5);
    expect(await app.services.filler.run()).toBe(0);
    const filled = [
      [1, '2026-01-01', 1],
      [1, '2026-02-01', 2],
      [1, '2026-03-01', 2],
    ];
    expect(await months()).toEqual(filled);
    expect(app.logs()).toContain('"filled":3,"of":3');
    expect(await contract(dataSource)).toEqual([
      { name: 'Ledger', direction: 'contract' },
      { name: 'People', direction: 'contract' },
    ]);
    expect(await contract(dataSource)).toEqual([]);
    expect(await migrate(dataSource)).toEqual([]);
    // Every feature works as before.
    await app.services.voids.voidMany(
      ...([
        'shop',
        { from: new Date('2026-03-01T00:00:00Z'), to: new Date('2026-04-01T00:00:00Z') },
      ] as const),
      ...(['x', { name: 'test' }, () => undefined] as const),
    );
    expect(await app.services.filler.run()).toBe(0);
    expect(await months()).toEqual([filled[0], filled[1], [1, '2026-03-01', 4]]);
    expect(await differences(app, SHOP)).toBe(0n);
    await expect(saveAsOlder(database, turn('2026-03-03T10:00:00Z'))).rejects.toThrow(
      'column "idempotency_key" of relation "messages" does not exist',
    );
  } finally {
    await app.stop();
  }
});

describe('closing while an older server is running', () => {
  it('puts its lines on statements: earlier ones, those of its later saves, and late ones', async () => {
    await saveAsOlder(database, turn('2026-01-31T22:59:59.999Z'));
    await migrate(dataSource);
    const app = await startApp({ database });
    try {
      await saveAsOlder(database, turn('2026-01-10T10:00:00Z'));
      // February in Rome.
      await saveAsOlder(database, turn('2026-01-31T23:00:00Z'));
      const late = await deferAsOlder(database, turn('2026-01-12T10:00:00Z'));
      expect((await app.services.closing.close('shop', '2026-01', ACTOR)).statement).toMatchObject({
        ...{ number: 1, ledgerLines: 2n, totalMicros: 10_000n, carriedMicros: 0n },
      });
      await late();
      await saveAsOlder(database, turn('2026-01-13T10:00:00Z'));
      // And the key of the turn that was there before.
      expect(await app.services.filler.run()).toBe(3);
      await saveAsOlder(database, turn('2026-02-13T10:00:00Z'));
      expect((await app.services.closing.close('shop', '2026-02', ACTOR)).statement).toMatchObject({
        ...{ number: 2, ledgerLines: 4n, totalMicros: 20_000n, carriedMicros: 10_000n },
      });
      const workspace = await workspaceOf(app, SHOP);
      expect(await verifyStatements(app.database, workspace)).toEqual({ checked: 2, differences: [] });
    } finally {
      await app.stop();
    }
  });

  it('waits until earlier charges are filled in, reports the progress, and writes nothing', async () => {
    const first = await saveAsOlder(database, turn('2026-01-10T10:00:00Z'));
    // More than a closing fills in by itself.
    await database.sql(
      `WITH m AS (
         INSERT INTO messages (workspace_id, id, idempotency_key, phone_number, customer_id, message, outcome, occurred_at, saved_at)
         SELECT m.workspace_id, gen_random_uuid(), 'bulk ' || n, m.phone_number, m.customer_id, '', 'TRACKED', m.occurred_at, m.saved_at
         FROM messages m, generate_series(1, 600) n WHERE m.workspace_id = 'shop' RETURNING *)
       INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at)
       SELECT m.workspace_id, gen_random_uuid(), m.id, m.customer_id, c.amount_micros, m.occurred_at, m.saved_at
       FROM m, charges c WHERE c.id = $1`,
      [first],
    );
    await migrate(dataSource);
    const app = await startApp({ database });
    try {
      const closing = app.services.closing.close('shop', '2026-01', ACTOR);
      await expect(closing).rejects.toThrow('still being filled in: 101 of this workspace are left');
      await expect(closing).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
      expect(await database.sql('SELECT number FROM statements')).toEqual([]);
      expect(await database.sql('SELECT epoch FROM workspaces')).toEqual([{ epoch: 1 }]);
      await app.services.filler.run();
      expect((await app.services.closing.close('shop', '2026-01', ACTOR)).statement.ledgerLines).toBe(601n);
    } finally {
      await app.stop();
    }
  });
});

it('what an older server takes back or charges late is wrong in breakdown alone, until the rebuild', async () => {
  await migrate(dataSource);
  const app = await startApp({ database });
  try {
    const save = (workflow: string) =>
      app.services.saveMessages.saveAll('shop', [
        ...[{ phoneNumber: '+393331234567', response: 'Ciao!', idempotencyKey: workflow, workflow }],
      ]);
    const token = await aToken(app, { kind: 'client', workspaceIds: ['shop'] });
    const figures = async () => {
      const { usage } = await app.api.as(token).data<{
        usage: { totals: { messages: number }; breakdown: { value: string | null; messages: number }[] };
      }>('{ usage(workspaceId: "shop") { totals { messages } breakdown(by: WORKFLOW) { value messages } } }');
      return [usage.totals.messages, ...usage.breakdown.map(({ value, messages }) => `${value} ${messages}`)];
    };
    await database.sql(`CREATE FUNCTION no_charge() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'no charge today'; END $$`);
    await database.sql(
      'CREATE TRIGGER no_charge BEFORE INSERT ON charges FOR EACH ROW EXECUTE FUNCTION no_charge()',
    );
    await save('late');
    await database.sql('DROP FUNCTION no_charge CASCADE');
    await save('wrong');
    expect(await figures()).toEqual([1, 'wrong 1']);
    // Taken back by a server that knows nothing of dimension_days.
    await database.sql(`CREATE FUNCTION unknown_table() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RETURN NULL; END $$`);
    await database.sql(`CREATE TRIGGER unknown_table BEFORE INSERT OR UPDATE OR DELETE ON dimension_days
      FOR EACH ROW EXECUTE FUNCTION unknown_table()`);
    const [charge] = await database.sql<{ id: string }>('SELECT id FROM charges');
    await app.services.voids.void('shop', { usageRecordId: charge?.id ?? '', reason: 'x' }, ACTOR);
    await database.sql('DROP FUNCTION unknown_table CASCADE');
    expect(await figures()).toEqual([0, 'wrong 1']);
    const [late] = await database.sql<{ id: string; at: Date }>(
      "SELECT id, occurred_at AS at FROM messages WHERE outcome = 'DEFERRED'",
    );
    if (!late) throw new Error('a turn without its charge is expected');
    await chargeLateAsOlder(database, { workspaceId: 'shop', timeZone: 'Europe/Rome', ...late });
    expect(await figures()).toEqual([1, 'wrong 1']);
    expect(await differences(app, SHOP)).toBeGreaterThan(0n);
    await rebuild(app, SHOP);
    expect(await figures()).toEqual([1, 'late 1']);
    expect(await differences(app, SHOP)).toBe(0n);
  } finally {
    await app.stop();
  }
});

it('a contracted database has the schema of a new one', async () => {
  await migrate(dataSource);
  await contract(dataSource);
  const fresh = await createDatabase();
  expect(await describeSchema(database)).toBe(await describeSchema(fresh));
  await fresh.drop();
});

it('contracting scans no table under the lock that stops everybody', async () => {
  await migrate(dataSource);
  const runner = dataSource.createQueryRunner();
  const client: Client = await runner.connect();
  const notices: unknown[] = [];
  client.on('notice', ({ message }) => notices.push(message));
  try {
    // PostgreSQL logs this when SET NOT NULL needs no scan, and only then.
    await runner.query('SET client_min_messages = debug1');
    await ledgerContraction.run(runner);
    await peopleContraction.run(runner);
    const proved = notices.filter((message) => /sufficient to prove/.test(String(message)));
    expect(proved).toEqual(
      ['charges.epoch', 'charges.month', 'messages.key_digest'].map(
        (column) =>
          `existing constraints on column "${column}" are sufficient to prove that it does not contain nulls`,
      ),
    );
  } finally {
    await runner.query('RESET client_min_messages');
    await runner.release();
  }
});

it('servers fill in rows by themselves, two at the same time', async () => {
  for (let second = 0; second < 40; second += 1)
    await saveAsOlder(database, turn(`2026-03-01T10:00:${String(second).padStart(2, '0')}Z`));
  await migrate(dataSource);
  const one = await startApp({ database });
  const other = await startApp({ database });
  try {
    const filled = await Promise.all([one.services.filler.run(), other.services.filler.run()]);
    // The charges and the keys.
    expect(filled[0] + filled[1]).toBe(80);
    expect(await months()).toEqual([[1, '2026-03-01', 40]]);
  } finally {
    await one.stop();
    await other.stop();
  }
});

it.each([
  [
    'before',
    [
      'amount_micros = 1',
      "occurred_at = now(), month = '2026-03-01', epoch = 1",
      "month = '2026-03-01'",
      'epoch = 2',
    ],
  ],
  ['after', ["month = '2026-04-01'", 'epoch = 2', 'month = NULL']],
])('a charge lets itself be filled and nothing else: what is refused %s it', async (when, changes) => {
  await saveAsOlder(database, turn('2026-03-01T10:00:00Z'));
  await migrate(dataSource);
  if (when === 'after') await database.sql("UPDATE charges SET epoch = 1, month = '2026-03-01'");
  for (const set of changes) {
    expect([set, await refusalOf(database, `UPDATE charges SET ${set}`)]).toEqual([
      set,
      expect.stringContaining('rows of charges are never changed'),
    ]);
  }
  await expect(database.sql('DELETE FROM charges')).rejects.toThrow('never changed');
});

describe('a turn is saved once', () => {
  const KEY = 'wamid.HBgMMzkzMzMxMjM0NTY3';
  const input = {
    ...{ workspaceId: 'shop', phoneNumber: '+393331234567', message: 'ciao', response: 'Ciao!' },
    idempotencyKey: KEY,
  };
  const replayed = async (app: TestApp) => (await app.services.saveMessages.save(input)).replayed;
  const stored = async () => {
    const digest = await digester(database, 'shop');
    return (await storedDigests(database, 'shop')).map((found) => found === digest(KEY));
  };

  it('when an older server saved it: before its digest is filled in, after that, and after the contraction', async () => {
    await saveAsOlder(database, { ...turn('2026-03-01T10:00:00Z'), key: KEY });
    await migrate(dataSource);
    const app = await startApp({ database });
    try {
      expect(await replayed(app)).toBe(true);
      await app.services.filler.run();
      expect([await replayed(app), await stored()]).toEqual([true, [true]]);
      // Beside the running server, which knew the raw key a moment ago.
      await contract(dataSource);
      expect(await replayed(app)).toBe(true);
      const other = await app.services.saveMessages.save({ ...input, idempotencyKey: 'other' });
      expect(other).toMatchObject({ replayed: false, message: { outcome: 'TRACKED' } });
      expect(app.logs()).not.toContain('could not be');
    } finally {
      await app.stop();
    }
  });

  it('by an older server beside this one, which stamps the digest', async () => {
    await migrate(dataSource);
    await saveAsOlder(database, { ...turn('2026-03-01T10:00:00Z'), key: KEY });
    expect(await stored()).toEqual([true]);
    const app = await startApp({ database });
    expect(await replayed(app)).toBe(true);
    await app.stop();
  });

  it('by this version, which keeps the raw key for older servers until the contraction', async () => {
    await migrate(dataSource);
    const app = await startApp({ database });
    expect([await replayed(app), await stored()]).toEqual([false, [true]]);
    await app.stop();
    await expect(saveAsOlder(database, { ...turn('2026-03-01T10:00:00Z'), key: KEY })).rejects.toThrow(
      'The key was taken',
    );
    expect(await database.sql('SELECT idempotency_key FROM messages')).toEqual([{ idempotency_key: KEY }]);
  });

  it('and charged once by every batch that runs while the raw key is dropped', async () => {
    await migrate(dataSource);
    const app = await startApp({ database });
    const outcome = async (idempotencyKey: string) =>
      (await app.services.saveMessages.save({ ...input, idempotencyKey })).message.outcome;
    try {
      // From here on the server knows that raw keys are stored.
      expect(await outcome('first')).toBe('TRACKED');
      const outcomes = await onServer(database.url, async (contraction) => {
        await contraction.query('BEGIN');
        await contraction.query('LOCK TABLE messages IN ACCESS EXCLUSIVE MODE');
        const one = outcome('one');
        await untilWaiting(database, 1);
        const two = outcome('two');
        await untilWaiting(database, 2);
        // What the contraction does under its lock.
        await contraction.query('DROP TRIGGER messages_stamp_key ON messages');
        await contraction.query('DROP TRIGGER messages_only_removed ON messages');
        await contraction.query('ALTER TABLE messages DROP COLUMN idempotency_key');
        await contraction.query('COMMIT');
        return Promise.all([one, two]);
      });
      expect(outcomes).toEqual(['TRACKED', 'TRACKED']);
      expect(app.logs()).not.toContain('could not be');
    } finally {
      await app.stop();
    }
  });

  it('and its key is in no row of a contracted database', async () => {
    const app = await startApp();
    const shop = await aWorkspace(app);
    try {
      await app.services.saveMessages.save({ ...input, workspaceId: shop.id });
      const [row] = await app.database.sql<{ text: string }>('SELECT m::text AS text FROM messages m');
      expect(row?.text).not.toContain(KEY);
      const digest = await digester(app.database, shop.id);
      expect(await storedDigests(app.database, shop.id)).toEqual([digest(KEY)]);
    } finally {
      await app.stop();
    }
  });
});

it('each workspace has a secret of its own, also one that an older server made', async () => {
  await migrate(dataSource);
  await database.sql(
    `INSERT INTO workspaces (id, name, time_zone, currency, created_at) VALUES ('next', 'Next', 'UTC', 'EUR', now())`,
  );
  const pads = await database.sql<{ key_pads: Buffer }>('SELECT key_pads FROM workspaces');
  expect(pads.map(({ key_pads }) => key_pads.length)).toEqual([128, 128]);
  expect(pads[0]?.key_pads.equals(pads[1]?.key_pads ?? Buffer.of())).toBe(false);
  for (const { key_pads } of pads)
    expect(key_pads.subarray(64)).toEqual(key_pads.subarray(0, 64).map((byte) => byte ^ 0x36 ^ 0x5c));
});

describe('the texts of a turn', () => {
  const REMOVED = "text_removed_at = now(), message = '', response = NULL, phone_number = NULL";

  it('change only by being removed whole, of the owner too', async () => {
    const app = await startApp();
    const shop = await aWorkspace(app);
    try {
      await app.services.saveMessages.save({ ...aTurn(shop), workspaceId: shop.id, idempotencyKey: 'k' });
      for (const set of [
        "message = 'other'",
        "phone_number = '+39333'",
        "response = 'other'",
        "key_digest = 'x'",
        "text_removed_at = now(), message = 'other', response = NULL, phone_number = NULL",
        "text_removed_at = now(), message = '', response = NULL",
      ]) {
        expect([set, await refusalOf(app.database, `UPDATE messages SET ${set}`)]).toEqual([
          set,
          expect.stringMatching(/never changed|messages_have_a_contact/),
        ]);
      }
      await app.database.sql(`UPDATE messages SET ${REMOVED}`);
      await expect(app.database.sql("UPDATE messages SET message = 'back'")).rejects.toThrow('never changed');
    } finally {
      await app.stop();
    }
  });

  it('are removed together with the raw key, and not before the digest is filled in', async () => {
    await saveAsOlder(database, turn('2026-03-01T10:00:00Z'));
    await migrate(dataSource);
    const remove = (rawKey: string) => database.sql(`UPDATE messages SET ${REMOVED}${rawKey}`);
    const whole = ', idempotency_key = NULL';
    await expect(remove(whole)).rejects.toThrow('messages_raw_key_with_text');
    const app = await startApp({ database });
    try {
      await app.services.filler.run();
      await expect(remove('')).rejects.toThrow('messages_raw_key_with_text');
      await expect(database.sql('UPDATE messages SET idempotency_key = NULL')).rejects.toThrow(
        'messages_raw_key_with_text',
      );
      await remove(whole);
      await contract(dataSource);
    } finally {
      await app.stop();
    }
  });
});

describe('reverting to the version before', () => {
  /** Takes back this version's migrations, the newest first. */
  const backToOlder = async (): Promise<void> => {
    for (;;) {
      const [{ name } = { name: '' }] = await database.sql<{ name: string }>(
        'SELECT name FROM migrations ORDER BY id DESC LIMIT 1',
      );
      if (name === 'ZoneStamps1700000000003') return;
      await migrateDown(dataSource);
    }
  };
  /** The texts are removed afterwards, so that the next obstacle shows. */
  const refusedForEvents = async (): Promise<void> => {
    await expect(backToOlder()).rejects.toThrow('Events were written, and would be lost');
    await database.sql('DELETE FROM events');
  };

  it('works, whether rows are filled in or not', async () => {
    const before = await describeSchema(database);
    await saveAsOlder(database, turn('2026-03-01T10:00:00Z'));
    await migrate(dataSource);
    await backToOlder();
    expect(await describeSchema(database)).toBe(before);
    await saveAsOlder(database, turn('2026-03-02T10:00:00Z'));
    await migrate(dataSource);
    const app = await startApp({ database });
    await app.services.filler.run();
    await app.services.saveMessages.save({
      workspaceId: 'shop',
      phoneNumber: '+393331234567',
      idempotencyKey: 'new',
    });
    await app.stop();
    await backToOlder();
    expect(await describeSchema(database)).toBe(before);
    await expect(saveAsOlder(database, { ...turn('2026-03-03T10:00:00Z'), key: 'new' })).rejects.toThrow(
      'The key was taken',
    );
  });

  it('works from a contracted database without turns', async () => {
    const before = await describeSchema(database);
    await migrate(dataSource);
    await contract(dataSource);
    await backToOlder();
    expect(await describeSchema(database)).toBe(before);
    await saveAsOlder(database, turn('2026-03-03T10:00:00Z'));
  });

  it('is refused once raw keys are gone: the version before would charge a repeated key twice', async () => {
    await saveAsOlder(database, turn('2026-03-01T10:00:00Z'));
    await migrate(dataSource);
    const app = await startApp({ database });
    await app.services.filler.run();
    await app.stop();
    await contract(dataSource);
    await expect(backToOlder()).rejects.toThrow('known by digests of their keys alone');
  });

  it('is refused once a customer was erased: the version before needs a contact of each', async () => {
    await migrate(dataSource);
    await database.sql(
      `UPDATE customers SET erased_at = now(), name = 'Erased customer 1', phone_number = NULL`,
    );
    await expect(backToOlder()).rejects.toThrow('Customers were erased');
    expect(await migrate(dataSource)).toEqual([
      { name: 'Signals1700000000007', direction: 'up' },
      { name: 'Forgetting1700000000008', direction: 'up' },
      { name: 'Dimensions1700000000009', direction: 'up' },
      { name: 'Webhooks1700000000010', direction: 'up' },
      { name: 'Retention1700000000011', direction: 'up' },
      { name: 'Citus1700000000012', direction: 'up' },
      { name: 'Margin1700000000013', direction: 'up' },
    ]);
  });

  it.each([
    ['workflow', { workflow: 'orders' }],
    ['channel', { channel: 'web' }],
    ['failure', { failure: 'no answer', response: null }],
  ])('is refused once a turn has a %s, which would be lost', async (_, fields) => {
    await migrate(dataSource);
    const app = await startApp({ database });
    const shop = await aWorkspace(app);
    await app.services.saveMessages.saveAll(shop.id, [
      { phoneNumber: '+393331234567', response: 'Ciao!', idempotencyKey: 'wamid.1', ...fields },
    ]);
    await app.stop();
    expect(await migrateDown(dataSource)).toMatchObject([{ name: 'Margin1700000000013' }]);
    expect(await migrateDown(dataSource)).toMatchObject([{ name: 'Citus1700000000012' }]);
    expect(await migrateDown(dataSource)).toMatchObject([{ name: 'Retention1700000000011' }]);
    expect(await migrateDown(dataSource)).toMatchObject([{ name: 'Webhooks1700000000010' }]);
    await expect(migrateDown(dataSource)).rejects.toThrow('Turns have a workflow, a channel or a failure');
  });

  it.each([
    ['a turn has tokens', async (app: TestApp) => void (await saveWithTokens(app))],
    [
      'a model has a price',
      async (app: TestApp) =>
        void (await app.services.workspaces.setModelPrices('shop', [MODEL_PRICE], ACTOR)),
    ],
    [
      'the channel has a price',
      async (app: TestApp) =>
        void (await app.services.workspaces.setChannelPrice('shop', { amountMicros: 1n }, ACTOR)),
    ],
  ])('is refused once %s, which would be lost', async (_, make) => {
    await migrate(dataSource);
    const app = await startApp({ database });
    await make(app);
    await app.stop();
    await expect(migrateDown(dataSource)).rejects.toThrow('Turns have tokens or costs');
  });

  it('is refused once the words of a turn were removed with its raw key', async () => {
    await migrate(dataSource);
    await saveAsOlder(database, turn('2026-03-01T10:00:00Z'));
    await database.sql(
      `UPDATE messages SET text_removed_at = now(), message = '', response = NULL, phone_number = NULL, idempotency_key = NULL`,
    );
    await expect(backToOlder()).rejects.toThrow('known by digests of their keys alone');
  });

  it('is refused once a charge was taken back: the version before would count it wrongly', async () => {
    const charge = await saveAsOlder(database, turn('2026-03-01T10:00:00Z'));
    await migrate(dataSource);
    const app = await startApp({ database });
    await app.services.voids.void('shop', { usageRecordId: charge, reason: 'x' }, { name: 'test' });
    await app.stop();
    await refusedForEvents();
    await expect(backToOlder()).rejects.toThrow('Charges were taken back');
    await migrate(dataSource);
    expect(await migrate(dataSource)).toEqual([]);
  });

  it('is refused once a month was closed: its statement would be lost', async () => {
    await saveAsOlder(database, turn('2026-01-01T10:00:00Z'));
    await migrate(dataSource);
    const app = await startApp({ database });
    await app.services.closing.close('shop', '2026-01', { name: 'test' });
    await app.stop();
    await refusedForEvents();
    await expect(backToOlder()).rejects.toThrow('Months were closed');
  });

  it('is refused while there are budgets, and works when they are removed', async () => {
    await migrate(dataSource);
    const app = await startApp({ database });
    const actor = { name: 'test' };
    const budget = await app.services.budgets.set(
      'shop',
      {
        ...{ name: 'month', subject: 'WORKSPACE', measure: 'COST', limit: '50', interval: 'MONTH' },
        ...{ thresholds: [80], enforcement: 'NOTIFY' },
      },
      actor,
    );
    for (const name of [
      'Margin1700000000013',
      'Citus1700000000012',
      'Retention1700000000011',
      'Webhooks1700000000010',
      'Dimensions1700000000009',
      'Forgetting1700000000008',
    ])
      expect(await migrateDown(dataSource)).toMatchObject([{ name }]);
    await expect(migrateDown(dataSource)).rejects.toThrow('Budgets were set, and would be lost');
    expect(await database.sql('SELECT name FROM budgets')).toEqual([{ name: 'month' }]);
    await app.services.budgets.remove('shop', budget.id, actor);
    await app.stop();
    expect(await migrateDown(dataSource)).toMatchObject([{ name: 'Signals1700000000007' }]);
  });

  it('is refused while texts are kept for some days only: the version before would keep them for ever', async () => {
    await migrate(dataSource);
    const app = await startApp({ database });
    const actor = { name: 'test' };
    await app.services.workspaces.update('shop', { keepDays: 90 }, actor);
    expect(await migrateDown(dataSource)).toMatchObject([{ name: 'Margin1700000000013' }]);
    expect(await migrateDown(dataSource)).toMatchObject([{ name: 'Citus1700000000012' }]);
    await expect(migrateDown(dataSource)).rejects.toThrow('would keep them for ever');
    await app.services.workspaces.update('shop', { keepDays: null }, actor);
    await app.stop();
    expect(await migrateDown(dataSource)).toMatchObject([{ name: 'Retention1700000000011' }]);
  });
});

describe('costs', () => {
  const saved = () =>
    database.sql(
      `SELECT sum(turns)::int AS turns, sum(priced)::int AS priced, sum(llm_cost_nanos)::int AS nanos,
         sum(channel_cost_micros)::int AS channel FROM cost_days`,
    );

  it('are of the turns that this version saves; a turn of the version before has none', async () => {
    await saveAsOlder(database, turn('2026-03-01T10:00:00Z'));
    await migrate(dataSource);
    const app = await startApp({ database });
    try {
      await app.services.workspaces.setChannelPrice('shop', { amountMicros: 7n }, ACTOR);
      await app.services.workspaces.setModelPrices('shop', [MODEL_PRICE], ACTOR);
      const charge = await saveAsOlder(database, turn('2026-03-02T10:00:00Z'));
      expect(await saved()).toEqual([{ turns: null, priced: null, nanos: null, channel: null }]);
      await saveWithTokens(app);
      await app.services.filler.run();
      // What the version before did is taken back, and read, by this one.
      await app.services.voids.void('shop', { usageRecordId: charge, reason: 'x' }, ACTOR);
      expect(await saved()).toEqual([{ turns: 1, priced: 1, nanos: 1_000, channel: 7 }]);
      expect(await differences(app, SHOP)).toBe(0n);
    } finally {
      await app.stop();
    }
  });

  it('never change once they are known, whoever writes', async () => {
    await migrate(dataSource);
    const app = await startApp({ database });
    try {
      await app.services.workspaces.setModelPrices('shop', [MODEL_PRICE], ACTOR);
      await saveWithTokens(app);
      for (const change of [
        'llm_cost_nanos = 0',
        'llm_cost_nanos = NULL',
        'channel_cost_micros = 1',
        'model_number = NULL',
        'input_tokens = 0',
        'cached_input_tokens = 1',
        'output_tokens = 0',
      ])
        await expect(database.sql(`UPDATE messages SET ${change}`)).rejects.toThrow('never changed');
      for (const statement of ['UPDATE model_prices SET input_micros = 0', 'DELETE FROM model_prices'])
        await expect(database.sql(statement)).rejects.toThrow('never changed');
    } finally {
      await app.stop();
    }
  });
});

describe('while keys of an older version are being filled', () => {
  const actor = { name: 'test' };
  const texts = async () =>
    (await database.sql<{ text: string }>('SELECT m::text AS text FROM messages m')).filter(({ text }) =>
      /ciao|older|39333/.test(text),
    ).length;

  it('nobody is erased, and the refusal says how much is left; nothing is changed', async () => {
    await saveAsOlder(database, turn('2026-03-01T10:00:00Z'));
    await saveAsOlder(database, turn('2026-03-02T10:00:00Z'));
    await migrate(dataSource);
    const app = await startApp({ database });
    try {
      const shop = { id: 'shop' };
      const token = await aToken(app, {
        kind: 'client',
        workspaceIds: [shop.id],
        scopes: ['customers:erase'],
      });
      const erasing = () =>
        app.api
          .as(token)
          .send<{ eraseCustomer: { messages: number } }>(
            'mutation ($input: EraseCustomerInput!) { eraseCustomer(input: $input) { messages } }',
            { input: { workspaceId: shop.id, customerId: CUSTOMER, reason: 'asked' } },
          );
      const refused = await erasing();
      expect([refused.status, refused.headers.get('retry-after'), refused.body.errors?.[0]]).toEqual([
        503,
        '60',
        expect.objectContaining({
          message: expect.stringContaining(
            "Turns of an older version are still being filled in: 2 of this workspace are left. Nobody can be erased before that is done; the server's log shows the progress.",
          ),
          extensions: expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }),
        }),
      ]);
      const command = await runCommand(
        ['customer', 'erase', '--workspace', 'shop', '--customer', CUSTOMER, '--reason', 'asked', '--yes'],
        { DATABASE_URL: database.url },
      );
      expect([command.code, command.stderr]).toEqual([
        3,
        expect.stringContaining('2 of this workspace are left'),
      ]);
      expect(await texts()).toBe(2);
      expect(await database.sql('SELECT name FROM customers')).toEqual([{ name: 'Mario' }]);
      expect(await database.sql('SELECT FROM erasures')).toEqual([]);
      await app.services.filler.run();
      // The raw key is still stored, and is removed with the texts.
      expect((await erasing()).body.data?.eraseCustomer.messages).toBe(2);
      expect(await texts()).toBe(0);
      await contract(dataSource);
    } finally {
      await app.stop();
    }
  });

  it('no text is removed for its age: it goes, with its raw key, once they are filled', async () => {
    await saveAsOlder(database, turn('2025-12-01T10:00:00Z'));
    await migrate(dataSource);
    const app = await startApp({ database });
    try {
      await app.services.workspaces.update('shop', { keepDays: 30 }, actor);
      app.clock.set('2026-03-16T02:00:00Z');
      expect([await app.services.retention.runDue(), await texts()]).toEqual([0, 1]);
      await app.services.filler.run();
      app.clock.advance(61_000);
      expect([await app.services.retention.runDue(), await texts()]).toEqual([1, 0]);
    } finally {
      await app.stop();
    }
  });
});
