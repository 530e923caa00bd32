// A token as it is stored: without its text.
import type { StoredKind } from '../../auth/tokens';
import { DAY_MS } from '../../values/duration';

export interface TokenRow {
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

/** Columns of tokens AS t. */
export const TOKEN_COLUMNS = `t.id, t.name, t.kind, t.hash, t.hint, t.scopes, t.created_at, t.expires_at, t.revoked_at, t.last_used_at,
  ARRAY(SELECT w.workspace_id FROM token_workspaces w WHERE w.token_id = t.id ORDER BY w.workspace_id) AS workspace_ids`;

export type TokenState = 'active' | 'expires soon' | 'expired' | 'revoked';

/** How long before its end the log and the list warn: an expired service token loses turns. */
const WARN_BEFORE_MS = 30 * DAY_MS;

export function stateOf(row: Pick<TokenRow, 'expires_at' | 'revoked_at'>, now: Date): TokenState {
  const left = row.expires_at.getTime() - now.getTime();
  if (row.revoked_at) return 'revoked';
  if (left <= 0) return 'expired';
  return left <= WARN_BEFORE_MS ? 'expires soon' : 'active';
}
