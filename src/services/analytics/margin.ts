// What is left of what was charged, when the model and the channel are paid? docs/semantics.md#margin
import DataLoader from 'dataloader';
import type { Sql } from '../../database/sql';
import { divideHalfAwayFromZero, formatFloor } from '../../values/money';
import type { Range } from '../../values/time';
import { COST_FIGURES, type CostFigure, costRecords, NUMBER, SUMS_OF_TURNS } from '../roll-ups/costs';
import { coverWithDays } from './cover';
import { findOutcomes } from './outcomes';
import { bounds } from './parts';
import { perScope, perScopeAnd, type UsageScope } from './scope';
import { findTotals } from './totals';

export interface Margin {
  /** What was charged, in micro-units like all of these. */
  revenueMicros: bigint;
  /** Of the turns whose price is known. */
  llmMicros: bigint;
  channelMicros: bigint;
  /** May be negative. */
  marginMicros: bigint;
  /** The part of the turns with a response whose costs are all known, 0 to 1; 1 only if nothing lacks. */
  coverage: string;
}

/** Sums over turns with tokens or with a fee of the channel. */
export type CostFigures = Readonly<Record<CostFigure, bigint>>;

export interface ModelCosts {
  /** The model's number; NO_MODEL: turns without tokens. */
  number: number;
  /** Null: turns without a model, or of models beyond the 200. */
  model: string | null;
  figures: CostFigures;
}

const BILLIONTHS_PER_MICRO = 1_000n;

/** Null when no cost is known. `answered`: how many turns have a response. */
export function marginOf(
  revenueMicros: bigint,
  figures: CostFigures,
  answered: bigint,
  channelHasPrices: boolean,
): Margin | null {
  if (figures.priced + figures.channel_turns === 0n) return null;
  const llmMicros = divideHalfAwayFromZero(figures.llm_cost_nanos, BILLIONTHS_PER_MICRO);
  const channelMicros = figures.channel_cost_micros;
  return {
    ...{ revenueMicros, llmMicros, channelMicros },
    marginMicros: revenueMicros - llmMicros - channelMicros,
    coverage: formatFloor(channelHasPrices ? figures.covered : figures.priced_answered, answered),
  };
}

/** Of the scope's whole period; null when no cost is known. */
export async function findMargin(sql: Sql, scope: UsageScope): Promise<Margin | null> {
  const figures = addUp((await findModelCosts(sql, scope)).map((one) => one.figures));
  // Most workspaces have no costs: nothing more is asked for them.
  if (figures.priced + figures.channel_turns === 0n) return null;
  const [totals, answered, channelHasPrices] = await Promise.all([
    findTotals(sql, scope),
    findAnswered(sql, scope),
    hasChannelPrices(sql, scope),
  ]);
  return marginOf(totals.costMicros, figures, answered, channelHasPrices);
}

export const addUp = (all: readonly CostFigures[]): CostFigures =>
  toFigures((figure) => all.reduce((sum, one) => sum + one[figure], 0n));

const toFigures = (of: (figure: CostFigure) => bigint): CostFigures => ({
  turns: of('turns'),
  answered: of('answered'),
  priced: of('priced'),
  priced_answered: of('priced_answered'),
  channel_turns: of('channel_turns'),
  covered: of('covered'),
  input_tokens: of('input_tokens'),
  cached_input_tokens: of('cached_input_tokens'),
  output_tokens: of('output_tokens'),
  llm_cost_nanos: of('llm_cost_nanos'),
  channel_cost_micros: of('channel_cost_micros'),
});

/** Saved turns with a response, charged or not. */
export const findAnswered = async (sql: Sql, scope: UsageScope): Promise<bigint> =>
  (await outcomesOf(sql, scope).counts).reduce(
    (sum, { outcome, messages }) =>
      outcome === 'NO_RESPONSE' || outcome === 'DEFERRED' ? sum : sum + messages,
    0n,
  );

const outcomesOf = perScope((sql, scope) => ({ counts: findOutcomes(sql, scope) }));

/**
 * A workspace without a price of its channel says that the channel takes nothing: the fee is not missing then. One query
 * a scope.
 */
export const hasChannelPrices = (sql: Sql, scope: UsageScope): Promise<boolean> =>
  channelPrices(sql, scope).exist;

const channelPrices = perScope((sql, { workspace }) => ({ exist: findChannelPrices(sql, workspace.id) }));

async function findChannelPrices(sql: Sql, workspaceId: string): Promise<boolean> {
  const [found] = await sql.query<{ exist: boolean }>(
    'channel_prices_exist',
    'SELECT EXISTS (SELECT FROM channel_prices p WHERE p.workspace_id = $1) AS exist',
    [workspaceId],
  );
  return found?.exist === true;
}

const SUMS = COST_FIGURES.map((figure) => `sum(t.${figure})::bigint AS ${figure}`).join(', ');
const FIGURES = COST_FIGURES.join(', ');
const figuresOf = (row: string): string => COST_FIGURES.map((figure) => `${row}.${figure}`).join(', ');

type Row = CostFigures & { model_number: number; model: string | null };

/** The period's costs by model; turns without any have no row. One query a scope. */
export const findModelCosts = (sql: Sql, scope: UsageScope): Promise<ModelCosts[]> =>
  modelCosts(sql, scope).rows;

const modelCosts = perScope((sql, scope) => ({ rows: readModelCosts(sql, scope) }));

/** Whole local days of the workspace's zone come from the roll-up, the ragged edges from records. */
async function readModelCosts(sql: Sql, { workspace, period }: UsageScope): Promise<ModelCosts[]> {
  const { days, edges } = coverWithDays(period, workspace.timeZone);
  const rows = await sql.query<Row>(
    'model_costs',
    `SELECT t.model_number, d.value AS model, ${SUMS} FROM (
       SELECT u.* FROM unnest($2::date[], $3::date[]) AS p (since, until)
       CROSS JOIN LATERAL (
         SELECT s.model_number, ${figuresOf('s')} FROM cost_days s
         WHERE s.workspace_id = $1 AND s.day >= p.since AND s.day < p.until OFFSET 0
       ) u${edges.length > 0 ? MODEL_EDGES : ''}
     ) t (model_number, ${FIGURES}) LEFT JOIN dimension_values d
       ON d.workspace_id = $1 AND d.dimension = 'MODEL' AND d.number = t.model_number
     GROUP BY t.model_number, d.value`,
    [
      workspace.id,
      days.map(({ from }) => from),
      days.map(({ to }) => to),
      ...(edges.length > 0 ? bounds(edges) : []),
    ],
  );
  return rows.map((row) => ({
    number: row.model_number,
    model: row.model,
    figures: toFigures((figure) => row[figure]),
  }));
}

const within = (turn: string): string => `${turn}.occurred_at >= p.since AND ${turn}.occurred_at < p.until`;

const MODEL_EDGES = `
       UNION ALL
       SELECT ${NUMBER} AS model_number, ${SUMS_OF_TURNS} FROM unnest($4::timestamptz[], $5::timestamptz[]) AS p (since, until)
       CROSS JOIN LATERAL (${costRecords(within)} OFFSET 0) c GROUP BY 1`;

/** A client's charges in a range of time. */
export interface ClientCharges {
  customerId: string;
  messages: bigint;
  costMicros: bigint;
}

/**
 * Of one client in this range of time, in which the charges are; null when no cost of the client is known. Two statements
 * for a whole list.
 */
export const findClientMargin = (
  sql: Sql,
  scope: UsageScope,
  { from, to }: Range,
  client: ClientCharges,
): Promise<Margin | null> => clientMargins(sql, scope, `${from.getTime()}-${to.getTime()}`).load(client);

const clientMargins = perScopeAnd(
  (sql, scope, range: string) =>
    new DataLoader<ClientCharges, Margin | null, string>(
      (clients) => readClientMargins(sql, scope, toRange(range), clients),
      { cacheKeyFn: ({ customerId }) => customerId },
    ),
);

function toRange(text: string): Range {
  const [, from, to] = /^(-?\d+)-(-?\d+)$/.exec(text) ?? [];
  return { from: new Date(Number(from)), to: new Date(Number(to)) };
}

async function readClientMargins(
  sql: Sql,
  scope: UsageScope,
  range: Range,
  clients: readonly ClientCharges[],
): Promise<(Margin | null)[]> {
  const ids = clients.map(({ customerId }) => customerId);
  const costs = await readClientCosts(sql, scope, range, ids);
  if (costs.size === 0) return clients.map(() => null);
  const uncharged = await countUncharged(sql, scope, range, ids);
  const channelHasPrices = await hasChannelPrices(sql, scope);
  return clients.map(({ customerId, messages, costMicros }) => {
    const figures = costs.get(customerId);
    const answered = messages + (uncharged.get(customerId) ?? 0n);
    return figures ? marginOf(costMicros, figures, answered, channelHasPrices) : null;
  });
}

async function readClientCosts(
  sql: Sql,
  { workspace }: UsageScope,
  range: Range,
  ids: readonly string[],
): Promise<Map<string, CostFigures>> {
  const { days, edges } = coverWithDays(range, workspace.timeZone);
  const rows = await sql.query<CostFigures & { customer_id: string }>(
    'client_costs',
    `SELECT t.customer_id, ${SUMS} FROM (
       SELECT u.* FROM unnest($3::date[], $4::date[]) AS p (since, until) CROSS JOIN unnest($2::uuid[]) AS i (id)
       CROSS JOIN LATERAL (
         SELECT s.customer_id, ${figuresOf('s')} FROM customer_cost_days s
         WHERE s.workspace_id = $1 AND s.customer_id = i.id AND s.day >= p.since AND s.day < p.until OFFSET 0
       ) u${edges.length > 0 ? CLIENT_EDGES : ''}
     ) t (customer_id, ${FIGURES}) GROUP BY t.customer_id`,
    [
      workspace.id,
      ids,
      days.map(({ from }) => from),
      days.map(({ to }) => to),
      ...(edges.length > 0 ? bounds(edges) : []),
    ],
  );
  return new Map(rows.map((row) => [row.customer_id, toFigures((figure) => row[figure])]));
}

const CLIENT_EDGES = `
       UNION ALL
       SELECT c.customer_id, ${SUMS_OF_TURNS}
       FROM unnest($5::timestamptz[], $6::timestamptz[]) AS p (since, until) CROSS JOIN unnest($2::uuid[]) AS i (id)
       CROSS JOIN LATERAL (${costRecords((turn) => `${turn}.customer_id = i.id AND ${within(turn)}`)} OFFSET 0) c
       GROUP BY 1`;

/** Turns of these clients that have a response and are not charged, by client. Such turns are few. */
async function countUncharged(
  sql: Sql,
  { workspace }: UsageScope,
  { from, to }: Range,
  ids: readonly string[],
): Promise<Map<string, bigint>> {
  const rows = await sql.query<{ customer_id: string; turns: bigint }>(
    'uncharged_of_clients',
    `SELECT i.id AS customer_id, m.turns FROM unnest($4::uuid[]) AS i (id)
     CROSS JOIN LATERAL (
       SELECT count(*) AS turns FROM messages s
       WHERE s.workspace_id = $1 AND s.customer_id = i.id AND s.occurred_at >= $2 AND s.occurred_at < $3
         AND s.outcome IN ('INACTIVE_CUSTOMER', 'VOIDED')
     ) m`,
    [workspace.id, from, to, ids],
  );
  return new Map(rows.map((row) => [row.customer_id, row.turns]));
}
