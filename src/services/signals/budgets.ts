// Budgets as they are stored: a limit on what is charged in a local day, week or month.
import type { Sql } from '../../database/sql';
import { formatMicros } from '../../values/money';
import { type Period, previousPeriod, resolvePeriod } from '../../values/period';
import { localDate } from '../../values/time';

export const BUDGET_SUBJECTS = ['WORKSPACE', 'EACH_CUSTOMER', 'CUSTOMER'] as const;
export type BudgetSubject = (typeof BUDGET_SUBJECTS)[number];
export const BUDGET_MEASURES = ['COST', 'MESSAGES'] as const;
export type BudgetMeasure = (typeof BUDGET_MEASURES)[number];
export const BUDGET_INTERVALS = ['DAY', 'WEEK', 'MONTH'] as const;
export type BudgetInterval = (typeof BUDGET_INTERVALS)[number];
export const BUDGET_ENFORCEMENTS = ['NOTIFY', 'STOP'] as const;
export type BudgetEnforcement = (typeof BUDGET_ENFORCEMENTS)[number];

export interface Budget {
  workspaceId: string;
  id: string;
  name: string;
  subject: BudgetSubject;
  /** Only for CUSTOMER budgets. */
  customerId: string | null;
  measure: BudgetMeasure;
  /** Micro-units of the workspace's currency, or turns. */
  limitUnits: bigint;
  interval: BudgetInterval;
  /** Percent of the limit, rising. */
  thresholds: number[];
  forecast: boolean;
  enforcement: BudgetEnforcement;
  version: number;
  /** Since when the version holds. */
  versionAt: Date;
  /** The period (its first local day) whose forecast was first seen above the limit, and when that was. */
  forecastSeen: { period: string; at: Date } | null;
}

export interface BudgetRow {
  workspace_id: string;
  id: string;
  name: string;
  subject: BudgetSubject;
  customer_id: string | null;
  measure: BudgetMeasure;
  limit_units: bigint;
  interval: BudgetInterval;
  thresholds: number[];
  forecast: boolean;
  enforcement: BudgetEnforcement;
  version: number;
  version_at: Date;
  forecast_period: string | null;
  forecast_seen_at: Date | null;
}

/** Columns of the table with the alias `b`. */
export const BUDGET_COLUMNS = `b.workspace_id, b.id, b.name, b.subject, b.customer_id, b.measure, b.limit_units,
  b.interval, b.thresholds, b.forecast, b.enforcement, b.version, b.version_at, b.forecast_period, b.forecast_seen_at`;

export const toBudget = (row: BudgetRow): Budget => ({
  workspaceId: row.workspace_id,
  id: row.id,
  name: row.name,
  subject: row.subject,
  customerId: row.customer_id,
  measure: row.measure,
  limitUnits: row.limit_units,
  interval: row.interval,
  thresholds: row.thresholds,
  forecast: row.forecast,
  enforcement: row.enforcement,
  version: row.version,
  versionAt: row.version_at,
  forecastSeen:
    row.forecast_period !== null && row.forecast_seen_at !== null
      ? { period: row.forecast_period, at: row.forecast_seen_at }
      : null,
});

/** All budgets of a workspace, by name (byte-wise). */
export async function listBudgets(sql: Sql, workspaceId: string): Promise<Budget[]> {
  const rows = await sql.query<BudgetRow>(
    'list_budgets',
    `SELECT ${BUDGET_COLUMNS} FROM budgets b WHERE b.workspace_id = $1 ORDER BY b.name COLLATE "C"`,
    [workspaceId],
  );
  return rows.map(toBudget);
}

/** The customers that own these budgets. */
export const ownersOf = (budgets: readonly Budget[]): string[] =>
  budgets.flatMap(({ customerId }) => customerId ?? []);

/** What was used, in both measures. */
export interface Level {
  costMicros: bigint;
  messages: bigint;
}

export const NOTHING: Level = { costMicros: 0n, messages: 0n };

export const usedOf = (measure: BudgetMeasure, { costMicros, messages }: Level): bigint =>
  measure === 'COST' ? costMicros : messages;

/** The smallest usage that is at or above this percentage of the limit. */
export const unitsAt = ({ limitUnits }: Pick<Budget, 'limitUnits'>, percent: number): bigint =>
  (limitUnits * BigInt(percent) + 99n) / 100n;

/** Units of a budget as people read them: an amount of the currency, or a count. */
export const formatUnits = (measure: BudgetMeasure, units: bigint, currency: string): string =>
  measure === 'COST' ? formatMicros(units, currency) : String(units);

/** A budget for the audit trail, without its name: it may name a person, and the trail must not keep that. */
export const describeBudget = (budget: Budget, currency: string): Record<string, unknown> => ({
  ...{ subject: budget.subject, customerId: budget.customerId, measure: budget.measure },
  limit: formatUnits(budget.measure, budget.limitUnits, currency),
  ...{ interval: budget.interval, thresholds: budget.thresholds, forecast: budget.forecast },
  ...{ enforcement: budget.enforcement, version: budget.version },
});

const PRESETS = { DAY: 'TODAY', WEEK: 'THIS_WEEK', MONTH: 'THIS_MONTH' } as const;

/** The local day, week or month of the zone that holds `at`. */
export const runningPeriod = (interval: BudgetInterval, timeZone: string, at: Date): Period =>
  resolvePeriod({ preset: PRESETS[interval] }, timeZone, at);

/**
 * The periods of a look: the running one, and the one before it unless every turn is known to have happened in the
 * running one (`since`). Never a period that ended before the budget's version was made.
 */
export function lookedAtPeriods(
  budget: Pick<Budget, 'interval' | 'versionAt'>,
  timeZone: string,
  now: Date,
  since: Date | undefined,
): Period[] {
  const running = runningPeriod(budget.interval, timeZone, now);
  if (since && since >= running.from) return [running];
  const before = previousPeriod(running);
  return before.to > budget.versionAt ? [running, before] : [running];
}

/**
 * The key of a period among the firings: its first local day, which stays the same when the workspace's zone changes.
 */
export const startOf = ({ from, timeZone }: Period): string => localDate(from, timeZone);
