// Which workflows, channels and models do the charged turns come from, and what did the models cost?
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';
import { NO_MODEL } from '../roll-ups/costs';
import { type Dimension, dimensionRecords, OTHER, VALUES_LIMIT } from '../roll-ups/dimensions';
import { coverWithDays } from './cover';
import {
  addUp,
  type CostFigures,
  findAnswered,
  findModelCosts,
  hasChannelPrices,
  type Margin,
  type ModelCosts,
  marginOf,
} from './margin';
import { bounds } from './parts';
import type { UsageScope } from './scope';
import { shareOf } from './share';
import { findTotals } from './totals';

/** In the order of the rows: the values, and behind them what has none. */
export const BREAKDOWN_KINDS = ['VALUE', 'REST', 'OTHER', 'NONE'] as const;
export type BreakdownKind = (typeof BREAKDOWN_KINDS)[number];

export interface BreakdownRow {
  kind: BreakdownKind;
  /** Null unless kind is VALUE. */
  value: string | null;
  /** Charged turns. */
  messages: bigint;
  costMicros: bigint;
  /** The share of the period's cost, 0 to 1, at most four decimals. */
  share: string;
  /** Of all saved turns. Null unless by MODEL, and in NONE. */
  tokens: Tokens | null;
  /** Null unless by MODEL, and where no cost is known. */
  margin: Margin | null;
}

export interface Tokens {
  input: bigint;
  cachedInput: bigint;
  output: bigint;
}

/** One value's figures; `costs`: by MODEL only. */
interface Value {
  number: number;
  value: string | null;
  messages: bigint;
  costMicros: bigint;
  costs: CostFigures;
}

interface Row {
  number: number;
  value: string | null;
  messages: bigint;
  cost_micros: bigint;
}

/**
 * The scope's period by one dimension: the first `limit` values by cost (ties byte by byte), then REST, OTHER and NONE,
 * each only if it has turns. The rows add up to the totals, those by MODEL also to the margin: a model of which no turn was
 * charged has a row too. Throws BAD_USER_INPUT.
 */
export async function findBreakdown(
  sql: Sql,
  scope: UsageScope,
  by: Dimension,
  limit: number,
): Promise<BreakdownRow[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > VALUES_LIMIT)
    throw badInput(`limit must be a whole number from 1 to ${VALUES_LIMIT}; got ${limit}.`);
  const [totals, charged, costs] = await Promise.all([
    findTotals(sql, scope),
    findValues(sql, scope, by),
    by === 'MODEL' ? findModelCosts(sql, scope) : [],
  ]);
  const found = merge(charged, costs);
  const values = found.filter(({ number }) => number > OTHER).sort(byCost);
  const described = sumOf(found.filter(({ number }) => number !== NO_MODEL));
  const marginOfRow = by === 'MODEL' ? await margins(sql, scope, costs) : () => null;
  const row = (kind: BreakdownKind, value: string | null, figures: Figures) => ({
    ...{ kind, value, messages: figures.messages, costMicros: figures.costMicros },
    turns: figures.costs.turns,
    share: shareOf(figures.costMicros, totals.costMicros),
    tokens: by === 'MODEL' && kind !== 'NONE' ? tokensOf(figures.costs) : null,
    margin: marginOfRow(kind, figures),
  });
  const none = {
    messages: totals.messages - described.messages,
    costMicros: totals.costMicros - described.costMicros,
    costs: sumOf(found.filter(({ number }) => number === NO_MODEL)).costs,
  };
  return [
    ...values.slice(0, limit).map((one) => row('VALUE', one.value, one)),
    row('REST', null, sumOf(values.slice(limit))),
    row('OTHER', null, sumOf(found.filter(({ number }) => number === OTHER))),
    row('NONE', null, none),
  ].filter(({ messages, turns }) => messages > 0n || turns > 0n);
}

type Figures = Pick<Value, 'messages' | 'costMicros' | 'costs'>;

const byCost = (a: Value, b: Value): number =>
  a.costMicros === b.costMicros
    ? Buffer.compare(Buffer.from(a.value ?? ''), Buffer.from(b.value ?? ''))
    : a.costMicros < b.costMicros
      ? 1
      : -1;

const tokensOf = (costs: CostFigures): Tokens => ({
  input: costs.input_tokens,
  cachedInput: costs.cached_input_tokens,
  output: costs.output_tokens,
});

/** What was charged and what it cost, by number. */
function merge(charged: readonly Row[], costs: readonly ModelCosts[]): Value[] {
  const values = new Map<number, Value>();
  for (const { number, value, messages, cost_micros: costMicros } of charged)
    values.set(number, { number, value, messages, costMicros, costs: addUp([]) });
  for (const { number, model, figures } of costs)
    values.set(number, {
      ...{ number, value: model, messages: 0n, costMicros: 0n, ...values.get(number) },
      costs: figures,
    });
  return [...values.values()];
}

/** The margin of a row: coverage is of turns with a response, and those without tokens are what the models leave. */
async function margins(
  sql: Sql,
  scope: UsageScope,
  costs: readonly ModelCosts[],
): Promise<(kind: BreakdownKind, figures: Figures) => Margin | null> {
  if (costs.length === 0) return () => null;
  const withModel = addUp(
    costs.filter(({ number }) => number !== NO_MODEL).map((one) => one.figures),
  ).answered;
  const [answered, channelHasPrices] = await Promise.all([
    findAnswered(sql, scope),
    hasChannelPrices(sql, scope),
  ]);
  return (kind, figures) =>
    marginOf(
      figures.costMicros,
      figures.costs,
      kind === 'NONE' ? answered - withModel : figures.costs.answered,
      channelHasPrices,
    );
}

const sumOf = (values: readonly Value[]): Figures => ({
  messages: values.reduce((sum, { messages }) => sum + messages, 0n),
  costMicros: values.reduce((sum, { costMicros }) => sum + costMicros, 0n),
  costs: addUp(values.map(({ costs }) => costs)),
});

/** Whole local days of the workspace's zone come from the roll-up, the ragged edges from records. */
function findValues(sql: Sql, { workspace, period }: UsageScope, by: Dimension): Promise<Row[]> {
  const { days, edges } = coverWithDays(period, workspace.timeZone);
  return sql.query<Row>(
    'breakdown',
    `SELECT t.number, d.value, sum(t.messages)::bigint AS messages, sum(t.cost_micros)::bigint AS cost_micros
     FROM (
       SELECT u.number, u.messages, u.cost_micros FROM unnest($3::date[], $4::date[]) AS p (since, until)
       CROSS JOIN LATERAL (
         SELECT s.number, s.messages, s.cost_micros FROM dimension_days s
         WHERE s.workspace_id = $1 AND s.dimension = $2 AND s.day >= p.since AND s.day < p.until OFFSET 0
       ) u${edges.length > 0 ? EDGES : ''}
     ) t LEFT JOIN dimension_values d ON d.workspace_id = $1 AND d.dimension = $2 AND d.number = t.number
     GROUP BY t.number, d.value HAVING sum(t.messages) > 0`,
    [
      workspace.id,
      by,
      days.map(({ from }) => from),
      days.map(({ to }) => to),
      ...(edges.length > 0 ? bounds(edges) : []),
    ],
  );
}

const EDGES = `
       UNION ALL
       SELECT r.number, 1::bigint, r.amount_micros FROM unnest($5::timestamptz[], $6::timestamptz[]) AS p (since, until)
       CROSS JOIN LATERAL (
         ${dimensionRecords((turn) => `${turn}.occurred_at >= p.since AND ${turn}.occurred_at < p.until`)} OFFSET 0
       ) r WHERE r.dimension = $2`;

/** How a list of turns shows a value beyond the limit, which is not stored. */
const BEYOND = '(other)';

/**
 * SQL for a turn's value by its number. Numbers are 1, 2, 3, … without a gap, so PostgreSQL reads the values once into an
 * array, instead of looking for one in each row. `number` and `workspaceId` are SQL expressions; the latter a constant.
 */
export const valueOfNumber = (dimension: Dimension, number: string, workspaceId: string): string =>
  `CASE WHEN ${number} = ${OTHER} THEN '${BEYOND}' ELSE (ARRAY(
     SELECT d.value FROM dimension_values d WHERE d.workspace_id = ${workspaceId} AND d.dimension = '${dimension}'
     ORDER BY d.number))[${number}] END`;
