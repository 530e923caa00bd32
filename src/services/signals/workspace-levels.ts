// How much a workspace used in the periods of budgets: read now, or but for the running day remembered for a while.
import { LRUCache } from 'lru-cache';
import type { Sql } from '../../database/sql';
import { SECOND_MS } from '../../values/duration';
import type { Period } from '../../values/period';
import type { Range } from '../../values/time';
import { findSums } from '../analytics/totals';
import { type Level, NOTHING } from './budgets';
import { byKey, keyOf } from './levels';

/** The same for the same periods. */
export const keyOfAll = (periods: readonly Range[]): string => [...byKey(periods).keys()].join();

/** Levels by period. */
export interface Levels {
  of(period: Period): Level | undefined;
}

/** The workspace's level in each of these periods. What several periods share is read once. */
export async function workspaceLevels(
  sql: Sql,
  workspaceId: string,
  periods: readonly Period[],
): Promise<Levels> {
  const pieces = piecesOf(periods, []);
  return levelsOf(periods, pieces, await sumsOf(sql, workspaceId, pieces));
}

/** How long the sums of days that are over are remembered. */
const REMEMBERED_MS = 30 * SECOND_MS;
const WORKSPACES_KEPT = 10_000;

interface Past {
  at: Date;
  question: string;
  sums: readonly Level[];
}

/**
 * The same for looks that come again each second. Most of what they would read are the days of the month before today,
 * which change only by late turns and by what is taken back.
 */
export class RememberedLevels {
  private readonly kept = new LRUCache<string, Past>({ max: WORKSPACES_KEPT });

  /**
   * The levels, of which the part before the running day may be up to 30 s old. `since`: no turn was charged by this
   * process before then. What others changed in days that are over may be missing, so what is found by these levels is
   * read again before it is reported, and the sweep finds what they miss.
   */
  async read(
    sql: Sql,
    workspaceId: string,
    periods: readonly Period[],
    { now, since, today }: { now: Date; since: Date; today: Range },
  ): Promise<Levels> {
    const pieces = piecesOf(periods, [today.from]);
    const over = pieces.filter(({ to }) => to <= today.from);
    const question = keyOfAll(over);
    const known = this.kept.get(workspaceId);
    const ageMs = known ? now.getTime() - known.at.getTime() : Number.NaN;
    if (known?.question === question && ageMs >= 0 && ageMs < REMEMBERED_MS && since >= today.from) {
      const later = await sumsOf(sql, workspaceId, pieces.slice(over.length));
      return levelsOf(periods, pieces, [...known.sums, ...later]);
    }
    const sums = await sumsOf(sql, workspaceId, pieces);
    this.kept.set(workspaceId, { at: now, question, sums: sums.slice(0, over.length) });
    return levelsOf(periods, pieces, sums);
  }
}

async function sumsOf(sql: Sql, workspaceId: string, pieces: readonly Range[]): Promise<Level[]> {
  if (pieces.length === 0) return [];
  const sums = await findSums(sql, workspaceId, pieces);
  return sums.map(({ costMicros, messages }) => ({ costMicros, messages }));
}

function levelsOf(periods: readonly Period[], pieces: readonly Range[], sums: readonly Level[]): Levels {
  const levelOf = (period: Period): Level =>
    pieces.reduce<Level>((level, piece, index) => {
      const part = isWithin(piece, period) ? sums[index] : undefined;
      if (!part) return level;
      return {
        costMicros: level.costMicros + part.costMicros,
        messages: level.messages + part.messages,
      };
    }, NOTHING);
  const found = new Map([...byKey(periods)].map(([key, period]) => [key, levelOf(period)]));
  return { of: (period) => found.get(keyOf(period)) };
}

const isWithin = (piece: Range, { from, to }: Range): boolean => piece.from >= from && piece.to <= to;

/** The ranges cut at each other's ends and at `cuts`, each piece once, in the order of time. */
function piecesOf(ranges: readonly Range[], cuts: readonly Date[]): Range[] {
  const instants = [...ranges.flatMap(({ from, to }) => [from, to]), ...cuts].map((at) => at.getTime());
  const ends = [...new Set(instants)].sort((one, other) => one - other);
  return ends
    .slice(1)
    .map((to, index) => ({ from: new Date(ends[index] ?? to), to: new Date(to) }))
    .filter((piece) => ranges.some((range) => isWithin(piece, range)));
}
