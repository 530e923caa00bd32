// The cover of one or more ranges as rows of SQL: each range is a bucket, and a row says which bucket it adds to.
import { coverWithCustomerDays, coverWithSlots, type Range } from './cover';

/*
 * OFFSET 0 keeps each piece a walk along an index of its own: taken for an ordinary join of ranges, of which the planner
 * knows nothing, it read whole tables (10 million charges: 70 ms instead of 2 for two months, seconds at ragged edges).
 */

/** A FROM item and its parameters, which start at $2; $1 is the workspace. */
export interface Parts {
  sql: string;
  values: unknown[];
}

interface Piece {
  from: Date;
  to: Date;
  bucket: number;
}

/**
 * Rows (bucket, at, messages, cost_micros, first_at, last_at), bucket from 1 in the order of `ranges`. `at` is the
 * slot's start or the record's instant.
 */
export function slotParts(ranges: readonly Range[]): Parts {
  const slots: Piece[] = [];
  const edges: Piece[] = [];
  ranges.forEach((range, index) => {
    const bucket = index + 1;
    const cover = coverWithSlots(range);
    if (cover.slots) slots.push({ ...cover.slots, bucket });
    edges.push(...cover.edges.map((edge) => ({ ...edge, bucket })));
  });
  const sql = `(
    SELECT p.bucket, u.slot_at AS at, u.messages, u.cost_micros, u.first_at, u.last_at
    FROM unnest($2::timestamptz[], $3::timestamptz[], $4::int[]) AS p (since, until, bucket)
    CROSS JOIN LATERAL (
      SELECT s.slot_at, s.messages, s.cost_micros, s.first_at, s.last_at FROM usage_slots s
      WHERE s.workspace_id = $1 AND s.slot_at >= p.since AND s.slot_at < p.until OFFSET 0
    ) u${recordRows('', '$5', '$6', '$7', edges)})`;
  const values = [...columns(slots), ...(edges.length > 0 ? columns(edges) : [])];
  return { sql, values };
}

/**
 * Rows (bucket, customer_id, messages, cost_micros, first_at, last_at): the same by customer, of these customers
 * only when they are given.
 */
export function customerParts(
  ranges: readonly Range[],
  workspaceZone: string,
  customerIds?: readonly string[],
): Parts {
  const months: { month: string; bucket: number }[] = [];
  const days: { from: string; to: string; bucket: number }[] = [];
  const edges: Piece[] = [];
  ranges.forEach((range, index) => {
    const bucket = index + 1;
    const cover = coverWithCustomerDays(range, workspaceZone);
    months.push(...cover.months.map((month) => ({ month, bucket })));
    days.push(...cover.days.map((stretch) => ({ ...stretch, bucket })));
    edges.push(...cover.edges.map((edge) => ({ ...edge, bucket })));
  });
  const ids = edges.length > 0 ? '$10' : '$7';
  const only = (table: string) => (customerIds ? ` AND ${table}.customer_id = ANY (${ids}::uuid[])` : '');
  const sql = `(
    SELECT p.bucket, m.customer_id, m.messages, m.cost_micros, m.first_at, m.last_at
    FROM unnest($2::date[], $3::int[]) AS p (month, bucket)
    CROSS JOIN LATERAL (
      SELECT s.customer_id, s.messages, s.cost_micros, s.first_at, s.last_at FROM customer_months s
      WHERE s.workspace_id = $1 AND s.month = p.month${only('s')} OFFSET 0
    ) m
    UNION ALL
    SELECT p.bucket, d.customer_id, d.messages, d.cost_micros, d.first_at, d.last_at
    FROM unnest($4::date[], $5::date[], $6::int[]) AS p (since, until, bucket)
    CROSS JOIN LATERAL (
      SELECT s.customer_id, s.messages, s.cost_micros, s.first_at, s.last_at FROM customer_days s
      WHERE s.workspace_id = $1 AND s.day >= p.since AND s.day < p.until${only('s')} OFFSET 0
    ) d${recordRows(' c.customer_id,', '$7', '$8', '$9', edges, only('s'))})`;
  const values = [
    months.map(({ month }) => month),
    months.map(({ bucket }) => bucket),
    days.map(({ from }) => from),
    days.map(({ to }) => to),
    days.map(({ bucket }) => bucket),
    ...(edges.length > 0 ? columns(edges) : []),
    ...(customerIds ? [customerIds] : []),
  ];
  return { sql, values };
}

/** The records of ragged edges; left out of the statement when every cut falls on a roll-up. */
function recordRows(
  customer: string,
  since: string,
  until: string,
  bucket: string,
  edges: readonly Piece[],
  only = '',
): string {
  if (edges.length === 0) return '';
  const at = customer === '' ? ' c.occurred_at,' : '';
  return `
    UNION ALL
    SELECT p.bucket,${customer}${at} (NOT c.reversal)::int::bigint, c.amount_micros, c.occurred_at, c.occurred_at
    FROM unnest(${since}::timestamptz[], ${until}::timestamptz[], ${bucket}::int[]) AS p (since, until, bucket)
    CROSS JOIN LATERAL (
      SELECT s.customer_id, s.reversal, s.amount_micros, s.occurred_at FROM charges s
      WHERE s.workspace_id = $1 AND s.occurred_at >= p.since AND s.occurred_at < p.until${only} OFFSET 0
    ) c`;
}

const columns = (pieces: readonly Piece[]): unknown[] => [
  pieces.map(({ from }) => from),
  pieces.map(({ to }) => to),
  pieces.map(({ bucket }) => bucket),
];
