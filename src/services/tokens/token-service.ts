// Tokens: made, listed, rotated, revoked and checked. Only a hash is stored.
import type { Logger } from 'pino';
import { isScope, type Principal, type Scope } from '../../auth/principal';
import { hashOf, hintOf, makeToken, type StoredKind } from '../../auth/tokens';
import type { Database } from '../../database/database';
import type { Notices } from '../../database/notices';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { badInput } from '../../errors';
import { DAY_MS, HOUR_MS } from '../../values/duration';
import { isUuid, newId } from '../../values/ids';
import type { Clock } from '../../values/time';
import { type Actor, recordAudit } from '../audit';
import { noSuchWorkspace } from '../workspaces/workspaces';
import { type CheckedToken, checkNew, type NewToken } from './new-token';
import { stateOf, TOKEN_COLUMNS, type TokenRow, type TokenState } from './token-row';
import { TokenVerifier } from './token-verifier';

export type { NewToken } from './new-token';

export interface MadeToken {
  id: string;
  /** The token's text, shown only here. */
  token: string;
  kind: StoredKind;
  name: string;
  hint: string;
  scopes: Scope[];
  workspaceIds: string[];
  expiresAt: Date;
}

export interface ListedToken extends Omit<MadeToken, 'token'> {
  state: TokenState;
  createdAt: Date;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

/** Revocations reach every server within a second. */
const REVOCATIONS = 'centesimo_revocations';

/** Told of tokens whose rights may have ended. */
export interface RevocationHearer {
  /** A token was revoked, or its end was moved. */
  revoked(tokenId: string): void;
  /** Any token may have been: nothing was heard for a while. */
  anyRevoked(): void;
}

const LONGEST_OVERLAP_HOURS = 720;

export class TokenService {
  private readonly verifier: TokenVerifier;
  private readonly hearers: RevocationHearer[] = [];

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    logger: Logger,
    options: { cacheMs: number },
    /** Where every server's revocations are heard at once; without it they count when the cache ends. */
    notices: Notices,
  ) {
    this.verifier = new TokenVerifier(database, clock, logger, options);
    notices.hear(REVOCATIONS, {
      heard: (id) => {
        this.verifier.forget(id);
        for (const hearer of this.hearers) hearer.revoked(id);
      },
      missed: () => {
        this.verifier.forgetAll();
        for (const hearer of this.hearers) hearer.anyRevoked();
      },
    });
  }

  /** `hearer` is told after the next verify() knows. */
  onRevocation(hearer: RevocationHearer): void {
    this.hearers.push(hearer);
  }

  close(): Promise<void> {
    return this.verifier.close();
  }

  /** Who this token is. Throws UNAUTHENTICATED, or SERVICE_UNAVAILABLE when the database can't say. */
  verify(token: string): Promise<Principal> {
    return this.verifier.verify(token);
  }

  /** Throws BAD_USER_INPUT. */
  async create(input: NewToken, actor: Actor): Promise<MadeToken> {
    const checked = checkNew(input);
    return inTransaction(this.database, (sql) => this.insert(sql, checked, actor, 'token.created'));
  }

  /** All tokens, newest first, without their secrets. */
  async list(workspaceId?: string): Promise<ListedToken[]> {
    const [where, values] =
      workspaceId === undefined
        ? ['', []]
        : [
            'WHERE EXISTS (SELECT FROM token_workspaces w WHERE w.token_id = t.id AND w.workspace_id = $1)',
            [workspaceId],
          ];
    const rows = await inTransaction(this.database, (sql) =>
      sql.query<TokenRow>(
        'list_tokens',
        `SELECT ${TOKEN_COLUMNS} FROM tokens t ${where} ORDER BY t.created_at DESC, t.id DESC`,
        values,
      ),
    );
    return rows.map((row) => this.toListed(row));
  }

  /** How many tokens end soon (token-row.ts). Rejects when the database doesn't answer. */
  async countExpiringSoon(): Promise<number> {
    const states = (await this.list()).map(({ state }) => state);
    return states.filter((state) => state === 'expires soon').length;
  }

  /** Ends a token now; all servers know it within a second. Throws BAD_USER_INPUT when the token does not exist. */
  async revoke(id: string, actor: Actor): Promise<ListedToken> {
    const token = await inTransaction(this.database, async (sql) => {
      const row = await getRow(sql, id);
      if (row.revoked_at) return row;
      const revokedAt = this.clock();
      await sql.query('revoke_token', 'UPDATE tokens SET revoked_at = $2 WHERE id = $1', [id, revokedAt]);
      await this.announce(sql, row, 'token.revoked', actor, { revokedAt });
      return { ...row, revoked_at: revokedAt };
    });
    this.verifier.forget(id);
    return this.toListed(token);
  }

  /** Makes a successor with the same rights, and its kind's usual life, at once; the old token lives on for `overlapHours` (default 24). */
  async rotate(id: string, actor: Actor, overlapHours = 24): Promise<MadeToken & { oldExpiresAt: Date }> {
    if (!(overlapHours >= 0 && overlapHours <= LONGEST_OVERLAP_HOURS)) {
      throw badInput(`The old token lives on for 0 to ${LONGEST_OVERLAP_HOURS} hours; got ${overlapHours}.`);
    }
    const made = await inTransaction(this.database, async (sql) => {
      const row = await getRow(sql, id);
      const state = stateOf(row, this.clock());
      if (state === 'revoked' || state === 'expired') {
        throw badInput(`The token ${id} is ${state}. Make a new one: centesimo token create`);
      }
      const successor = {
        kind: row.kind,
        name: row.name,
        workspaceIds: row.workspace_ids,
        scopes: row.scopes,
      };
      const token = await this.insert(sql, checkNew(successor), actor, 'token.created');
      const overlapEnd = new Date(
        Math.min(row.expires_at.getTime(), this.clock().getTime() + overlapHours * HOUR_MS),
      );
      await sql.query('end_token', 'UPDATE tokens SET expires_at = $2 WHERE id = $1', [id, overlapEnd]);
      await this.announce(sql, row, 'token.rotated', actor, { successor: token.id, expiresAt: overlapEnd });
      return { ...token, oldExpiresAt: overlapEnd };
    });
    this.verifier.forget(id);
    return made;
  }

  private async insert(sql: Sql, input: CheckedToken, actor: Actor, action: string): Promise<MadeToken> {
    const token = makeToken(input.kind);
    const now = this.clock();
    const made: MadeToken = {
      ...{ id: newId(now.getTime()), token, kind: input.kind, name: input.name, hint: hintOf(token) },
      ...{ scopes: input.scopes, workspaceIds: input.workspaceIds },
      expiresAt: new Date(now.getTime() + input.days * DAY_MS),
    };
    // On Citus: every node has the tokens, and they are written by one connection a node.
    await sql.query('node_by_node', "SET LOCAL citus.multi_shard_modify_mode = 'sequential'");
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
    row: TokenRow,
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
      before: {
        ...{ name: row.name, hint: row.hint },
        ...{ workspaceIds: row.workspace_ids, expiresAt: row.expires_at },
      },
      after,
    });
  }

  private toListed(row: TokenRow): ListedToken {
    return {
      ...{ id: row.id, kind: row.kind, name: row.name, hint: row.hint, scopes: row.scopes.filter(isScope) },
      ...{ workspaceIds: row.workspace_ids, expiresAt: row.expires_at, state: stateOf(row, this.clock()) },
      ...{ createdAt: row.created_at, lastUsedAt: row.last_used_at, revokedAt: row.revoked_at },
    };
  }
}

const only = (ids: readonly string[]): string | null => (ids.length === 1 ? (ids[0] ?? null) : null);

async function getRow(sql: Sql, id: string): Promise<TokenRow> {
  const rows = isUuid(id)
    ? await sql.query<TokenRow>(
        'get_token',
        `SELECT ${TOKEN_COLUMNS} FROM tokens t WHERE t.id = $1 FOR UPDATE`,
        [id],
      )
    : [];
  const [row] = rows;
  if (!row) throw badInput(`There is no token with the id ${JSON.stringify(id)}. See: centesimo token list`);
  return row;
}
