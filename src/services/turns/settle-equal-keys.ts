// Turns of one batch that share an idempotency key: the first is stored, the others follow it.
import type { SavedMessage, Settlement } from './saved-message';
import { keyReused, notSaved, sameContent, type Turn } from './turn';

/** The key of a workspace's idempotency key in maps. */
export const keyOf = (workspaceId: string, idempotencyKey: string): string =>
  `${workspaceId}\n${idempotencyKey}`;

/** The first turn of each key in order, and for each later turn of the same key the first one. */
export function settleEqualKeys(turns: readonly Turn[]): { leaders: Turn[]; followers: Map<Turn, Turn> } {
  const first = new Map<string, Turn>();
  const followers = new Map<Turn, Turn>();
  for (const turn of turns) {
    const key = keyOf(turn.workspaceId, turn.idempotencyKey);
    const leader = first.get(key);
    if (leader) followers.set(turn, leader);
    else first.set(key, turn);
  }
  return { leaders: [...first.values()], followers };
}

/**
 * How a later turn of a key is settled. Undefined: the first turn was refused because its content differs from the
 * stored one; a turn with other content must be tried by itself.
 */
export function follow(turn: Turn, leader: Turn, settlement: Settlement | undefined): Settlement | undefined {
  if (!settlement) return { error: notSaved() };
  if ('ok' in settlement) return replay(turn, settlement.ok.message);
  const other = settlement.error.code === 'IDEMPOTENCY_KEY_REUSED' && !sameContent(turn, leader);
  return other ? undefined : settlement;
}

/**
 * How a turn is settled whose key is stored. If the stored row has the turn's own id, our own earlier attempt committed
 * it; any other id is a client's replay. Removed content is never compared.
 */
export const replay = (turn: Turn, message: SavedMessage): Settlement =>
  message.textRemovedAt !== null || sameContent(turn, message)
    ? { ok: { message, replayed: message.id !== turn.id } }
    : { error: keyReused(turn.idempotencyKey) };
