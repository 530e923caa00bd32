// Turns of one batch that share an idempotency key: the first is stored, the others follow it.
import type { SavedMessage, Settlement } from './saved-message';
import { keyReused, notSaved, sameContent, type Turn } from './turn';

/** What a workspace's idempotency key is looked up by. */
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
 * How a later turn of a key ends. Undefined: the first one was refused because its content differs from what is
 * stored, which says nothing about a turn with other content.
 */
export function follow(turn: Turn, leader: Turn, settlement: Settlement | undefined): Settlement | undefined {
  if (!settlement) return { error: notSaved() };
  if ('ok' in settlement) return replay(turn, settlement.ok.message);
  const other = settlement.error.code === 'IDEMPOTENCY_KEY_REUSED' && !sameContent(turn, leader);
  return other ? undefined : settlement;
}

/**
 * How a turn ends whose key is stored. If the stored row has the turn's own id, an earlier attempt of ours committed
 * it; any other id is a client's replay. Content that was removed is never compared.
 */
export const replay = (turn: Turn, message: SavedMessage): Settlement =>
  message.textRemovedAt !== null || sameContent(turn, message)
    ? { ok: { message, replayed: message.id !== turn.id } }
    : { error: keyReused(turn.idempotencyKey) };
