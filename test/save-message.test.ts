// saveMessage over GraphQL: what is stored, what is charged, and why not.
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp } from './support/app';
import { OUTCOMES, SAVE, type SaveData, TOTALS, type TotalsData } from './support/operations';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

describe('a turn that is charged', () => {
  it('returns its charge, its customer and the price in force', async () => {
    const shop = await aWorkspace(app);
    const mario = await aCustomer(app, shop, { name: 'Mario Rossi', phoneNumber: '+39 333 123 4567' });
    const { saveMessage } = await app.api.as(shop.service).data<SaveData>(SAVE, {
      input: aTurn(shop, { phoneNumber: '393331234567', message: 'ciao', response: 'Ciao Mario!' }),
    });
    expect(saveMessage).toMatchObject({
      replayed: false,
      message: {
        phoneNumber: '+393331234567',
        message: 'ciao',
        response: 'Ciao Mario!',
        workspace: { id: shop.id, pricePerResponse: { amount: '0.005', currency: 'EUR' } },
        customer: { id: mario.id, name: 'Mario Rossi' },
        tracking: {
          outcome: 'TRACKED',
          usage: { price: { amount: '0.005', currency: 'EUR' }, customer: { id: mario.id } },
        },
      },
    });
  });

  it('is counted by a query that starts after it was acknowledged', async () => {
    const shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    for (let turns = 1; turns <= 3; turns += 1) {
      await app.api.as(shop.service).data(SAVE, { input: aTurn(shop) });
      const { usage } = await app.api.as(shop.client).data<TotalsData>(TOTALS, { workspaceId: shop.id });
      expect(usage.totals).toMatchObject({ messages: turns, activeClients: 1 });
    }
  });

  it('is charged once when it comes twice at the same instant', async () => {
    const shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const input = aTurn(shop);
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => app.api.as(shop.service).data<SaveData>(SAVE, { input })),
    );
    expect(answers.filter(({ saveMessage }) => !saveMessage.replayed)).toHaveLength(1);
    expect(new Set(answers.map(({ saveMessage }) => saveMessage.message.id)).size).toBe(1);
    const { usage } = await app.api.as(shop.client).data<TotalsData>(TOTALS, { workspaceId: shop.id });
    expect(usage.totals.messages).toBe(1);
  });

  it('keeps the price of its own instant when the price changes', async () => {
    const shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const noon = new Date('2026-03-10T12:00:00Z');
    app.clock.set(new Date('2026-03-10T18:00:00Z'));
    await app.services.workspaces.setPrice(
      shop.id,
      { amountMicros: 7_000n, startsAt: noon },
      { name: 'test' },
    );
    const before = aTurn(shop, { occurredAt: '2026-03-10T11:59:59.999Z' });
    const after = aTurn(shop, { occurredAt: '2026-03-10T12:00:00Z' });
    const prices = [];
    for (const input of [before, after]) {
      const { saveMessage } = await app.api.as(shop.service).data<SaveData>(SAVE, { input });
      prices.push(saveMessage.message.tracking.usage?.price.amount);
    }
    expect(prices).toEqual(['0.005', '0.007']);
  });

  it('may have a price of zero, and is still a charge', async () => {
    const shop = await aWorkspace(app, { priceMicros: 0n });
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const { saveMessage } = await app.api.as(shop.service).data<SaveData>(SAVE, { input: aTurn(shop) });
    expect(saveMessage.message.tracking).toMatchObject({
      outcome: 'TRACKED',
      usage: { price: { amount: '0.00' } },
    });
  });
});

describe('a turn that is not charged', () => {
  const outcomeOf = async (shop: { id: string; service: string }, turn: object): Promise<string> => {
    const { saveMessage } = await app.api.as(shop.service).data<SaveData>(SAVE, { input: turn });
    expect(saveMessage.message.tracking.usage).toBeNull();
    return saveMessage.message.tracking.outcome;
  };

  it.each([
    ['absent', undefined],
    ['null', null],
    ['empty', ''],
    ['blank', ' \n\t\u00a0'],
    ['of characters that can not be seen', '\u200b\u0085\u00ad\u2060'],
  ])('has no response: %s', async (_, response) => {
    const shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    expect(await outcomeOf(shop, aTurn(shop, { response }))).toBe('NO_RESPONSE');
  });

  it('comes from a number that nobody registered, or that is registered elsewhere', async () => {
    const other = await aWorkspace(app);
    await aCustomer(app, other, { phoneNumber: '+393331234567' });
    const shop = await aWorkspace(app);
    expect(await outcomeOf(shop, aTurn(shop))).toBe('UNKNOWN_CUSTOMER');
  });

  it('comes from a customer whose chatbot is switched off', async () => {
    const shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567', activeChatbot: false });
    expect(await outcomeOf(shop, aTurn(shop))).toBe('INACTIVE_CUSTOMER');
  });

  it('names the first reason: no response before unknown before inactive', async () => {
    const shop = await aWorkspace(app);
    expect(await outcomeOf(shop, aTurn(shop, { response: '' }))).toBe('NO_RESPONSE');
  });

  it('is counted by its outcome', async () => {
    const shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    await outcomeOf(shop, aTurn(shop, { response: '' }));
    await outcomeOf(shop, aTurn(shop, { phoneNumber: '+4915112345678' }));
    await app.api.as(shop.service).data(SAVE, { input: aTurn(shop) });
    const { usage } = await app.api
      .as(shop.client)
      .data<{ usage: { outcomes: object[] } }>(OUTCOMES, { workspaceId: shop.id });
    expect(usage.outcomes).toEqual([
      { outcome: 'TRACKED', messages: 1 },
      { outcome: 'NO_RESPONSE', messages: 1 },
      { outcome: 'UNKNOWN_CUSTOMER', messages: 1 },
      { outcome: 'INACTIVE_CUSTOMER', messages: 0 },
      { outcome: 'DEFERRED', messages: 0 },
      { outcome: 'VOIDED', messages: 0 },
    ]);
  });

  it('keeps its outcome when the customer is registered later', async () => {
    const shop = await aWorkspace(app);
    const turn = aTurn(shop);
    expect(await outcomeOf(shop, turn)).toBe('UNKNOWN_CUSTOMER');
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    expect(await outcomeOf(shop, turn)).toBe('UNKNOWN_CUSTOMER');
  });
});

describe('the customer', () => {
  it('is found by WhatsApp user id without a phone number', async () => {
    const shop = await aWorkspace(app);
    const anna = await aCustomer(app, shop, { whatsappUserId: 'IT.1349' });
    const input = aTurn(shop, { phoneNumber: null, whatsappUserId: 'IT.1349' });
    const { saveMessage } = await app.api.as(shop.service).data<SaveData>(SAVE, { input });
    expect(saveMessage.message.customer?.id).toBe(anna.id);
  });

  it("is decided by the user id when the phone number is somebody else's", async () => {
    const shop = await aWorkspace(app);
    const anna = await aCustomer(app, shop, { whatsappUserId: 'IT.1349' });
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const { saveMessage } = await app.api.as(shop.service).data<SaveData>(SAVE, {
      input: aTurn(shop, { whatsappUserId: 'IT.1349' }),
    });
    expect(saveMessage.message.customer?.id).toBe(anna.id);
  });

  it('falls back to the phone number when nobody has the user id', async () => {
    const shop = await aWorkspace(app);
    const mario = await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const { saveMessage } = await app.api.as(shop.service).data<SaveData>(SAVE, {
      input: aTurn(shop, { whatsappUserId: 'IT.unknown' }),
    });
    expect(saveMessage.message.customer?.id).toBe(mario.id);
  });
});

describe('a retry', () => {
  const SAVE_REMOVED = SAVE.replace('savedAt', 'savedAt textRemovedAt');

  it('answers with what was saved first, also with another response and another time', async () => {
    const shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const first = aTurn(shop, { message: 'ciao', response: 'one', occurredAt: '2026-03-01T10:00:00Z' });
    const saved = await app.api.as(shop.service).data<SaveData>(SAVE, { input: first });
    const again = await app.api.as(shop.service).data<SaveData>(SAVE, {
      input: {
        ...first,
        phoneNumber: '+39 333 123-4567',
        response: 'two',
        occurredAt: '2026-03-01T10:00:05Z',
      },
    });
    expect(again.saveMessage).toEqual({ replayed: true, message: saved.saveMessage.message });
  });

  it.each([
    ['another message', { message: 'other' }],
    ['another phone number', { phoneNumber: '+393339999999' }],
    ['a user id beside the number', { whatsappUserId: 'IT.1' }],
  ])('with %s is refused and writes nothing', async (_, change) => {
    const shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const first = aTurn(shop, { message: 'ciao' });
    await app.api.as(shop.service).data(SAVE, { input: first });
    const answer = await app.api.as(shop.service).send(SAVE, { input: { ...first, ...change } });
    expect(answer.status).toBe(409);
    expect(answer.body.errors?.[0]?.message).toMatch(/^\[IDEMPOTENCY_KEY_REUSED\] /);
    expect(await app.database.sql('SELECT FROM messages WHERE workspace_id = $1', [shop.id])).toHaveLength(1);
  });

  it('of a turn whose texts were removed is a replay whatever it contains, and stores nothing', async () => {
    const shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const first = aTurn(shop, { message: 'ciao' });
    const { saveMessage: saved } = await app.api.as(shop.service).data<SaveData>(SAVE, { input: first });
    await app.database.sql(
      `UPDATE messages SET text_removed_at = '2026-03-20T08:00:00Z', message = '', response = NULL, phone_number = NULL
       WHERE workspace_id = $1`,
      [shop.id],
    );
    const stored = () => app.database.sql('SELECT * FROM messages WHERE workspace_id = $1', [shop.id]);
    const removed = await stored();
    for (const change of [{}, { message: 'other' }, { phoneNumber: '+393339999999' }]) {
      const input = { ...first, ...change };
      const { saveMessage } = await app.api.as(shop.service).data<SaveData>(SAVE_REMOVED, { input });
      expect(saveMessage).toMatchObject({
        replayed: true,
        message: {
          ...{ id: saved.message.id, message: '', response: null, phoneNumber: null },
          ...{ textRemovedAt: '2026-03-20T08:00:00.000Z', tracking: saved.message.tracking },
        },
      });
    }
    expect(await stored()).toEqual(removed);
    const { usage } = await app.api.as(shop.client).data<TotalsData>(TOTALS, { workspaceId: shop.id });
    expect(usage.totals.messages).toBe(1);
  });

  it('gets the first answer in an archived workspace, which accepts no new key', async () => {
    const shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const input = aTurn(shop);
    const first = await app.api.as(shop.service).data<SaveData>(SAVE, { input });
    await app.services.workspaces.remove(shop.id, { name: 'test' });

    const again = await app.api.as(shop.service).data<SaveData>(SAVE, { input });
    expect(again.saveMessage).toEqual({ replayed: true, message: first.saveMessage.message });
    expect(await app.api.as(shop.service).code(SAVE, { input: { ...input, message: 'altro' } })).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    );
    expect(await app.api.as(shop.service).code(SAVE, { input: aTurn(shop) })).toBe('CONFLICT');
    const items = [input, aTurn(shop), input].map(({ workspaceId: _, ...item }) => item);
    const { saveMessages } = await app.api
      .as(shop.service)
      .data<{ saveMessages: object[] }>(SAVE_ALL, { workspaceId: shop.id, items });
    expect(saveMessages).toMatchObject([
      { payload: { replayed: true }, error: null },
      { payload: null, error: { code: 'CONFLICT' } },
      { payload: { replayed: true }, error: null },
    ]);
  });

  it('with equal keys in one request gives one save, one replay and one refusal', async () => {
    const shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const { workspaceId: _, ...item } = aTurn(shop, { message: 'ciao' });
    const { saveMessages } = await app.api.as(shop.service).data<{ saveMessages: unknown[] }>(SAVE_ALL, {
      workspaceId: shop.id,
      items: [item, item, { ...item, message: 'other' }],
    });
    expect(saveMessages).toMatchObject([
      { payload: { replayed: false }, error: null },
      { payload: { replayed: true }, error: null },
      { payload: null, error: { code: 'IDEMPOTENCY_KEY_REUSED' } },
    ]);
  });
});

it('a turn that shares a batch with a misuse of its stored key is still a replay', async () => {
  const shop = await aWorkspace(app);
  const { workspaceId: _, ...item } = aTurn(shop, { message: 'ciao' });
  const save = async (items: object[]) =>
    (
      await app.api
        .as(shop.service)
        .data<{ saveMessages: unknown[] }>(SAVE_ALL, { workspaceId: shop.id, items })
    ).saveMessages;
  await save([item]);
  expect(await save([{ ...item, message: 'other' }, item])).toMatchObject([
    { payload: null, error: { code: 'IDEMPOTENCY_KEY_REUSED' } },
    { payload: { replayed: true }, error: null },
  ]);
});

it('if several prices start at the same instant, the last recorded is charged', async () => {
  const shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  const startsAt = new Date(app.clock.now().getTime() - 1_000);
  for (const amountMicros of [30_000n, 10_000n, 20_000n])
    await app.services.workspaces.setPrice(shop.id, { amountMicros, startsAt }, { name: 'test' });
  const { saveMessage } = await app.api.as(shop.service).data<SaveData>(SAVE, { input: aTurn(shop) });
  expect(saveMessage.message.tracking.usage?.price.amount).toBe('0.02');
  expect(saveMessage.message.workspace.pricePerResponse.amount).toBe('0.02');
});

const SAVE_ALL = /* GraphQL */ `
  mutation SaveAll($workspaceId: ID!, $items: [SaveMessageItem!]!) {
    saveMessages(workspaceId: $workspaceId, items: $items) {
      payload { replayed message { id tracking { outcome } } }
      error { code message }
    }
  }`;

describe('many turns at once', () => {
  it('are not written by the plans that were made for an empty database', async () => {
    const fresh = await startApp({ config: { writeLanes: 1 } });
    const shop = await aWorkspace(fresh);
    await aCustomer(fresh, shop, { phoneNumber: '+393331234567' });
    const save = async (turns: number): Promise<number> => {
      fresh.statements();
      const items = Array.from({ length: turns }, () => aTurn(shop));
      const results = await fresh.services.saveMessages.saveAll(shop.id, items);
      expect(results.filter((result) => 'ok' in result)).toHaveLength(turns);
      // The lane is free again.
      await fresh.api.as(shop.service).data(SAVE, { input: aTurn(shop) });
      return fresh.statements().filter((name) => name === 'forget_plans').length;
    };
    expect([await save(1), await save(500), await save(500), await save(500)]).toEqual([0, 0, 1, 0]);
    await fresh.stop();
  });

  it('are answered one by one and in order; a bad one does not affect the others', async () => {
    const shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const { workspaceId: _, ...good } = aTurn(shop);
    const items = [
      good,
      { ...good, idempotencyKey: 'b', phoneNumber: 'not a number' },
      { ...good, idempotencyKey: '' },
      { ...good, idempotencyKey: 'd', occurredAt: 'yesterday' },
      { idempotencyKey: 'e' },
      { ...good, idempotencyKey: 'f', response: null },
    ];
    const { saveMessages } = await app.api
      .as(shop.service)
      .data<{ saveMessages: { error: { code: string } | null }[] }>(SAVE_ALL, {
        workspaceId: shop.id,
        items,
      });
    expect(saveMessages.map(({ error }) => error?.code ?? 'saved')).toEqual([
      'saved',
      'BAD_USER_INPUT',
      'BAD_USER_INPUT',
      'BAD_USER_INPUT',
      'BAD_USER_INPUT',
      'saved',
    ]);
  });

  it('are at most 500', async () => {
    const shop = await aWorkspace(app);
    const items = Array.from({ length: 501 }, (_, index) => ({
      idempotencyKey: String(index),
      phoneNumber: '+393331234567',
    }));
    expect(await app.api.as(shop.service).code(SAVE_ALL, { workspaceId: shop.id, items })).toBe(
      'BAD_USER_INPUT',
    );
  });
});

describe('input that is refused', () => {
  const cases: [string, object, RegExp][] = [
    ['no contact', { phoneNumber: null }, /phoneNumber or whatsappUserId/],
    ['a phone number that is none', { phoneNumber: '0123' }, /phone/i],
    ['a phone number with letters', { phoneNumber: '+39abc1234567' }, /phone/i],
    ['an empty key', { idempotencyKey: '' }, /idempotencyKey must have 1 to 255/],
    ['a key of 256 characters', { idempotencyKey: 'k'.repeat(256) }, /has 256/],
    ['a message over its limit', { message: 'm'.repeat(65_537) }, /message has 65537 characters/],
    ['a response over its limit', { response: 'r'.repeat(65_537) }, /response has 65537 characters/],
    ['an instant an hour ahead', { occurredAt: '2026-03-15T13:00:00Z' }, /ahead of the server's clock/],
    ['an instant in 1970', { occurredAt: '1970-01-21T02:16:08Z' }, /seconds taken for milliseconds/],
    ['an instant without an offset', { occurredAt: '2026-03-15T11:00:00' }, /offset|RFC 3339/],
  ];

  it.each(cases)('%s', async (_, change, message) => {
    app.clock.set(new Date('2026-03-15T12:00:00Z'));
    const shop = await aWorkspace(app);
    const answer = await app.api.as(shop.service).send(SAVE, { input: { ...aTurn(shop), ...change } });
    expect(answer.status).toBe(400);
    expect(answer.body.errors?.[0]?.message).toMatch(/^\[BAD_USER_INPUT\] /);
    expect(answer.body.errors?.[0]?.message).toMatch(message);
    expect(await app.database.sql('SELECT FROM messages WHERE workspace_id = $1', [shop.id])).toHaveLength(0);
  });

  it('a workspace of another token and one that does not exist, with the same message', async () => {
    const shop = await aWorkspace(app);
    const other = await aWorkspace(app);
    const foreign = await app.api.as(shop.service).send(SAVE, { input: aTurn(other) });
    const missing = await app.api.as(shop.service).send(SAVE, { input: aTurn({ id: 'nowhere' }) });
    expect([foreign.status, missing.status]).toEqual([403, 403]);
    const words = (text: string | undefined, id: string) => text?.replace(id, '<id>');
    expect(words(foreign.body.errors?.[0]?.message, other.id)).toBe(
      words(missing.body.errors?.[0]?.message, 'nowhere'),
    );
  });
});

describe('input that is accepted', () => {
  it.each([
    ['no text (an image)', undefined, ''],
    ['NUL, which is dropped', 'a\u0000b', 'ab'],
    ['a lone surrogate, which becomes U+FFFD', 'cut \ud83d', 'cut \ufffd'],
    ['emoji', 'ciao 👋🏽', 'ciao 👋🏽'],
    ['right-to-left text', 'שלום עולם', 'שלום עולם'],
    [
      'quotes, newlines and braces',
      'do you have "bufala"?\nback\\slash {{ braces }}',
      'do you have "bufala"?\nback\\slash {{ braces }}',
    ],
  ])('a message of %s', async (_, message, stored) => {
    const shop = await aWorkspace(app);
    const { saveMessage } = await app.api
      .as(shop.service)
      .data<SaveData>(SAVE, { input: aTurn(shop, { message }) });
    expect(saveMessage.message.message).toBe(stored);
  });

  it('60 000 characters, of emoji too', async () => {
    const shop = await aWorkspace(app);
    const input = aTurn(shop, { message: '👋'.repeat(60_000), response: 'x'.repeat(60_000) });
    const { saveMessage } = await app.api.as(shop.service).data<SaveData>(SAVE, { input });
    expect(saveMessage.message.message).toHaveLength(120_000);
  });

  it('a key of 255 characters with the signs of base64', async () => {
    const shop = await aWorkspace(app);
    const input = aTurn(shop, { idempotencyKey: `wamid.${'+/='.repeat(83)}` });
    expect((await app.api.as(shop.service).data<SaveData>(SAVE, { input })).saveMessage.replayed).toBe(false);
  });
});
