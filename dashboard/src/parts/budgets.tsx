// The limits that were set: where they stand, at what they tell, and where they end at this pace.
import type { CSSProperties, ReactNode } from 'react';
import type { BudgetPartsFragment, TodayQuery } from '../gql/graphql';
import type { Words } from '../i18n/en';
import { useWords } from '../i18n/language';
import { nameOf } from '../lib/customer-name';
import { asDecimal, type Decimal } from '../lib/decimal';
import { useFormat } from '../lib/format-context';
import { changed, type View } from '../lib/location';
import { Link } from './link';
import { Panel } from './panel';

export type Budget = BudgetPartsFragment;
type Standing = Pick<TodayQuery, 'budgets' | 'month' | 'week'>;

/** On the overview: nothing where no limit is set. */
export function Budgets(props: {
  data: Standing;
  currency: string;
  view: View;
  scopes: readonly string[];
}): ReactNode {
  const { data, currency, view, scopes } = props;
  const words = useWords();
  if (data.budgets.length === 0) return null;
  return (
    <Panel
      title={words.budgets}
      className="budgets"
      aside={
        scopes.includes('budgets:write') && (
          <p className="targets small no-print">
            <Link view={changed(view, { page: { name: 'budgets' } })}>{words.limits.changeThem}</Link>
          </p>
        )
      }
    >
      <Limits data={data} currency={currency} view={view} />
    </Panel>
  );
}

export function Limits(props: {
  data: Standing;
  currency: string;
  view: View;
  actions?: (budget: Budget) => ReactNode;
}): ReactNode {
  const { data, currency, view, actions } = props;
  return (
    <ul>
      {data.budgets.map((budget) => (
        <Limit
          key={budget.id}
          budget={budget}
          currency={currency}
          view={view}
          forecast={forecastOf(budget, data)}
          actions={actions?.(budget)}
        />
      ))}
    </ul>
  );
}

/** What the API forecasts is of the whole shop, by week or month. */
function forecastOf({ subject, interval, measure }: Budget, { month, week }: Standing): Decimal | undefined {
  if (subject !== 'WORKSPACE' || interval === 'DAY') return undefined;
  const forecast = (interval === 'MONTH' ? month : week).forecast;
  if (!forecast) return undefined;
  return measure === 'COST' ? forecast.cost.amount : asDecimal(String(forecast.messages));
}

/** A bar's end is the limit, or what is beyond it, up to twice as much. */
const LONGEST = 200;

function Limit(props: {
  budget: Budget;
  currency: string;
  view: View;
  forecast: Decimal | undefined;
  actions: ReactNode;
}): ReactNode {
  const { budget, currency, view, forecast, actions } = props;
  const words = useWords();
  const format = useFormat();
  const { name, subject, measure, interval, limit, thresholds, enforcement, state } = budget;
  const money = format.moneyLike([
    { amount: limit, currency },
    { amount: state.used, currency },
  ]);
  const write = (amount: Decimal): string =>
    measure === 'COST' ? money({ amount, currency }) : format.count(Number(amount));
  const about = (amount: Decimal): string =>
    measure === 'COST' ? format.about({ amount, currency }) : format.count(Number(amount));
  const used = Number(state.usedPercent);
  const expected = forecast === undefined ? undefined : (100 * Number(forecast)) / Number(limit);
  const end = Math.min(LONGEST, Math.max(100, used, expected ?? 0));
  const at = (percent: number): CSSProperties => ({
    insetInlineStart: `${(100 * Math.min(percent, end)) / end}%`,
  });
  const reached = used >= 100;
  const whose = budget.customer ?? state.customer;
  const of = measure === 'MESSAGES' ? words.messages : words.cost;
  return (
    <li className={reached ? 'limit reached' : 'limit'}>
      <p className="limit-head">
        <strong className="limit-name" title={name}>
          {name}
        </strong>
        <span className="limit-used">
          {words.usedOf(write(state.used), write(limit))} · {format.wholePercent(Math.floor(used))}
        </span>
      </p>
      <div className="limit-bar" aria-hidden="true">
        <i style={{ inlineSize: `${(100 * Math.min(used, end)) / end}%` }} />
        {thresholds
          .filter((percent) => percent < end)
          .map((percent) => (
            <b key={percent} style={at(percent)} />
          ))}
        {expected !== undefined && <b className="expected" style={at(expected)} />}
      </div>
      <p className="muted small limit-whose">
        {[`${of}, ${words.intervals[interval]}`, words.subjects[subject]].join(' · ')}
        {whose && (
          <>
            {subject === 'EACH_CUSTOMER' ? ` · ${words.closest} ` : ' '}
            <Link view={changed(view, { page: { name: 'client', id: whose.id } })}>
              {nameOf(whose, words)}
            </Link>
          </>
        )}
      </p>
      <p className="muted small">{toldOf(budget, words.limits, format.wholePercent)}</p>
      {forecast !== undefined && <p className="muted small">{words.limitForecast(about(forecast))}</p>}
      {reached && (
        <p className="small limit-reached">
          {words.limitReached} {enforcement === 'STOP' && words.limitStops}
        </p>
      )}
      {actions}
    </li>
  );
}

/** When it tells somebody. */
function toldOf(
  { thresholds, forecast, enforcement }: Budget,
  words: Words['limits'],
  percent: (value: number) => string,
): string {
  const at = thresholds.map(percent).join(', ');
  return [
    ...(thresholds.length > 0 ? [words.tellsAt(at)] : []),
    ...(forecast ? [words.tellsForecast] : []),
    ...(enforcement === 'STOP' ? [words.stops] : []),
  ].join(' · ');
}
