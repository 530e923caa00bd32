// The page's figures: one request, then a cheap question, when the server says that something was saved or every few
// seconds, that has the page read again only when something changed.
import { useApolloClient, useQuery } from '@apollo/client/react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import {
  OverviewDocument,
  type OverviewQuery,
  type OverviewQueryVariables,
  PulseDocument,
  type PulseQuery,
  type TimelineInterval,
} from '../gql/graphql';
import { askAgain } from './asking';
import { percentOf } from './decimal';
import type { View } from './location';
import {
  elapsedBefore,
  hasWeekdays,
  inputOf,
  instantsOf,
  intervalOf,
  monthOfChoice,
  previousDays,
} from './period';
import { type Problem, problemOf } from './problem';
import { refresh, useSession, type Viewer } from './session';

export type Workspace = Viewer['workspaces'][number];
export type Usage = OverviewQuery['usage'];

/** With the time of an answer this stays below the 5 seconds that are promised. */
const PULSE_MS = 3_500;
/** Growth and forecast of a running period move by themselves. */
const STALE_MS = 60_000;

export interface Overview {
  /** The last figures that were read, also when they are of other choices than the view's. */
  data: OverviewQuery | undefined;
  /** How the time in `data` is cut. */
  interval: TimelineInterval;
  /** False while `data` is not what was asked for. */
  current: boolean;
  loading: boolean;
  problem: Problem | undefined;
  /** Everything acknowledged before this instant is on the screen. */
  asOf: string | undefined;
  retry(): void;
}

export type Growth = Usage['growth'];

/** The server's figures, or the page's own where it compares with days of its own. */
export function growthOf({ usage, byDays }: OverviewQuery): Growth {
  if (!byDays) return usage.growth;
  const { totals, period } = byDays;
  const count = (
    current: number,
    previous: number,
  ): { percent: Growth['cost']['percent']; previous: number } => ({
    percent: percentOf(`${current}`, `${previous}`),
    previous,
  });
  return {
    comparedTo: period,
    cost: { percent: percentOf(usage.totals.cost.amount, totals.cost.amount), previous: totals.cost },
    messages: count(usage.totals.messages, totals.messages),
    activeClients: count(usage.totals.activeClients, totals.activeClients),
  };
}

/** A part of the period before would leave out who came late in it. */
export const movementBasis = (compare: View['compare']): 'YEAR_EARLIER' | 'FULL_PREVIOUS' =>
  compare === 'YEAR_EARLIER' ? compare : 'FULL_PREVIOUS';

export function overviewVariables(view: View, workspace: Workspace, now: Date): OverviewQueryVariables {
  const { timeZone, id } = workspace;
  const { period, compare } = view;
  const previous = instantsOf(previousDays(period, view, timeZone, now), timeZone);
  const byDays = compare === 'RANGE' || (compare === 'SAME_WEEKDAYS' && hasWeekdays(period, timeZone, now));
  return {
    workspaceId: id,
    period: inputOf(period, timeZone),
    previous,
    basis: compare === 'SAME_WEEKDAYS' || compare === 'RANGE' ? 'SAME_ELAPSED' : compare,
    compared: byDays ? elapsedBefore(period, view, timeZone, now) : previous,
    byDays,
    movement: movementBasis(compare),
    interval: intervalOf(view.period, timeZone, now),
    orderBy: view.order,
    ...monthOfChoice(period, timeZone, now),
  };
}

export function useOverview(view: View, workspace: Workspace): Overview {
  const minute = useMinute();
  const computed = overviewVariables(view, workspace, new Date(minute));
  const key = JSON.stringify(computed);
  // The same choices are the same object, so that a new minute alone asks for nothing.
  const variables = useMemo((): OverviewQueryVariables => JSON.parse(key), [key]);
  const { data, previousData, error, loading, refetch } = useQuery(OverviewDocument, {
    variables,
    fetchPolicy: 'cache-and-network',
  });
  const shown = data ?? previousData;
  const cut = useRef(variables.interval);
  const choices = JSON.stringify({ ...variables, compared: undefined });
  const shownChoices = useRef('');
  if (data) {
    cut.current = variables.interval;
    shownChoices.current = choices;
  }
  const expired = useSession()?.expired === true;
  const readAgain = useCallback(
    () =>
      refetch().then(
        () => true,
        () => false,
      ),
    [refetch],
  );
  const pulse = usePulse(variables, data, expired, readAgain);
  useEffect(() => {
    if (data) refresh(data.viewer);
  }, [data]);
  const asOf = [shown?.usage.asOf, data ? pulse.asOf : undefined].reduce(later, undefined);
  const problem = error ? problemOf(error) : pulse.problem;
  // Another minute of what is compared is no other choice.
  const current = data !== undefined || shownChoices.current === choices;
  return { data: shown, interval: cut.current, current, loading, problem, asOf, retry: readAgain };
}

const later = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && b > a) ? b : a;

/** The figures that change whenever anything is charged, or refused to be. */
const printOf = ({ totals, outcomes }: PulseQuery['usage']): string =>
  JSON.stringify([
    totals.messages,
    totals.cost.amount,
    totals.lastAt,
    outcomes.map(({ outcome, messages }) => [outcome, messages]),
  ]);

interface Pulse {
  asOf: string | undefined;
  problem: Problem | undefined;
}

const QUIET: Pulse = { asOf: undefined, problem: undefined };

function usePulse(
  variables: OverviewQueryVariables,
  data: OverviewQuery | undefined,
  stopped: boolean,
  onChange: () => Promise<boolean>,
): Pulse {
  const client = useApolloClient();
  const [pulse, setPulse] = useState(QUIET);
  const shown = useRef(data);
  shown.current = data;
  const { workspaceId, period } = variables;
  useEffect(() => {
    if (stopped) return;
    setPulse(QUIET);
    let failing = false;
    let readAt = Date.now();
    const beat = async (): Promise<boolean> => {
      try {
        const answer = await client.query({
          query: PulseDocument,
          variables: { workspaceId, period },
          fetchPolicy: 'no-cache',
        });
        const usage = answer.data?.usage;
        const on = shown.current?.usage;
        if (!usage || ended) return true;
        const changed = on === undefined || printOf(on) !== printOf(usage);
        const stale = on?.period.complete === false && Date.now() - readAt > STALE_MS;
        const reading = changed || stale || failing ? onChange() : undefined;
        if (reading) readAt = Date.now();
        failing = false;
        setPulse({ asOf: changed ? undefined : usage.asOf, problem: undefined });
        return (await reading) ?? true;
      } catch (error) {
        failing = true;
        if (!ended) setPulse((last) => ({ ...last, problem: problemOf(error) }));
        return false;
      }
    };
    let ended = false;
    const stop = askAgain(beat, PULSE_MS);
    return () => {
      ended = true;
      stop();
    };
  }, [client, workspaceId, period, stopped, onChange]);
  return pulse;
}

/** The time, told once a minute: days end also while nobody touches the page. */
function useMinute(): number {
  const [at, setAt] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setAt(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return at;
}
