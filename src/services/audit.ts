// The audit trail: who changed what, when, from what to what. Append-only; never a token's text.
import type { Sql } from '../database/sql';

/** Who makes a change: the operator at the command line, or a token. */
export interface Actor {
  /** A person's or a token's name, as the trail shows it. */
  name: string;
}

export interface AuditEntry {
  at: Date;
  actor: Actor;
  /** What was done, as noun.verb: 'price.set'. */
  action: string;
  /** Null for what belongs to no single workspace. */
  workspaceId: string | null;
  /** The id of what was changed. */
  subject: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

/** Written in the transaction of the change itself: neither is there without the other. */
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
