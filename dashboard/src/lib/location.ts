// Every choice is in the address, so that a view can be sent to a colleague and the back button works.
import { useMemo, useSyncExternalStore } from 'react';
import type { ClientOrder, GrowthBasis, TrackingOutcome } from '../gql/graphql';
import { isDay, isMonth } from './dates';
import { type Choice, PRESETS, THIS_MONTH } from './period';

export const ORDERS = ['COST', 'MESSAGES', 'LAST_ACTIVE'] as const satisfies readonly ClientOrder[];
export const BASES = [
  'SAME_ELAPSED',
  'FULL_PREVIOUS',
  'YEAR_EARLIER',
] as const satisfies readonly GrowthBasis[];
export const OUTCOMES = [
  'TRACKED',
  'NO_RESPONSE',
  'UNKNOWN_CUSTOMER',
  'INACTIVE_CUSTOMER',
  'DEFERRED',
] as const satisfies readonly TrackingOutcome[];

export type Page = { name: 'overview' } | { name: 'client'; id: string } | { name: 'messages' };

export interface View {
  page: Page;
  /** Not there: the first of the token's. */
  workspace: string | undefined;
  period: Choice;
  basis: GrowthBasis;
  order: ClientOrder;
  search: string;
  /** The cursor of the page of the list that is shown. */
  after: string | undefined;
  outcome: TrackingOutcome | undefined;
}

const ROOT = '/dashboard';

/** URLs speak in small letters: THIS_MONTH is this-month. */
const toWord = (name: string): string => name.toLowerCase().replaceAll('_', '-');
const fromWord = <const Name extends string>(word: string | null, names: readonly Name[]): Name | undefined =>
  names.find((name) => toWord(name) === word);

export function parseView(pathname: string, search: string): View {
  const query = new URLSearchParams(search);
  return {
    page: parsePage(pathname),
    workspace: query.get('workspace') ?? undefined,
    period: parsePeriod(query),
    basis: fromWord(query.get('compare'), BASES) ?? 'SAME_ELAPSED',
    order: fromWord(query.get('order'), ORDERS) ?? 'COST',
    search: query.get('search') ?? '',
    after: query.get('after') ?? undefined,
    outcome: fromWord(query.get('verdict'), OUTCOMES),
  };
}

function parsePage(pathname: string): Page {
  const [, kind, id] = pathname.slice(ROOT.length).split('/');
  if (kind === 'messages') return { name: 'messages' };
  if (kind === 'clients' && id) return { name: 'client', id: decode(id) };
  return { name: 'overview' };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parsePeriod(query: URLSearchParams): Choice {
  const month = query.get('month') ?? '';
  if (isMonth(month)) return { kind: 'month', month };
  const from = query.get('from') ?? '';
  const to = query.get('to') ?? '';
  if (isDay(from) && isDay(to) && from <= to) return { kind: 'range', from, to };
  const preset = fromWord(query.get('period'), PRESETS);
  return preset ? { kind: 'preset', preset } : THIS_MONTH;
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
  if (view.basis !== 'SAME_ELAPSED') query.set('compare', toWord(view.basis));
  if (view.order !== 'COST') query.set('order', toWord(view.order));
  if (view.search !== '') query.set('search', view.search);
  if (view.outcome !== undefined) query.set('verdict', toWord(view.outcome));
  if (view.after !== undefined) query.set('after', view.after);
  const path =
    page.name === 'overview'
      ? ROOT
      : page.name === 'messages'
        ? `${ROOT}/messages`
        : `${ROOT}/clients/${encodeURIComponent(page.id)}`;
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
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
  return { ...view, ...(keepsPlace ? {} : { after: undefined }), ...change };
}
