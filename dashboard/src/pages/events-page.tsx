// What was reported: limits that were reached, months that were closed, charges that were taken back.
import { useQuery } from '@apollo/client/react';
import type { ReactNode } from 'react';
import { BudgetNamesDocument, EventsDocument, type EventsQuery } from '../gql/graphql';
import { useWords } from '../i18n/language';
import { asDecimal, type Decimal } from '../lib/decimal';
import { type EventFacts, factsOf } from '../lib/events';
import { capitalised } from '../lib/format';
import { useFormat } from '../lib/format-context';
import { changed, type View } from '../lib/location';
import { continued } from '../lib/pages';
import { problemOf } from '../lib/problem';
import { BackToOverview } from '../parts/back-to-overview';
import type { PageProps } from '../parts/frame';
import { Link } from '../parts/link';
import { ProblemNotice } from '../parts/notice';
import { Panel, Skeleton } from '../parts/panel';
import { ShowMore } from '../parts/show-more';

type Reported = EventsQuery['events']['nodes'][number];

export function EventsPage({ view, workspace }: PageProps): ReactNode {
  const words = useWords();
  const variables = { workspaceId: workspace.id };
  const { data, error, fetchMore, refetch } = useQuery(EventsDocument, {
    variables: { ...variables, after: null },
    fetchPolicy: 'cache-and-network',
  });
  const names = useQuery(BudgetNamesDocument, { variables, fetchPolicy: 'cache-and-network' });
  const shown = names.loading && !names.data ? undefined : data?.events;
  const nameOf = (id: string | undefined): string | undefined =>
    names.data?.budgets.find((budget) => budget.id === id)?.name;
  return (
    <div className="figures">
      <BackToOverview view={view} />
      <div className="heading">
        <h1>{words.events.title}</h1>
        <p className="muted">{words.events.explained}</p>
      </div>
      {error && (
        <ProblemNotice
          problem={problemOf(error)}
          kept={shown !== undefined}
          onRetry={() => void refetch().catch(() => undefined)}
        />
      )}
      {!shown && !error && <Skeleton className="tall-shape" />}
      {shown?.nodes.length === 0 && <p className="panel">{words.events.none}</p>}
      {shown && shown.nodes.length > 0 && (
        <Panel title={words.events.title} className="events long">
          <ol>
            {shown.nodes.map((event) => (
              <Entry key={event.id} event={event} currency={workspace.currency} view={view} nameOf={nameOf} />
            ))}
          </ol>
          <ShowMore
            list={shown}
            onMore={() =>
              fetchMore({
                variables: { after: shown.pageInfo.endCursor },
                updateQuery: ({ events }, { fetchMoreResult }) => ({
                  events: continued(events, fetchMoreResult.events),
                }),
              })
            }
          />
        </Panel>
      )}
    </div>
  );
}

function Entry(props: {
  event: Reported;
  currency: string;
  view: View;
  nameOf: (budgetId: string | undefined) => string | undefined;
}): ReactNode {
  const { event, currency, view, nameOf } = props;
  const words = useWords();
  const format = useFormat();
  const facts = factsOf(event.data);
  const [customer, month] = [facts.text('customerId'), facts.text('month')];
  const isMoney = facts.text('measure') !== 'MESSAGES';
  const amount = (value: Decimal | undefined): string => {
    if (value === undefined) return '–';
    return isMoney ? format.money({ amount: value, currency }) : format.count(Number(value));
  };
  return (
    <li>
      <p className="small muted">
        {format.dateTime(event.occurredAt)} · {words.events.types[event.type]}
      </p>
      <p>{sentence(facts)}</p>
      <p className="small muted targets">
        {facts.text('period', 'from') !== undefined &&
          format.period(facts.text('period', 'from') ?? '', facts.text('period', 'to') ?? '')}{' '}
        {customer !== undefined && (
          <Link view={changed(view, { page: { name: 'client', id: customer } })}>
            {words.events.seeClient}
          </Link>
        )}
        {month !== undefined && (
          <Link view={changed(view, { page: { name: 'statement', month } })}>
            {words.events.seeStatement}
          </Link>
        )}
      </p>
    </li>
  );

  function sentence({ text, decimal }: EventFacts): string {
    const { events } = words;
    const name = nameOf(text('budgetId'));
    const limit = name === undefined ? events.removedLimit : events.limit(name);
    switch (event.type) {
      case 'BUDGET_THRESHOLD': {
        const used = words.usedOf(amount(decimal('used')), amount(decimal('limit')));
        return events.threshold(limit, format.wholePercent(Number(text('threshold'))), used);
      }
      case 'BUDGET_FORECAST':
        return events.forecast(limit, amount(decimal('forecast')), amount(decimal('limit')));
      case 'STATEMENT_CLOSED':
        return events.closed(
          capitalised(format.monthName(month ?? '')),
          format.count(Number(text('number'))),
        );
      case 'USAGE_VOIDED':
        return events.voided(amount(taken(decimal('amount'))), format.dateTime(text('occurredAt') ?? ''));
    }
  }
}

/** What is taken back is told as it was charged, without its sign. */
const taken = (amount: Decimal | undefined): Decimal | undefined =>
  amount?.startsWith('-') ? asDecimal(amount.slice(1)) : amount;
