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

export interface BudgetPeriod extends Period {
  /**
   * The first local day, the key of the period among the firings: it stays the same when the workspace's zone changes.
   */
  firstDay: string;
}

/** The periods around an instant, each computed once: budgets are many, and intervals are three. */
export class Periods {
  private readonly found = new Map<string, BudgetPeriod>();

  constructor(
    private readonly timeZone: string,
    private readonly at: Date,
  ) {}

  /** The zone's day, week or month that holds the instant. */
  running(interval: BudgetInterval): BudgetPeriod {
    return this.once(`running ${interval}`, () =>
      resolvePeriod({ preset: PRESETS[interval] }, this.timeZone, this.at),
    );
  }

  /**
   * What a look reads: the running period, and the one before it unless every turn is known to have happened in the
   * running one (`since`). Never a period that ended before the budget's version was made.
   */
  lookedAt(
    { interval, versionAt }: Pick<Budget, 'interval' | 'versionAt'>,
    since: Date | undefined,
  ): BudgetPeriod[] {
    const running = this.running(interval);
    if (since && since >= running.from) return [running];
    const before = this.once(`before ${interval}`, () => previousPeriod(running));
    return before.to > versionAt ? [running, before] : [running];
  }

  private once(name: string, compute: () => Period): BudgetPeriod {
    const known = this.found.get(name);
    if (known) return known;
    const period = compute();
    const found = { ...period, firstDay: localDate(period.from, this.timeZone) };
    this.found.set(name, found);
    return found;
  }
}
