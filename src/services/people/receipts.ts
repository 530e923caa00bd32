// What remains of an erasure: counts, sums, ids of customers, and HMACs of contacts. No personal data.
import type { Sql } from '../../database/sql';

/** One finished erasure. */
export interface Receipt {
  workspaceId: string;
  id: string;
  erasedAt: Date;
  /** Turns whose texts and contacts were removed. */
  messages: bigint;
  /** Charges of the person that remain, without those taken back, and the sum of the ledger's lines, in micro-units. */
  charges: bigint;
  amountMicros: bigint;
  customerIds: string[];
  contactHmacs: Buffer[];
}

export interface ReceiptRow {
  workspace_id: string;
  id: string;
  finished_at: Date;
  messages: bigint;
  charges: bigint;
  amount_micros: bigint;
  customer_ids: string[];
  contact_hmacs: Buffer[];
}

export const RECEIPT_COLUMNS =
  'e.workspace_id, e.id, e.finished_at, e.messages, e.charges, e.amount_micros, e.customer_ids, e.contact_hmacs';

/** SQL: a person was erased. Other rows are requests about people of whom nothing was stored. */
const IS_RECEIPT =
  'e.finished_at IS NOT NULL AND cardinality(e.customer_ids) + cardinality(e.contact_hmacs) > 0';

/** The first receipt for this customer, or for one of these contacts. */
export async function findFirstReceipt(
  sql: Sql,
  workspaceId: string,
  customerIds: readonly string[],
  contactHmacs: readonly Buffer[],
): Promise<Receipt | undefined> {
  const [row] = await sql.query<ReceiptRow>(
    'first_receipt',
    `SELECT ${RECEIPT_COLUMNS} FROM erasures e WHERE e.workspace_id = $1 AND ${IS_RECEIPT}
       AND (e.customer_ids && $2::uuid[] OR e.contact_hmacs && $3::bytea[])
     ORDER BY e.finished_at, e.id LIMIT 1`,
    [workspaceId, customerIds, contactHmacs],
  );
  return row && toReceipt(row);
}

/** Oldest first, of one workspace or of all: for the operator's command only. */
export async function listReceipts(
  sql: Sql,
  workspaceId: string | undefined,
): Promise<(Receipt & { currency: string })[]> {
  const rows = await sql.query<ReceiptRow & { currency: string }>(
    'list_receipts',
    `SELECT ${RECEIPT_COLUMNS}, w.currency FROM erasures e JOIN workspaces w ON w.id = e.workspace_id
     WHERE ($1::text IS NULL OR e.workspace_id = $1) AND ${IS_RECEIPT} ORDER BY e.finished_at, e.id`,
    [workspaceId ?? null],
  );
  return rows.map((row) => ({ ...toReceipt(row), currency: row.currency }));
}

/** Stores receipts that a restored backup does not have. Existing ones stay unchanged. */
export async function restoreReceipts(sql: Sql, receipts: readonly Receipt[], actor: string): Promise<void> {
  for (const receipt of receipts)
    await sql.query(
      'restore_receipt',
      `INSERT INTO erasures (workspace_id, id, customer_ids, contact_hmacs, actor, reason, requested_at, due_at,
         messages, charges, amount_micros, finished_at)
       VALUES ($1, $2, $3, $4, $5, '', $6, $6, $7, $8, $9, $6)
       ON CONFLICT ON CONSTRAINT erasures_pkey DO NOTHING`,
      [
        ...[receipt.workspaceId, receipt.id, receipt.customerIds, receipt.contactHmacs, actor],
        ...[receipt.erasedAt, receipt.messages, receipt.charges, receipt.amountMicros],
      ],
    );
}

export const toReceipt = (row: ReceiptRow): Receipt => ({
  workspaceId: row.workspace_id,
  id: row.id,
  erasedAt: row.finished_at,
  messages: row.messages,
  charges: row.charges,
  amountMicros: row.amount_micros,
  customerIds: row.customer_ids,
  contactHmacs: row.contact_hmacs,
});
