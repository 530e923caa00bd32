// The audit trail: who changed what, when, from what to what. Append-only; never a token's text.
import type { Sql } from '../database/sql';

/** Who makes a change: the operator at the command line, or a token. */
export interface Actor {
  /** 'operator', or 'token:' and its id: two tokens may have the same name. */
  name: string;
  /** What people call it: the token's own name. Default: `name`. */
  called?: string;
}

export const tokenActor = ({ id, name }: { id: string; name: string }): Actor => ({
  name: `token:${id}`,
  called: name,
});

export interface AuditEntry {
  at: Date;
  actor: Actor;
  /** What was done, as noun.verb: 'price.set'. */
  action: string;
  /** Null for an action that belongs to no single workspace. */
  workspaceId: string | null;
  /** The id of what was changed. */
  subject: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

/** Writes an entry in the transaction of the change, so that neither exists without the other. */
export async function recordAudit(sql: Sql, entry: AuditEntry): Promise<void> {
  await sql.query(
    'record_audit',
    `INSERT INTO audit_entries (at, actor, action, workspace_id, subject, before, after)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      entry.at,
      entry.actor.name,
      entry.action,
      entry.workspaceId,
      entry.subject,
      entry.before && JSON.stringify(entry.before),
      entry.after && JSON.stringify(entry.after),
    ],
  );
}

export interface ListedAuditEntry extends AuditEntry {
  /** The token's name; null for the operator. */
  tokenName: string | null;
}

export interface AuditFilter {
  /** Only entries about this workspace, including tokens that are for it and others. */
  workspaceId?: string | undefined;
  /** Only actions on this token, customer or workspace. */
  subject?: string | undefined;
  since?: Date | undefined;
  limit: number;
}

interface Row {
  at: Date;
  actor: string;
  action: string;
  workspace_id: string | null;
  subject: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  token_name: string | null;
}

/** The trail, newest first. It may span workspaces: for the operator's command only, never for a token. */
export async function listAudit(sql: Sql, filter: AuditFilter): Promise<ListedAuditEntry[]> {
  const rows = await sql.query<Row>(
    'list_audit',
    `SELECT a.at, a.actor, a.action, a.workspace_id, a.subject, a.before, a.after, t.name AS token_name
     FROM audit_entries a LEFT JOIN tokens t ON a.actor = 'token:' || t.id
     WHERE ($1::text IS NULL OR a.workspace_id = $1 OR a.before -> 'workspaceIds' ? $1 OR a.after -> 'workspaceIds' ? $1)
       AND ($2::text IS NULL OR a.subject = $2)
       AND ($3::timestamptz IS NULL OR a.at >= $3)
     ORDER BY a.id DESC LIMIT $4`,
    [filter.workspaceId ?? null, filter.subject ?? null, filter.since ?? null, filter.limit],
  );
  return rows.map((row) => ({
    at: row.at,
    actor: { name: row.actor },
    tokenName: row.token_name,
    action: row.action,
    workspaceId: row.workspace_id,
    subject: row.subject,
    before: row.before,
    after: row.after,
  }));
}
