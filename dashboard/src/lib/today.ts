// What matters this morning, in an operation of its own: the page's figures come without waiting for more root fields.
import { useQuery } from '@apollo/client/react';
import { useMemo } from 'react';
import { TodayDocument, type TodayQuery, type TodayQueryVariables } from '../gql/graphql';
import { addDays, dayOf, weekdayOf } from './dates';
import type { Money } from './decimal';
import type { View } from './location';
import type { Workspace } from './overview';
import { daysOf } from './period';

/** What an average day of the week is made of. */
const WEEKS = 4;
/** Limits move with each charge; the page's figures are asked for more often. */
const POLL_MS = 60_000;

export interface Today {
  data: TodayQuery | undefined;
  /** False until there is an answer, or none is coming. */
  settled: boolean;
}

/** Asked for only while the period on the screen runs: what is over has no morning. */
export function useToday(view: View, workspace: Workspace, now: Date): Today {
  const { id, timeZone } = workspace;
  const today = dayOf(now, timeZone);
  const variables = useMemo((): TodayQueryVariables => {
    const yesterday = addDays(today, -1);
    return {
      workspaceId: id,
      yesterday: { firstDay: yesterday, lastDay: yesterday },
      weeks: { firstDay: addDays(yesterday, -7 * WEEKS), lastDay: addDays(yesterday, -1) },
    };
  }, [id, today]);
  const skip = daysOf(view.period, timeZone, now).to <= today;
  const { data, error, previousData } = useQuery(TodayDocument, {
    variables,
    skip,
    fetchPolicy: 'cache-and-network',
    pollInterval: POLL_MS,
    skipPollAttempt: () => document.hidden,
  });
  const shown = skip ? undefined : (data ?? previousData);
  return { data: shown, settled: skip || shown !== undefined || error !== undefined };
}

export interface Morning {
  messages: number;
  cost: Money;
  /** 1 is Monday. */
  weekday: number;
  /** By how many percent, rounded, yesterday differs from such a day of the four weeks before; undefined: too little to tell. */
  percent: number | undefined;
  unanswered: number;
  /** The start of the hour that has more of them than any other. */
  worst: { from: string; messages: number } | undefined;
}

/** Yesterday in figures; undefined where nothing was charged for four weeks. */
export function morningOf(data: TodayQuery, timeZone: string): Morning | undefined {
  const { totals, timeline } = data.yesterday;
  const first = timeline[0];
  if (!first) return undefined;
  const weekday = weekdayOf(dayOf(new Date(first.from), timeZone));
  const hours = timeline.map(({ from, outcomes }) => ({
    from,
    messages: outcomes.find(({ outcome }) => outcome === 'NO_RESPONSE')?.messages ?? 0,
  }));
  const unanswered = hours.reduce((sum, { messages }) => sum + messages, 0);
  const days = data.weeks.timeline;
  if (totals.messages === 0 && unanswered === 0 && days.every(({ messages }) => messages === 0))
    return undefined;
  return {
    ...{ messages: totals.messages, cost: totals.cost, weekday, unanswered },
    percent: percentOfUsual(totals.messages, days, weekday, timeZone),
    worst: single(hours),
  };
}

/** Days before the first charge are no days of the shop; one day makes no average. */
function percentOfUsual(
  messages: number,
  days: TodayQuery['weeks']['timeline'],
  weekday: number,
  timeZone: string,
): number | undefined {
  const opened = days.slice(
    Math.max(
      0,
      days.findIndex((day) => day.messages > 0),
    ),
  );
  const same = opened.filter(({ from }) => weekdayOf(dayOf(new Date(from), timeZone)) === weekday);
  const sum = same.reduce((total, day) => total + day.messages, 0);
  if (same.length < 2 || sum === 0) return undefined;
  return Math.round((100 * (messages * same.length - sum)) / sum);
}

/** The highest, unless another is as high. */
function single(hours: readonly { from: string; messages: number }[]): Morning['worst'] {
  const [highest, next] = hours.toSorted((a, b) => b.messages - a.messages);
  return highest && highest.messages > (next?.messages ?? 0) ? highest : undefined;
}
