// Whose token is this? Asked for every request, so it is remembered for a few seconds.
import { timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { isScope, type Principal } from '../../auth/principal';
import { hashOf, isWellFormed } from '../../auth/tokens';
import type { Database } from '../../database/database';
import { Lease } from '../../database/lease';
import { isTransient } from '../../database/sql';
import { within } from '../../database/within';
import { unauthenticated, unavailable } from '../../errors';
import { DAY_MS } from '../../values/duration';
import { type Clock, formatInstant } from '../../values/time';
import { stateOf, TOKEN_COLUMNS, type TokenRow } from './token-row';
import { TokenUses } from './token-uses';

const CACHE_SIZE = 10_000;
/** A caller must get an answer within 3 s, even if the database is silent. */
const ANSWER_WITHIN_MS = 2_500;
const WARN_EVERY_MS = DAY_MS;

/** http/authenticate.ts answers with the same words for every reason: nobody learns whether a token exists. */
const refused = () => unauthenticated('This token is not valid.');

export class TokenVerifier {
  private readonly cache: LRUCache<string, Principal>;
  private readonly asking = new Map<string, Promise<Principal>>();
  private readonly warnedAt = new Map<string, number>();
  private readonly uses: TokenUses;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly logger: Logger,
    options: { cacheMs: number },
  ) {
    this.cache = new LRUCache({ max: CACHE_SIZE, ttl: Math.max(1, options.cacheMs) });
    this.uses = new TokenUses(database, logger);
  }

  /**
   * Throws UNAUTHENTICATED for anything that is not a valid token, SERVICE_UNAVAILABLE when the database can't say. All
   * callers that wait share one statement. Text that can't be a token needs none.
   */
  async verify(token: string): Promise<Principal> {
    if (!isWellFormed(token)) throw refused();
    const hash = hashOf(token);
    const key = hash.toString('base64');
    const principal = this.cache.get(key) ?? (await this.ask(key, hash));
    const now = this.clock();
    if (principal.expiresAt && principal.expiresAt.getTime() <= now.getTime()) throw refused();
    this.uses.note(principal.id, now);
    return principal;
  }

  /** The token was revoked, or its end was moved. */
  forget(id: string): void {
    this.asking.clear();
    for (const [key, principal] of this.cache.entries()) if (principal.id === id) this.cache.delete(key);
  }

  forgetAll(): void {
    this.asking.clear();
    this.cache.clear();
  }

  /** Resolves when the notes are written, or dropped. */
  close(): Promise<void> {
    return this.uses.close();
  }

  private ask(key: string, hash: Buffer): Promise<Principal> {
    const asking = this.asking.get(key);
    if (asking) return asking;
    const late = () => unavailable("The token can't be checked at the moment. Try again shortly.");
    const answer = within(ANSWER_WITHIN_MS, this.lookUp(hash), late)
      .then((principal) => {
        // If a revocation was announced while the statement ran, its older answer must not be cached.
        if (this.asking.get(key) === answer) this.cache.set(key, principal);
        return principal;
      })
      .finally(() => {
        if (this.asking.get(key) === answer) this.asking.delete(key);
      });
    this.asking.set(key, answer);
    return answer;
  }

  private async lookUp(hash: Buffer): Promise<Principal> {
    const row = await this.read(hash);
    if (!row || row.revoked_at || !timingSafeEqual(row.hash, hash)) throw refused();
    this.warnBeforeExpiry(row);
    return {
      id: row.id,
      name: row.name,
      kind: row.kind,
      scopes: new Set(row.scopes.filter(isScope)),
      workspaceIds: row.workspace_ids,
      expiresAt: row.expires_at,
    };
  }

  private async read(hash: Buffer): Promise<TokenRow | undefined> {
    const lease = await Lease.take(this.database);
    try {
      const text = `SELECT ${TOKEN_COLUMNS} FROM tokens t WHERE t.hash = $1`;
      const [row] = await lease.prepared<TokenRow>('find_token', text, [hash]);
      return row;
    } catch (error) {
      if (!isTransient(error)) throw error;
      throw unavailable("The token can't be checked at the moment. Try again shortly.", error);
    } finally {
      await lease.release();
    }
  }

  private warnBeforeExpiry(row: TokenRow): void {
    const now = this.clock();
    if (stateOf(row, now) !== 'expires soon') return;
    if (now.getTime() - (this.warnedAt.get(row.id) ?? Number.NEGATIVE_INFINITY) < WARN_EVERY_MS) return;
    this.warnedAt.set(row.id, now.getTime());
    this.logger.warn(
      { tokenId: row.id, hint: row.hint, kind: row.kind, expiresAt: formatInstant(row.expires_at) },
      'a token expires soon: rotate it with `centesimo token rotate`',
    );
  }
}
