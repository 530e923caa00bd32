// Tokens: made, listed, checked, revoked and rotated. Only a hash is stored.
import { timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import {
  DEFAULT_SCOPES,
  isScope,
  type Principal,
  SCOPES,
  type Scope,
  TOKEN_KINDS,
  WRITE_SCOPES,
} from '../auth/principal';
import { hashOf, hintOf, isWellFormed, makeToken, type StoredKind } from '../auth/tokens';
import { Connection, isTransient, type Sql } from '../database/sql';
import { connect, type Database, inTransaction } from '../database/transaction';
import { badInput, unauthenticated, unavailable } from '../errors';
import { isUuid, newId } from '../ids';
import { type Clock, formatInstant } from '../time';
import { type Actor, recordAudit } from './audit';
import { listenForRevocations, REVOCATIONS, type RevocationListener } from './token-revocations';
import { checkName, noSuchWorkspace } from './workspaces';

export interface NewToken {
  /** service, client or analyst; in any case of letters. */
  kind: string;
  name: string;
  workspaceIds: readonly string[];
  /** Default: what the kind usually has. */
  scopes?: readonly string[] | undefined;
  /** Default: 365 for a service token, 90 for others; at most 730. */
  expiresInDays?: number | undefined;
}

export interface MadeToken {
  id: string;
  /** Shown this once. */
  token: string;
  kind: StoredKind;
  name: string;
  hint: string;
  scopes: Scope[];
  workspaceIds: string[];
  expiresAt: Date;
}

export interface ListedToken extends Omit<MadeToken, 'token'> {
  state: 'active' | 'expires soon' | 'expired' | 'revoked';
  createdAt: Date;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 730;
const DEFAULT_DAYS: Readonly<Record<StoredKind, number>> = { SERVICE: 365, CLIENT: 90, ANALYST: 90 };
/** From then on the log and the list warn: an expired service token loses turns. */
export const WARN_BEFORE_MS = 30 * DAY_MS;
/** lastUsedAt is written at most once in this time, off the hot path. */
const USE_EVERY_MS = 60_000;
const CACHE_SIZE = 10_000;

/** The same words for every reason: nobody learns whether a token exists. */
const refused = () =>
  unauthenticated(
    'A valid token is needed: Authorization: Bearer ctm_... Is it complete, expired or revoked?',
  );

interface Row {
  id: string;
  name: string;
  kind: StoredKind;
  hash: Buffer;
  hint: string;
  scopes: string[];
  workspace_ids: string[];
  created_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

const COLUMNS = `t.id, t.name, t.kind, t.hash, t.hint, t.scopes, t.created_at, t.expires_at, t.revoked_at, t.last_used_at,
  ARRAY(SELECT w.workspace_id FROM token_workspaces w WHERE w.token_id = t.id ORDER BY w.workspace_id) AS workspace_ids`;

export class TokenService {
  private readonly cache: LRUCache<string, Principal>;
  private readonly asking = new Map<string, Promise<Principal>>();
  private readonly used = new Map<string, number>();
  private listener: RevocationListener | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly logger: Logger,
    options: { cacheMs: number },
  ) {
    this.cache = new LRUCache({ max: CACHE_SIZE, ttl: Math.max(1, options.cacheMs) });
  }

  /** Forgets revoked tokens as soon as any server revokes them; without it they are forgotten when the cache ends. */
  async listen(): Promise<void> {
    this.listener = await listenForRevocations(this.database, this.logger, (id) => this.forget(id));
  }

  async close(): Promise<void> {
    await this.listener?.stop();
    await this.writing;
  }

  /** Throws BAD_USER_INPUT. */
  async create(input: NewToken, actor: Actor): Promise<MadeToken> {
    const checked = checkNew(input);
    return inTransaction(this.database, (sql) => this.insert(sql, checked, actor, 'token.created'));
  }

  /** All tokens, newest first, without their secrets. */
  async list(): Promise<ListedToken[]> {
    const rows = await inTransaction(this.database, (sql) =>
      sql.query<Row>('list_tokens', `SELECT ${COLUMNS} FROM tokens t ORDER BY t.created_at DESC, t.id DESC`),
    );
    return rows.map((row) => this.toListed(row));
  }

  /** Ends a token now; servers hear of it within a second. Throws BAD_USER_INPUT when there is none of this id. */
  async revoke(id: string, actor: Actor): Promise<ListedToken> {
    const token = await inTransaction(this.database, async (sql) => {
      const row = await getRow(sql, id);
      if (row.revoked_at) return row;
      const revokedAt = this.clock();
      await sql.query('revoke_token', 'UPDATE tokens SET revoked_at = $2 WHERE id = $1', [id, revokedAt]);
      await this.announce(sql, row, 'token.revoked', actor, { revokedAt });
      return { ...row, revoked_at: revokedAt };
    });
    this.forget(id);
    return this.toListed(token);
  }

  /** Makes a successor with the same rights at once; the old token lives on for `overlapHours` (default 24). */
  async rotate(id: string, actor: Actor, overlapHours = 24): Promise<MadeToken & { oldExpiresAt: Date }> {
    const made = await inTransaction(this.database, async (sql) => {
      const row = await getRow(sql, id);
      if (this.stateOf(row) === 'revoked' || this.stateOf(row) === 'expired') {
        throw badInput(`The token ${id} is ${this.stateOf(row)}. Make a new one: centesimo token create`);
      }
      const days = Math.max(1, Math.round((row.expires_at.getTime() - row.created_at.getTime()) / DAY_MS));
      const successor = {
        kind: row.kind,
        name: row.name,
        workspaceIds: row.workspace_ids,
        scopes: row.scopes,
        expiresInDays: days,
      };
      const token = await this.insert(sql, checkNew(successor), actor, 'token.created');
      const overlapEnd = new Date(
        Math.min(row.expires_at.getTime(), this.clock().getTime() + overlapHours * 3_600_000),
      );
      await sql.query('end_token', 'UPDATE tokens SET expires_at = $2 WHERE id = $1', [id, overlapEnd]);
      await this.announce(sql, row, 'token.rotated', actor, { successor: token.id, expiresAt: overlapEnd });
      return { ...token, oldExpiresAt: overlapEnd };
    });
    this.forget(id);
    return made;
  }

  /**
   * Who this token is. Throws UNAUTHENTICATED for anything that is not a valid one, SERVICE_UNAVAILABLE when the
   * database can't say. A check is remembered for a few seconds, and asked once for all who wait.
   */
  async verify(token: string): Promise<Principal> {
    if (!isWellFormed(token)) throw refused();
    const hash = hashOf(token);
    const key = hash.toString('base64');
    const principal = this.cache.get(key) ?? (await this.ask(key, hash));
    const now = this.clock().getTime();
    if (principal.expiresAt && principal.expiresAt.getTime() <= now) throw refused();
    this.noteUse(principal, now);
    return principal;
  }

  private ask(key: string, hash: Buffer): Promise<Principal> {
    const asking = this.asking.get(key);
    if (asking) return asking;
    const answer = this.lookUp(hash)
      .then((principal) => {
        // A revocation that was announced while this was asked must not be covered up by an older answer.
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
    const [row] = await this.read('find_token', `SELECT ${COLUMNS} FROM tokens t WHERE t.hash = $1`, [hash]);
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

  private async read(name: string, text: string, values: unknown[]): Promise<Row[]> {
    const runner = await connect(this.database);
    try {
      return await new Connection(await runner.connect(), this.database.observe).prepared<Row>(
        name,
        text,
        values,
      );
    } catch (error) {
      if (isTransient(error))
        throw unavailable("The token can't be checked for now. Try again shortly.", error);
      throw error;
    } finally {
      await runner.release();
    }
  }

  private warnBeforeExpiry(row: Row): void {
    if (this.stateOf(row) !== 'expires soon') return;
    this.logger.warn(
      { tokenId: row.id, hint: row.hint, kind: row.kind, expiresAt: formatInstant(row.expires_at) },
      'a token expires soon: rotate it with `centesimo token rotate`',
    );
  }

  /** Never awaited by a request: a lost note costs nothing, a slow one must not cost a save. */
  private noteUse(principal: Principal, nowMs: number): void {
    if (nowMs - (this.used.get(principal.id) ?? Number.NEGATIVE_INFINITY) < USE_EVERY_MS) return;
    this.used.set(principal.id, nowMs);
    this.writing = this.writing
      .then(() =>
        inTransaction(this.database, async (sql) => {
          await sql.query(
            'note_token_use',
            'UPDATE tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)',
            [principal.id, new Date(nowMs)],
          );
        }),
      )
      .catch((error: unknown) => {
        this.logger.debug({ err: error, tokenId: principal.id }, 'could not note the use of a token');
      });
  }

  private forget(id: string): void {
    this.asking.clear();
    for (const [key, principal] of this.cache.entries()) if (principal.id === id) this.cache.delete(key);
  }

  private async insert(sql: Sql, input: CheckedToken, actor: Actor, action: string): Promise<MadeToken> {
    const token = makeToken(input.kind);
    const now = this.clock();
    const made: MadeToken = {
      ...{ id: newId(now.getTime()), token, kind: input.kind, name: input.name, hint: hintOf(token) },
      ...{ scopes: input.scopes, workspaceIds: input.workspaceIds },
      expiresAt: new Date(now.getTime() + input.days * DAY_MS),
    };
    const found = await sql.query<{ id: string }>(
      'token_workspaces',
      'SELECT w.id FROM workspaces w WHERE w.id = ANY ($1::text[])',
      [input.workspaceIds],
    );
    const missing = input.workspaceIds.find((id) => !found.some((row) => row.id === id));
    if (missing !== undefined) throw noSuchWorkspace(missing);
    await sql.query(
      'insert_token',
      `INSERT INTO tokens (id, name, kind, hash, hint, scopes, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [made.id, made.name, made.kind, hashOf(token), made.hint, made.scopes, now, made.expiresAt],
    );
    await sql.query(
      'insert_token_workspaces',
      'INSERT INTO token_workspaces (workspace_id, token_id) SELECT w, $2 FROM unnest($1::text[]) AS w',
      [input.workspaceIds, made.id],
    );
    const { token: _secret, ...after } = made;
    await recordAudit(sql, {
      at: now,
      actor,
      action,
      workspaceId: only(made.workspaceIds),
      subject: made.id,
      before: null,
      after,
    });
    return made;
  }

  private async announce(
    sql: Sql,
    row: Row,
    action: string,
    actor: Actor,
    after: Record<string, unknown>,
  ): Promise<void> {
    await sql.query('announce_revocation', 'SELECT pg_notify($1, $2)', [REVOCATIONS, row.id]);
    await recordAudit(sql, {
      at: this.clock(),
      actor,
      action,
      workspaceId: only(row.workspace_ids),
      subject: row.id,
      before: { name: row.name, hint: row.hint, expiresAt: row.expires_at },
      after,
    });
  }

  private stateOf(row: Row): ListedToken['state'] {
    const left = row.expires_at.getTime() - this.clock().getTime();
    if (row.revoked_at) return 'revoked';
    if (left <= 0) return 'expired';
    return left <= WARN_BEFORE_MS ? 'expires soon' : 'active';
  }

  private toListed(row: Row): ListedToken {
    return {
      ...{ id: row.id, kind: row.kind, name: row.name, hint: row.hint, scopes: row.scopes.filter(isScope) },
      ...{ workspaceIds: row.workspace_ids, expiresAt: row.expires_at, state: this.stateOf(row) },
      ...{ createdAt: row.created_at, lastUsedAt: row.last_used_at, revokedAt: row.revoked_at },
    };
  }
}

const only = (ids: readonly string[]): string | null => (ids.length === 1 ? (ids[0] ?? null) : null);

async function getRow(sql: Sql, id: string): Promise<Row> {
  const rows = isUuid(id)
    ? await sql.query<Row>('get_token', `SELECT ${COLUMNS} FROM tokens t WHERE t.id = $1 FOR UPDATE`, [id])
    : [];
  const [row] = rows;
  if (!row) throw badInput(`There is no token with the id ${JSON.stringify(id)}. See: centesimo token list`);
  return row;
}

interface CheckedToken {
  kind: StoredKind;
  name: string;
  workspaceIds: string[];
  scopes: Scope[];
  days: number;
}

function checkNew(input: NewToken): CheckedToken {
  const kind = TOKEN_KINDS.find((known) => known === input.kind.toUpperCase());
  if (!kind || kind === 'USER') {
    throw badInput(
      `${JSON.stringify(input.kind)} is not a kind of token: service, client or analyst is expected.`,
    );
  }
  const workspaceIds = [...new Set(input.workspaceIds)];
  if (workspaceIds.length === 0) throw badInput('A token is for at least one workspace.');
  const days = input.expiresInDays ?? DEFAULT_DAYS[kind];
  if (!Number.isInteger(days) || days < 1 || days > LONGEST_DAYS) {
    throw badInput(`A token lives 1 to ${LONGEST_DAYS} days; got ${days}.`);
  }
  return { kind, name: checkName(input.name), workspaceIds, scopes: checkScopes(kind, input.scopes), days };
}

function checkScopes(kind: StoredKind, given: readonly string[] | undefined): Scope[] {
  const scopes = [...new Set(given && given.length > 0 ? given : DEFAULT_SCOPES[kind])];
  const checked = scopes.filter(isScope);
  const unknown = scopes.find((scope) => !isScope(scope));
  if (unknown !== undefined)
    throw badInput(`${JSON.stringify(unknown)} is not a scope: ${SCOPES.join(', ')}.`);
  const write = checked.find((scope) => WRITE_SCOPES.has(scope));
  if (kind !== 'SERVICE' && write) throw badInput(`Only a service token may have the scope ${write}.`);
  return checked;
}
