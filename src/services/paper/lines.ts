// A statement's client lines: for paper, and as CSV and JSON for programs.
import { escapeLiteral } from 'pg';
import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { formatMicros } from '../../values/money';
import { firstDayOf, monthOf } from '../../values/month';
import { formatInstant } from '../../values/time';
import { amountCell, EXACT_CSV, JSON_STYLE } from '../exports/cells';
import { type CopiedFile, type CopyOptions, copyToFile } from '../exports/copied-file';
import { type Columns, csvForm, type ExportSummary, jsonForm } from '../exports/form';
import { copyOf } from '../exports/sql-text';
import { LINES_ORDER, type StatementRow } from '../ledger/statements';
import type { DocumentLine, StatementContent } from './document';

/** With more lines the paper has only the totals. */
export const PAPER_LIMITS = { clients: 2_000, lines: 4_000 } as const;

export const LINE_COLUMNS: Columns = {
  number: 'value',
  month: 'text',
  carried: 'value',
  customer_id: 'text',
  customer: 'value',
  messages: 'value',
  amount: 'text',
  currency: 'text',
};

/** The clients' part of the paper. */
export async function readLines(
  sql: Sql,
  { workspaceId, number }: StatementRow,
): Promise<Pick<StatementContent, 'clients' | 'lineCount' | 'lines'>> {
  const [counted] = await sql.query<{ clients: bigint; lines: bigint }>(
    'count_statement_clients',
    `SELECT count(DISTINCT l.customer_id) AS clients, count(*) AS lines FROM statement_lines l
     WHERE l.workspace_id = $1 AND l.number = $2`,
    [workspaceId, number],
  );
  const { clients, lines: lineCount } = counted ?? { clients: 0n, lines: 0n };
  const fits = clients <= PAPER_LIMITS.clients && lineCount <= PAPER_LIMITS.lines;
  return { clients, lineCount, lines: fits ? await listLines(sql, workspaceId, number) : undefined };
}

async function listLines(sql: Sql, workspaceId: string, number: number): Promise<DocumentLine[]> {
  const rows = await sql.query<{
    customer_id: string;
    name: string;
    erased: boolean;
    month: string;
    messages: bigint;
    amount_micros: bigint;
  }>(
    'statement_lines_with_names',
    `SELECT l.customer_id, c.name, c.erased_at IS NOT NULL AS erased, l.month, l.messages, l.amount_micros
     FROM statement_lines l JOIN customers c ON c.workspace_id = $1 AND c.id = l.customer_id
     WHERE l.workspace_id = $1 AND l.number = $2 ORDER BY ${LINES_ORDER}`,
    [workspaceId, number],
  );
  return rows.map((row) => ({
    ...{ customerId: row.customer_id, name: row.name, erased: row.erased },
    ...{ month: monthOf(row.month), messages: row.messages, amountMicros: row.amount_micros },
  }));
}

/** A file for programs with every client line. Throws SERVICE_UNAVAILABLE, RATE_LIMITED. */
export const copyLines = (
  database: Database,
  statement: StatementRow,
  format: 'csv' | 'json',
  options: CopyOptions = {},
): Promise<CopiedFile<ExportSummary>> =>
  copyToFile(
    database,
    async (client) => {
      const { rows } = await client.query<{ rows: bigint }>(
        `SELECT count(*) AS rows FROM statement_lines l WHERE ${linesOf(statement)}`,
      );
      const amount = formatMicros(statement.totalMicros, statement.currency);
      const summary: ExportSummary = { rows: Number(rows[0]?.rows ?? 0n), amount };
      const head = { workspaceId: statement.workspaceId, ...statementJson(statement) };
      const form =
        format === 'csv'
          ? csvForm(LINE_COLUMNS, summary)
          : jsonForm({ head, list: 'lines', columns: LINE_COLUMNS }, summary);
      return { copy: copyQuery(statement, format), form, found: summary };
    },
    options,
  );

const linesOf = ({ workspaceId, number }: StatementRow): string =>
  `l.workspace_id = ${escapeLiteral(workspaceId)} AND l.number = ${number}`;

/** COPY takes no parameters, so every value here is a literal: escaped text, or made from numbers and dates. */
function copyQuery(statement: StatementRow, format: 'csv' | 'json'): string {
  const { workspaceId, number, month, currency } = statement;
  const style = format === 'csv' ? EXACT_CSV : JSON_STYLE;
  return copyOf(
    `SELECT ${number}, to_char(l.month, 'YYYY-MM'),
      CASE WHEN l.month = ${escapeLiteral(firstDayOf(month))}::date THEN 'false' ELSE 'true' END,
      l.customer_id, ${style.words('c.name')}, l.messages, ${amountCell('l.amount_micros', currency)}, '${currency}'
    FROM statement_lines l
    JOIN customers c ON c.workspace_id = ${escapeLiteral(workspaceId)} AND c.id = l.customer_id
    WHERE ${linesOf(statement)} ORDER BY ${LINES_ORDER}`,
    style,
  );
}

/** What a statement says in JSON, without its lines. Amounts are exact decimal text. */
export const statementJson = ({ currency, ...statement }: StatementRow) => ({
  number: statement.number,
  month: statement.month,
  from: formatInstant(statement.from),
  to: formatInstant(statement.to),
  timeZone: statement.timeZone,
  closedAt: formatInstant(statement.closedAt),
  currency,
  total: formatMicros(statement.totalMicros, currency),
  carried: formatMicros(statement.carriedMicros, currency),
  messages: Number(statement.messages),
  prices: statement.prices.map(({ amountMicros, charges }) => ({
    price: formatMicros(BigInt(amountMicros), currency),
    charges,
  })),
  sha256: statement.sha256,
  previousSha256: statement.previousSha256,
});
