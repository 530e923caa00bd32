// What follows a closing: the statement's lines, sums and hash. Which lines they are was fixed by the closing.
import type { Database } from '../../database/database';
import type { Lease } from '../../database/lease';
import { inLongTransaction } from '../../database/transaction';
import { monthOf } from '../../values/month';
import { clientLinesOf, fixedForm, hashOf, pricesOf, type StatementKey, sumsOf } from './members';

interface OpenRow {
  number: number;
  month: string;
  epoch: number;
  currency: string;
}

/**
 * Seals a workspace's statements up to this number, the oldest first. Each takes one transaction: a killed server
 * leaves nothing half-written, and another one begins again. A large month takes seconds, mostly to insert its lines.
 */
export async function sealUpTo(
  database: Database,
  workspaceId: string,
  number: number,
  now: Date,
): Promise<void> {
  while (await inLongTransaction(database, (lease) => sealNext(lease, workspaceId, number, now)));
}

/** A second server waits for the first and finds the statement sealed. */
const TAKE = `
  SELECT s.number, s.month, s.epoch, w.currency
  FROM statements s JOIN workspaces w ON w.id = $1
  WHERE s.workspace_id = $1 AND s.number <= $2 AND s.sealed_at IS NULL
  ORDER BY s.number LIMIT 1 FOR UPDATE OF s`;

/** False when none is left. */
async function sealNext(lease: Lease, workspaceId: string, upTo: number, now: Date): Promise<boolean> {
  const [open] = await lease.query<OpenRow>('take_unsealed', TAKE, [workspaceId, upTo]);
  if (!open) return false;
  const { number, epoch, currency } = open;
  const key: StatementKey = { workspaceId, number, epoch, month: monthOf(open.month) };
  // Inserts in the order of the indexes, which is a quarter quicker.
  await lease.query(
    'insert_statement_lines',
    `INSERT INTO statement_lines (workspace_id, number, month, customer_id, messages, amount_micros)
     SELECT $1, $2, l.month, l.customer_id, l.messages, l.amount_micros FROM (${clientLinesOf(key)}) l
     ORDER BY l.month, l.customer_id`,
    [workspaceId, number],
  );
  const [sums] = await lease.query<
    Record<'ledger_lines' | 'messages' | 'total_micros' | 'carried_micros', bigint>
  >('sum_statement', sumsOf(key));
  const [prices] = await lease.query<{ prices: object[] }>('statement_prices', pricesOf(key));
  const [previous] = await lease.query<{ sha256: string }>(
    'previous_statement',
    'SELECT s.sha256 FROM statements s WHERE s.workspace_id = $1 AND s.number = $2',
    [workspaceId, number - 1],
  );
  const sha256 = await hashOf(fixedForm(lease, key, currency, previous?.sha256 ?? null));
  if (!sums || !prices) throw new Error('A sum gives a row.');
  await lease.query(
    'seal_statement',
    `UPDATE statements SET messages = $3, total_micros = $4, carried_micros = $5, ledger_lines = $6, prices = $7,
       sha256 = $8, sealed_at = $9 WHERE workspace_id = $1 AND number = $2`,
    [
      ...[workspaceId, number, sums.messages, sums.total_micros, sums.carried_micros, sums.ledger_lines],
      ...[JSON.stringify(prices.prices), sha256, now],
    ],
  );
  return true;
}
