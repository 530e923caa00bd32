// By what charged turns are broken down, and how the days of each value are written and made anew.
import type { Sql } from '../../database/sql';

export const DIMENSIONS = ['CHANNEL', 'WORKFLOW', 'MODEL'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** The most values of a dimension in a workspace. Turns of further values are counted together, as OTHER. */
export const VALUES_LIMIT = 200;
/** The number of a value beyond the limit. */
export const OTHER = 0;

/** The column of messages that has the number of a turn's value. */
const NUMBER_COLUMNS: Readonly<Record<Dimension, string>> = {
  CHANNEL: 'channel_number',
  WORKFLOW: 'workflow_number',
  MODEL: 'model_number',
};

/** The columns of a turn that say which value it has: SQL for the numbers of `turn`, an alias of messages. */
const numbersOf = (turn: string, dimensions: readonly Dimension[] = DIMENSIONS): string =>
  `(VALUES ${dimensions.map((dimension) => `('${dimension}', ${turn}.${NUMBER_COLUMNS[dimension]})`).join(', ')}) AS v (dimension, number)`;

/**
 * The upsert as a CTE beside `rollUpUpserts`, with rows of `counted` that have the number columns of these dimensions too.
 */
export const dimensionUpsert = (counted: string, shard: string, dimensions: readonly Dimension[]): string => `
  dimensions AS (${dimensionDayUpsert(`${counted} c CROSS JOIN LATERAL ${numbersOf('c', dimensions)}`, 'v', shard)}
  )`;

/** The upsert alone. `from` has turns as `c`, and in `value` the dimension and the number of a value of each. */
export const dimensionDayUpsert = (from: string, value: string, shard: string): string => `
    INSERT INTO dimension_days AS u (workspace_id, dimension, day, number, shard, messages, cost_micros)
    SELECT c.workspace_id, ${value}.dimension, c.day, ${value}.number, ${shard}, count(*), sum(c.price_micros)::bigint
    FROM ${from}
    WHERE c.outcome = 'TRACKED' AND ${value}.number IS NOT NULL
    GROUP BY c.workspace_id, ${value}.dimension, c.day, ${value}.number
    ORDER BY c.workspace_id, ${value}.dimension, c.day, ${value}.number
    ON CONFLICT ON CONSTRAINT dimension_days_pkey DO UPDATE SET
      messages = u.messages + excluded.messages,
      cost_micros = u.cost_micros + excluded.cost_micros`;

const TAKEN_OFF = `
  INSERT INTO dimension_days AS u (workspace_id, dimension, day, number, shard, messages, cost_micros)
  SELECT $1, v.dimension, k.day, v.number, 0, -count(*), -sum(k.micros)::bigint
  FROM unnest($2::uuid[], $3::date[], $4::int8[]) AS k (message_id, day, micros)
  JOIN messages m ON m.workspace_id = $1 AND m.id = k.message_id
  CROSS JOIN LATERAL ${numbersOf('m')}
  WHERE v.number IS NOT NULL
  GROUP BY v.dimension, k.day, v.number
  ORDER BY v.dimension, k.day, v.number
  ON CONFLICT ON CONSTRAINT dimension_days_pkey DO UPDATE SET
    messages = u.messages + excluded.messages,
    cost_micros = u.cost_micros + excluded.cost_micros`;

/**
 * Takes charged turns off the days of their values. `day`: the turn's in the workspace's zone. The caller holds the
 * workspace's row FOR UPDATE, and takes each turn off once.
 */
export async function takeOffDimensions(
  sql: Sql,
  workspaceId: string,
  turns: readonly { messageId: string; day: string; amountMicros: bigint }[],
): Promise<void> {
  await sql.query('take_off_dimensions', TAKEN_OFF, [
    workspaceId,
    turns.map(({ messageId }) => messageId),
    turns.map(({ day }) => day),
    turns.map(({ amountMicros }) => amountMicros),
  ]);
}

/**
 * What the records of a workspace ($1) say about its dimensions: rows (dimension, number, amount_micros, occurred_at),
 * one for each value of a charged turn. A charge has its turn's instant. `condition` narrows the turns further.
 */
export const dimensionRecords = (condition: (turn: string) => string): string => `
  SELECT v.dimension, v.number, c.amount_micros, m.occurred_at
  FROM messages m
  JOIN charges c ON c.workspace_id = $1 AND c.message_id = m.id AND NOT c.reversal
  CROSS JOIN LATERAL ${numbersOf('m')}
  WHERE m.workspace_id = $1 AND m.outcome = 'TRACKED' AND num_nonnulls(m.channel_number, m.workflow_number, m.model_number) > 0
    AND ${condition('m')} AND v.number IS NOT NULL`;

/** $1 the workspace, $2 the days' first instants, $3 their dates, $4 and $5 the records' range. */
export const DIMENSION_DAYS = `
  INSERT INTO dimension_days (workspace_id, dimension, day, number, shard, messages, cost_micros)
  SELECT $1, r.dimension, ($3::date[])[width_bucket(r.occurred_at, $2::timestamptz[])], r.number, 0, count(*),
    sum(r.amount_micros)::bigint
  FROM (${dimensionRecords((turn) => `${turn}.occurred_at >= $4 AND ${turn}.occurred_at < $5`)}) r
  GROUP BY r.dimension, 3, r.number`;
