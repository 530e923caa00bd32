// Whoever has several shops sees each in one line, and goes into one.
import { useQuery } from '@apollo/client/react';
import { type ReactNode, useEffect } from 'react';
import { type PeriodInput, ShopsDocument, type ShopsQuery } from '../gql/graphql';
import { useSpeech, useWords } from '../i18n/language';
import { type Money, plus } from '../lib/decimal';
import { FormatProvider, useFormat } from '../lib/format-context';
import { changed, type View } from '../lib/location';
import type { Choice } from '../lib/period';
import { problemOf } from '../lib/problem';
import { refresh } from '../lib/session';
import { BriefChange } from '../parts/cards';
import { Link } from '../parts/link';
import { ProblemNotice } from '../parts/notice';
import { Panel, Skeleton } from '../parts/panel';

type ShopFigures = ShopsQuery['workspaces'][number];

/** There is no tick of several shops. */
const POLL_MS = 30_000;

/** In days, so that each shop's own zone decides. */
const inputOf = (choice: Choice): PeriodInput => {
  if (choice.kind === 'preset') return { preset: choice.preset };
  return choice.kind === 'month' ? { month: choice.month } : { firstDay: choice.from, lastDay: choice.to };
};

export function ShopsPage({ view }: { view: View }): ReactNode {
  const words = useWords();
  const format = useFormat();
  const { data, previousData, error, refetch } = useQuery(ShopsDocument, {
    variables: { period: inputOf(view.period) },
    fetchPolicy: 'cache-and-network',
    pollInterval: POLL_MS,
    skipPollAttempt: () => document.hidden,
  });
  useEffect(() => {
    if (data) refresh(data.viewer);
  }, [data]);
  const shops = (data ?? previousData)?.workspaces;
  const costs = shops?.map(({ usage }) => usage.totals.cost) ?? [];
  const money = ({ currency, amount }: Money): string =>
    format.moneyLike(costs.filter((cost) => cost.currency === currency))({ currency, amount });
  return (
    <div className={data ? 'figures' : 'figures stale'} aria-busy={!data && !error}>
      <div className="heading">
        <h1>{words.shops}</h1>
      </div>
      {error && (
        <ProblemNotice
          problem={problemOf(error)}
          kept={shops !== undefined}
          onRetry={() => void refetch().catch(() => undefined)}
        />
      )}
      {!shops && !error && <Skeleton className="tall-shape" />}
      {shops && (
        <Panel title={words.shopsTitle} className="long">
          <table className="rows">
            <caption className="visually-hidden">{words.shops}</caption>
            <thead>
              <tr>
                <th scope="col">{words.shop}</th>
                <th scope="col" className="number wide-only">
                  {words.messages}
                </th>
                <th scope="col" className="number">
                  {words.cost}
                </th>
              </tr>
            </thead>
            <tbody>
              {shops.map((shop) => (
                <FormatProvider key={shop.id} timeZone={shop.timeZone}>
                  <Row shop={shop} view={view} cost={money(shop.usage.totals.cost)} />
                </FormatProvider>
              ))}
            </tbody>
            <Together shops={shops} money={money} />
          </table>
        </Panel>
      )}
    </div>
  );
}

function Row({ shop, view, cost }: { shop: ShopFigures; view: View; cost: string }): ReactNode {
  const words = useWords();
  const format = useFormat();
  const { totals, growth } = shop.usage;
  return (
    <tr>
      <th scope="row">
        <Link className="name" title={shop.name} view={changed(view, { workspace: shop.id })}>
          {shop.name}
        </Link>
        <span className="muted small contact">
          <span className="wide-only">
            {totals.lastAt ? words.lastCharge(format.dateTime(totals.lastAt)) : words.nothingYet}
          </span>
          <Messages count={totals.messages} />
        </span>
      </th>
      <td className="number wide-only">{format.count(totals.messages)}</td>
      <td className="number">
        {cost}
        <BriefChange percent={growth.cost.percent} />
      </td>
    </tr>
  );
}

/** On a phone their column is no wider than this line. */
function Messages({ count }: { count: number }): ReactNode {
  const { words, plural } = useSpeech();
  return <span className="narrow-only">{plural(words.messagesCount, count)}</span>;
}

/** The sum, where all shops have one currency. */
function Together(props: { shops: readonly ShopFigures[]; money: (value: Money) => string }): ReactNode {
  const { shops, money } = props;
  const words = useWords();
  const format = useFormat();
  const costs = shops.map(({ usage }) => usage.totals.cost);
  const messages = shops.reduce((sum, { usage }) => sum + usage.totals.messages, 0);
  if (new Set(costs.map(({ currency }) => currency)).size !== 1) return null;
  return (
    <tfoot>
      <tr>
        <th scope="row">
          {words.together}
          <span className="muted small contact">
            <Messages count={messages} />
          </span>
        </th>
        <td className="number wide-only">{format.count(messages)}</td>
        <td className="number">{money(costs.reduce(plus))}</td>
      </tr>
    </tfoot>
  );
}
