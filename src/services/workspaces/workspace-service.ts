// How a workspace is made, changed, priced, archived and deleted.

import { escapeLiteral } from 'pg';
import type { Database } from '../../database/database';
import { type Sql, violates } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { badInput, conflict } from '../../errors';
import { currencyDigits, isCurrency } from '../../values/money';
import { assertZone, type Clock } from '../../values/time';
import { type Actor, recordAudit } from '../audit';
import { rebuildDayRollUps } from '../roll-ups/day-roll-ups';
import { checkCloseDay, findCloseDays, lookAtSchedule, setCloseDay } from './closing-days';
import { checkKeepDays, findKeepings, setKeepDays } from './keep-days';
import { checkModelPrice, type ModelPrice, modelPriceInWords, recordModelPrices } from './model-prices';
import { checkPrice, inForce, listPrices, type Price, type PriceList, recordPrice } from './pricing';
import { checkName, getWorkspace, lockWorkspace, type Workspace } from './workspaces';
import { stampZones } from './zone-stamps';

/** EUR 0.005, "mezzo centesimo". */
export const DEFAULT_PRICE_MICROS = 5_000n;

export interface NewWorkspace {
  id: string;
  name: string;
  timeZone: string;
  currency: string;
  /**
   * The price from the beginning of time. Default: 0.005 of the currency; a currency without decimals has no default.
   */
  priceMicros?: bigint;
}

export interface WorkspaceChange {
  name?: string;
  timeZone?: string;
  /** The day of the next month on which a month closes by itself, 1 to 28; null: it does not. */
  closeDay?: number | null;
  /** For how many days the texts of turns are kept, 1 to 3650; null: for ever. */
  keepDays?: number | null;
}

interface NewPrice {
  amountMicros: bigint;
  /** Default: now. */
  startsAt?: Date | null;
}

export type NewModelPrice = Pick<
  ModelPrice,
  'model' | 'inputMicros' | 'cachedInputMicros' | 'outputMicros'
> & {
  /** Default: now. */
  startsAt: Date | null;
};

export class WorkspaceService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Throws BAD_USER_INPUT, or CONFLICT when the id is taken. */
  async create(input: NewWorkspace, actor: Actor): Promise<Workspace> {
    const workspace = {
      ...checkNew(input),
      priceMicros: checkPrice(input.priceMicros ?? defaultPrice(input.currency)),
    };
    const now = this.clock();
    try {
      return await inTransaction(this.database, async (sql) => {
        await sql.query(
          'create_workspace',
          'INSERT INTO workspaces (id, name, time_zone, currency, created_at) VALUES ($1, $2, $3, $4, $5)',
          [workspace.id, workspace.name, workspace.timeZone, workspace.currency, now],
        );
        await stampZones(sql, [workspace]);
        await recordPrice(sql, workspace.id, {
          startsAt: null,
          amountMicros: workspace.priceMicros,
          recordedAt: now,
        });
        await recordAudit(sql, {
          at: now,
          actor,
          action: 'workspace.created',
          workspaceId: workspace.id,
          subject: workspace.id,
          before: null,
          after: { ...workspace, priceMicros: String(workspace.priceMicros) },
        });
        return getWorkspace(sql, workspace.id, now);
      });
    } catch (error) {
      if (violates(error, 'workspaces_pkey'))
        throw conflict(`The workspace ${JSON.stringify(workspace.id)} exists already.`);
      throw error;
    }
  }

  /**
   * Changes the name, the zone, the day of closing or how long texts are kept. A new zone moves local days and months, so the customers' roll-ups
   * are made anew in the same transaction; saves wait for it.
   */
  update(id: string, change: WorkspaceChange, actor: Actor): Promise<Workspace> {
    const name = change.name === undefined ? undefined : checkName(change.name);
    const timeZone = change.timeZone === undefined ? undefined : assertZone(change.timeZone);
    const { closeDay, keepDays } = change;
    if (closeDay !== undefined && closeDay !== null) checkCloseDay(closeDay);
    if (keepDays !== undefined && keepDays !== null) checkKeepDays(keepDays);
    return inTransaction(this.database, async (sql) => {
      const before = await lockWorkspace(sql, id, this.clock());
      const dayBefore = (await findCloseDays(sql, [id])).get(id) ?? null;
      const keptBefore = (await findKeepings(sql, [id])).get(id)?.days ?? null;
      if (closeDay !== undefined) await setCloseDay(sql, id, closeDay, this.clock());
      else if (timeZone !== undefined) await lookAtSchedule(sql, id, this.clock());
      await sql.query(
        'update_workspace',
        `UPDATE workspaces SET name = coalesce($2, name), time_zone = coalesce($3, time_zone),
           settings_version = settings_version + 1 WHERE id = $1`,
        [id, name ?? null, timeZone ?? null],
      );
      if (timeZone !== undefined && timeZone !== before.timeZone) {
        await rebuildDayRollUps(sql, id, timeZone);
        await stampZones(sql, [{ id, timeZone }]);
      }
      const after = await getWorkspace(sql, id, this.clock());
      if (keepDays !== undefined) await setKeepDays(sql, after, keepDays, this.clock());
      await recordAudit(sql, {
        at: this.clock(),
        actor,
        action: 'workspace.updated',
        workspaceId: id,
        subject: id,
        before: { name: before.name, timeZone: before.timeZone, closeDay: dayBefore, keepDays: keptBefore },
        after: {
          name: after.name,
          timeZone: after.timeZone,
          closeDay: closeDay === undefined ? dayBefore : closeDay,
          keepDays: keepDays === undefined ? keptBefore : keepDays,
        },
      });
      return after;
    });
  }

  /**
   * Deletes a workspace that has no saved turn, with its customers and prices. Archives one with turns: it keeps its
   * records and takes no more. Tokens of a deleted workspace lose this workspace; some then have none.
   */
  remove(id: string, actor: Actor): Promise<'deleted' | 'archived'> {
    return inTransaction(this.database, async (sql) => {
      const before = await lockWorkspace(sql, id, this.clock());
      const [used] = await sql.query<{ used: boolean }>(
        'workspace_used',
        'SELECT EXISTS (SELECT FROM messages m WHERE m.workspace_id = $1) AS used',
        [id],
      );
      if (used?.used) await this.archive(sql, id);
      else await deleteUnused(sql, id);
      const action = used?.used ? 'archived' : 'deleted';
      await recordAudit(sql, {
        at: this.clock(),
        actor,
        action: `workspace.${action}`,
        workspaceId: id,
        subject: id,
        before: { name: before.name, timeZone: before.timeZone, currency: before.currency },
        after: null,
      });
      return action;
    });
  }

  /**
   * Records a price that holds from `startsAt` (default: now). It never changes a charge. A price with an instant in
   * the past holds for turns that are saved from now on. Throws BAD_USER_INPUT.
   */
  setPrice(workspaceId: string, input: NewPrice, actor: Actor): Promise<Price> {
    return this.record(workspaceId, 'prices', input, actor);
  }

  /** The same for what the channel takes for one answered turn. */
  setChannelPrice(workspaceId: string, input: NewPrice, actor: Actor): Promise<Price> {
    return this.record(workspaceId, 'channel_prices', input, actor);
  }

  /**
   * Records prices of models, all or none. They never change a cost that is known; `ModelPriceFiller` prices turns that
   * had no price. Throws BAD_USER_INPUT.
   */
  setModelPrices(workspaceId: string, input: readonly NewModelPrice[], actor: Actor): Promise<ModelPrice[]> {
    const checked = input.map(checkModelPrice);
    return inTransaction(this.database, async (sql) => {
      const now = this.clock();
      await lockWorkspace(sql, workspaceId, now);
      const prices = checked.map((price) => ({
        ...price,
        startsAt: price.startsAt ?? now,
        recordedAt: now,
      }));
      await recordModelPrices(sql, workspaceId, prices);
      await pricesChanged(sql, workspaceId);
      await recordAudit(sql, {
        at: now,
        actor,
        action: 'model_price.set',
        workspaceId,
        subject: workspaceId,
        before: null,
        after: { prices: prices.map(modelPriceInWords) },
      });
      return prices;
    });
  }

  private record(workspaceId: string, list: PriceList, input: NewPrice, actor: Actor): Promise<Price> {
    const amountMicros = checkPrice(input.amountMicros);
    return inTransaction(this.database, async (sql) => {
      const now = this.clock();
      const startsAt = input.startsAt ?? now;
      await lockWorkspace(sql, workspaceId, startsAt);
      const before = inForce(await listPrices(sql, workspaceId, list), startsAt);
      const price: Price = { startsAt, amountMicros, recordedAt: now };
      await recordPrice(sql, workspaceId, price, list);
      await pricesChanged(sql, workspaceId);
      await recordAudit(sql, {
        at: now,
        actor,
        action: list === 'prices' ? 'price.set' : 'channel_price.set',
        workspaceId,
        subject: workspaceId,
        before: before ? { amountMicros: String(before.amountMicros) } : null,
        after: { amountMicros: String(amountMicros), startsAt: startsAt.toISOString() },
      });
      return price;
    });
  }

  private async archive(sql: Sql, id: string): Promise<void> {
    await sql.query(
      'archive_workspace',
      'UPDATE workspaces SET archived_at = coalesce(archived_at, $2), settings_version = settings_version + 1 WHERE id = $1',
      [id, this.clock()],
    );
  }
}

/**
 * The tables in which a workspace without a turn may have rows; a table comes before those that it refers to. Other
 * tables have rows only where there are turns.
 */
export const TABLES_OF_UNUSED = [
  'token_workspaces',
  'closing_schedules',
  'text_retentions',
  'statements',
  'budget_firings',
  'budgets',
  'budget_sweeps',
  'webhook_deliveries',
  'webhooks',
  'events',
  'event_counters',
  'erasures',
  'dimension_values',
  'customers',
  'prices',
  'channel_prices',
  'model_prices',
  'zone_stamps',
] as const;

/** A batch that decided by the prices before decides again. */
const pricesChanged = (sql: Sql, workspaceId: string): Promise<unknown> =>
  sql.query('price_changed', 'UPDATE workspaces SET settings_version = settings_version + 1 WHERE id = $1', [
    workspaceId,
  ]);

async function deleteUnused(sql: Sql, id: string): Promise<void> {
  // SET takes no parameters. On Citus this tells the nodes too, whose triggers ask for it; elsewhere it says nothing.
  await sql.query('tell_nodes', "SET LOCAL citus.propagate_set_commands = 'local'");
  await sql.query('allow_deletion', `SET LOCAL centesimo.deleting_workspace = ${escapeLiteral(id)}`);
  for (const table of TABLES_OF_UNUSED) {
    await sql.query(`delete_${table}`, `DELETE FROM ${table} WHERE workspace_id = $1`, [id]);
  }
  await sql.query('delete_workspace', 'DELETE FROM workspaces WHERE id = $1', [id]);
}

/**
 * The default price of 0.005 is half a cent. Throws BAD_USER_INPUT for currencies without cents, where it would be a
 * guess.
 */
function defaultPrice(currency: string): bigint {
  if (currencyDigits(currency) > 0) return DEFAULT_PRICE_MICROS;
  throw badInput(
    `${currency} has no decimals, so it has no default price. Give the price of one tracked response (--price), such as 1.`,
  );
}

function checkNew(input: NewWorkspace): { id: string; name: string; timeZone: string; currency: string } {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(input.id)) {
    throw badInput(
      `The workspace id ${JSON.stringify(input.id)} must have 1 to 64 letters, digits, dots, dashes or underscores and start with a letter or digit.`,
    );
  }
  if (!isCurrency(input.currency)) {
    throw badInput(`${JSON.stringify(input.currency)} is not an ISO 4217 currency code, such as EUR.`);
  }
  return {
    id: input.id,
    name: checkName(input.name),
    timeZone: assertZone(input.timeZone),
    currency: input.currency,
  };
}
