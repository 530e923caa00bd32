// Who are the biggest clients?
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';
import { isUuid } from '../../values/ids';
import { formatInstant } from '../../values/time';
import { CUSTOMER_COLUMNS, type Customer, type CustomerRow, toCustomer } from '../customers/customers';
import {
  checkFirst,
  isInstant,
  isName,
  isWhole,
  PAGE_LIMIT,
  type Page,
  readCursor,
  toPage,
  writeCursor,
} from '../page';
import { countsStill } from '../roll-ups';
import { customerParts } from './parts';
import type { UsageScope } from './scope';
import { shareOf } from './share';
import { countActiveClients } from './totals';

export const CLIENT_ORDERS = ['COST', 'MESSAGES', 'LAST_ACTIVE'] as const;
export type ClientOrder = (typeof CLIENT_ORDERS)[number];

export interface ClientUsage {
  /** Shared by ties of the chosen measure: 1, 2, 2, 4. */
  rank: number;
  customer: Customer;
  costMicros: bigint;
  messages: bigint;
  /** Of the measure that orders the list (messages for LAST_ACTIVE): 0 to 1, at most four decimals. */
  share: string;
  lastAt: Date;
}

/** An order is one of these constants, never a caller's text. */
const MEASURES: Record<ClientOrder, { column: string; type: string; share: 'cost_micros' | 'messages' }> = {
  COST: { column: 'cost_micros', type: 'bigint', share: 'cost_micros' },
  MESSAGES: { column: 'messages', type: 'bigint', share: 'messages' },
  LAST_ACTIVE: { column: 'last_at', type: 'timestamptz', share: 'messages' },
};

interface Row extends CustomerRow {
  rank: bigint;
  cost_micros: bigint;
  messages: bigint;
  last_at: Date;
  whole: bigint;
}

/** The first `limit` clients: highest first; ties by name (byte-wise), then id. Throws BAD_USER_INPUT. */
export async function findTopClients(
  sql: Sql,
  scope: UsageScope,
  limit: number,
  order: ClientOrder,
): Promise<ClientUsage[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_LIMIT) {
    throw badInput(
      `limit must be a whole number from 1 to ${PAGE_LIMIT}; got ${limit}. For more, page through clients.`,
    );
  }
  return findRanked(sql, scope, order, limit, undefined);
}

export interface ClientsQuery {
  first: number;
  after?: string | null | undefined;
  order: ClientOrder;
}

/** Every client with usage, in the same order. A position is against current figures, so rows may shift. */
export async function listClients(
  sql: Sql,
  scope: UsageScope,
  query: ClientsQuery,
): Promise<Page<ClientUsage>> {
  const first = checkFirst(query.first);
  const { period } = scope;
  const asked = {
    list: 'clients',
    workspaceId: scope.workspace.id,
    args: {
      orderBy: query.order,
      period: `${formatInstant(period.from)}/${formatInstant(period.to)}`,
      timeZone: period.timeZone,
    },
  };
  const cursor = query.after
    ? readCursor(query.after, asked, [query.order === 'LAST_ACTIVE' ? isInstant : isWhole, isName, isUuid])
    : undefined;
  const rows = await findRanked(sql, scope, query.order, first + 1, cursor?.position);
  return toPage(rows, first, {
    after: cursor !== undefined,
    cursor: (row) =>
      writeCursor(asked, {}, [measureOf(row, query.order), row.customer.name, row.customer.id]),
    total: async () => Number(await countActiveClients(sql, scope)),
  });
}

const measureOf = (row: ClientUsage, order: ClientOrder): string =>
  order === 'COST'
    ? String(row.costMicros)
    : order === 'MESSAGES'
      ? String(row.messages)
      : formatInstant(row.lastAt);

async function findRanked(
  sql: Sql,
  scope: UsageScope,
  order: ClientOrder,
  limit: number,
  after: readonly string[] | undefined,
): Promise<ClientUsage[]> {
  // Who was active last needs everybody's last turn; otherwise those on the page have theirs looked up.
  const net = order !== 'LAST_ACTIVE';
  const { period } = scope;
  const parts = customerParts([period], scope.workspace.timeZone, { net });
  const { column, type, share } = MEASURES[order];
  const within = net ? [period.from, period.to] : [];
  const since = parts.values.length + 2;
  const next = since + within.length;
  const position = after
    ? `WHERE (r.${column} < $${next + 1}::${type} OR r.${column} = $${next + 1}::${type}
         AND (c.name COLLATE "C", c.id) > ($${next + 2}::text COLLATE "C", $${next + 3}::uuid))`
    : '';
  const rows = await sql.query<Row>(
    'top_clients',
    `WITH summed AS (
       SELECT t.customer_id, sum(t.messages)::bigint AS messages, sum(t.cost_micros)::bigint AS cost_micros,
         max(t.last_at) AS last_at
       FROM ${parts.sql} AS t (bucket, customer_id, messages, cost_micros, first_at, last_at)
       GROUP BY t.customer_id HAVING sum(t.messages) > 0
     ), ranked AS (
       SELECT s.customer_id, s.messages, s.cost_micros, s.last_at, rank() OVER (ORDER BY s.${column} DESC) AS rank,
         (sum(s.${share}) OVER ())::bigint AS whole
       FROM summed s
     ), page AS (
       SELECT r.rank, r.messages, r.cost_micros, r.last_at AS summed_last_at, r.whole, ${CUSTOMER_COLUMNS}
       FROM ranked r JOIN customers c ON c.workspace_id = $1 AND c.id = r.customer_id
       ${position}
       ORDER BY r.${column} DESC, c.name COLLATE "C", c.id LIMIT $${next}
     )
     SELECT p.*, ${net ? lastCharge(since) : 'p.summed_last_at'} AS last_at
     FROM page p ORDER BY p.rank, p.name COLLATE "C", p.id`,
    [scope.workspace.id, ...parts.values, ...within, limit, ...(after ?? [])],
  );
  return rows.map((row) => toClientUsage(row, share));
}

const lastCharge = (since: number): string => `(SELECT max(l.occurred_at) FROM charges l
       WHERE l.workspace_id = $1 AND l.customer_id = p.id AND l.occurred_at >= $${since} AND l.occurred_at < $${since + 1}
         AND ${countsStill('l')})`;

const toClientUsage = (row: Row, share: 'cost_micros' | 'messages'): ClientUsage => ({
  rank: Number(row.rank),
  customer: toCustomer(row),
  costMicros: row.cost_micros,
  messages: row.messages,
  share: shareOf(row[share], row.whole),
  lastAt: row.last_at,
});
