// Do the statements say what the ledger says? For the operator, never behind a token.
import type { Database } from '../../database/database';
import { Lease } from '../../database/lease';
import { liftTimeLimit } from '../../database/sql';
import { monthAfter, monthOf } from '../../values/month';
import type { Workspace } from '../workspaces/workspaces';
import { clientLinesOf, fixedForm, hashOf, type StatementKey, sumsOf } from './members';

export interface StatementDifference {
  /** The statement's number, or 'all'. */
  key: string;
  /** What the ledger gives now, and what the statement says. */
  records: string;
  frozen: string;
}

interface SealedRow {
  number: number;
  month: string;
  epoch: number;
  messages: bigint;
  total_micros: bigint;
  carried_micros: bigint;
  ledger_lines: bigint;
  sha256: string;
}

/** Computes every sealed statement anew: its lines, sums, hash and chain, and that each line is on one or open. */
export async function verifyStatements(
  database: Database,
  workspace: Workspace,
): Promise<{ checked: number; differences: StatementDifference[] }> {
  const lease = await Lease.take(database, 0);
  const differences: StatementDifference[] = [];
  const compare = (key: string, records: string, frozen: string): void => {
    if (records !== frozen) differences.push({ key, records, frozen });
  };
  try {
    await lease.query('begin_snapshot', 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await liftTimeLimit(lease);
    const sealed = await lease.query<SealedRow>(
      'sealed_statements',
      `SELECT s.number, s.month, s.epoch, s.messages, s.total_micros, s.carried_micros, s.ledger_lines, s.sha256
       FROM statements s WHERE s.workspace_id = $1 AND s.sealed_at IS NOT NULL ORDER BY s.number`,
      [workspace.id],
    );
    let previous: SealedRow | undefined;
    let lines = 0n;
    for (const row of sealed) {
      const key: StatementKey = {
        ...{ workspaceId: workspace.id, number: row.number, epoch: row.epoch, month: monthOf(row.month) },
      };
      const name = String(row.number);
      const before = previous && { number: previous.number + 1, month: monthAfter(monthOf(previous.month)) };
      compare(
        name,
        JSON.stringify(before ?? { number: 1, month: key.month }),
        JSON.stringify({ number: row.number, month: key.month }),
      );
      const [sums] = await lease.query<Omit<SealedRow, 'number' | 'month' | 'epoch' | 'sha256'>>(
        'sum_statement',
        sumsOf(key),
      );
      compare(name, sums ? figures(sums) : '', figures(row));
      const [odd] = await lease.query<{ lines: bigint }>('compare_statement_lines', comparedLines(key), [
        workspace.id,
        row.number,
      ]);
      compare(name, '0 lines differ', `${odd?.lines} lines differ`);
      compare(
        name,
        `sha256 ${await hashOf(fixedForm(lease, key, workspace.currency, previous?.sha256 ?? null))}`,
        `sha256 ${row.sha256}`,
      );
      lines += row.ledger_lines;
      previous = row;
    }
    if (previous) {
      const [counted] = await lease.query<{ lines: bigint; open: bigint }>(
        'count_open_lines',
        `SELECT count(*) AS lines, count(*) FILTER (WHERE c.epoch > $2 OR c.month > $3) AS open
         FROM charges c WHERE c.workspace_id = $1`,
        [workspace.id, previous.epoch, previous.month],
      );
      compare('all', `${counted?.lines} ledger lines`, `${lines + (counted?.open ?? 0n)} ledger lines`);
    }
    await lease.query('commit', 'COMMIT');
    return { checked: sealed.length, differences };
  } catch (error) {
    lease.breakOff();
    throw error;
  } finally {
    await lease.release();
  }
}

const figures = (
  row: Pick<SealedRow, 'messages' | 'total_micros' | 'carried_micros' | 'ledger_lines'>,
): string =>
  `${row.messages} messages, ${row.total_micros} total, ${row.carried_micros} carried, ${row.ledger_lines} lines`;

const comparedLines = (key: StatementKey): string => `
  SELECT count(*) AS lines FROM (${clientLinesOf(key)}) m
  FULL JOIN (SELECT * FROM statement_lines l WHERE l.workspace_id = $1 AND l.number = $2) l
    ON l.month = m.month AND l.customer_id = m.customer_id
  WHERE (m.messages, m.amount_micros) IS DISTINCT FROM (l.messages, l.amount_micros)`;
