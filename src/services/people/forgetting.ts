// How texts, names and numbers are removed while the turns and the ledger stay.
import { instantText, type Sql } from '../../database/sql';
import { unavailable } from '../../errors';
import { countUnfilledOf } from '../jobs/filler';
import { hmac } from '../turns/key-digest';
import { keyFilling } from '../turns/key-filling';
import { findRawKeysKept } from '../turns/saved-turns';
import { BEGINNING, type Person } from './personal-data';

/** Turns that one transaction reads, of any person. */
const PAGE = 10_000;

/** The people to erase, each with the instant up to which; null: everything. It never holds a contact itself. */
export interface Known {
  customers: readonly { id: string; before: Date | null }[];
  contacts: readonly { hmac: Buffer; before: Date | null }[];
}

/** The last turn that a walk by time has read; undefined: none yet. */
export type WalkPosition = readonly [occurredAt: string, id: string] | undefined;

/**
 * Refuses while a turn lacks the digest of its key: once its raw key is removed, a replay would be charged again.
 * Throws SERVICE_UNAVAILABLE.
 */
export async function checkKeysFilled(sql: Sql, workspaceId: string): Promise<void> {
  const left = await countUnfilledOf(sql, keyFilling, workspaceId);
  if (left > 0n)
    throw unavailable(
      `Turns of an older version are still being filled in: ${left} of this workspace are left. Nobody can be erased before that is done; the server's log shows the progress.`,
      undefined,
      60,
    );
}

/** The HMACs by which receipts know a contact, in any order. */
export async function hmacsOf(
  sql: Sql,
  workspaceId: string,
  { phoneNumbers, userIds }: Person,
): Promise<Buffer[]> {
  const rows = await sql.query<{ hmac: Buffer }>(
    'contact_hmacs',
    `SELECT ${hmac('w.key_pads', 'c.contact')} AS hmac FROM workspaces w, unnest($2::text[]) AS c (contact) WHERE w.id = $1`,
    [workspaceId, [...phoneNumbers.map((number) => `phone:${number}`), ...userIds.map((id) => `user:${id}`)]],
  );
  return rows.map((row) => row.hmac);
}

/**
 * Removes name and contacts from customers, in this order. The caller holds the workspace's row, so no save is running;
 * the raised settings_version makes a batch that had read them read again.
 */
export async function clearCustomers(
  sql: Sql,
  workspaceId: string,
  ids: readonly string[],
  now: Date,
): Promise<void> {
  await sql.query(
    'clear_customers',
    `UPDATE customers c SET name = 'Erased customer ' || i.n + (
         SELECT count(*) FROM customers e WHERE e.workspace_id = $1 AND e.erased_at IS NOT NULL),
       phone_number = NULL, whatsapp_user_id = NULL, erased_at = $3, updated_at = $3
     FROM unnest($2::uuid[]) WITH ORDINALITY AS i (id, n)
     WHERE c.workspace_id = $1 AND c.id = i.id AND c.erased_at IS NULL`,
    [workspaceId, ids, now],
  );
  await sql.query(
    'identities_changed',
    'UPDATE workspaces SET settings_version = settings_version + 1 WHERE id = $1',
    [workspaceId],
  );
}

/** Removes the texts and contacts of these turns. A trigger empties `failure`, as it does for an older server. */
export const removeTexts = (keepsRawKeys: boolean): string => `
  UPDATE messages m SET message = '', response = NULL, phone_number = NULL, whatsapp_user_id = NULL,
    ${keepsRawKeys ? 'idempotency_key = NULL, ' : ''}text_removed_at = $3
  WHERE m.workspace_id = $1 AND m.id = ANY ($2::uuid[]) RETURNING m.id`;

/**
 * There is no index on contacts, since it would slow down each save. So this walks by time, as an export of a person's
 * data does. Each contact of a page is hashed once.
 */
const HOLD_PAGE = `
  WITH page AS MATERIALIZED (
    SELECT m.id, m.occurred_at, m.saved_at, m.customer_id, m.phone_number, m.whatsapp_user_id FROM messages m
    WHERE m.workspace_id = $1 AND (m.occurred_at, m.id) > ($2::timestamptz, $3::uuid)
    ORDER BY m.occurred_at, m.id LIMIT ${PAGE}
  ), last AS (
    SELECT p.occurred_at, p.id FROM page p ORDER BY p.occurred_at DESC, p.id DESC LIMIT 1
  ), contacts AS MATERIALIZED (
    SELECT DISTINCT 'phone' AS kind, p.phone_number AS contact FROM page p WHERE p.phone_number IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'user', p.whatsapp_user_id FROM page p WHERE p.whatsapp_user_id IS NOT NULL
  ), theirs AS MATERIALIZED (
    SELECT c.kind, c.contact, k.before FROM contacts c JOIN workspaces w ON w.id = $1
    JOIN unnest($6::bytea[], $7::timestamptz[]) AS k (hmac, before)
      ON k.hmac = ${hmac('w.key_pads', "(c.kind || ':' || c.contact)")}
  ), found AS MATERIALIZED (
    SELECT p.id FROM page p JOIN unnest($4::uuid[], $5::timestamptz[]) AS k (id, before)
      ON k.id = p.customer_id AND p.saved_at <= k.before
    UNION
    SELECT p.id FROM page p JOIN theirs t
      ON t.kind = 'phone' AND t.contact = p.phone_number AND p.saved_at <= t.before
    UNION
    SELECT p.id FROM page p JOIN theirs t
      ON t.kind = 'user' AND t.contact = p.whatsapp_user_id AND p.saved_at <= t.before
  ), held AS MATERIALIZED (
    SELECT m.id FROM messages m JOIN found f ON f.id = m.id
    WHERE m.workspace_id = $1 AND m.text_removed_at IS NULL
    ORDER BY m.occurred_at, m.id FOR NO KEY UPDATE OF m
  )
  SELECT ${instantText('l.occurred_at')} AS last_at, l.id AS last_id, ARRAY(SELECT h.id FROM held h) AS held FROM last l`;

/** Erases the people's turns among the next turns after `position`; undefined: there are no more. */
export async function forgetNext(
  sql: Sql,
  workspaceId: string,
  { customers, contacts }: Known,
  position: WalkPosition,
  now: Date,
): Promise<{ removed: number; position: [string, string] } | undefined> {
  const keepsRawKeys = await holdRawKeys(sql);
  const [row] = await sql.query<{ last_at: string; last_id: string; held: string[] }>(
    'hold_turns_to_forget',
    HOLD_PAGE,
    [
      workspaceId,
      ...(position ?? BEGINNING),
      customers.map(({ id }) => id),
      customers.map(({ before }) => before?.toISOString() ?? 'infinity'),
      contacts.map((contact) => contact.hmac),
      contacts.map(({ before }) => before?.toISOString() ?? 'infinity'),
    ],
  );
  if (!row) return undefined;
  // By itself: Citus writes in a statement of its own (insert-turns-of-one.ts says why).
  if (row.held.length > 0)
    await sql.query('forget_turns', removeTexts(keepsRawKeys), [workspaceId, row.held, now]);
  return { removed: row.held.length, position: [row.last_at, row.last_id] };
}

/**
 * True while raw keys are stored. The answer holds until the transaction ends, since `migrate --contract` waits for
 * this lock. Once they are gone they never come back, so nothing is locked.
 */
export async function holdRawKeys(sql: Sql): Promise<boolean> {
  if (!(await findRawKeysKept(sql))) return false;
  await sql.query('hold_raw_keys', 'LOCK TABLE messages IN ROW EXCLUSIVE MODE');
  return findRawKeysKept(sql);
}

/** Other places that may name a person: the reasons of voids, and the audit trail. */
export async function forgetBesideTurns(
  sql: Sql,
  workspaceId: string,
  customerIds: readonly string[],
): Promise<void> {
  await sql.query(
    'forget_reasons',
    `UPDATE voids v SET reason = 'erased' FROM charges c
     WHERE c.workspace_id = $1 AND c.customer_id = ANY ($2::uuid[]) AND c.reversal
       AND v.workspace_id = $1 AND v.reversal_id = c.id AND v.reason <> 'erased'`,
    [workspaceId, customerIds],
  );
  await sql.query(
    'forget_trail',
    `UPDATE audit_entries a SET before = NULL, after = NULL
     WHERE a.workspace_id = $1 AND a.subject = ANY ($2::text[])
       AND a.action IN ('customer.registered', 'customer.updated') AND num_nonnulls(a.before, a.after) > 0`,
    [workspaceId, customerIds],
  );
}

/** True when something of an erased customer came since. */
export async function isAnythingLeft(sql: Sql, workspaceId: string, customerId: string): Promise<boolean> {
  const [found] = await sql.query<{ left: boolean }>(
    'anything_left',
    `SELECT EXISTS (SELECT FROM messages m
         WHERE m.workspace_id = $1 AND m.customer_id = $2 AND m.text_removed_at IS NULL)
       OR EXISTS (SELECT FROM charges c JOIN voids v ON v.workspace_id = $1 AND v.reversal_id = c.id
         WHERE c.workspace_id = $1 AND c.customer_id = $2 AND c.reversal AND v.reason <> 'erased') AS left`,
    [workspaceId, customerId],
  );
  return found?.left === true;
}
