import { AppError } from '../../errors';
import type { SavedMessage, Settlement } from './saved-message';
import { follow, keyOf, replay, settleEqualKeys } from './settle-equal-keys';
import { keyReused, type Turn } from './turn';

const turn = (id: string, fields: Partial<Turn> = {}): Turn => ({
  id,
  workspaceId: 'shop',
  idempotencyKey: 'key',
  phoneNumber: '+393331234567',
  whatsappUserId: null,
  message: 'ciao',
  response: 'Ciao!',
  occurredAt: new Date('2026-03-15T12:00:00Z'),
  failure: null,
  workflow: null,
  channel: null,
  llm: null,
  ...fields,
});

const stored = (id: string, fields: Partial<Turn> = {}): SavedMessage => {
  const {
    workspaceId,
    idempotencyKey: _,
    workflow: _workflow,
    channel: _channel,
    llm: _llm,
    ...rest
  } = turn(id, fields);
  return {
    ...rest,
    workspace: {
      id: workspaceId,
      name: 'Shop',
      timeZone: 'UTC',
      currency: 'EUR',
      settingsVersion: 1n,
      priceMicros: 5_000n,
      createdAt: rest.occurredAt,
      archivedAt: null,
    },
    customer: null,
    savedAt: rest.occurredAt,
    textRemovedAt: null,
    outcome: 'UNKNOWN_CUSTOMER',
    charge: null,
  };
};

const codeOf = (settlement: Settlement | undefined): string | undefined =>
  settlement && 'error' in settlement ? settlement.error.code : undefined;

const ok = (message: SavedMessage, replayed: boolean): Settlement => ({ ok: { message, replayed } });

describe('turns of one batch', () => {
  it('the first turn of a key leads, and later ones follow it', () => {
    const [a, b, again, third] = [
      turn('a'),
      turn('b', { idempotencyKey: 'other' }),
      turn('c', { message: 'other words' }),
      turn('d'),
    ];
    const { leaders, followers } = settleEqualKeys([a, b, again, third]);
    expect(leaders).toEqual([a, b]);
    expect([...followers]).toEqual([
      [again, a],
      [third, a],
    ]);
  });

  it('of two workspaces never share a key, whatever the ids look like', () => {
    const { leaders, followers } = settleEqualKeys([turn('a'), turn('b', { workspaceId: 'other' })]);
    expect([leaders.length, followers.size]).toEqual([2, 0]);
    expect(keyOf('shop', 'key')).not.toBe(keyOf('sho', 'pkey'));
  });
});

describe('a follower', () => {
  it('is a replay of the message that its leader stored', () => {
    const message = stored('a');
    expect(follow(turn('b'), turn('a'), ok(message, false))).toEqual(ok(message, true));
  });

  it.each([
    ['message', { message: 'other words' }],
    ['phone number', { phoneNumber: '+393330000000' }],
    ['user id', { whatsappUserId: 'IT.1' }],
  ])('with another %s than what is stored reuses the key', (_field, other) => {
    expect(codeOf(follow(turn('b', other), turn('a'), ok(stored('a'), false)))).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    );
  });

  it('is still open when its leader reused a stored key with other content, since the follower may match what is stored', () => {
    const refused: Settlement = { error: keyReused('key') };
    expect(follow(turn('b'), turn('a', { message: 'other words' }), refused)).toBeUndefined();
  });

  it('reuses the stored key too when it has the content of a leader that did', () => {
    const refused: Settlement = { error: keyReused('key') };
    expect(follow(turn('b'), turn('a'), refused)).toBe(refused);
  });

  it('shares any other refusal of its leader, whatever its content', () => {
    const refused: Settlement = { error: new AppError('FORBIDDEN', 'No.') };
    expect(follow(turn('b', { message: 'other words' }), turn('a'), refused)).toBe(refused);
  });

  it('is not saved when its leader was never settled, and may be sent again', () => {
    expect(codeOf(follow(turn('b'), turn('a'), undefined))).toBe('SERVICE_UNAVAILABLE');
  });
});

describe('a turn whose key is stored', () => {
  it('is a replay when the stored row has another id', () => {
    const message = stored('first');
    expect(replay(turn('again'), message)).toEqual(ok(message, true));
  });

  it('is no replay when the stored row has its own id: its earlier attempt was committed', () => {
    const message = stored('same');
    expect(replay(turn('same'), message)).toEqual(ok(message, false));
  });

  it.each([
    ['message', { message: 'other words' }],
    ['phone number', { phoneNumber: '+393330000000' }],
  ])('is a replay with another %s, too, when what was saved first was removed', (_field, other) => {
    const message = { ...stored('first'), textRemovedAt: new Date('2026-03-20T08:00:00Z') };
    expect(replay(turn('again', other), message)).toEqual(ok(message, true));
    expect(follow(turn('b', other), turn('again'), ok(message, true))).toEqual(ok(message, true));
  });

  it('reuses the key when its content differs', () => {
    const settlement = replay(turn('again', { message: 'other words' }), stored('first'));
    expect(codeOf(settlement)).toBe('IDEMPOTENCY_KEY_REUSED');
    expect('error' in settlement && settlement.error.message).toContain('"key"');
  });
});
