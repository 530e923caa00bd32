// Roll-ups around a charge that was taken back, made anew from the records.
import type { Sql } from '../../database/sql';
import { daysOf } from '../roll-ups/day-roll-ups';
import { countsStill, rollUpKeys, slotsFromRecords } from '../roll-ups/roll-ups';

/**
 * Computes anew the slots, days and months that hold the turns of these customers at these instants. Empty ones are
 * deleted. The caller holds the workspace's row FOR UPDATE.
 */
export async function recountAround(
  sql: Sql,
  workspace: { id: string; timeZone: string },
  turns: readonly { customerId: string; occurredAt: Date }[],
): Promise<void> {
  const { id, timeZone } = workspace;
  const keys = turns.map((turn) => ({ ...turn, ...rollUpKeys(turn.occurredAt, timeZone) }));
  const slots = distinct(keys, ({ slotAt }) => slotAt.toISOString()).map(({ slotAt }) => slotAt);
  await sql.query(
    'clear_some_slots',
    'DELETE FROM usage_slots WHERE workspace_id = $1 AND slot_at = ANY ($2)',
    [id, slots],
  );
  await sql.query('rebuild_some_slots', SOME_SLOTS, [id, slots]);
  const days = distinct(keys, ({ day, customerId }) => `${day} ${customerId}`).flatMap((key) =>
    daysOf(key.occurredAt, key.occurredAt, timeZone).map((day) => ({ ...day, customerId: key.customerId })),
  );
  const dayKeys = [id, days.map(({ date }) => date), days.map(({ customerId }) => customerId)];
  await sql.query('clear_some_days', clearSome('customer_days', 'day'), dayKeys);
  await sql.query('rebuild_some_days', SOME_DAYS, [
    ...dayKeys,
    days.map(({ from }) => from),
    days.map(({ to }) => to),
  ]);
  const months = distinct(keys, ({ month, customerId }) => `${month} ${customerId}`);
  const monthKeys = [id, months.map(({ month }) => month), months.map(({ customerId }) => customerId)];
  await sql.query('clear_some_months', clearSome('customer_months', 'month'), monthKeys);
  await sql.query('rebuild_some_months', SOME_MONTHS, monthKeys);
}

const distinct = <T>(all: readonly T[], keyOf: (one: T) => string): T[] => [
  ...new Map(all.map((one) => [keyOf(one), one])).values(),
];

const SOME_SLOTS = `
  INSERT INTO usage_slots (workspace_id, slot_at, shard, messages, cost_micros, first_at, last_at, no_response,
    unknown_customer, inactive_customer)
  SELECT $1, r.slot_at, 0, r.messages, r.cost_micros, r.first_at, r.last_at, r.no_response, r.unknown_customer,
    r.inactive_customer
  FROM unnest($2::timestamptz[]) AS s (slot_at)
  CROSS JOIN LATERAL (${slotsFromRecords(
    (table) =>
      `${table}.occurred_at >= s.slot_at AND ${table}.occurred_at < s.slot_at + interval '15 minutes'`,
  )} OFFSET 0) r`;

const clearSome = (table: 'customer_days' | 'customer_months', unit: 'day' | 'month'): string => `
  DELETE FROM ${table} t USING unnest($2::date[], $3::uuid[]) AS k (${unit}, customer_id)
  WHERE t.workspace_id = $1 AND t.${unit} = k.${unit} AND t.customer_id = k.customer_id`;

const SOME_DAYS = `
  INSERT INTO customer_days (workspace_id, day, customer_id, messages, cost_micros, first_at, last_at)
  SELECT $1, k.day, k.customer_id, r.messages, r.cost_micros, r.first_at, r.last_at
  FROM unnest($2::date[], $3::uuid[], $4::timestamptz[], $5::timestamptz[]) AS k (day, customer_id, since, until)
  CROSS JOIN LATERAL (
    SELECT count(*) AS messages, sum(c.amount_micros)::bigint AS cost_micros, min(c.occurred_at) AS first_at,
      max(c.occurred_at) AS last_at
    FROM charges c
    WHERE c.workspace_id = $1 AND c.customer_id = k.customer_id AND c.occurred_at >= k.since
      AND c.occurred_at < k.until AND ${countsStill('c')}
  ) r WHERE r.messages > 0`;

const SOME_MONTHS = `
  INSERT INTO customer_months (workspace_id, month, customer_id, messages, cost_micros, first_at, last_at)
  SELECT $1, k.month, k.customer_id, r.messages, r.cost_micros, r.first_at, r.last_at
  FROM unnest($2::date[], $3::uuid[]) AS k (month, customer_id)
  CROSS JOIN LATERAL (
    SELECT sum(d.messages)::bigint AS messages, sum(d.cost_micros)::bigint AS cost_micros, min(d.first_at) AS first_at,
      max(d.last_at) AS last_at
    FROM customer_days d
    WHERE d.workspace_id = $1 AND d.customer_id = k.customer_id AND d.day >= k.month
      AND d.day < (k.month::timestamp + interval '1 month')::date
  ) r WHERE r.messages > 0`;
