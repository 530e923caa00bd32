// Where budgets stand now.
import type { Sql } from '../../database/sql';
import { formatRatio } from '../../values/money';
import type { Period } from '../../values/period';
import {
  type Budget,
  type BudgetPeriod,
  type Level,
  NOTHING,
  ownersOf,
  Periods,
  unitsAt,
  usedOf,
} from './budgets';
import { customerLevels, findClosest, workspaceLevels, type Zoned } from './levels';

/** How much of a budget is used. What was reported is another question. */
export interface Standing {
  budget: Budget;
  period: BudgetPeriod;
  usedUnits: bigint;
  /** The customer with this level; null for the workspace's level, and when no customer used anything. */
  customerId: string | null;
}

export interface BudgetState extends Standing {
  /** Thresholds that were passed in this period, rising: they are reached now, or were reported. */
  crossed: number[];
}

/** 0 beyond the limit. */
export const remainingOf = ({ budget: { limitUnits }, usedUnits }: Standing): bigint =>
  usedUnits >= limitUnits ? 0n : limitUnits - usedUnits;

/** Percent of the limit, two decimals: "80.00". */
export const usedPercentOf = ({ budget: { limitUnits }, usedUnits }: Standing): string =>
  formatRatio(usedUnits * 100n, limitUnits, 2);

/** The state of each budget of one workspace, in their order: a few statements for all. */
export async function findBudgetStates(
  sql: Sql,
  workspace: Zoned,
  budgets: readonly Budget[],
  now: Date,
): Promise<BudgetState[]> {
  const all = new Periods(workspace.timeZone, now);
  const asked = budgets.map((budget) => ({ budget, period: all.running(budget.interval) }));
  const periodsFor = (subject: Budget['subject']): Period[] =>
    asked.filter(({ budget }) => budget.subject === subject).map(({ period }) => period);
  const levels = await workspaceLevels(sql, workspace.id, periodsFor('WORKSPACE'));
  const ofCustomers = await customerLevels(sql, workspace, periodsFor('CUSTOMER'), ownersOf(budgets));
  const closest = await findAllClosest(sql, workspace, asked);
  const standings = asked.map(({ budget, period }): Standing => {
    const leader = closest.get(`${budget.measure} ${budget.interval}`);
    const [customerId, level] =
      budget.subject === 'WORKSPACE'
        ? [null, levels.of(period)]
        : budget.customerId === null
          ? [leader?.customerId ?? null, leader?.level]
          : [budget.customerId, ofCustomers.of(budget.customerId, period)];
    return { budget, period, customerId, usedUnits: usedOf(budget.measure, level ?? NOTHING) };
  });
  return withCrossed(sql, workspace.id, standings);
}

async function findAllClosest(
  sql: Sql,
  workspace: Zoned,
  asked: readonly { budget: Budget; period: Period }[],
): Promise<Map<string, { customerId: string; level: Level }>> {
  const found = new Map<string, { customerId: string; level: Level }>();
  const done = new Set<string>();
  for (const { budget, period } of asked) {
    const key = `${budget.measure} ${budget.interval}`;
    if (budget.subject !== 'EACH_CUSTOMER' || done.has(key)) continue;
    done.add(key);
    const closest = await findClosest(sql, workspace, period, budget.measure, budget.interval);
    if (closest) found.set(key, closest);
  }
  return found;
}

/** Adds which thresholds were passed. */
export async function withCrossed(
  sql: Sql,
  workspaceId: string,
  standings: readonly Standing[],
): Promise<BudgetState[]> {
  if (standings.length === 0) return [];
  const rows = await sql.query<{ n: bigint; threshold: number }>(
    'budget_crossed',
    `SELECT i.n, f.threshold
     FROM unnest($2::uuid[], $3::int[], $4::date[], $5::text[]) WITH ORDINALITY
       AS i (budget_id, version, period_start, subject, n)
     CROSS JOIN LATERAL (
       SELECT o.threshold FROM budget_firings o WHERE o.workspace_id = $1 AND o.budget_id = i.budget_id
         AND o.version = i.version AND o.period_start = i.period_start AND o.threshold = ANY ($6::int[])
         AND o.subject = i.subject OFFSET 0
     ) f`,
    [
      workspaceId,
      standings.map(({ budget }) => budget.id),
      standings.map(({ budget }) => budget.version),
      standings.map(({ period }) => period.firstDay),
      standings.map(({ customerId }) => customerId ?? ''),
      [...new Set(standings.flatMap(({ budget }) => budget.thresholds))],
    ],
  );
  return standings.map((standing, index) => {
    const { budget, usedUnits } = standing;
    const told = new Set(rows.filter(({ n }) => Number(n) === index + 1).map(({ threshold }) => threshold));
    const crossed = budget.thresholds.filter(
      (threshold) => told.has(threshold) || usedUnits >= unitsAt(budget, threshold),
    );
    return { ...standing, crossed };
  });
}
