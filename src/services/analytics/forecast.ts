// Where will the running period end at this pace?
import type { Sql } from '../../database/sql';
import { DAY_MS } from '../../values/duration';
import { divideHalfAwayFromZero } from '../../values/money';
import { isComplete } from '../../values/period';
import type { Range } from '../../values/time';
import type { UsageScope } from './scope';
import { findTotals, type Totals } from './totals';

export interface Forecast {
  costMicros: bigint;
  messages: bigint;
}

export async function findForecast(sql: Sql, scope: UsageScope): Promise<Forecast | null> {
  const { period, asOf } = scope;
  return hasForecast(period, asOf) ? forecastOf(await findTotals(sql, scope), period, asOf) : null;
}

/** False for a complete period and before a day has passed. */
const hasForecast = (period: Range, asOf: Date): boolean =>
  !isComplete(period, asOf) && asOf.getTime() - period.from.getTime() >= DAY_MS;

/**
 * What was counted so far divided by the elapsed share of the period, rounded half away from zero
 * (docs/semantics.md#forecast). Null for a complete period and before a day has passed.
 */
export function forecastOf(
  totals: Pick<Totals, 'costMicros' | 'messages'>,
  period: Range,
  asOf: Date,
): Forecast | null {
  if (!hasForecast(period, asOf)) return null;
  const elapsedMs = asOf.getTime() - period.from.getTime();
  const whole = BigInt(period.to.getTime() - period.from.getTime());
  const project = (counted: bigint): bigint => divideHalfAwayFromZero(counted * whole, BigInt(elapsedMs));
  return { costMicros: project(totals.costMicros), messages: project(totals.messages) };
}
