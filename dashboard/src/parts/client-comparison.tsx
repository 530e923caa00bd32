// Two stretches of time, client by client: also of who was there in one of them only.
import { useQuery } from '@apollo/client/react';
import { type ReactNode, useRef } from 'react';
import { CompareClientsDocument, type CompareClientsQuery, type PeriodInput } from '../gql/graphql';
import { useSpeech } from '../i18n/language';
import { useReadOn } from '../lib/asking';
import { type Decimal, microsOf, minus, percentOf } from '../lib/decimal';
import { type Format } from '../lib/format';
import { useFormat } from '../lib/format-context';
import type { View } from '../lib/location';
import type { Workspace } from '../lib/overview';
import { continued } from '../lib/pages';
import { inputOf } from '../lib/period';
import { problemOf } from '../lib/problem';
import { MUCH } from './cards';
import { Who } from './who';

type Stretch = CompareClientsQuery['now'];
type List = NonNullable<Stretch['clients']>;
type Figures = Stretch['totals'];
type Customer = List['nodes'][number]['customer'];

interface Row {
  customer: Customer;
  now: Figures;
  other: Figures;
}

type Measure = 'COST' | 'MESSAGES';

const sizeOf = ({ cost, messages }: Figures, measure: Measure): number =>
  measure === 'COST' ? microsOf(cost) : messages;

/**
 * Joins the two lists by client, highest first by the higher of the two figures, as far as that is known: what comes
 * after the end of what was read of a list may be as high as the last one there.
 */
function joined(now: List, other: List, measure: Measure): Row[] {
  const rows = new Map<string, Row>();
  const add = ({ customer, ...figures }: List['nodes'][number], isNow: boolean): void => {
    if (rows.has(customer.id)) return;
    const { beside } = customer;
    rows.set(customer.id, {
      customer,
      now: isNow ? figures : beside,
      other: isNow ? beside : figures,
    });
  };
  let [i, j] = [0, 0];
  for (;;) {
    const [a, b] = [now.nodes[i], other.nodes[j]];
    if ((!a && now.pageInfo.hasNextPage) || (!b && other.pageInfo.hasNextPage)) break;
    if (a && (!b || sizeOf(a, measure) >= sizeOf(b, measure))) {
      add(a, true);
      i += 1;
    } else if (b) {
      add(b, false);
      j += 1;
    } else break;
  }
  return [...rows.values()];
}

const NO_LIST: List = { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } };

/** Another page of a list, or none. */
const longer = (list: List | undefined, next: List | undefined): List =>
  next ? continued(list ?? NO_LIST, next) : (list ?? NO_LIST);

/** `other`: what the period is compared with. */
export function ClientComparison(props: {
  view: View;
  workspace: Workspace;
  other: PeriodInput;
  asOf: string;
}): ReactNode {
  const { view, workspace, asOf } = props;
  const { words, plural } = useSpeech();
  const format = useFormat();
  const measure = view.order === 'MESSAGES' ? 'MESSAGES' : 'COST';
  const choices = JSON.stringify([workspace.id, view.period, view.compare, view.against, measure]);
  const kept = useRef({ choices, other: props.other, paged: false });
  // While a period runs, what it is compared with grows; not below the eyes of who reads a later page.
  if (!kept.current.paged || kept.current.choices !== choices)
    kept.current = { choices, other: props.other, paged: false };
  const { data, previousData, error, loading, fetchMore, refetch } = useQuery(CompareClientsDocument, {
    variables: {
      workspaceId: workspace.id,
      period: inputOf(view.period, workspace.timeZone),
      other: kept.current.other,
      orderBy: measure,
      after: null,
      otherAfter: null,
      more: true,
      otherMore: true,
    },
    fetchPolicy: 'cache-and-network',
  });
  useReadOn(asOf, async () => kept.current.paged || refetch());
  const shown = data ?? previousData;
  if (!shown) return <p className="muted">{error ? words.problems[problemOf(error).kind] : words.loading}</p>;
  const [now, other] = [shown.now.clients ?? NO_LIST, shown.other.clients ?? NO_LIST];
  const rows = joined(now, other, measure);
  const isWhole = !now.pageInfo.hasNextPage && !other.pageInfo.hasNextPage;
  const more = (): Promise<unknown> => {
    kept.current.paged = true;
    return fetchMore({
      variables: {
        after: now.pageInfo.endCursor,
        otherAfter: other.pageInfo.endCursor,
        more: now.pageInfo.hasNextPage,
        otherMore: other.pageInfo.hasNextPage,
      },
      updateQuery: (previous, { fetchMoreResult }) => ({
        now: { ...fetchMoreResult.now, clients: longer(previous.now.clients, fetchMoreResult.now.clients) },
        other: {
          ...fetchMoreResult.other,
          clients: longer(previous.other.clients, fetchMoreResult.other.clients),
        },
      }),
    });
  };
  const { from, to } = shown.other.period;
  const nowName = format.period(shown.now.period.from, shown.now.period.to);
  const otherName = format.period(from, to);
  const all = { now: shown.now.totals, other: shown.other.totals };
  const write = writerOf(format, measure, [...rows, all]);
  return (
    <div className={data ? '' : 'stale'}>
      <p className="muted small">
        {words.comparedPeriods(nowName, format.periodBeside(from, to, shown.now.period.from))}
      </p>
      {rows.length === 0 ? (
        <p className="muted">{words.nothingYet}</p>
      ) : (
        <table className="rows comparison">
          <caption className="visually-hidden">{words.clientsCompared}</caption>
          <thead>
            <tr>
              <th scope="col">{words.client}</th>
              <th scope="col" className="number">
                {nowName}
                {/* Where there is no room for its column. */}
                <span className="narrow-only">{otherName}</span>
              </th>
              <th scope="col" className="number wide-only">
                {otherName}
              </th>
              <th scope="col" className="number">
                {words.change}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ customer, ...both }) => (
              <tr key={customer.id}>
                <th scope="row">
                  <Who customer={customer} view={view} />
                </th>
                <Cells both={both} write={write} />
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{words.allClients}</th>
              <Cells both={all} write={write} />
            </tr>
          </tfoot>
        </table>
      )}
      <div className="pages">
        <p className="muted small">
          {plural(isWhole ? words.clientsCount : words.clientsSoFar, rows.length)}
        </p>
        {!isWhole && (
          <button
            type="button"
            className="no-print"
            disabled={loading}
            onClick={() => void more().catch(() => undefined)}
          >
            {words.showMore}
          </button>
        )}
      </div>
    </div>
  );
}

interface Both {
  now: Figures;
  other: Figures;
}

interface Written {
  now: string;
  other: string;
  difference: string;
  percent: Decimal | null;
}

/** All amounts with as many decimals as the longest of them. */
function writerOf(format: Format, measure: Measure, all: readonly Both[]): (both: Both) => Written {
  const amounts = all.flatMap(({ now, other }) => [now.cost, other.cost]);
  const money = format.moneyLike(amounts);
  const difference = format.differenceLike(amounts);
  return ({ now, other }) =>
    measure === 'COST'
      ? {
          now: money(now.cost),
          other: money(other.cost),
          difference: difference(minus(now.cost, other.cost)),
          percent: percentOf(now.cost.amount, other.cost.amount),
        }
      : {
          now: format.count(now.messages),
          other: format.count(other.messages),
          difference: format.difference(now.messages - other.messages),
          percent: percentOf(`${now.messages}`, `${other.messages}`),
        };
}

function Cells({ both, write }: { both: Both; write: (both: Both) => Written }): ReactNode {
  const format = useFormat();
  const { now, other, difference, percent } = write(both);
  return (
    <>
      <td className="number">
        {now}
        <span className="narrow-only muted small">{other}</span>
      </td>
      <td className="number wide-only">{other}</td>
      <td className="number">
        {difference}
        {percent !== null && Math.abs(Number(percent)) < MUCH && (
          <span className="muted small percent">{format.percent(percent)}</span>
        )}
      </td>
    </>
  );
}
