// How roll-ups are written: the same three upserts for a batch of saves, in both of its forms, and for reconciliation.
import { firstDayOf, monthOf } from '../../values/month';
import { floorSlot, localDate, SLOT_MS } from '../../values/time';

/** A slot is split over this many rows, so that writers don't queue for one. */
export const SHARDS = 8;

/** Where a turn is counted: its slot, and its local day and month in the workspace's zone. */
export interface RollUpKeys {
  slotAt: Date;
  day: string;
  month: string;
}

/** The keys of a turn that happened at `occurredAt`, for a workspace of this IANA zone. */
export function rollUpKeys(occurredAt: Date, timeZone: string): RollUpKeys {
  const day = localDate(occurredAt, timeZone);
  return { slotAt: floorSlot(occurredAt), day, month: firstDayOf(monthOf(day)) };
}

/**
 * Which shard each lane of a process writes to. The address and the worker's number fix it, so that a restart uses the
 * same shards. Neighbours (the next port, the next worker) share no shard while there are enough.
 */
export function shardsOf(address: string, worker: number, lanes: number): number[] {
  let hash = 0;
  for (const character of address) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return Array.from({ length: lanes }, (_, lane) => ((hash + worker) * lanes + lane) % SHARDS);
}

export const SLOT_INTERVAL_MS = SLOT_MS;

/**
 * The upserts as CTEs of a larger statement. `counted` names a CTE with the rows that were really stored
 * (workspace_id, customer_id, outcome, price_micros, occurred_at, slot_at, day, month); `shard` is a parameter.
 * Input is grouped before DO UPDATE (which may touch a row once only) and sorted by key, so that the batches of
 * several servers take their row locks in one order.
 */
export const rollUpUpserts = (counted: string, shard: string): string => `
  slots AS (${slotUpsert(counted, shard)}
  ),
  days AS (${customerUpsert('customer_days', 'day', counted)}),
  months AS (${customerUpsert('customer_months', 'month', counted)})`;

/** One of the upserts. `counted` is an item of FROM. */
export const slotUpsert = (counted: string, shard: string): string => `
    INSERT INTO usage_slots AS u (workspace_id, slot_at, shard, messages, cost_micros, first_at, last_at,
      no_response, unknown_customer, inactive_customer)
    SELECT c.workspace_id, c.slot_at, ${shard},
      count(*) FILTER (WHERE c.outcome = 'TRACKED'),
      coalesce(sum(c.price_micros) FILTER (WHERE c.outcome = 'TRACKED'), 0)::bigint,
      min(c.occurred_at) FILTER (WHERE c.outcome = 'TRACKED'),
      max(c.occurred_at) FILTER (WHERE c.outcome = 'TRACKED'),
      count(*) FILTER (WHERE c.outcome = 'NO_RESPONSE'),
      count(*) FILTER (WHERE c.outcome = 'UNKNOWN_CUSTOMER'),
      count(*) FILTER (WHERE c.outcome = 'INACTIVE_CUSTOMER')
    FROM ${counted} c
    GROUP BY c.workspace_id, c.slot_at
    ORDER BY c.workspace_id, c.slot_at
    ON CONFLICT ON CONSTRAINT usage_slots_pkey DO UPDATE SET
      messages = u.messages + excluded.messages,
      cost_micros = u.cost_micros + excluded.cost_micros,
      first_at = least(u.first_at, excluded.first_at),
      last_at = greatest(u.last_at, excluded.last_at),
      no_response = u.no_response + excluded.no_response,
      unknown_customer = u.unknown_customer + excluded.unknown_customer,
      inactive_customer = u.inactive_customer + excluded.inactive_customer`;

export const customerUpsert = (
  table: 'customer_days' | 'customer_months',
  unit: 'day' | 'month',
  counted: string,
): string => `
    INSERT INTO ${table} AS u (workspace_id, ${unit}, customer_id, messages, cost_micros, first_at, last_at)
    SELECT c.workspace_id, c.${unit}, c.customer_id, count(*), sum(c.price_micros)::bigint,
      min(c.occurred_at), max(c.occurred_at)
    FROM ${counted} c
    WHERE c.outcome = 'TRACKED'
    GROUP BY c.workspace_id, c.${unit}, c.customer_id
    ORDER BY c.workspace_id, c.${unit}, c.customer_id
    ON CONFLICT ON CONSTRAINT ${table}_pkey DO UPDATE SET
      messages = u.messages + excluded.messages,
      cost_micros = u.cost_micros + excluded.cost_micros,
      first_at = least(u.first_at, excluded.first_at),
      last_at = greatest(u.last_at, excluded.last_at)`;

/**
 * SQL: the charge was not taken back. The two lines of one that was taken back cancel out, and neither its turn nor its
 * instant counts. `charge` is an alias of the charges of the workspace $1.
 */
export const countsStill = (charge: string): string => `NOT ${charge}.reversal AND NOT EXISTS (
      SELECT FROM charges taken_back WHERE taken_back.workspace_id = $1
        AND taken_back.message_id = ${charge}.message_id AND taken_back.reversal)`;

/**
 * What the records of a workspace ($1) say about its slots: rows (slot_at, messages, cost_micros, first_at, last_at,
 * no_response, unknown_customer, inactive_customer). `condition` narrows a table's rows further.
 */
export const slotsFromRecords = (condition: (table: string) => string): string => `
  SELECT r.slot_at, sum(r.messages)::bigint AS messages, sum(r.cost)::bigint AS cost_micros,
    min(r.first_at) AS first_at, max(r.last_at) AS last_at, sum(r.no_response)::bigint AS no_response,
    sum(r.unknown)::bigint AS unknown_customer, sum(r.inactive)::bigint AS inactive_customer
  FROM (
    SELECT date_bin('15 minutes', c.occurred_at, '2000-01-01 00:00:00+00') AS slot_at,
      1 AS messages, c.amount_micros AS cost, c.occurred_at AS first_at, c.occurred_at AS last_at,
      0 AS no_response, 0 AS unknown, 0 AS inactive
    FROM charges c WHERE c.workspace_id = $1 AND ${condition('c')} AND ${countsStill('c')}
    UNION ALL
    SELECT date_bin('15 minutes', m.occurred_at, '2000-01-01 00:00:00+00'), 0, 0, NULL, NULL,
      (m.outcome = 'NO_RESPONSE')::int, (m.outcome = 'UNKNOWN_CUSTOMER')::int, (m.outcome = 'INACTIVE_CUSTOMER')::int
    FROM messages m
    WHERE m.workspace_id = $1 AND ${condition('m')} AND m.outcome <> 'TRACKED'
      AND m.outcome NOT IN ('DEFERRED', 'VOIDED')
  ) r GROUP BY r.slot_at`;
