// Do the roll-ups say what the records say? Reads every workspace: for the operator, never behind a token.
import { instantText, type Sql } from '../../database/sql';
import { COST_FIGURES, datedCostRecords, NUMBER, SUMS_OF_TURNS } from '../roll-ups/costs';
import { daysOf, findSpan } from '../roll-ups/day-roll-ups';
import { dimensionRecords } from '../roll-ups/dimensions';
import { countsStill, slotsFromRecords } from '../roll-ups/roll-ups';
import type { Workspace } from '../workspaces/workspaces';

export interface Difference {
  table:
    | 'usage_slots'
    | 'customer_days'
    | 'customer_months'
    | 'dimension_days'
    | 'cost_days'
    | 'customer_cost_days'
    | 'statements';
  /** Which row: its slot, its day or month and customer, its day, dimension and number, its day and model's number, or the statement's number ('all' of them). */
  key: string;
  /** What the records add up to, and what the roll-up or the statement says; null: no row. */
  records: string | null;
  rollUp: string | null;
}

export interface Verification {
  workspaceId: string;
  /** Rows that were compared; the shards of a slot count as one. */
  compared: bigint;
  differences: bigint;
  first: Difference[];
}

/** How many differences are listed; the rest are counted. */
const NAMED = 10;

/**
 * Compares every roll-up row of a workspace with its records. `sql` must be one snapshot: a save between two
 * statements would look like a difference.
 */
export async function verifyWorkspace(sql: Sql, workspace: Workspace): Promise<Verification> {
  const result: Verification = { workspaceId: workspace.id, compared: 0n, differences: 0n, first: [] };
  const add = (table: Difference['table'], rows: readonly Row[]) => {
    for (const row of rows) {
      result.compared = row.compared > 0n ? result.compared + row.compared : result.compared;
      if (row.key === null) continue;
      result.differences += 1n;
      if (result.first.length < NAMED)
        result.first.push({ table, key: row.key, records: row.records, rollUp: row.roll_up });
    }
  };
  add('usage_slots', await sql.query<Row>('verify_slots', SLOTS, [workspace.id]));
  const span = await findSpan(sql, workspace.id);
  const days = span ? daysOf(span.first, span.last, workspace.timeZone) : [];
  const bounds = [workspace.id, days.map(({ from }) => from), days.map(({ date }) => date)];
  add(
    'customer_days',
    await sql.query<Row>('verify_days', customerSums('customer_days', 'day', 'd.day'), bounds),
  );
  const month = "date_trunc('month', d.day::timestamp)::date";
  add(
    'customer_months',
    await sql.query<Row>('verify_months', customerSums('customer_months', 'month', month), bounds),
  );
  add('dimension_days', await sql.query<Row>('verify_dimensions', DIMENSIONS, bounds));
  add('cost_days', await sql.query<Row>('verify_costs', COSTS, bounds));
  add('customer_cost_days', await sql.query<Row>('verify_customer_costs', CUSTOMER_COSTS, bounds));
  return result;
}

interface Row {
  /** null in the one row that counts what was compared. */
  key: string | null;
  records: string | null;
  roll_up: string | null;
  compared: bigint;
}

/** The comparison of two sets of (key, sums), sums as text that a person can read. */
const compare = (records: string, rollUps: string): string => `
  WITH records AS (${records}), roll_ups AS (${rollUps}),
  both_sides AS (
    SELECT coalesce(r.key, u.key) AS key, r.sums AS records, u.sums AS roll_up
    FROM records r FULL JOIN roll_ups u ON u.key = r.key
  )
  (SELECT b.key, b.records, b.roll_up, 0::bigint AS compared FROM both_sides b
    WHERE b.records IS DISTINCT FROM b.roll_up ORDER BY b.key)
  UNION ALL
  SELECT NULL, NULL, NULL, count(*) FROM both_sides`;

const slotSums = (table: string): string =>
  `concat_ws(' ', ${['messages', 'cost_micros', 'no_response', 'unknown_customer', 'inactive_customer']
    .map((column) => `sum(${table}.${column})`)
    .join(', ')}, ${instantText(`min(${table}.first_at)`)}, ${instantText(`max(${table}.last_at)`)}) AS sums`;

const SLOTS = compare(
  `SELECT ${instantText('r.slot_at')} AS key, ${slotSums('r')} FROM (${slotsFromRecords(() => 'true')}) r GROUP BY r.slot_at`,
  `SELECT ${instantText('u.slot_at')} AS key, ${slotSums('u')} FROM usage_slots u WHERE u.workspace_id = $1 GROUP BY u.slot_at`,
);

const customerSums = (table: string, unit: string, key: string): string =>
  compare(
    `SELECT concat_ws(' ', ${key}, d.customer_id) AS key, concat_ws(' ', sum(d.messages), sum(d.cost),
         ${instantText('min(d.occurred_at)')}, ${instantText('max(d.occurred_at)')}) AS sums
       FROM (
         SELECT ($3::date[])[width_bucket(c.occurred_at, $2::timestamptz[])] AS day, c.customer_id,
           1 AS messages, c.amount_micros AS cost, c.occurred_at
         FROM charges c WHERE c.workspace_id = $1 AND ${countsStill('c')}
       ) d GROUP BY ${key}, d.customer_id`,
    `SELECT concat_ws(' ', u.${unit}, u.customer_id) AS key, concat_ws(' ', u.messages, u.cost_micros,
         ${instantText('u.first_at')}, ${instantText('u.last_at')}) AS sums
       FROM ${table} u WHERE u.workspace_id = $1`,
  );

/** A shard may be negative, and a sum of zero means the same as no row. */
const DIMENSIONS = compare(
  `SELECT concat_ws(' ', d.day, d.dimension, d.number) AS key, concat_ws(' ', count(*), sum(d.amount_micros)) AS sums
     FROM (
       SELECT ($3::date[])[width_bucket(r.occurred_at, $2::timestamptz[])] AS day, r.dimension, r.number, r.amount_micros
       FROM (${dimensionRecords(() => 'true')}) r
     ) d GROUP BY d.day, d.dimension, d.number`,
  `SELECT concat_ws(' ', u.day, u.dimension, u.number) AS key, concat_ws(' ', sum(u.messages), sum(u.cost_micros)) AS sums
     FROM dimension_days u WHERE u.workspace_id = $1 GROUP BY u.day, u.dimension, u.number
     HAVING sum(u.messages) <> 0 OR sum(u.cost_micros) <> 0`,
);

const costSums = `concat_ws(' ', ${COST_FIGURES.map((figure) => `sum(u.${figure})`).join(', ')})`;

const COSTS = compare(
  `SELECT concat_ws(' ', c.day, ${NUMBER}) AS key, concat_ws(' ', ${SUMS_OF_TURNS}) AS sums
     FROM ${datedCostRecords(() => 'true')} c GROUP BY c.day, ${NUMBER}`,
  `SELECT concat_ws(' ', u.day, u.model_number) AS key, ${costSums} AS sums
     FROM cost_days u WHERE u.workspace_id = $1 GROUP BY u.day, u.model_number`,
);

const CUSTOMER_COSTS = compare(
  `SELECT concat_ws(' ', c.day, c.customer_id) AS key, concat_ws(' ', ${SUMS_OF_TURNS}) AS sums
     FROM ${datedCostRecords(() => 'true')} c WHERE c.customer_id IS NOT NULL GROUP BY c.day, c.customer_id`,
  `SELECT concat_ws(' ', u.day, u.customer_id) AS key, ${costSums} AS sums
     FROM customer_cost_days u WHERE u.workspace_id = $1 GROUP BY u.day, u.customer_id`,
);
