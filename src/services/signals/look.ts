// One look at a workspace's budgets: by level, not by edge. A threshold is reported when the usage is at or above it
// and no row says that it was reported. So it does not matter who looks, how often, or what happened in between.
import { LRUCache } from 'lru-cache';
import type { Sql } from '../../database/sql';
import { HOUR_MS } from '../../values/duration';
import { formatInstant } from '../../values/time';
import { forecastOf } from '../analytics/forecast';
import {
  type Budget,
  type BudgetPeriod,
  formatUnits,
  type Level,
  NOTHING,
  ownersOf,
  type Periods,
  unitsAt,
  usedOf,
} from './budgets';
import { type EventDraft, writeEvents } from './events';
import {
  type CustomerThreshold,
  customerLevels,
  DUE_LIMIT,
  findCustomersDue,
  type Levels,
  workspaceLevels,
  type Zoned,
} from './levels';

/** What is looked at. */
export interface Sight {
  workspace: Zoned & { currency: string };
  budgets: readonly Budget[];
  now: Date;
  /** Around `now`, in the workspace's zone. */
  periods: Periods;
  told: ToldBudgets;
  /** The customers that are looked at. */
  customerIds: readonly string[];
  /** The instant of the earliest of their turns; undefined: not known, so the period before is looked at too. */
  since: Date | undefined;
}

/** The most reports that are remembered, each with some 100 characters. */
const TOLD_KEPT = 10_000;

/** Which thresholds are known to be reported: that never changes, so it is asked once. */
export class ToldBudgets {
  private readonly keys = new LRUCache<string, true>({ max: TOLD_KEPT });

  has(one: Reported): boolean {
    return this.keys.get(keyOf(one)) === true;
  }

  add(one: Reported): void {
    this.keys.set(keyOf(one), true);
  }
}

/** What a row of the firings marks. */
type Reported = Pick<Due, 'budget' | 'period' | 'threshold' | 'customerId'>;

const keyOf = ({ budget, period, threshold, customerId }: Reported): string =>
  [budget.id, budget.version, period.firstDay, threshold, customerId].join(' ');

/** A threshold that is to be reported. */
interface Due {
  budget: Budget;
  period: BudgetPeriod;
  /** Percent of the limit; FORECAST for the forecast. */
  threshold: number;
  customerId: string | null;
  /** What was used, or what the forecast says. */
  units: bigint;
}

/** What a look found: thresholds to report, and forecasts that just passed the limit or no longer do. */
export interface Found {
  due: Due[];
  forecasts: { budget: Budget; seen: string | null }[];
  /** True when one look could not take all of these customers: look again. */
  more: boolean;
}

/** Marks the forecast where others have a percentage. */
const FORECAST = 0;
/** How long a forecast must stay above the limit before it is reported. */
const FORECAST_AFTER_MS = HOUR_MS;

/** Reads what is due; writes nothing. */
export async function findDue(sql: Sql, sight: Sight): Promise<Found> {
  const ofWorkspace = sight.budgets.filter(({ subject }) => subject === 'WORKSPACE');
  const levels = await workspaceLevels(
    sql,
    sight.workspace.id,
    ofWorkspace.flatMap((budget) => periodsIn(sight, budget)),
  );
  const reached = ofWorkspace.flatMap((budget) => reachedBy(sight, budget, levels));
  const forecasts = await findForecasts(sql, sight, levels);
  const untold = await findUntold(sql, sight, [...reached, ...forecasts]);
  const customers = await findDueOfCustomers(sql, sight);
  const above = forecasts.filter((one) => untold.includes(one));
  const isRipe = ({ budget, period }: Due): boolean =>
    budget.forecastSeen?.period === period.firstDay &&
    sight.now.getTime() - budget.forecastSeen.at.getTime() >= FORECAST_AFTER_MS;
  return {
    due: [...reached.filter((one) => untold.includes(one)), ...above.filter(isRipe), ...customers.due],
    forecasts: [
      ...above
        .filter(({ budget, period }) => budget.forecastSeen?.period !== period.firstDay)
        .map(({ budget, period }) => ({ budget, seen: period.firstDay })),
      // It is reported already, or below the limit again.
      ...sight.budgets
        .filter(({ id, forecastSeen }) => forecastSeen && !above.some(({ budget }) => budget.id === id))
        .map((budget) => ({ budget, seen: null })),
      ...above.filter(isRipe).map(({ budget }) => ({ budget, seen: null })),
    ],
    more: customers.more,
  };
}

const periodsIn = ({ periods, since }: Sight, budget: Budget): BudgetPeriod[] =>
  periods.lookedAt(budget, since);

function reachedBy(sight: Sight, budget: Budget, levels: Levels): Due[] {
  return periodsIn(sight, budget).flatMap((period) => {
    const units = usedOf(budget.measure, levels.of(period) ?? NOTHING);
    return budget.thresholds
      .filter((threshold) => units >= unitsAt(budget, threshold))
      .map((threshold) => ({ budget, period, threshold, customerId: null, units }));
  });
}

/** Budgets whose running period will end above the limit at this pace. */
async function findForecasts(sql: Sql, sight: Sight, levels: Levels): Promise<Due[]> {
  const { workspace, now, periods } = sight;
  const asked = sight.budgets
    .filter(({ forecast }) => forecast)
    .map((budget) => ({ budget, period: periods.running(budget.interval) }));
  const customers = asked.filter(({ budget }) => budget.customerId !== null);
  const ofCustomers = await customerLevels(
    sql,
    workspace,
    customers.map(({ period }) => period),
    ownersOf(sight.budgets),
  );
  const levelOf = ({ customerId }: Budget, period: BudgetPeriod): Level =>
    (customerId === null ? levels.of(period) : ofCustomers.of(customerId, period)) ?? NOTHING;
  return asked.flatMap(({ budget, period }) => {
    const forecast = forecastOf(levelOf(budget, period), period, now);
    const units = forecast ? usedOf(budget.measure, forecast) : 0n;
    if (units <= budget.limitUnits) return [];
    return [{ budget, period, threshold: FORECAST, customerId: budget.customerId, units }];
  });
}

/** What is due for the sight's customers only. */
export async function findDueOfCustomers(sql: Sql, sight: Sight): Promise<Found> {
  const budgets = sight.budgets.filter(({ subject }) => subject !== 'WORKSPACE');
  const each = budgets.some(({ subject }) => subject === 'EACH_CUSTOMER');
  const own = new Set(ownersOf(budgets));
  const customerIds = each ? sight.customerIds : sight.customerIds.filter((id) => own.has(id));
  const looked = new Set(customerIds);
  const asked = thresholdsIn(sight, budgets).filter((one) => {
    const { customerId } = one.budget;
    return customerId === null || (looked.has(customerId) && !sight.told.has({ ...one, customerId }));
  });
  const reached = await findCustomersDue(sql, sight.workspace, asked, customerIds);
  for (const one of reached) if (one.told) sight.told.add(one);
  const due = reached
    .filter(({ told }) => !told)
    .map(({ level, told: _, ...one }) => ({ ...one, units: usedOf(one.budget.measure, level) }));
  const ofEach = due.filter(({ budget }) => budget.customerId === null);
  return { due, forecasts: [], more: ofEach.length === DUE_LIMIT };
}

const thresholdsIn = (sight: Sight, budgets: readonly Budget[]): CustomerThreshold[] =>
  budgets.flatMap((budget) =>
    periodsIn(sight, budget).flatMap((period) =>
      budget.thresholds.map((threshold) => ({ budget, period, threshold })),
    ),
  );

const subjectOf = ({ customerId }: Due): string => customerId ?? '';

const keysOf = (due: readonly Due[]): unknown[] => [
  due.map(({ budget }) => budget.id),
  due.map(({ budget }) => budget.version),
  due.map(({ period }) => period.firstDay),
  due.map(({ threshold }) => threshold),
  due.map(subjectOf),
];

const KEYS = 'unnest($2::uuid[], $3::int[], $4::date[], $5::int[], $6::text[])';

/** Those that no row marks as reported. */
async function findUntold(sql: Sql, { workspace, told }: Sight, due: readonly Due[]): Promise<Due[]> {
  const asked = due.filter((one) => !told.has(one));
  if (asked.length === 0) return [];
  const rows = await sql.query<{ n: bigint }>(
    'budgets_untold',
    `SELECT i.n FROM ${KEYS} WITH ORDINALITY AS i (budget_id, version, period_start, threshold, subject, n)
     WHERE NOT EXISTS (
       SELECT FROM budget_firings f WHERE f.workspace_id = $1 AND f.budget_id = i.budget_id AND f.version = i.version
         AND f.period_start = i.period_start AND f.threshold = i.threshold AND f.subject = i.subject OFFSET 0)`,
    [workspace.id, ...keysOf(asked)],
  );
  const untold = new Set(rows.flatMap(({ n }) => asked[Number(n) - 1] ?? []));
  for (const one of asked) if (!untold.has(one)) told.add(one);
  return [...untold];
}

export const isEmpty = ({ due, forecasts }: Found): boolean => due.length === 0 && forecasts.length === 0;

/**
 * Writes what was found, with its events, in the caller's transaction. Skips what another server reported meanwhile.
 */
export async function tell(sql: Sql, { workspace, now }: Sight, found: Found): Promise<void> {
  if (found.forecasts.length > 0)
    await sql.query('note_forecasts', NOTE_FORECASTS, [
      workspace.id,
      found.forecasts.map(({ budget }) => budget.id),
      found.forecasts.map(({ budget }) => budget.version),
      found.forecasts.map(({ seen }) => seen),
      now,
    ]);
  if (found.due.length === 0) return;
  const rows = await sql.query<ToldRow>('tell_budgets', TELL, [workspace.id, ...keysOf(found.due), now]);
  const keys = new Set(
    rows.map((row) => [row.budget_id, row.period_start, row.threshold, row.subject].join(' ')),
  );
  const told = found.due.filter((due) =>
    keys.has([due.budget.id, due.period.firstDay, due.threshold, subjectOf(due)].join(' ')),
  );
  await writeEvents(
    sql,
    workspace.id,
    told.map((due) => draftOf(due, workspace.currency)),
    now,
  );
}

interface ToldRow {
  budget_id: string;
  period_start: string;
  threshold: number;
  subject: string;
}

/** Locked in the order of the key, as below. */
const NOTE_FORECASTS = `
  WITH known AS MATERIALIZED (
    SELECT b.id, b.version FROM budgets b WHERE b.workspace_id = $1 AND b.id = ANY ($2::uuid[])
    ORDER BY b.id FOR NO KEY UPDATE
  )
  UPDATE budgets b SET forecast_period = i.seen,
    forecast_seen_at = CASE WHEN i.seen IS NULL THEN NULL ELSE $5::timestamptz END
  FROM unnest($2::uuid[], $3::int[], $4::date[]) AS i (id, version, seen)
  JOIN known k ON k.id = i.id AND k.version = i.version
  WHERE b.workspace_id = $1 AND b.id = k.id`;

/**
 * A budget that was deleted or changed meanwhile reports nothing. The rows are inserted in the order of their key, so
 * that two looks cannot wait for each other in a circle.
 */
const TELL = `
  WITH known AS MATERIALIZED (
    SELECT b.id, b.version FROM budgets b WHERE b.workspace_id = $1 AND b.id = ANY ($2::uuid[])
    ORDER BY b.id FOR KEY SHARE
  )
  INSERT INTO budget_firings (workspace_id, budget_id, version, period_start, threshold, subject, fired_at)
  SELECT $1, i.budget_id, i.version, i.period_start, i.threshold, i.subject, $7
  FROM ${KEYS} AS i (budget_id, version, period_start, threshold, subject)
  JOIN known k ON k.id = i.budget_id AND k.version = i.version
  ORDER BY i.budget_id, i.version, i.period_start, i.threshold, i.subject
  ON CONFLICT DO NOTHING
  RETURNING budget_id, period_start::text, threshold, subject`;

/** The budget's name is left out: it may name a person. */
function draftOf({ budget, period, threshold, customerId, units }: Due, currency: string): EventDraft {
  const show = (value: bigint): string => formatUnits(budget.measure, value, currency);
  const isForecast = threshold === FORECAST;
  return {
    type: isForecast ? 'BUDGET_FORECAST' : 'BUDGET_THRESHOLD',
    data: {
      ...{ budgetId: budget.id, version: budget.version, subject: budget.subject, customerId },
      ...{ measure: budget.measure, currency: budget.measure === 'COST' ? currency : null },
      ...{ limit: show(budget.limitUnits), enforcement: budget.enforcement },
      ...(isForecast ? { forecast: show(units) } : { threshold, used: show(units) }),
      interval: budget.interval,
      period: {
        ...{ firstDay: period.firstDay, from: formatInstant(period.from), to: formatInstant(period.to) },
        timeZone: period.timeZone,
      },
    },
  };
}
