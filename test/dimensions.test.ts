// What describes a turn: its workflow and channel, by which a report is broken down, and why it has no response.
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
import { reportOn } from './support/shops';
import { differences, rebuild } from './support/upkeep';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
beforeEach(async () => {
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
});

const SAVE = `mutation ($input: SaveMessageInput!) { saveMessage(input: $input) {
  replayed message { id failure tracking { outcome usage { id } } } } }`;

interface Saved {
  replayed: boolean;
  message: {
    id: string;
    failure: string | null;
    tracking: { outcome: string; usage: { id: string } | null };
  };
}

const save = async (turn: Record<string, unknown> = {}): Promise<Saved> =>
  (await app.api.as(shop.service).data<{ saveMessage: Saved }>(SAVE, { input: aTurn(shop, turn) }))
    .saveMessage;

/** As many turns as there are values, in requests of 500. */
async function saveAll(turns: readonly object[]): Promise<void> {
  for (let first = 0; first < turns.length; first += 500)
    await app.services.saveMessages.saveAll(
      shop.id,
      turns.slice(first, first + 500).map((turn) => {
        const { workspaceId: _, ...item } = aTurn(shop, { ...turn });
        return item;
      }),
    );
}

interface Row {
  kind: string;
  value: string | null;
  messages: number;
  cost: { amount: string };
  share: string;
}

/** Rows as 'VALUE web 2 0.01 0.6667'. */
async function breakdown(by: string, variables: object = {}, limit?: number): Promise<string[]> {
  const args = limit === undefined ? `by: ${by}` : `by: ${by}, limit: ${limit}`;
  const { breakdown: rows } = await reportOn<{ breakdown: Row[] }>(
    ...([app, shop] as const),
    `breakdown(${args}) { kind value messages cost { amount } share }`,
    variables,
  );
  return rows.map(({ kind, value, messages, cost, share }) =>
    [kind, ...(value === null ? [] : [value]), messages, cost.amount, share].join(' '),
  );
}

const days = () => app.database.sql('SELECT FROM dimension_days WHERE workspace_id = $1', [shop.id]);

describe('a breakdown', () => {
  it('has each value, highest cost first, and the turns without one; it adds up to the totals', async () => {
    await save({ workflow: 'orders', channel: 'whatsapp' });
    await save({ workflow: 'orders', channel: 'web' });
    await save({ workflow: 'help', channel: 'whatsapp' });
    await save();
    // Neither is charged.
    await save({ workflow: 'orders', channel: 'web', response: null });
    await save({ workflow: 'orders', phoneNumber: '+393339999999' });
    expect(await breakdown('WORKFLOW')).toEqual([
      'VALUE orders 2 0.01 0.5',
      'VALUE help 1 0.005 0.25',
      'NONE 1 0.005 0.25',
    ]);
    expect(await breakdown('CHANNEL')).toEqual([
      'VALUE whatsapp 2 0.01 0.5',
      'VALUE web 1 0.005 0.25',
      'NONE 1 0.005 0.25',
    ]);
    expect(await differences(app, shop)).toBe(0n);
  });

  it('is empty without usage, and only NONE where no turn says anything, for which no roll-up is written', async () => {
    expect(await breakdown('WORKFLOW')).toEqual([]);
    await save();
    expect(await breakdown('CHANNEL')).toEqual(['NONE 1 0.005 1']);
    expect(await days()).toEqual([]);
  });

  it('of free turns goes by value, with a share of 0', async () => {
    await app.services.workspaces.setPrice(shop.id, { amountMicros: 0n }, ACTOR);
    await save({ channel: 'web' });
    await save({ channel: 'voice' });
    expect(await breakdown('CHANNEL')).toEqual(['VALUE voice 1 0.00 0', 'VALUE web 1 0.00 0']);
  });

  it('puts what is beyond the limit into REST', async () => {
    await saveAll(['a', 'b', 'b', 'c', 'd', undefined].map((workflow) => ({ workflow })));
    expect(await breakdown('WORKFLOW', {}, 2)).toEqual([
      'VALUE b 2 0.01 0.3333',
      'VALUE a 1 0.005 0.1667',
      'REST 2 0.01 0.3333',
      'NONE 1 0.005 0.1667',
    ]);
  });

  it('has 200 values at most: turns of further ones are OTHER, of the first ones still VALUE', async () => {
    const values = Array.from({ length: 201 }, (_, index) => `flow ${String(index).padStart(3, '0')}`);
    await saveAll(values.map((workflow) => ({ workflow, channel: 'web' })));
    await save({ workflow: 'flow 000' });
    await save({ workflow: 'flow 300' });
    const rows = await breakdown('WORKFLOW', {}, 200);
    expect(rows.slice(0, 2)).toEqual(['VALUE flow 000 2 0.01 0.0099', 'VALUE flow 001 1 0.005 0.0049']);
    expect(rows.slice(199)).toEqual(['VALUE flow 199 1 0.005 0.0049', 'OTHER 2 0.01 0.0099']);
    // Another dimension, and another workspace, have 200 of their own.
    await save({ channel: 'voice' });
    expect(await breakdown('CHANNEL')).toContain('VALUE voice 1 0.005 0.0049');
    const { id } = shop;
    shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    await save({ workflow: 'flow 300' });
    expect(await breakdown('WORKFLOW')).toEqual(['VALUE flow 300 1 0.005 1']);
    const [kept] = await app.database.sql(
      "SELECT count(*)::int AS n, min(number) AS first, max(number) AS last FROM dimension_values WHERE workspace_id = $1 AND dimension = 'WORKFLOW'",
      [id],
    );
    expect(kept).toEqual({ n: 200, first: 1, last: 200 });
    expect(await differences(app, shop)).toBe(0n);
  });

  it.each([
    [0, 'got 0'],
    [201, 'got 201'],
  ])('refuses the limit %p', async (limit, said) => {
    const { body } = await app.api
      .as(shop.client)
      .send(
        'query ($id: ID!, $limit: Int) { usage(workspaceId: $id) { breakdown(by: CHANNEL, limit: $limit) { value } } }',
        {
          ...{ id: shop.id, limit },
        },
      );
    expect(body.errors).toMatchObject([{ message: expect.stringContaining(said) }]);
  });

  it('is exact at ragged edges and in other zones', async () => {
    for (const occurredAt of ['2026-03-09T22:59:59.999Z', '2026-03-09T23:00:00Z', '2026-03-10T11:00:00Z'])
      await save({ occurredAt, channel: 'web' });
    await save({ occurredAt: '2026-03-10T11:00:00Z' });
    // The 10th in Rome has whole days alone.
    const day = { firstDay: '2026-03-10', lastDay: '2026-03-10' };
    expect(await breakdown('CHANNEL', { period: day })).toEqual([
      'VALUE web 2 0.01 0.6667',
      'NONE 1 0.005 0.3333',
    ]);
    expect(await breakdown('CHANNEL', { period: day, timeZone: 'UTC' })).toEqual([
      'VALUE web 1 0.005 0.5',
      'NONE 1 0.005 0.5',
    ]);
    const until = (to: string) => ({ period: { from: '2026-03-09T22:59:59.999Z', to } });
    expect(await breakdown('CHANNEL', until('2026-03-09T23:00:00Z'))).toEqual(['VALUE web 1 0.005 1']);
    expect(await breakdown('CHANNEL', until('2026-03-10T11:00:00Z'))).toEqual(['VALUE web 2 0.01 1']);
  });

  it('loses what is taken back, also at an edge, and takes a rebuild and another zone', async () => {
    const occurredAt = '2026-03-09T23:30:00Z';
    const { message } = await save({ occurredAt, workflow: 'orders' });
    await save({ occurredAt, workflow: 'help' });
    const usageRecordId = message.tracking.usage?.id ?? '';
    await app.services.voids.void(shop.id, { usageRecordId, reason: 'a mistake' }, ACTOR);
    await app.services.voids.void(shop.id, { usageRecordId, reason: 'again' }, ACTOR);
    const left = ['VALUE help 1 0.005 1'];
    const edge = { period: { from: '2026-03-09T23:15:00Z', to: '2026-03-09T23:45:00Z' } };
    expect([await breakdown('WORKFLOW'), await breakdown('WORKFLOW', edge)]).toEqual([left, left]);
    expect(await differences(app, shop)).toBe(0n);
    await app.services.workspaces.update(shop.id, { timeZone: 'America/New_York' }, ACTOR);
    expect([await breakdown('WORKFLOW'), await differences(app, shop)]).toEqual([left, 0n]);
    await rebuild(app, shop);
    expect([await breakdown('WORKFLOW'), await differences(app, shop)]).toEqual([left, 0n]);
  });

  it('that drifted is found by verify, and made anew by a rebuild', async () => {
    await save({ workflow: 'orders' });
    const spoil = [
      'UPDATE dimension_days SET cost_micros = cost_micros + 1 WHERE workspace_id = $1',
      'DELETE FROM dimension_days WHERE workspace_id = $1',
      `INSERT INTO dimension_days (workspace_id, dimension, day, number, shard, messages, cost_micros)
         VALUES ($1, 'CHANNEL', '2026-05-01', 7, 0, 1, 1)`,
    ];
    for (const statement of spoil) {
      await app.database.sql(statement, [shop.id]);
      expect(await differences(app, shop)).toBe(1n);
      await rebuild(app, shop);
      expect([await breakdown('WORKFLOW'), await differences(app, shop)]).toEqual([
        ['VALUE orders 1 0.005 1'],
        0n,
      ]);
    }
  });

  it('of a foreign workspace is refused, and has none of its values', async () => {
    await save({ workflow: 'orders' });
    const stranger = await aWorkspace(app);
    const { body } = await app.api
      .as(stranger.client)
      .send('query ($id: ID!) { usage(workspaceId: $id) { breakdown(by: WORKFLOW) { value } } }', {
        id: shop.id,
      });
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    shop = stranger;
    expect(await breakdown('WORKFLOW')).toEqual([]);
  });

  it('has a charge that is made later', async () => {
    await app.database.sql(`CREATE FUNCTION refuse_charge() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.workspace_id = '${shop.id}' THEN RAISE EXCEPTION 'no charge today'; END IF; RETURN NEW; END $$`);
    await app.database.sql(
      'CREATE TRIGGER refuse_charge BEFORE INSERT ON charges FOR EACH ROW EXECUTE FUNCTION refuse_charge()',
    );
    const { message } = await save({ workflow: 'orders', channel: 'web' });
    expect([message.tracking.outcome, await breakdown('WORKFLOW')]).toEqual(['DEFERRED', []]);
    await app.database.sql('DROP FUNCTION refuse_charge CASCADE');
    await app.services.reconciler.run();
    expect(await breakdown('WORKFLOW')).toEqual(['VALUE orders 1 0.005 1']);
    expect(await breakdown('CHANNEL')).toEqual(['VALUE web 1 0.005 1']);
    expect(await differences(app, shop)).toBe(0n);
  });
});

describe('a value', () => {
  it('is stored without the white space around it, and blank is none', async () => {
    await save({ workflow: ' orders ', channel: ' \u200b' });
    await save({ workflow: 'orders', channel: '' });
    expect([await breakdown('WORKFLOW'), await breakdown('CHANNEL')]).toEqual([
      ['VALUE orders 2 0.01 1'],
      ['NONE 2 0.01 1'],
    ]);
  });

  it('that is new to two servers at once gets one number', async () => {
    const other = await startBeside(app);
    try {
      const turns = Array.from({ length: 60 }, (_, index) => ({
        ...{ workflow: `flow ${index % 20}`, channel: 'web' },
      }));
      await Promise.all(
        turns.map((turn, index) =>
          (index % 2 === 0 ? app : other).api.as(shop.service).data(SAVE, { input: aTurn(shop, turn) }),
        ),
      );
    } finally {
      await other.stop();
    }
    expect(await breakdown('WORKFLOW', {}, 200)).toHaveLength(20);
    expect(await breakdown('CHANNEL')).toEqual(['VALUE web 60 0.30 1']);
    expect(await differences(app, shop)).toBe(0n);
  });

  it.each([
    ['workflow', 100],
    ['channel', 50],
    ['failure', 500],
  ])('%s is refused beyond its limit, counted in characters', async (field, limit) => {
    const input = aTurn(shop, { [field]: '😀'.repeat(limit + 1), response: null });
    const { body } = await app.api.as(shop.service).send(SAVE, { input });
    expect(body.errors).toMatchObject([
      {
        message: expect.stringContaining(`${field} has ${limit + 1} characters; at most ${limit}`),
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
    expect((await save({ [field]: '😀'.repeat(limit), response: null })).replayed).toBe(false);
  });

  it('is no part of what makes a retry equal: the first one is kept', async () => {
    await save({ idempotencyKey: 'wamid.again', workflow: 'orders' });
    expect((await save({ idempotencyKey: 'wamid.again', workflow: 'help' })).replayed).toBe(true);
    expect(await breakdown('WORKFLOW')).toEqual(['VALUE orders 1 0.005 1']);
  });

  it('never changes and is not deleted, by anybody', async () => {
    await save({ workflow: 'orders' });
    for (const statement of ["UPDATE dimension_values SET value = 'x'", 'DELETE FROM dimension_values'])
      await expect(app.database.sql(statement)).rejects.toThrow('are never changed');
  });
});

describe('failure', () => {
  const failures = async (token: string) =>
    app.api
      .as(token)
      .send('query ($id: ID!) { messages(workspaceId: $id) { nodes { failure } } }', { id: shop.id });

  it('is kept with a turn without a response, answered at once, again and in lists', async () => {
    const turn = { response: null, failure: ' The model timed out ', idempotencyKey: 'wamid.1:failed' };
    expect((await save(turn)).message.failure).toBe('The model timed out');
    expect((await save(turn)).message.failure).toBe('The model timed out');
    expect((await failures(shop.analyst)).body.data).toEqual({
      messages: { nodes: [{ failure: 'The model timed out' }] },
    });
    // It is a text of a conversation, so the figures' token can't read it.
    expect((await failures(shop.client)).body).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
  });

  it('is dropped where there is a response', async () => {
    expect((await save({ failure: 'none really' })).message.failure).toBeNull();
    expect((await failures(shop.analyst)).body.data).toEqual({ messages: { nodes: [{ failure: null }] } });
  });

  it('comes in saveMessages too, where a bad one spoils no other', async () => {
    const item = (fields: object) => {
      const { workspaceId: _, ...rest } = aTurn(shop, { response: null, ...fields });
      return rest;
    };
    const { saveMessages } = await app.api
      .as(shop.service)
      .data<{ saveMessages: { payload: { message: { failure: string } } | null; error: object | null }[] }>(
        'mutation ($id: ID!, $items: [SaveMessageItem!]!) { saveMessages(workspaceId: $id, items: $items) { payload { message { failure } } error { code } } }',
        { id: shop.id, items: [item({ failure: 'x'.repeat(501) }), item({ failure: 'no answer' })] },
      );
    expect(saveMessages).toEqual([
      { payload: null, error: { code: 'BAD_USER_INPUT' } },
      { payload: { message: { failure: 'no answer' } }, error: null },
    ]);
  });

  it('goes with the words also where a server of the version before removes them', async () => {
    await save({ response: null, failure: 'Mario said no' });
    await app.database.sql(
      `UPDATE messages SET message = '', response = NULL, phone_number = NULL, whatsapp_user_id = NULL, text_removed_at = now()
       WHERE workspace_id = $1`,
      [shop.id],
    );
    expect(await app.database.sql('SELECT failure FROM messages WHERE workspace_id = $1', [shop.id])).toEqual(
      [{ failure: null }],
    );
  });

  it('is never changed otherwise', async () => {
    await save({ response: null, failure: 'Mario said no' });
    await expect(
      app.database.sql("UPDATE messages SET failure = 'other' WHERE workspace_id = $1", [shop.id]),
    ).rejects.toThrow('rows of messages are never changed');
  });
});

it('a turn that says nothing of this is stored by the statement that knows nothing of it', async () => {
  await save();
  app.statements();
  await save();
  expect(app.statements()).toContain('insert_turns');
  await save({ channel: 'web' });
  expect(app.statements()).toEqual(
    expect.arrayContaining(['insert_described_turns', 'add_dimension_values', 'insert_described_turns']),
  );
  await save({ channel: 'web' });
  expect(app.statements()).not.toContain('add_dimension_values');
});
