// How a budget is set, changed and removed.
import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { badInput, conflict, inField } from '../../errors';
import { isUuid, newId } from '../../values/ids';
import { MICROS, parseAmount } from '../../values/money';
import type { Clock } from '../../values/time';
import { type Actor, recordAudit } from '../audit';
import { findCustomersById } from '../customers/customers';
import { checkName, getCallersWorkspace } from '../workspaces/workspaces';
import {
  BUDGET_COLUMNS,
  type Budget,
  type BudgetEnforcement,
  type BudgetInterval,
  type BudgetMeasure,
  type BudgetRow,
  type BudgetSubject,
  describeBudget,
  toBudget,
} from './budgets';

export interface BudgetInput {
  name: string;
  subject: BudgetSubject;
  customerId?: string | null | undefined;
  measure: BudgetMeasure;
  /** An amount of the workspace's currency, or a count of turns. */
  limit: string;
  interval: BudgetInterval;
  thresholds: readonly number[];
  forecast?: boolean | null | undefined;
  enforcement: BudgetEnforcement;
}

export const BUDGETS_LIMIT = 100;
export const THRESHOLDS_LIMIT = 20;
const HIGHEST_THRESHOLD = 999;
/** A billion of the currency, or of turns: a higher limit is a mistake of units. */
const LIMIT_MAX = 1_000_000_000n;

export class BudgetService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Sets a budget, or changes the one with this name. Another limit, measure, interval, subject or customer makes a new
   * version, which reports every threshold anew. Throws BAD_USER_INPUT, CONFLICT for an archived workspace.
   */
  set(workspaceId: string, input: BudgetInput, actor: Actor): Promise<Budget> {
    const wanted = checkBudget(input);
    return inTransaction(this.database, async (sql) => {
      const now = this.clock();
      const workspace = await getCallersWorkspace(sql, workspaceId, now);
      if (workspace.archivedAt)
        throw conflict(
          `The workspace ${JSON.stringify(workspaceId)} is archived: nothing is charged in it any more.`,
        );
      await lockBudgets(sql, workspaceId, now);
      if (wanted.customerId !== null) await checkCustomer(sql, workspaceId, wanted.customerId);
      const before = await findByName(sql, workspaceId, wanted.name);
      if (!before) await checkRoom(sql, workspaceId);
      const isOther = before === undefined || differs(before, wanted);
      const budget: Budget = {
        ...wanted,
        ...{ workspaceId, id: before?.id ?? newId(now.getTime()) },
        version: (before?.version ?? 0) + (isOther ? 1 : 0),
        versionAt: isOther ? now : before.versionAt,
        forecastSeen: null,
      };
      await store(sql, budget);
      await recordAudit(sql, {
        ...{ at: now, actor, action: 'budget.set', workspaceId, subject: budget.id },
        before: before ? describeBudget(before, workspace.currency) : null,
        after: describeBudget(budget, workspace.currency),
      });
      return budget;
    });
  }

  /** Removes a budget; its events stay. Returns false when the budget does not exist. */
  remove(workspaceId: string, id: string, actor: Actor): Promise<boolean> {
    if (!isUuid(id)) throw badInput('id is not the id of a budget: a UUID, as budgets lists it.');
    return inTransaction(this.database, async (sql) => {
      const now = this.clock();
      const workspace = await getCallersWorkspace(sql, workspaceId, now);
      await lockBudgets(sql, workspaceId, now);
      // Waits for a look that is reporting something about this budget.
      const [row] = await sql.query<BudgetRow>(
        'lock_budget',
        `SELECT ${BUDGET_COLUMNS} FROM budgets b WHERE b.workspace_id = $1 AND b.id = $2 FOR UPDATE`,
        [workspaceId, id],
      );
      if (!row) return false;
      const budget = toBudget(row);
      for (const [name, statement] of REMOVALS) await sql.query(name, statement, [workspaceId, budget.id]);
      await recordAudit(sql, {
        ...{ at: now, actor, action: 'budget.removed', workspaceId, subject: budget.id },
        before: describeBudget(budget, workspace.currency),
        after: null,
      });
      return true;
    });
  }
}

const REMOVALS = [
  ['delete_firings', 'DELETE FROM budget_firings WHERE workspace_id = $1 AND budget_id = $2'],
  ['delete_budget', 'DELETE FROM budgets WHERE workspace_id = $1 AND id = $2'],
] as const;

/** Serializes changes of a workspace's budgets, and makes the next sweep look at all customers. */
async function lockBudgets(sql: Sql, workspaceId: string, now: Date): Promise<void> {
  await sql.query(
    'lock_budgets',
    `INSERT INTO budget_sweeps (workspace_id, due_at, looked_to) VALUES ($1, $2, $2)
     ON CONFLICT ON CONSTRAINT budget_sweeps_pkey DO UPDATE SET due_at = excluded.due_at, whole_at = NULL`,
    [workspaceId, now],
  );
}

async function findByName(sql: Sql, workspaceId: string, name: string): Promise<Budget | undefined> {
  const [row] = await sql.query<BudgetRow>(
    'budget_by_name',
    `SELECT ${BUDGET_COLUMNS} FROM budgets b WHERE b.workspace_id = $1 AND b.name = $2`,
    [workspaceId, name],
  );
  return row && toBudget(row);
}

async function checkCustomer(sql: Sql, workspaceId: string, id: string): Promise<void> {
  const found = await findCustomersById(sql, workspaceId, [id]);
  if (!found.has(id))
    throw badInput(
      `There is no customer ${id} in the workspace ${JSON.stringify(workspaceId)}. Give the id of one of the customers.`,
      'customerId',
    );
}

async function checkRoom(sql: Sql, workspaceId: string): Promise<void> {
  const [row] = await sql.query<{ budgets: bigint }>(
    'count_budgets',
    'SELECT count(*) AS budgets FROM budgets b WHERE b.workspace_id = $1',
    [workspaceId],
  );
  if ((row?.budgets ?? 0n) >= BigInt(BUDGETS_LIMIT))
    throw badInput(`A workspace has at most ${BUDGETS_LIMIT} budgets. Remove one first.`);
}

/** True when the change makes another limit, so that earlier reports do not count for it. */
const differs = (one: Budget, other: Wanted): boolean =>
  one.limitUnits !== other.limitUnits ||
  one.measure !== other.measure ||
  one.interval !== other.interval ||
  one.subject !== other.subject ||
  one.customerId !== other.customerId;

const store = (sql: Sql, budget: Budget): Promise<unknown> =>
  sql.query(
    'store_budget',
    `INSERT INTO budgets (workspace_id, id, name, subject, customer_id, measure, limit_units, interval, thresholds,
       forecast, enforcement, version, version_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     ON CONFLICT ON CONSTRAINT budgets_pkey DO UPDATE SET subject = excluded.subject,
       customer_id = excluded.customer_id, measure = excluded.measure, limit_units = excluded.limit_units,
       interval = excluded.interval, thresholds = excluded.thresholds, forecast = excluded.forecast,
       enforcement = excluded.enforcement, version = excluded.version, version_at = excluded.version_at,
       forecast_period = NULL, forecast_seen_at = NULL`,
    [
      ...[budget.workspaceId, budget.id, budget.name, budget.subject, budget.customerId, budget.measure],
      ...[budget.limitUnits, budget.interval, JSON.stringify(budget.thresholds), budget.forecast],
      ...[budget.enforcement, budget.version, budget.versionAt],
    ],
  );

type Wanted = Omit<Budget, 'workspaceId' | 'id' | 'version' | 'versionAt' | 'forecastSeen'>;

function checkBudget(input: BudgetInput): Wanted {
  const { subject, measure, interval, enforcement } = input;
  const forecast = input.forecast ?? false;
  const thresholds = inField('thresholds', () => checkThresholds(input.thresholds));
  if (forecast && (subject === 'EACH_CUSTOMER' || interval === 'DAY'))
    throw badInput(
      'A forecast needs the subject WORKSPACE or CUSTOMER and the interval WEEK or MONTH. Leave forecast out, or choose one of these.',
      'forecast',
    );
  if (thresholds.length === 0 && !forecast && enforcement === 'NOTIFY')
    throw badInput(
      'This budget would do nothing: give thresholds, forecast or the enforcement STOP.',
      'thresholds',
    );
  return {
    name: inField('name', () => checkName(input.name)),
    ...{ subject, customerId: inField('customerId', () => checkSubject(input)) },
    ...{
      measure,
      limitUnits: inField('limit', () => checkLimit(measure, input.limit)),
      interval,
      thresholds,
    },
    ...{ forecast, enforcement },
  };
}

function checkSubject({ subject, customerId }: BudgetInput): string | null {
  const given = customerId ?? null;
  if (subject !== 'CUSTOMER') {
    if (given === null) return null;
    throw badInput(`customerId is for the subject CUSTOMER; this budget is for ${subject}.`);
  }
  if (given === null) throw badInput('The subject CUSTOMER needs customerId.');
  if (!isUuid(given))
    throw badInput('customerId is not the id of a customer: a UUID, as customers lists it.');
  return given.toLowerCase();
}

function checkLimit(measure: BudgetMeasure, text: string): bigint {
  const micros = parseAmount(text);
  if (micros <= 0n) throw badInput('limit must be more than 0.');
  if (micros > LIMIT_MAX * MICROS)
    throw badInput(`limit is at most ${LIMIT_MAX}. A higher limit looks like a wrong unit.`);
  if (measure === 'COST') return micros;
  if (micros % MICROS !== 0n)
    throw badInput('limit is a whole number of turns when the measure is MESSAGES.');
  return micros / MICROS;
}

function checkThresholds(given: readonly number[]): number[] {
  const wrong = given.find(
    (threshold) => !Number.isInteger(threshold) || threshold < 1 || threshold > HIGHEST_THRESHOLD,
  );
  if (wrong !== undefined)
    throw badInput(
      `A threshold is a whole percentage from 1 to ${HIGHEST_THRESHOLD}, such as 80; got ${wrong}.`,
    );
  const thresholds = [...new Set(given)].sort((a, b) => a - b);
  if (thresholds.length > THRESHOLDS_LIMIT)
    throw badInput(`A budget has at most ${THRESHOLDS_LIMIT} thresholds; got ${thresholds.length}.`);
  return thresholds;
}
