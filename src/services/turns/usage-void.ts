// How lists of charges and messages show that a charge was taken back.

/** Why and by whom a charge was taken back. */
export interface UsageVoid {
  voidedAt: Date;
  reason: string;
  /** The name of the token, or of the operator. */
  by: string;
}

/** All null for a charge that stands. */
export interface VoidColumns {
  voided_at: Date | null;
  void_reason: string;
  voided_by: string;
}

export const VOID_COLUMNS = 'v.voided_at, v.reason AS void_reason, v.actor_name AS voided_by';

/** Joins the void of the charge `c`. $1: the workspace, named on each table, so that Citus sees that one node has all. */
export const VOID_JOIN = 'LEFT JOIN voids v ON v.workspace_id = $1 AND v.charge_id = c.id';

export const toUsageVoid = (row: VoidColumns): UsageVoid | null =>
  row.voided_at && { voidedAt: row.voided_at, reason: row.void_reason, by: row.voided_by };
