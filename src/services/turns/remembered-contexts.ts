// What the last turns of each contact were decided from, so that the next one needs no look-up. It is never trusted: the
// statement that stores the turn compares all of it with the database.
import { LRUCache } from 'lru-cache';
import { DAY_MS } from '../../values/duration';
import type { FoundContext } from './lookup-turns';
import type { Turn } from './turn';

/** A contact takes about 1 KB. */
const MOST_CONTACTS = 10_000;
/**
 * A day: customers' rows are compared by the number of the transaction that wrote them, and PostgreSQL needs four
 * billion transactions to give out a number again.
 */
const KEPT_FOR_MS = DAY_MS;

export class RememberedContexts {
  private readonly kept = new LRUCache<string, FoundContext>({ max: MOST_CONTACTS, ttl: KEPT_FOR_MS });

  /** Undefined when a look-up must tell: nothing is known, or another price may be in force. */
  find(turn: Turn, now: Date): FoundContext | undefined {
    const found = this.kept.get(contactOf(turn));
    return found && holdsAt(found, turn.occurredAt) && holdsAt(found, now) ? found : undefined;
  }

  /**
   * After the turn was stored: a workspace that has a turn is never deleted, so its id and version can't come to mean
   * another workspace.
   */
  keep(turn: Turn, found: FoundContext, now: Date): void {
    if (!found.identitiesDisagree && holdsAt(found, now)) this.kept.set(contactOf(turn), found);
  }

  forget(turn: Turn): void {
    this.kept.delete(contactOf(turn));
  }
}

const contactOf = ({ workspaceId, whatsappUserId, phoneNumber }: Turn): string =>
  `${workspaceId}\n${whatsappUserId ?? ''}\n${phoneNumber ?? ''}`;

const holdsAt = ({ priceFrom, priceTo }: FoundContext, at: Date): boolean =>
  (priceFrom === null || priceFrom <= at) && (priceTo === null || at < priceTo);
