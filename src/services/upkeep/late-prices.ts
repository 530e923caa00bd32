// Prices that came late: turns whose model had no price in force when they were saved.
import type { Database } from '../../database/database';
import type { Lease } from '../../database/lease';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { DAY_MS } from '../../values/duration';
import type { LocalStretch } from '../../values/period';
import type { Clock } from '../../values/time';
import { type Actor, recordAudit } from '../audit';
import { costDayUpsert, customerCostDayUpsert } from '../roll-ups/costs';
import { turnsOf } from '../roll-ups/count-turns';
import { daysOf } from '../roll-ups/day-roll-ups';
import { OTHER } from '../roll-ups/dimensions';
import { llmCostAt, type PriceLists, readPriceLists } from '../workspaces/price-lists';
import { getWorkspace, shareWorkspaces, type Workspace } from '../workspaces/workspaces';

/** Turns that are without a price. */
export interface Unpriced {
  /** Null: models beyond the 200 that are kept, whose names nobody knows. */
  model: string | null;
  turns: bigint;
}

export interface LatePrices {
  /** Turns that got their cost. */
  priced: bigint;
  /** What is still without a price, the most first. */
  left: Unpriced[];
}

/** How long saves may wait for a row of the roll-ups. */
const BATCH = 500;
const SHARD = 0;

/** The workspace's turns without a price by model, the most first. */
export async function findUnpriced(sql: Sql, workspaceId: string): Promise<Unpriced[]> {
  return sql.query<{ model: string | null; turns: bigint }>(
    'unpriced_turns',
    `SELECT d.value AS model, sum(u.turns - u.priced)::bigint AS turns
     FROM cost_days u LEFT JOIN dimension_values d
       ON d.workspace_id = $1 AND d.dimension = 'MODEL' AND d.number = u.model_number
     WHERE u.workspace_id = $1 AND u.model_number >= ${OTHER}
     GROUP BY d.value HAVING sum(u.turns - u.priced) > 0 ORDER BY 2 DESC, d.value COLLATE "C"`,
    [workspaceId],
  );
}

const FIND = `
  SELECT m.id, m.occurred_at, m.customer_id, m.outcome, m.model_number, m.input_tokens, m.cached_input_tokens,
    m.output_tokens, m.channel_cost_micros
  FROM messages m
  WHERE m.workspace_id = $1 AND m.occurred_at >= $2 AND m.occurred_at < $3 AND (m.occurred_at, m.id) > ($4, $5::uuid)
    AND m.model_number = ANY ($6::smallint[]) AND m.llm_cost_nanos IS NULL AND m.outcome <> 'DEFERRED'
  ORDER BY m.occurred_at, m.id LIMIT ${BATCH} FOR NO KEY UPDATE OF m`;

const SET = `
  UPDATE messages m SET llm_cost_nanos = i.nanos FROM unnest($2::uuid[], $3::int8[]) AS i (id, nanos)
  WHERE m.workspace_id = $1 AND m.id = i.id`;

const counted = turnsOf(
  '$2::text[], $3::uuid[], $4::smallint[], $5::int8[], $6::int8[], $7::date[]',
  'outcome, customer_id, model_number, llm_cost_nanos, channel_cost_micros, day',
);
const COSTS = costDayUpsert(counted, String(SHARD), true);
const CUSTOMER_COSTS = customerCostDayUpsert(counted, true);

interface Row {
  id: string;
  occurred_at: Date;
  customer_id: string | null;
  outcome: string;
  model_number: number;
  input_tokens: number;
  cached_input_tokens: number;
  output_tokens: number;
  channel_cost_micros: bigint | null;
}

type Position = readonly [occurredAt: Date, id: string];
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

interface Part {
  priced: bigint;
  /** Where to go on; undefined: the day is done. */
  position: Position | undefined;
}

export class ModelPriceFiller {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Gives each turn without a price the cost by the price that was in force when it happened, if there is one now. A cost
   * that is known is not touched, so the same call continues an interrupted one. Saves go on beside it. Throws
   * BAD_USER_INPUT.
   */
  async fill(workspaceId: string, actor: Actor): Promise<LatePrices> {
    const { workspace, models, days } = await inTransaction(this.database, async (sql) => {
      const found = await getWorkspace(sql, workspaceId, this.clock());
      const numbers = await findPricedModels(sql, workspaceId);
      return {
        workspace: found,
        models: numbers,
        days: await findDays(sql, found, [...numbers.keys()]),
      };
    });
    let priced = 0n;
    for (const day of days) {
      let position: Position | undefined = [day.from, FIRST_ID];
      while (position) {
        const from: Position = position;
        const part = await inTransaction(this.database, (lease) =>
          fillPart(lease, workspace, models, day, from),
        );
        priced += part.priced;
        position = part.position;
      }
    }
    return inTransaction(this.database, async (sql) => {
      const left = await findUnpriced(sql, workspaceId);
      if (priced > 0n)
        await recordAudit(sql, {
          ...{ at: this.clock(), actor, action: 'model_price.filled', workspaceId, subject: workspaceId },
          ...{ before: null, after: { turns: String(priced) } },
        });
      return { priced, left };
    });
  }
}

async function fillPart(
  lease: Lease,
  workspace: Workspace,
  models: ReadonlyMap<number, string>,
  day: LocalStretch,
  position: Position,
): Promise<Part> {
  // Neither the zone, by which days are cut, nor the prices can change before the COMMIT.
  const shared = (await shareWorkspaces(lease, [workspace.id])).get(workspace.id);
  if (shared?.timeZone !== workspace.timeZone)
    throw new Error('The zone was changed meanwhile. Run the command again.');
  const lists = (await readPriceLists(lease, [workspace.id], true)).get(workspace.id)?.lists;
  const rows = await lease.query<Row>('find_unpriced', FIND, [
    ...[workspace.id, day.from, day.to, ...position],
    [...models.keys()],
  ]);
  const last = rows.at(-1);
  const costed = lists ? rows.flatMap((row) => costedRow(lists, models, row)) : [];
  if (costed.length > 0) await write(lease, workspace.id, day.date, costed);
  return {
    priced: BigInt(costed.length),
    position: last && rows.length === BATCH ? [last.occurred_at, last.id] : undefined,
  };
}

interface CostedRow extends Row {
  nanos: bigint;
}

function costedRow(lists: PriceLists, models: ReadonlyMap<number, string>, row: Row): CostedRow[] {
  const model = models.get(row.model_number);
  if (model === undefined) return [];
  const usage = {
    ...{ model, inputTokens: row.input_tokens, cachedInputTokens: row.cached_input_tokens },
    outputTokens: row.output_tokens,
  };
  const nanos = llmCostAt(lists, usage, row.occurred_at);
  return nanos === null ? [] : [{ ...row, nanos }];
}

async function write(
  lease: Lease,
  workspaceId: string,
  day: string,
  rows: readonly CostedRow[],
): Promise<void> {
  const nanos = rows.map((row) => row.nanos);
  await lease.query('set_late_costs', SET, [workspaceId, rows.map(({ id }) => id), nanos]);
  const values = [
    workspaceId,
    rows.map(({ outcome }) => outcome),
    rows.map((row) => row.customer_id),
    rows.map((row) => row.model_number),
    nanos,
    rows.map((row) => row.channel_cost_micros),
    rows.map(() => day),
  ];
  await lease.query('add_late_costs', COSTS, values);
  await lease.query('add_late_customer_costs', CUSTOMER_COSTS, values);
}

/** The numbers and names of the models that turns have and that a price is recorded for. */
async function findPricedModels(sql: Sql, workspaceId: string): Promise<Map<number, string>> {
  const rows = await sql.query<{ number: number; value: string }>(
    'priced_models',
    `SELECT d.number, d.value FROM dimension_values d
     WHERE d.workspace_id = $1 AND d.dimension = 'MODEL' AND EXISTS (
       SELECT FROM model_prices p WHERE p.workspace_id = $1 AND p.model = d.value)`,
    [workspaceId],
  );
  return new Map(rows.map(({ number, value }) => [number, value]));
}

/** The local days on which turns of these models lack a price. */
async function findDays(sql: Sql, workspace: Workspace, numbers: readonly number[]): Promise<LocalStretch[]> {
  const rows = await sql.query<{ day: string }>(
    'unpriced_days',
    `SELECT u.day::text AS day FROM cost_days u WHERE u.workspace_id = $1 AND u.model_number = ANY ($2::smallint[])
     GROUP BY u.day HAVING sum(u.turns - u.priced) > 0 ORDER BY u.day`,
    [workspace.id, numbers],
  );
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return [];
  const wanted = new Set(rows.map(({ day }) => day));
  return daysOf(aDayOff(first.day, -1), aDayOff(last.day, 2), workspace.timeZone).filter(({ date }) =>
    wanted.has(date),
  );
}

const aDayOff = (day: string, days: number): Date => new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS);
