// Which messages were saved first under these keys, and what is their present state?
import type { Sql, SqlConnection } from '../../database/sql';
import type { Workspace } from '../workspaces/workspaces';
import { hmac } from './key-digest';
import type { SavedMessage } from './saved-message';
import { keyOf } from './settle-equal-keys';
import type { TrackingOutcome } from './tracking';
import type { Turn } from './turn';
import { toUsageVoid, VOID_COLUMNS, type VoidColumns } from './usage-void';

interface Row extends VoidColumns {
  n: bigint;
  id: string;
  phone_number: string | null;
  whatsapp_user_id: string | null;
  message: string;
  response: string | null;
  failure: string | null;
  outcome: TrackingOutcome;
  occurred_at: Date;
  saved_at: Date;
  text_removed_at: Date | null;
  charge_id: string | null;
  amount_micros: bigint;
  charge_saved_at: Date;
  customer_id: string | null;
  name: string;
  customer_phone: string | null;
  customer_user_id: string | null;
  active_chatbot: boolean;
  customer_created_at: Date;
}

/** How a statement names its workspaces: see lookup-turns.ts. `$3` is the one workspace. */
interface Scope {
  /** SQL of the workspace that `row` has. */
  workspaceOf(row: string): string;
}

const MANY: Scope = { workspaceOf: (row) => row };
const ONE: Scope = { workspaceOf: () => '$3' };

const statement = ({ workspaceOf }: Scope, messages: string): string => `
  WITH i AS MATERIALIZED (
    SELECT i.n, i.workspace_id, i.idempotency_key, ${hmac('w.key_pads', 'i.idempotency_key')} AS key_digest
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS i (workspace_id, idempotency_key, n)
    JOIN workspaces w ON w.id = ${workspaceOf('i.workspace_id')}
  )
  SELECT i.n, m.id, m.phone_number, m.whatsapp_user_id, m.message, m.response,
    m.failure, m.outcome, m.occurred_at, m.saved_at, m.text_removed_at, c.id AS charge_id, c.amount_micros,
    c.saved_at AS charge_saved_at, ${VOID_COLUMNS},
    cu.id AS customer_id, cu.name, cu.phone_number AS customer_phone, cu.whatsapp_user_id AS customer_user_id,
    cu.active_chatbot, cu.created_at AS customer_created_at
  FROM i
  ${messages}
  LEFT JOIN charges c ON c.workspace_id = ${workspaceOf('m.workspace_id')} AND c.message_id = m.id AND NOT c.reversal
  LEFT JOIN voids v ON v.workspace_id = ${workspaceOf('c.workspace_id')} AND v.charge_id = c.id
  LEFT JOIN customers cu ON cu.workspace_id = ${workspaceOf('m.workspace_id')} AND cu.id = m.customer_id`;

const byDigest = (scope: Scope): string =>
  statement(
    scope,
    `JOIN messages m ON m.workspace_id = ${scope.workspaceOf('i.workspace_id')} AND m.key_digest = i.key_digest`,
  );

/** Turns that an older version saved have no digest until it is filled in: until then their raw key finds them. */
const byDigestOrRaw = (scope: Scope): string => {
  const workspace = scope.workspaceOf('i.workspace_id');
  return statement(
    scope,
    `CROSS JOIN LATERAL (
    SELECT m.* FROM messages m WHERE m.workspace_id = ${workspace} AND m.key_digest = i.key_digest
    UNION ALL
    SELECT m.* FROM messages m
    WHERE m.workspace_id = ${workspace} AND m.idempotency_key = i.idempotency_key AND m.key_digest IS NULL) m`,
  );
};

const STATEMENT = {
  many: { byDigest: byDigest(MANY), byDigestOrRaw: byDigestOrRaw(MANY) },
  one: { byDigest: byDigest(ONE), byDigestOrRaw: byDigestOrRaw(ONE) },
};

/** Are raw keys stored beside their digests, for servers of the version before? True until `migrate --contract`. */
export async function findRawKeysKept(sql: Sql): Promise<boolean> {
  const [found] = await sql.query<{ kept: boolean }>(
    'raw_keys_kept',
    `SELECT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = 'messages'::regclass
       AND a.attname = 'idempotency_key' AND NOT a.attisdropped) AS kept`,
  );
  return found?.kept === true;
}

/** The saved messages of these turns' keys, by `keyOf`. `workspaceId`: all turns are of this one. */
export async function findSavedTurns(
  connection: SqlConnection,
  turns: readonly Turn[],
  workspaces: ReadonlyMap<string, Workspace>,
  keepsRawKeys: boolean,
  workspaceId?: string,
): Promise<Map<string, SavedMessage>> {
  const forms = workspaceId === undefined ? STATEMENT.many : STATEMENT.one;
  const rows = await connection.prepared<Row>(
    'saved_turns',
    keepsRawKeys ? forms.byDigestOrRaw : forms.byDigest,
    [
      turns.map((turn) => turn.workspaceId),
      turns.map((turn) => turn.idempotencyKey),
      ...(workspaceId === undefined ? [] : [workspaceId]),
    ],
  );
  const found = new Map<string, SavedMessage>();
  for (const row of rows) {
    const turn = turns[Number(row.n) - 1];
    const workspace = turn && workspaces.get(turn.workspaceId);
    if (workspace) found.set(keyOf(turn.workspaceId, turn.idempotencyKey), toSavedMessage(row, workspace));
  }
  return found;
}

const toSavedMessage = (row: Row, workspace: Workspace): SavedMessage => ({
  id: row.id,
  workspace,
  customer:
    row.customer_id === null
      ? null
      : {
          workspaceId: workspace.id,
          id: row.customer_id,
          name: row.name,
          phoneNumber: row.customer_phone,
          whatsappUserId: row.customer_user_id,
          activeChatbot: row.active_chatbot,
          createdAt: row.customer_created_at,
        },
  phoneNumber: row.phone_number,
  whatsappUserId: row.whatsapp_user_id,
  message: row.message,
  response: row.response,
  failure: row.failure,
  occurredAt: row.occurred_at,
  savedAt: row.saved_at,
  textRemovedAt: row.text_removed_at,
  outcome: row.outcome,
  charge:
    row.charge_id === null
      ? null
      : {
          id: row.charge_id,
          amountMicros: row.amount_micros,
          occurredAt: row.occurred_at,
          savedAt: row.charge_saved_at,
          voided: toUsageVoid(row),
        },
});
