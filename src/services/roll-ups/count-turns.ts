// Charges and roll-ups of turns of one workspace whose messages are stored, one statement a table, in the caller's
// transaction: for saves on Citus and for reconciliation.
import type { SqlConnection } from '../../database/sql';
import { costDayUpsert, customerCostDayUpsert } from './costs';
import { DIMENSIONS, type Dimension, dimensionDayUpsert } from './dimensions';
import { customerUpsert, type RollUpKeys, slotUpsert } from './roll-ups';

/** A stored turn that is to be counted. */
export interface CountedTurn {
  /** The message's id. */
  id: string;
  /** A TrackingOutcome. */
  outcome: string;
  occurredAt: Date;
  keys: RollUpKeys;
  /** The number of its value of each dimension; null: it has none. */
  values: Readonly<Record<Dimension, number | null>>;
  /** Null: it has neither tokens nor a fee of the channel. */
  costs: {
    customerId: string | null;
    inputTokens: number | null;
    cachedInputTokens: number | null;
    outputTokens: number | null;
    llmNanos: bigint | null;
    channelMicros: bigint | null;
  } | null;
  /** Only of a TRACKED turn. */
  charge: { id: string; customerId: string; priceMicros: bigint; savedAt: Date } | null;
}

/** An item of FROM: the workspace's row with each turn. It names the workspace, so that Citus finds the node. */
export const turnsOf = (arrays: string, columns: string): string => `(
    SELECT w.id AS workspace_id, w.epoch, w.key_pads, i.* FROM workspaces w
    CROSS JOIN unnest(${arrays}) AS i (${columns}) WHERE w.id = $1)`;

const CHARGES = `
  INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at, epoch, month)
  SELECT i.workspace_id, i.charge_id, i.id, i.customer_id, i.price_micros, i.occurred_at, i.saved_at, i.epoch, i.month
  FROM ${turnsOf(
    '$2::uuid[], $3::uuid[], $4::uuid[], $5::int8[], $6::timestamptz[], $7::timestamptz[], $8::date[]',
    'id, charge_id, customer_id, price_micros, occurred_at, saved_at, month',
  )} i
  ORDER BY i.charge_id`;

const SLOTS = slotUpsert(
  turnsOf(
    '$2::text[], $3::int8[], $4::timestamptz[], $5::timestamptz[]',
    'outcome, price_micros, occurred_at, slot_at',
  ),
  '$6::smallint',
);

const customers = (table: 'customer_days' | 'customer_months', unit: 'day' | 'month'): string =>
  customerUpsert(
    table,
    unit,
    turnsOf(
      '$2::text[], $3::int8[], $4::timestamptz[], $5::uuid[], $6::date[]',
      `outcome, price_micros, occurred_at, customer_id, ${unit}`,
    ),
  );

const DAYS = customers('customer_days', 'day');
const MONTHS = customers('customer_months', 'month');

const DIMENSION_DAYS = dimensionDayUpsert(
  `${turnsOf(
    '$2::text[], $3::int8[], $4::date[], $5::text[], $6::smallint[]',
    'outcome, price_micros, day, dimension, number',
  )} c`,
  'c',
  '$7::smallint',
);

const costed = turnsOf(
  `$2::text[], $3::date[], $4::uuid[], $5::smallint[], $6::int4[], $7::int4[], $8::int4[], $9::int8[], $10::int8[]`,
  `outcome, day, customer_id, model_number, input_tokens, cached_input_tokens, output_tokens, llm_cost_nanos,
      channel_cost_micros`,
);
const COSTS = costDayUpsert(costed, '$11::smallint');
const CUSTOMER_COSTS = customerCostDayUpsert(costed);

/** The caller holds the workspace's row FOR SHARE: its zone and epoch can't change. */
export async function countTurns(
  connection: SqlConnection,
  workspaceId: string,
  turns: readonly CountedTurn[],
  shard: number,
): Promise<void> {
  const charged = turns.flatMap(({ charge, ...turn }) => (charge ? [{ ...turn, charge }] : []));
  if (charged.length > 0) {
    await connection.prepared('insert_charges', CHARGES, [
      workspaceId,
      charged.map(({ id }) => id),
      charged.map(({ charge }) => charge.id),
      charged.map(({ charge }) => charge.customerId),
      charged.map(({ charge }) => charge.priceMicros),
      charged.map(({ occurredAt }) => occurredAt),
      charged.map(({ charge }) => charge.savedAt),
      charged.map(({ keys }) => keys.month),
    ]);
  }
  await connection.prepared('add_to_slots', SLOTS, [
    workspaceId,
    turns.map(({ outcome }) => outcome),
    turns.map(({ charge }) => charge?.priceMicros ?? null),
    turns.map(({ occurredAt }) => occurredAt),
    turns.map(({ keys }) => keys.slotAt),
    shard,
  ]);
  await countCosts(connection, workspaceId, turns, shard);
  if (charged.length === 0) return;
  const sums = [
    workspaceId,
    charged.map(({ outcome }) => outcome),
    charged.map(({ charge }) => charge.priceMicros),
    charged.map(({ occurredAt }) => occurredAt),
    charged.map(({ charge }) => charge.customerId),
  ];
  await connection.prepared('add_to_days', DAYS, [...sums, charged.map(({ keys }) => keys.day)]);
  await connection.prepared('add_to_months', MONTHS, [...sums, charged.map(({ keys }) => keys.month)]);
  const valued = charged.flatMap(({ values, ...turn }) =>
    DIMENSIONS.flatMap((dimension) =>
      values[dimension] === null ? [] : [{ ...turn, dimension, number: values[dimension] }],
    ),
  );
  if (valued.length === 0) return;
  await connection.prepared('add_to_dimension_days', DIMENSION_DAYS, [
    workspaceId,
    valued.map(({ outcome }) => outcome),
    valued.map(({ charge }) => charge.priceMicros),
    valued.map(({ keys }) => keys.day),
    valued.map(({ dimension }) => dimension),
    valued.map(({ number }) => number),
    shard,
  ]);
}

async function countCosts(
  connection: SqlConnection,
  workspaceId: string,
  turns: readonly CountedTurn[],
  shard: number,
): Promise<void> {
  const costed = turns.flatMap(({ costs, ...turn }) => (costs ? [{ ...turn, costs }] : []));
  if (costed.length === 0) return;
  const values = [
    workspaceId,
    costed.map(({ outcome }) => outcome),
    costed.map(({ keys }) => keys.day),
    costed.map(({ costs }) => costs.customerId),
    costed.map(({ values }) => values.MODEL),
    costed.map(({ costs }) => costs.inputTokens),
    costed.map(({ costs }) => costs.cachedInputTokens),
    costed.map(({ costs }) => costs.outputTokens),
    costed.map(({ costs }) => costs.llmNanos),
    costed.map(({ costs }) => costs.channelMicros),
  ];
  await connection.prepared('add_to_cost_days', COSTS, [...values, shard]);
  await connection.prepared('add_to_customer_cost_days', CUSTOMER_COSTS, values);
}
