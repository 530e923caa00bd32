// The cover of one or more ranges as rows of SQL: each range is a bucket, and a row says which bucket it adds to.
import type { Range } from '../../values/time';
import { countsStill } from '../roll-ups/roll-ups';
import { coverWithCustomerDays, coverWithSlots, netCoverWithCustomerDays, type Sign } from './cover';

/*
 * OFFSET 0 makes PostgreSQL read each piece along an index. As an ordinary join of ranges, about which the planner has
 * no statistics, it read whole tables (10 million charges: 70 ms instead of 2 for two months, seconds at ragged edges).
 */

/** A FROM item and its parameters, which start at $2; $1 is the workspace. */
export interface Parts {
  sql: string;
  values: unknown[];
}

interface Piece extends Range {
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
    ) u${edges.length > 0 ? edgeRecords : ''})`;
  const values = [...columns(slots), ...(edges.length > 0 ? columns(edges) : [])];
  return { sql, values };
}

/** The records of ragged edges; left out of the statement when every cut falls on a roll-up. */
const edgeRecords = `
    UNION ALL
    SELECT p.bucket, c.occurred_at, 1::bigint, c.amount_micros, c.occurred_at, c.occurred_at
    FROM unnest($5::timestamptz[], $6::timestamptz[], $7::int[]) AS p (since, until, bucket)
    CROSS JOIN LATERAL (
      SELECT s.amount_micros, s.occurred_at FROM charges s
      WHERE s.workspace_id = $1 AND s.occurred_at >= p.since AND s.occurred_at < p.until AND ${countsStill('s')} OFFSET 0
    ) c`;

export interface CustomerPartsOptions {
  /** Of these customers only. */
  customerIds?: readonly string[];
  /**
   * Only sums are asked for: a row may be negative, to correct another. messages and cost_micros then add up; first_at
   * and last_at mean nothing.
   */
  net?: boolean;
  /**
   * The ranges overlap, or lie close together: the customers' days from the first to the last are read once for all of
   * them.
   */
  close?: boolean;
}

/** Rows (bucket, customer_id, messages, cost_micros, first_at, last_at): the same by customer. */
export function customerParts(
  ranges: readonly Range[],
  workspaceZone: string,
  { customerIds, net = false, close = false }: CustomerPartsOptions = {},
): Parts {
  const covers = ranges.map((range, index) => ({
    bucket: index + 1,
    ...(net ? netCoverWithCustomerDays : coverWithCustomerDays)(range, workspaceZone),
  }));
  const months = covers.flatMap(({ bucket, months }) => months.map((month) => ({ ...month, bucket })));
  const days = covers.flatMap(({ bucket, days }) => days.map((stretch) => ({ ...stretch, bucket })));
  const edges = covers.flatMap(({ bucket, edges }) => edges.map((edge) => ({ ...edge, bucket })));
  const ids = edges.length > 0 ? '$13' : '$9';
  const only = customerIds ? ` AND s.customer_id = ANY (${ids}::uuid[])` : '';
  const sql = `(
    SELECT p.bucket, m.customer_id, p.sign * m.messages, p.sign * m.cost_micros, m.first_at, m.last_at
    FROM unnest($2::date[], $3::int[], $4::int[]) AS p (month, bucket, sign)
    CROSS JOIN LATERAL (
      SELECT s.customer_id, s.messages, s.cost_micros, s.first_at, s.last_at FROM customer_months s
      WHERE s.workspace_id = $1 AND s.month = p.month${only} OFFSET 0
    ) m
    UNION ALL${close ? closeDays(only) : separateDays(only)}${edges.length > 0 ? customerEdgeRecords(only) : ''})`;
  const values = [
    months.map(({ month }) => month),
    ...bucketsAndSigns(months),
    days.map(({ from }) => from),
    days.map(({ to }) => to),
    ...bucketsAndSigns(days),
    ...(edges.length > 0 ? [...bounds(edges), ...bucketsAndSigns(edges)] : []),
    ...(customerIds ? [customerIds] : []),
  ];
  return { sql, values };
}

const DAY_COLUMNS =
  'p.bucket, d.customer_id, p.sign * d.messages, p.sign * d.cost_micros, d.first_at, d.last_at';
const DAY_PIECES = 'unnest($5::date[], $6::date[], $7::int[], $8::int[]) AS p (since, until, bucket, sign)';

const separateDays = (only: string): string => `
    SELECT ${DAY_COLUMNS}
    FROM ${DAY_PIECES}
    CROSS JOIN LATERAL (
      SELECT s.customer_id, s.messages, s.cost_micros, s.first_at, s.last_at FROM customer_days s
      WHERE s.workspace_id = $1 AND s.day >= p.since AND s.day < p.until${only} OFFSET 0
    ) d`;

const closeDays = (only: string): string => `
    SELECT ${DAY_COLUMNS}
    FROM (
      SELECT s.day, s.customer_id, s.messages, s.cost_micros, s.first_at, s.last_at FROM customer_days s
      WHERE s.workspace_id = $1${only} AND s.day >= (SELECT min(since) FROM unnest($5::date[]) AS since)
        AND s.day < (SELECT max(until) FROM unnest($6::date[]) AS until) OFFSET 0
    ) d JOIN ${DAY_PIECES} ON d.day >= p.since AND d.day < p.until`;

const customerEdgeRecords = (only: string): string => `
    UNION ALL
    SELECT p.bucket, c.customer_id, p.sign::bigint, p.sign * c.amount_micros,
      c.occurred_at, c.occurred_at
    FROM unnest($9::timestamptz[], $10::timestamptz[], $11::int[], $12::int[]) AS p (since, until, bucket, sign)
    CROSS JOIN LATERAL (
      SELECT s.customer_id, s.amount_micros, s.occurred_at FROM charges s
      WHERE s.workspace_id = $1 AND s.occurred_at >= p.since AND s.occurred_at < p.until${only}
        AND ${countsStill('s')} OFFSET 0
    ) c`;

/** Where pieces begin, and where they end. */
export const bounds = (pieces: readonly Range[]): unknown[] => [
  pieces.map(({ from }) => from),
  pieces.map(({ to }) => to),
];

const columns = (pieces: readonly Piece[]): unknown[] => [
  ...bounds(pieces),
  pieces.map(({ bucket }) => bucket),
];

const bucketsAndSigns = (pieces: readonly { bucket: number; sign: Sign }[]): unknown[] => [
  pieces.map(({ bucket }) => bucket),
  pieces.map(({ sign }) => sign),
];
