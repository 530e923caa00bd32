// Which prices are turns costed by?
import type { SqlConnection } from '../../database/sql';
import { costOfTokens, type LlmUsage, type ModelPrice } from './model-prices';
import { inForce, type Price } from './pricing';

/** What the turns of a workspace cost. */
export interface PriceLists {
  readonly models: ReadonlyMap<string, readonly ModelPrice[]>;
  readonly channel: readonly Price[];
}

/** The lists, and the version of the workspace's settings that they are of. */
export interface VersionedLists {
  version: bigint;
  lists: PriceLists;
}

interface Row {
  workspace_id: string;
  settings_version: bigint;
  model: string | null;
  starts_at: Date | null;
  /** Of the channel, the amount; null in the row of a workspace without prices. */
  first_micros: bigint | null;
  cached_input_micros: bigint | null;
  output_micros: bigint | null;
  recorded_at: Date;
}

const statement = (isAsked: string, workspace: string): string => `
  SELECT w.id AS workspace_id, w.settings_version, l.model, l.starts_at, l.first_micros, l.cached_input_micros,
    l.output_micros, l.recorded_at
  FROM workspaces w LEFT JOIN LATERAL (
    SELECT NULL::text AS model, c.starts_at, c.amount_micros AS first_micros, NULL::bigint AS cached_input_micros,
      NULL::bigint AS output_micros, c.recorded_at, c.id
    FROM channel_prices c WHERE c.workspace_id = ${workspace}
    UNION ALL
    SELECT m.model, m.starts_at, m.input_micros, m.cached_input_micros, m.output_micros, m.recorded_at, m.id
    FROM model_prices m WHERE m.workspace_id = ${workspace}
  ) l ON true
  WHERE w.id ${isAsked} ORDER BY l.starts_at, l.id`;

/** Which workspaces: several at once, or one, so that Citus sees that one node has all of it. */
const STATEMENT = { many: statement('= ANY ($1::text[])', 'w.id'), one: statement('= $1', '$1') };

export const NO_PRICES: PriceLists = { models: new Map(), channel: [] };

/** Null where no price of the model is in force: the turn is unpriced, which is not 0. */
export function llmCostAt(lists: PriceLists, llm: LlmUsage, occurredAt: Date): bigint | null {
  const price = inForce(lists.models.get(llm.model) ?? [], occurredAt);
  return price ? costOfTokens(llm, price) : null;
}

/** The lists of these workspaces as they are now. `oneWorkspaceEach`: there is one. */
export async function readPriceLists(
  connection: SqlConnection,
  ids: readonly string[],
  oneWorkspaceEach: boolean,
): Promise<Map<string, VersionedLists>> {
  const rows = await (oneWorkspaceEach
    ? connection.prepared<Row>('price_lists', STATEMENT.one, [ids[0]])
    : connection.prepared<Row>('price_lists', STATEMENT.many, [ids]));
  const own = new Map<string, [Row, ...Row[]]>();
  for (const row of rows) {
    const before = own.get(row.workspace_id);
    if (before) before.push(row);
    else own.set(row.workspace_id, [row]);
  }
  return new Map(
    [...own].map(([id, its]) => [id, { version: its[0].settings_version, lists: toLists(its) }]),
  );
}

function toLists(rows: readonly Row[]): PriceLists {
  const channel: Price[] = [];
  const models: ModelPrice[] = [];
  if (rows.every((row) => row.first_micros === null)) return NO_PRICES;
  for (const row of rows) {
    const { model, starts_at: startsAt, first_micros: first, recorded_at: recordedAt } = row;
    if (startsAt === null || first === null) continue;
    if (model === null) channel.push({ startsAt, amountMicros: first, recordedAt });
    else
      models.push({
        ...{ model, startsAt, recordedAt, inputMicros: first },
        cachedInputMicros: row.cached_input_micros ?? first,
        outputMicros: row.output_micros ?? 0n,
      });
  }
  return { channel, models: byModel(models) };
}

/** Each model's prices in the order in which they were given. */
function byModel(prices: readonly ModelPrice[]): Map<string, ModelPrice[]> {
  const models = new Map<string, ModelPrice[]>();
  for (const price of prices) {
    const own = models.get(price.model);
    if (own) own.push(price);
    else models.set(price.model, [price]);
  }
  return models;
}
