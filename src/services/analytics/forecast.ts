// Where will the running period end at this pace?
import type { Sql } from '../../database/sql';
import { divideHalfAwayFromZero } from '../../values/money';
import { isComplete } from '../../values/period';
import type { UsageScope } from './scope';
import { findTotals } from './totals';

export interface Forecast {
  costMicros: bigint;
  messages: bigint;
}

const DAY_MS = 86_400_000;

/**
 * What was counted so far divided by the elapsed share of the period, rounded half away from zero
 * (docs/semantics.md#forecast). Null for a complete period and before a day has passed.
 */
export async function findForecast(sql: Sql, scope: UsageScope): Promise<Forecast | null> {
  const { period, asOf } = scope;
  const elapsedMs = asOf.getTime() - period.from.getTime();
  if (isComplete(period, asOf) || elapsedMs < DAY_MS) return null;
  const totals = await findTotals(sql, scope);
  const whole = BigInt(period.to.getTime() - period.from.getTime());
  const project = (counted: bigint): bigint => divideHalfAwayFromZero(counted * whole, BigInt(elapsedMs));
  return { costMicros: project(totals.costMicros), messages: project(totals.messages) };
}
