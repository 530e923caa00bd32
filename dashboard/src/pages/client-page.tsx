// One client: who it is, a year of months, and every charge of the period.
import { useQuery } from '@apollo/client/react';
import { type ReactNode, useEffect, useMemo } from 'react';
import { type MonthOfUse, Months } from '../charts/months';
import { ClientDocument, type ClientQuery, RecordsDocument } from '../gql/graphql';
import { useSpeech, useWords } from '../i18n/language';
import { askAgain } from '../lib/asking';
import { isErased, nameOf } from '../lib/customer-name';
import { addMonths, dayOf } from '../lib/dates';
import { useFormat } from '../lib/format-context';
import { changed } from '../lib/location';
import { inputOf } from '../lib/period';
import { problemOf } from '../lib/problem';
import { Card } from '../parts/cards';
import type { PageProps } from '../parts/frame';
import { Link } from '../parts/link';
import { MessageList } from '../parts/message-list';
import { Notice, ProblemNotice } from '../parts/notice';
import { Panel, Skeleton } from '../parts/panel';
import { ShowMore } from '../parts/show-more';

type Customer = NonNullable<ClientQuery['customer']>;

const MONTHS = 12;
const YEARS_BACK = 19;
/** Without ticks, changes are seen as soon as on the overview; the charges are few here. */
const POLL_MS = 4_500;

const yes = (): boolean => true;
const no = (): boolean => false;

/** This month and the eleven before it, oldest first. */
function lastMonths(timeZone: string, now: Date): string[] {
  const today = dayOf(now, timeZone);
  return Array.from({ length: MONTHS }, (_, index) => addMonths(today, index + 1 - MONTHS).slice(0, 7));
}

function clientVariables(props: PageProps & { id: string }, now: Date) {
  const { workspace, view, id } = props;
  const [m0 = '', m1 = '', m2 = '', m3 = '', m4 = '', m5 = '', ...rest] = lastMonths(workspace.timeZone, now);
  const [m6 = '', m7 = '', m8 = '', m9 = '', m10 = '', m11 = ''] = rest;
  const today = dayOf(now, workspace.timeZone);
  return {
    workspaceId: workspace.id,
    customerId: id,
    period: inputOf(view.period, workspace.timeZone),
    // As long as a period may be; and a little ahead, as far as clocks may differ.
    ever: {
      from: `${addMonths(today, -12 * YEARS_BACK)}T00:00:00Z`,
      to: `${addMonths(today, 1)}T00:00:00Z`,
    },
    ...{ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11 },
  };
}

export function ClientPage(props: PageProps & { id: string }): ReactNode {
  const { view } = props;
  const words = useWords();
  const key = JSON.stringify(clientVariables(props, new Date()));
  const variables = useMemo((): ReturnType<typeof clientVariables> => JSON.parse(key), [key]);
  const { data, previousData, error, refetch } = useQuery(ClientDocument, {
    variables,
    fetchPolicy: 'cache-and-network',
  });
  useEffect(() => askAgain(() => refetch().then(yes, no), POLL_MS), [refetch]);
  const shown = data ?? previousData;
  const customer = shown?.customer;
  return (
    <div className="figures">
      <p className="targets no-print">
        <Link view={changed(view, { page: { name: 'overview' } })}>← {words.backToOverview}</Link>
      </p>
      {error && (
        <ProblemNotice
          problem={problemOf(error)}
          kept={shown !== undefined}
          onRetry={() => void refetch().catch(() => undefined)}
        />
      )}
      {!shown && !error && <Skeleton className="tall-shape" />}
      {shown && !customer && <Notice kind="warning" title={words.noSuchClient} detail={props.id} />}
      {customer && <Portrait customer={customer} variables={variables} />}
      {customer && <Records {...props} messages={customer.usage.messages} />}
      {customer && <Saved {...props} />}
    </div>
  );
}

function Portrait(props: { customer: Customer; variables: ReturnType<typeof clientVariables> }): ReactNode {
  const { customer, variables } = props;
  const { words, plural } = useSpeech();
  const format = useFormat();
  const { usage } = customer;
  const months = useMemo((): MonthOfUse[] => {
    const { m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11 } = customer;
    const names = lastMonthsOf(variables);
    return [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11].map((totals, index) => ({
      month: names[index] ?? '',
      cost: totals.cost,
      messages: totals.messages,
    }));
  }, [customer, variables]);
  return (
    <>
      <div className="heading client-heading">
        <h1>{nameOf(customer, words)}</h1>
        <p className="muted">
          {[customer.phoneNumber, customer.whatsappUserId, words.clientSince(format.day(customer.createdAt))]
            .filter((text) => text !== null)
            .join(' · ')}
        </p>
        <p className="client-state">
          {isErased(customer)
            ? words.erasedState
            : words.chatbotStates[customer.activeChatbot ? 'on' : 'off']}
          {customer.ever.messages === 0 && ` ${words.clientNever}`}
        </p>
      </div>
      <div className="two uneven-left">
        <Card name={words.cost} value={format.money(usage.cost)} main>
          <p>{plural(words.messagesCount, usage.messages)}</p>
          {usage.firstAt && usage.lastAt && (
            <p className="muted small">
              {words.firstAndLast(format.dateTime(usage.firstAt), format.dateTime(usage.lastAt))}
            </p>
          )}
        </Card>
        <Panel title={words.lastTwelveMonths}>
          <Months months={months} />
        </Panel>
      </div>
    </>
  );
}

const lastMonthsOf = (variables: ReturnType<typeof clientVariables>): string[] => {
  const { m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11 } = variables;
  return [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11];
};

/** `messages` changes whenever there are others to show. */
function Records({ view, workspace, id, messages }: PageProps & { id: string; messages: number }): ReactNode {
  const words = useWords();
  const format = useFormat();
  const { data, previousData, error, fetchMore, refetch, loading } = useQuery(RecordsDocument, {
    variables: {
      workspaceId: workspace.id,
      customerId: id,
      period: inputOf(view.period, workspace.timeZone),
      after: null,
    },
    fetchPolicy: 'cache-and-network',
  });
  const fits = messages <= PAGE;
  useEffect(() => (fits ? askAgain(() => refetch().then(yes, no), POLL_MS) : undefined), [fits, refetch]);
  const shown = (data ?? previousData)?.usageRecords;
  const money = format.moneyLike(shown?.nodes.map(({ price }) => price) ?? []);
  return (
    <Panel title={words.charges}>
      {error && <p className="wrong">{words.problems[problemOf(error).kind]}</p>}
      {!shown && !error && <Skeleton className="tall-shape" />}
      {shown && shown.nodes.length === 0 && <p className="muted">{words.noCharges}</p>}
      {shown && shown.nodes.length > 0 && (
        <>
          <table className="rows">
            <caption className="visually-hidden">{words.charges}</caption>
            <thead>
              <tr>
                <th scope="col">{words.when}</th>
                <th scope="col" className="wide-only">
                  {words.saved}
                </th>
                <th scope="col" className="number">
                  {words.price}
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.nodes.map((record) => (
                <tr key={record.id}>
                  <th scope="row">{format.dateTime(record.occurredAt)}</th>
                  <td className="wide-only muted">{format.dateTime(record.savedAt)}</td>
                  <td className="number">{money(record.price)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <ShowMore
            list={shown}
            loading={loading}
            onMore={() =>
              fetchMore({
                variables: { after: shown.pageInfo.endCursor },
                updateQuery: (previous, { fetchMoreResult }) => ({
                  usageRecords: {
                    ...fetchMoreResult.usageRecords,
                    nodes: [...previous.usageRecords.nodes, ...fetchMoreResult.usageRecords.nodes],
                  },
                }),
              })
            }
          />
        </>
      )}
    </Panel>
  );
}

const PAGE = 25;

/** What was said with this client in the period, charged or not. */
function Saved({ view, workspace, viewer, id }: PageProps & { id: string }): ReactNode {
  const words = useWords();
  return (
    <Panel title={words.savedMessages}>
      {viewer.scopes.includes('messages:read') ? (
        <MessageList view={{ ...view, outcome: undefined }} workspace={workspace} customerId={id} />
      ) : (
        <p className="muted small">{words.needsMessagesRead}</p>
      )}
    </Panel>
  );
}
