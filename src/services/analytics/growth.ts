// Is it more than before, fairly compared?
import type { Sql } from '../../database/sql';
import { formatRatio } from '../../values/money';
import { comparison, type GrowthBasis, type Period } from '../../values/period';
import type { UsageScope } from './scope';
import { findTotalsOf, NO_USAGE } from './totals';

export interface Change {
  current: bigint;
  previous: bigint;
}

export interface Growth {
  comparedTo: Period;
  /** Micro-units. */
  cost: Change;
  messages: Change;
  activeClients: Change;
}

/** docs/semantics.md#growth */
export async function findGrowth(sql: Sql, scope: UsageScope, basis: GrowthBasis): Promise<Growth> {
  const { current, previous } = comparison(scope.period, basis, scope.asOf);
  const [now = NO_USAGE, before = NO_USAGE] = await findTotalsOf(sql, scope, [current, previous]);
  return {
    comparedTo: { ...previous, timeZone: scope.period.timeZone, kind: 'range' },
    cost: { current: now.costMicros, previous: before.costMicros },
    messages: { current: now.messages, previous: before.messages },
    activeClients: { current: now.activeClients, previous: before.activeClients },
  };
}

/** 25 after 19 is "31.58"; null when there was nothing before (docs/semantics.md#growth). */
export const percentOf = ({ current, previous }: Change): string | null =>
  previous === 0n ? null : formatRatio((current - previous) * 100n, previous, 2);
