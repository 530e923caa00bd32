// Who are the biggest clients?
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';
import { isUuid } from '../../values/ids';
import type { GrowthBasis } from '../../values/period';
import { formatInstant, type Range } from '../../values/time';
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
import { countsStill } from '../roll-ups/roll-ups';
import { type ClientSegment, findMovement, placedClients } from './movement';
import { customerParts } from './parts';
import type { UsageScope } from './scope';
import { shareOf } from './share';
import { countActiveClients } from './totals';

export const CLIENT_ORDERS = ['COST', 'MESSAGES', 'LAST_ACTIVE'] as const;
export type ClientOrder = (typeof CLIENT_ORDERS)[number];

export interface ClientUsage {
  /** Equal clients by the chosen measure share a rank: 1, 2, 2, 4. */
  rank: number;
  customer: Customer;
  costMicros: bigint;
  messages: bigint;
  /** The share of the measure that orders the list (messages for LAST_ACTIVE): 0 to 1, at most four decimals. */
  share: string;
  lastAt: Date;
  /** The range of time that the figures are of: the period, or of LOST clients the one before. */
  range: Range;
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
  return findRanked(sql, scope, clientsWithUsage(scope, order), limit, undefined);
}

export interface ClientsQuery {
  first: number;
  after?: string | null | undefined;
  order: ClientOrder;
}

/** Every client with usage, in the same order. Positions follow current figures, so rows may move between pages. */
export async function listClients(
  sql: Sql,
  scope: UsageScope,
  query: ClientsQuery,
): Promise<Page<ClientUsage>> {
  return walk(sql, scope, query, {
    list: 'clients',
    args: { orderBy: query.order },
    clients: clientsWithUsage(scope, query.order),
    total: async () => Number(await countActiveClients(sql, scope)),
  });
}

export interface SegmentQuery {
  segment: ClientSegment;
  basis: GrowthBasis;
  first: number;
  after?: string | null | undefined;
}

/** The clients of one segment, by cost. */
export const listClientsIn = (sql: Sql, scope: UsageScope, query: SegmentQuery): Promise<Page<ClientUsage>> =>
  walk(sql, scope, query, {
    list: 'clientsIn',
    args: { segment: query.segment, basis: query.basis },
    clients: clientsOfSegment(scope, query.segment, query.basis),
    total: async () => Number((await findMovement(sql, scope, query.basis)).clients[query.segment]),
  });

interface Walk {
  list: string;
  /** The arguments beside the period. */
  args: Record<string, string>;
  clients: RankedClients;
  total: () => Promise<number>;
}

async function walk(
  sql: Sql,
  scope: UsageScope,
  query: { first: number; after?: string | null | undefined },
  { list, args, clients, total }: Walk,
): Promise<Page<ClientUsage>> {
  const first = checkFirst(query.first);
  const { period } = scope;
  const asked = {
    list,
    workspaceId: scope.workspace.id,
    args: {
      ...args,
      period: `${formatInstant(period.from)}/${formatInstant(period.to)}`,
      timeZone: period.timeZone,
    },
  };
  const { order } = clients;
  const cursor = query.after
    ? readCursor(query.after, asked, [order === 'LAST_ACTIVE' ? isInstant : isWhole, isName, isUuid])
    : undefined;
  const rows = await findRanked(sql, scope, clients, first + 1, cursor?.position);
  return toPage(rows, first, {
    after: cursor !== undefined,
    cursor: (row) => writeCursor(asked, {}, [measureOf(row, order), row.customer.name, row.customer.id]),
    total,
  });
}

const measureOf = (row: ClientUsage, order: ClientOrder): string =>
  order === 'COST'
    ? String(row.costMicros)
    : order === 'MESSAGES'
      ? String(row.messages)
      : formatInstant(row.lastAt);

/** Whose figures are ranked, and by what. */
interface RankedClients {
  name: string;
  order: ClientOrder;
  /** CTEs, the last one `summed`: rows (customer_id, messages, cost_micros, last_at, whole). */
  ctes: string;
  /** From $2 on. */
  values: unknown[];
  /** What the figures are of. */
  range: Range;
  /** `summed` has the last turn of each client; otherwise it is looked up for those on the page. */
  hasLast: boolean;
}

/** Every client with usage. */
function clientsWithUsage({ period, workspace }: UsageScope, order: ClientOrder): RankedClients {
  // LAST_ACTIVE ranks by the last turn, which net sums don't have.
  const net = order !== 'LAST_ACTIVE';
  const parts = customerParts([period], workspace.timeZone, { net });
  const ctes = `summed AS (
       SELECT t.customer_id, sum(t.messages)::bigint AS messages, sum(t.cost_micros)::bigint AS cost_micros,
         max(t.last_at) AS last_at, (sum(sum(t.${MEASURES[order].share})) OVER ())::bigint AS whole
       FROM ${parts.sql} AS t (bucket, customer_id, messages, cost_micros, first_at, last_at)
       GROUP BY t.customer_id HAVING sum(t.messages) > 0
     )`;
  return { name: 'top_clients', order, ctes, values: parts.values, range: period, hasLast: !net };
}

/** The clients of one segment by cost; LOST clients have the figures of the stretch before. */
function clientsOfSegment(scope: UsageScope, segment: ClientSegment, basis: GrowthBasis): RankedClients {
  const placed = placedClients(scope, basis);
  const whole = segment === 'LOST' ? 'before_micros' : 'now_micros';
  const ctes = `${placed.sql}, summed AS (
       SELECT p.customer_id, p.messages, p.cost_micros, NULL::timestamptz AS last_at,
         (SELECT sum(s.${whole}) FROM compared s)::bigint AS whole
       FROM placed p WHERE p.segment = $${placed.values.length + 2}
     )`;
  const range = segment === 'LOST' ? placed.previous : placed.current;
  const values = [...placed.values, segment];
  return { name: 'clients_in', order: 'COST', ctes, values, range, hasLast: false };
}

async function findRanked(
  sql: Sql,
  scope: UsageScope,
  clients: RankedClients,
  limit: number,
  after: readonly string[] | undefined,
): Promise<ClientUsage[]> {
  const { column, type, share } = MEASURES[clients.order];
  const within = clients.hasLast ? [] : [clients.range.from, clients.range.to];
  const since = clients.values.length + 2;
  const next = since + within.length;
  const position = after
    ? `WHERE (r.${column} < $${next + 1}::${type} OR r.${column} = $${next + 1}::${type}
         AND (c.name COLLATE "C", c.id) > ($${next + 2}::text COLLATE "C", $${next + 3}::uuid))`
    : '';
  const rows = await sql.query<Row>(
    clients.name,
    `WITH ${clients.ctes}, ranked AS (
       SELECT s.customer_id, s.messages, s.cost_micros, s.last_at, s.whole,
         rank() OVER (ORDER BY s.${column} DESC) AS rank
       FROM summed s
     ), page AS (
       SELECT r.rank, r.messages, r.cost_micros, r.last_at AS summed_last_at, r.whole, ${CUSTOMER_COLUMNS}
       FROM ranked r JOIN customers c ON c.workspace_id = $1 AND c.id = r.customer_id
       ${position}
       ORDER BY r.${column} DESC, c.name COLLATE "C", c.id LIMIT $${next}
     )
     SELECT p.*, ${clients.hasLast ? 'p.summed_last_at' : lastCharge(since)} AS last_at
     FROM page p ORDER BY p.rank, p.name COLLATE "C", p.id`,
    [scope.workspace.id, ...clients.values, ...within, limit, ...(after ?? [])],
  );
  return rows.map((row) => toClientUsage(row, share, clients.range));
}

/** Reads one charge of a client. `max` would read all of the range, since those that were taken back are joined. */
const lastCharge = (since: number): string => `(SELECT l.occurred_at FROM charges l
       WHERE l.workspace_id = $1 AND l.customer_id = p.id AND l.occurred_at >= $${since} AND l.occurred_at < $${since + 1}
         AND ${countsStill('l')} ORDER BY l.occurred_at DESC LIMIT 1)`;

const toClientUsage = (row: Row, share: 'cost_micros' | 'messages', range: Range): ClientUsage => ({
  rank: Number(row.rank),
  customer: toCustomer(row),
  costMicros: row.cost_micros,
  messages: row.messages,
  share: shareOf(row[share], row.whole),
  lastAt: row.last_at,
  range,
});
