// What turns cost us, by day: how it is written and made anew. A turn without tokens and without a fee of the channel
// has no row, so a workspace without either writes nothing here.

/** In the place of a model's number: turns without a model, which have the channel's fee alone. */
export const NO_MODEL = -1;

/** The columns that add up, in both tables. `answered`: with a response; `covered`: both costs are known. */
export const COST_FIGURES = [
  'turns',
  'answered',
  'priced',
  'priced_answered',
  'channel_turns',
  'covered',
  'input_tokens',
  'cached_input_tokens',
  'output_tokens',
  'llm_cost_nanos',
  'channel_cost_micros',
] as const;
export type CostFigure = (typeof COST_FIGURES)[number];

const ANSWERED = "c.outcome <> 'NO_RESPONSE'";

/** SQL: the figures of rows `c`, each of which is one turn with its columns of messages. */
const FIGURES_OF_TURNS: Readonly<Record<CostFigure, string>> = {
  turns: 'count(*)',
  answered: `count(*) FILTER (WHERE ${ANSWERED})`,
  priced: 'count(c.llm_cost_nanos)',
  priced_answered: `count(c.llm_cost_nanos) FILTER (WHERE ${ANSWERED})`,
  channel_turns: 'count(c.channel_cost_micros)',
  covered: `count(c.llm_cost_nanos) FILTER (WHERE c.channel_cost_micros IS NOT NULL AND ${ANSWERED})`,
  input_tokens: 'coalesce(sum(c.input_tokens), 0)::bigint',
  cached_input_tokens: 'coalesce(sum(c.cached_input_tokens), 0)::bigint',
  output_tokens: 'coalesce(sum(c.output_tokens), 0)::bigint',
  llm_cost_nanos: 'coalesce(sum(c.llm_cost_nanos), 0)::bigint',
  channel_cost_micros: 'coalesce(sum(c.channel_cost_micros), 0)::bigint',
};

/** What a price that comes late adds to turns that are counted already. */
const FIGURES_OF_LATE_PRICES: Readonly<Record<CostFigure, string>> = {
  ...FIGURES_OF_TURNS,
  turns: '0',
  answered: '0',
  channel_turns: '0',
  input_tokens: '0',
  cached_input_tokens: '0',
  output_tokens: '0',
  channel_cost_micros: '0',
};

const columns = COST_FIGURES.join(', ');
const listOf = (figures: Readonly<Record<CostFigure, string>>): string =>
  COST_FIGURES.map((figure) => figures[figure]).join(', ');
const added = COST_FIGURES.map((figure) => `${figure} = u.${figure} + excluded.${figure}`).join(', ');

const HAS_COSTS = 'num_nonnulls(c.model_number, c.channel_cost_micros) > 0';
/** SQL: under which number of `cost_days` the turn `c` is counted. */
export const NUMBER = `coalesce(c.model_number, ${NO_MODEL})::smallint`;
/** SQL: the figures of turns `c`. */
export const SUMS_OF_TURNS = listOf(FIGURES_OF_TURNS);

/**
 * The upserts of `cost_days` and `customer_cost_days`. `counted` is an item of FROM, with turns that are not counted yet
 * (or, if `late`, whose price was unknown until now); `shard` is a parameter. Turns of an unknown contact are nobody's.
 */
export const costDayUpsert = (counted: string, shard: string, late = false): string => `
    INSERT INTO cost_days AS u (workspace_id, day, model_number, shard, ${columns})
    SELECT c.workspace_id, c.day, ${NUMBER}, ${shard}, ${listOf(late ? FIGURES_OF_LATE_PRICES : FIGURES_OF_TURNS)}
    FROM ${counted} c WHERE ${HAS_COSTS}
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT ON CONSTRAINT cost_days_pkey DO UPDATE SET ${added}`;

export const customerCostDayUpsert = (counted: string, late = false): string => `
    INSERT INTO customer_cost_days AS u (workspace_id, day, customer_id, ${columns})
    SELECT c.workspace_id, c.day, c.customer_id, ${listOf(late ? FIGURES_OF_LATE_PRICES : FIGURES_OF_TURNS)}
    FROM ${counted} c WHERE ${HAS_COSTS} AND c.customer_id IS NOT NULL
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT ON CONSTRAINT customer_cost_days_pkey DO UPDATE SET ${added}`;

/** Both as CTEs of a larger statement. */
export const costUpserts = (counted: string, shard: string): string => `
  costs AS (${costDayUpsert(counted, shard)}),
  customer_costs AS (${customerCostDayUpsert(counted)})`;

/**
 * What the records of a workspace ($1) say: its turns with costs. A DEFERRED turn counts when it is charged. `condition`
 * narrows them further.
 */
export const costRecords = (condition: (turn: string) => string): string => `
  SELECT m.workspace_id, m.occurred_at, m.customer_id, m.outcome, m.model_number, m.input_tokens, m.cached_input_tokens,
    m.output_tokens, m.llm_cost_nanos, m.channel_cost_micros
  FROM messages m
  WHERE m.workspace_id = $1 AND m.outcome <> 'DEFERRED'
    AND num_nonnulls(m.model_number, m.channel_cost_micros) > 0 AND ${condition('m')}`;

/** The same with each turn's local day. $2: the days' first instants, $3: their dates. An item of FROM. */
export const datedCostRecords = (condition: (turn: string) => string): string => `(
    SELECT r.*, ($3::date[])[width_bucket(r.occurred_at, $2::timestamptz[])] AS day
    FROM (${costRecords(condition)}) r)`;

const inRange = (turn: string): string => `${turn}.occurred_at >= $4 AND ${turn}.occurred_at < $5`;

/** $1 the workspace, $2 the days' first instants, $3 their dates, $4 and $5 the records' range. */
export const COST_DAYS = costDayUpsert(datedCostRecords(inRange), '0');
export const CUSTOMER_COST_DAYS = customerCostDayUpsert(datedCostRecords(inRange));
