// Usage statements as they are read: closed months, frozen. docs/semantics.md#usage-statements
import type { Sql } from '../../database/sql';
import { isUuid } from '../../values/ids';
import { firstDayOf, isMonth, monthOf } from '../../values/month';
import { mayBeAskedFor } from '../../values/period';
import type { Asked, Page } from '../page';
import { checkFirst, isWhole, readCursor, toPage, writeCursor } from '../page';

/** A closed month. */
export interface StatementRow {
  workspaceId: string;
  /** 1, 2, 3, … without a gap. */
  number: number;
  /** '2025-01'. */
  month: string;
  /** The workspace's epoch that closing it ended. */
  epoch: number;
  timeZone: string;
  from: Date;
  to: Date;
  currency: string;
  closedAt: Date;
  closedBy: string;
  /** Charges less reversals. */
  messages: bigint;
  totalMicros: bigint;
  /** The part of the total that belongs to earlier months. */
  carriedMicros: bigint;
  ledgerLines: bigint;
  /** The prices of its charges, each with how many charges there are. */
  prices: { amountMicros: string; charges: number }[];
  sha256: string;
  /** The hash of the statement before; null for the first. */
  previousSha256: string | null;
}

/** What one client used in one month. */
export interface StatementLineRow {
  workspaceId: string;
  customerId: string;
  /** The month of use: the statement's own, or an earlier one. */
  month: string;
  messages: bigint;
  amountMicros: bigint;
  currency: string;
}

export interface PageQuery {
  first: number;
  after?: string | null | undefined;
}

interface Row {
  workspace_id: string;
  number: number;
  month: string;
  epoch: number;
  time_zone: string;
  from_at: Date;
  to_at: Date;
  currency: string;
  closed_at: Date;
  closed_by: string;
  messages: bigint;
  total_micros: bigint;
  carried_micros: bigint;
  ledger_lines: bigint;
  prices: { amountMicros: string; charges: number }[];
  sha256: string;
  previous_sha256: string | null;
}

/** Only sealed ones: a statement has no figures until its lines are written. */
const SELECT = `
  SELECT s.workspace_id, s.number, s.month, s.epoch, s.time_zone, s.from_at, s.to_at, w.currency, s.closed_at,
    s.closed_by, s.messages, s.total_micros, s.carried_micros, s.ledger_lines, s.prices, s.sha256,
    p.sha256 AS previous_sha256
  FROM statements s
  JOIN workspaces w ON w.id = $1
  LEFT JOIN statements p ON p.workspace_id = $1 AND p.number = s.number - 1
  WHERE s.workspace_id = $1 AND s.sealed_at IS NOT NULL`;

export async function findStatement(
  sql: Sql,
  workspaceId: string,
  month: string,
): Promise<StatementRow | undefined> {
  // Other months are never closed, and PostgreSQL's dates have no year 0.
  if (!mayBeAskedFor(month)) return undefined;
  const [row] = await sql.query<Row>('find_statement', `${SELECT} AND s.month = $2::date`, [
    workspaceId,
    firstDayOf(month),
  ]);
  return row && toStatement(row);
}

/** Newest first. Throws BAD_USER_INPUT. */
export async function listStatements(
  sql: Sql,
  workspaceId: string,
  query: PageQuery,
): Promise<Page<StatementRow>> {
  const first = checkFirst(query.first);
  const asked: Asked = { list: 'statements', workspaceId, args: {} };
  const position = query.after ? readCursor(query.after, asked, [isNumber]).position : [];
  const rows = await sql.query<Row>(
    'list_statements',
    `${SELECT} AND s.number < coalesce($2::int, 2147483647) ORDER BY s.number DESC LIMIT $3`,
    [workspaceId, position[0] ?? null, first + 1],
  );
  return toPage(rows.map(toStatement), first, {
    after: position.length > 0,
    cursor: (row) => writeCursor(asked, {}, [String(row.number)]),
    total: async () => {
      const [found] = await sql.query<{ total: bigint }>(
        'count_statements',
        'SELECT count(*) AS total FROM statements s WHERE s.workspace_id = $1 AND s.sealed_at IS NOT NULL',
        [workspaceId],
      );
      return Number(found?.total ?? 0n);
    },
  });
}

/** The order of a statement's lines `l`: its own month first, the largest amounts first. */
export const LINES_ORDER = 'l.month DESC, l.amount_micros DESC, l.customer_id DESC';

/** The lines of one statement in their order. Throws BAD_USER_INPUT. */
export async function listStatementLines(
  sql: Sql,
  statement: Pick<StatementRow, 'workspaceId' | 'number' | 'currency'>,
  query: PageQuery,
): Promise<Page<StatementLineRow>> {
  const { workspaceId, number, currency } = statement;
  const first = checkFirst(query.first);
  const asked: Asked = { list: 'statement.lines', workspaceId, args: { number: String(number) } };
  const position = query.after ? readCursor(query.after, asked, [isFirstDay, isWhole, isUuid]).position : [];
  const rows = await sql.query<{
    customer_id: string;
    month: string;
    messages: bigint;
    amount_micros: bigint;
  }>(
    'list_statement_lines',
    `SELECT l.customer_id, l.month, l.messages, l.amount_micros FROM statement_lines l
     WHERE l.workspace_id = $1 AND l.number = $2
       ${position.length > 0 ? 'AND (l.month, l.amount_micros, l.customer_id) < ($4::date, $5::bigint, $6::uuid)' : ''}
     ORDER BY ${LINES_ORDER} LIMIT $3`,
    [workspaceId, number, first + 1, ...position],
  );
  return toPage(
    rows.map((row) => ({
      ...{ workspaceId, currency, customerId: row.customer_id, month: row.month },
      ...{ messages: row.messages, amountMicros: row.amount_micros },
    })),
    first,
    {
      after: position.length > 0,
      cursor: (row) => writeCursor(asked, {}, [row.month, String(row.amountMicros), row.customerId]),
      total: async () => {
        const [found] = await sql.query<{ total: bigint }>(
          'count_statement_lines',
          'SELECT count(*) AS total FROM statement_lines l WHERE l.workspace_id = $1 AND l.number = $2',
          [workspaceId, number],
        );
        return Number(found?.total ?? 0n);
      },
    },
  );
}

const isNumber = (text: string): boolean => /^\d{1,9}$/.test(text);
function isFirstDay(text: string): boolean {
  const month = monthOf(text);
  return isMonth(month) && mayBeAskedFor(month) && text === firstDayOf(month);
}

const toStatement = (row: Row): StatementRow => ({
  workspaceId: row.workspace_id,
  number: row.number,
  month: monthOf(row.month),
  epoch: row.epoch,
  timeZone: row.time_zone,
  from: row.from_at,
  to: row.to_at,
  currency: row.currency,
  closedAt: row.closed_at,
  closedBy: row.closed_by,
  messages: row.messages,
  totalMicros: row.total_micros,
  carriedMicros: row.carried_micros,
  ledgerLines: row.ledger_lines,
  prices: row.prices,
  sha256: row.sha256,
  previousSha256: row.previous_sha256,
});
