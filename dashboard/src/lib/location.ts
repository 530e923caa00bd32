// Every choice is in the address, so that a view can be sent to a colleague and the back button works.
import { useMemo, useSyncExternalStore } from 'react';
import type { ClientOrder, ClientSegment, PeriodPreset, TrackingOutcome } from '../gql/graphql';
import { isDay, isMonth } from './dates';
import { type Choice, COMPARISONS, type Comparing, PRESETS, type Range, THIS_MONTH } from './period';

export const ORDERS = ['COST', 'MESSAGES', 'LAST_ACTIVE'] as const satisfies readonly ClientOrder[];
export const SEGMENTS = [
  'NEW',
  'RETURNING',
  'REACTIVATED',
  'LOST',
] as const satisfies readonly ClientSegment[];
/** What the week shows of each hour. */
export const HOURS = ['CHARGED', 'UNANSWERED'] as const;
/** What the list of clients shows of each: the period alone, or what it is compared with beside it. */
export const LISTS = ['RANKED', 'COMPARED'] as const;
export const OUTCOMES = [
  'TRACKED',
  'NO_RESPONSE',
  'UNKNOWN_CUSTOMER',
  'INACTIVE_CUSTOMER',
  'DEFERRED',
  'VOIDED',
] as const satisfies readonly TrackingOutcome[];

/** unknown: the address leads nowhere. */
export type Page =
  | { name: 'overview' }
  | { name: 'client'; id: string }
  | { name: 'messages' }
  | { name: 'statements' }
  | { name: 'statement'; month: string }
  | { name: 'budgets' }
  | { name: 'events' }
  | { name: 'unknown' };

export interface View extends Comparing {
  page: Page;
  /** Not there: the first of the token's. */
  workspace: string | undefined;
  period: Choice;
  order: ClientOrder;
  search: string;
  /** The cursor of the page of the list that is shown. */
  after: string | undefined;
  outcome: TrackingOutcome | undefined;
  segment: ClientSegment | undefined;
  hours: (typeof HOURS)[number];
  clients: (typeof LISTS)[number];
  /** What stands in the address and can't be followed, such as month=2025-13. */
  wrong: readonly string[];
}

const ROOT = '/dashboard';

/** URLs speak in small letters: THIS_MONTH is this-month. */
const toWord = (name: string): string => name.toLowerCase().replaceAll('_', '-');
const fromWord = <const Name extends string>(word: string | null, names: readonly Name[]): Name | undefined =>
  names.find((name) => toWord(name) === word);

export function parseView(pathname: string, search: string): View {
  const query = new URLSearchParams(search);
  const wrong: string[] = [];
  const word = <const Name extends string>(key: string, names: readonly Name[]): Name | undefined => {
    const text = query.get(key);
    const name = fromWord(text, names);
    if (text !== null && name === undefined) wrong.push(`${key}=${text}`);
    return name;
  };
  const compare = word('compare', COMPARISONS) ?? 'SAME_ELAPSED';
  return {
    page: parsePage(pathname),
    workspace: query.get('workspace') ?? undefined,
    period: parsePeriod(query, word('period', PRESETS), wrong),
    compare,
    against: compare === 'RANGE' ? parseRange(query, 'against-from', 'against-to', wrong) : undefined,
    order: word('order', ORDERS) ?? 'COST',
    search: query.get('search') ?? '',
    after: query.get('after') ?? undefined,
    outcome: word('outcome', OUTCOMES),
    segment: word('segment', SEGMENTS),
    hours: word('hours', HOURS) ?? 'CHARGED',
    clients: word('clients', LISTS) ?? 'RANKED',
    wrong,
  };
}

function parsePage(pathname: string): Page {
  const [, kind, id, ...rest] = pathname.slice(ROOT.length).replace(/\/$/, '').split('/');
  if (rest.length > 0) return { name: 'unknown' };
  if (kind === undefined) return { name: 'overview' };
  if ((kind === 'messages' || kind === 'budgets' || kind === 'events') && id === undefined)
    return { name: kind };
  if (kind === 'statements') {
    if (id === undefined) return { name: 'statements' };
    return isMonth(id) ? { name: 'statement', month: id } : { name: 'unknown' };
  }
  if (kind === 'clients' && id) return { name: 'client', id: decode(id) };
  return { name: 'unknown' };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parsePeriod(query: URLSearchParams, preset: PeriodPreset | undefined, wrong: string[]): Choice {
  const month = query.get('month');
  if (month !== null) {
    if (isMonth(month)) return { kind: 'month', month };
    wrong.push(`month=${month}`);
  } else if (query.has('from') || query.has('to')) {
    const range = parseRange(query, 'from', 'to', wrong);
    if (range) return { kind: 'range', ...range };
  }
  return preset ? { kind: 'preset', preset } : THIS_MONTH;
}

function parseRange(query: URLSearchParams, first: string, last: string, wrong: string[]): Range | undefined {
  const [from, to] = [query.get(first), query.get(last)];
  if (from !== null && to !== null && isDay(from) && isDay(to) && from <= to) return { from, to };
  wrong.push(`${first}=${from ?? ''} ${last}=${to ?? ''}`);
  return undefined;
}

export function addressOf(view: View): string {
  const query = new URLSearchParams();
  if (view.workspace !== undefined) query.set('workspace', view.workspace);
  const { period, page } = view;
  if (period.kind === 'month') query.set('month', period.month);
  else if (period.kind === 'range') {
    query.set('from', period.from);
    query.set('to', period.to);
  } else if (period.preset !== 'THIS_MONTH') query.set('period', toWord(period.preset));
  if (view.compare !== 'SAME_ELAPSED') query.set('compare', toWord(view.compare));
  if (view.compare === 'RANGE' && view.against) {
    query.set('against-from', view.against.from);
    query.set('against-to', view.against.to);
  }
  if (view.order !== 'COST') query.set('order', toWord(view.order));
  if (view.search !== '') query.set('search', view.search);
  if (view.outcome !== undefined) query.set('outcome', toWord(view.outcome));
  if (view.segment !== undefined) query.set('segment', toWord(view.segment));
  if (view.hours !== 'CHARGED') query.set('hours', toWord(view.hours));
  if (view.clients !== 'RANKED') query.set('clients', toWord(view.clients));
  if (view.after !== undefined) query.set('after', view.after);
  const path = `${ROOT}${pathOf(page)}`;
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

function pathOf(page: Page): string {
  switch (page.name) {
    case 'client':
      return `/clients/${encodeURIComponent(page.id)}`;
    case 'statement':
      return `/statements/${page.month}`;
    case 'messages':
    case 'statements':
    case 'budgets':
    case 'events':
      return `/${page.name}`;
    default:
      return '';
  }
}

const listeners = new Set<() => void>();
const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    removeEventListener('popstate', listener);
  };
};

export function navigate(view: View, { replace = false } = {}): void {
  const address = addressOf(view);
  if (address === `${location.pathname}${location.search}`) return;
  if (replace) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  for (const listener of listeners) listener();
}

export function useView(): View {
  const address = useSyncExternalStore(subscribe, () => `${location.pathname}${location.search}`);
  return useMemo(() => {
    const [pathname = '', search = ''] = address.split('?');
    return parseView(pathname, search);
  }, [address]);
}

/** The page's own view with some choices changed: another period or workspace starts every list anew. */
export function changed(view: View, change: Partial<View>): View {
  const keepsPlace = 'after' in change;
  return { ...view, wrong: [], ...(keepsPlace ? {} : { after: undefined }), ...change };
}
