// WHERE IS THE PRICE DECIDED? Prices are append-only; the one in force at a turn's instant is frozen on its charge.
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';

export interface Price {
  /** When the price begins to hold; null: at the beginning of time. */
  startsAt: Date | null;
  amountMicros: bigint;
  recordedAt: Date;
}

/**
 * The append-only lists of amounts for one turn: what a tracked response is charged, and what the channel takes for an
 * answered turn.
 */
export type PriceList = 'prices' | 'channel_prices';

/** One million of the currency: a higher price is a mistake of units. */
const PRICE_LIMIT_MICROS = 1_000_000_000_000n;

/**
 * SQL for the price in force: of a workspace's prices that have started by an instant, the one that started last; if
 * several start at the same instant, the last recorded wins. Both arguments are SQL expressions.
 */
export const priceInForce = (workspaceId: string, at: string): string =>
  `(SELECT p.amount_micros FROM prices p WHERE p.workspace_id = ${workspaceId} AND p.starts_at <= ${at}
    ORDER BY p.starts_at DESC, p.id DESC LIMIT 1)`;

/** SQL: from when the price in force at an instant has held; null: from the beginning of time. */
export const priceInForceFrom = (workspaceId: string, at: string): string =>
  `(SELECT max(p.starts_at) FROM prices p WHERE p.workspace_id = ${workspaceId} AND p.starts_at <= ${at}
    AND p.starts_at > '-infinity')`;

/** SQL: when the next price takes force after an instant; null: none is recorded. */
export const priceInForceTo = (workspaceId: string, at: string): string =>
  `(SELECT min(p.starts_at) FROM prices p WHERE p.workspace_id = ${workspaceId} AND p.starts_at > ${at})`;

/** All prices of a workspace's list, in the order in which they take force. */
export async function listPrices(
  sql: Sql,
  workspaceId: string,
  list: PriceList = 'prices',
): Promise<Price[]> {
  const rows = await sql.query<{ starts_at: Date | null; amount_micros: bigint; recorded_at: Date }>(
    `list_${list}`,
    `SELECT p.starts_at, p.amount_micros, p.recorded_at FROM ${list} p
     WHERE p.workspace_id = $1 ORDER BY p.starts_at, p.id`,
    [workspaceId],
  );
  return rows.map((row) => ({
    startsAt: row.starts_at,
    amountMicros: row.amount_micros,
    recordedAt: row.recorded_at,
  }));
}

export async function recordPrice(
  sql: Sql,
  workspaceId: string,
  price: Price,
  list: PriceList = 'prices',
): Promise<void> {
  await sql.query(
    'record_price',
    `INSERT INTO ${list} (workspace_id, starts_at, amount_micros, recorded_at)
     VALUES ($1, coalesce($2::timestamptz, '-infinity'), $3, $4)`,
    [workspaceId, price.startsAt, price.amountMicros, price.recordedAt],
  );
}

/** The last one that has started by an instant; undefined: none has. `prices` are in the order of `listPrices`. */
export const inForce = <P extends { startsAt: Date | null }>(prices: readonly P[], at: Date): P | undefined =>
  prices.findLast(({ startsAt }) => startsAt === null || startsAt <= at);

/** 0 is a price; a negative one is not. */
export function checkPrice(amountMicros: bigint): bigint {
  if (amountMicros < 0n) throw badInput("A price can't be negative.");
  if (amountMicros > PRICE_LIMIT_MICROS)
    throw badInput('A price is at most one million of the currency. A higher price looks like a wrong unit.');
  return amountMicros;
}
