// One client: who it is, what it cost and when, every charge of the period, and what was said.
import { useQuery } from '@apollo/client/react';
import { type ReactNode, useEffect, useMemo } from 'react';
import { Timeline, TimelineKeys } from '../charts/timeline';
import {
  ClientDocument,
  type ClientPointPartsFragment,
  type ClientQuery,
  type ClientQueryVariables,
  type PeriodPartsFragment,
  RecordsDocument,
  type RecordsQuery,
} from '../gql/graphql';
import { useSpeech, useWords } from '../i18n/language';
import { askAgain, useReadOn } from '../lib/asking';
import { isErased, nameOf } from '../lib/customer-name';
import { addMonths, dayOf } from '../lib/dates';
import { plus } from '../lib/decimal';
import { useFormat } from '../lib/format-context';
import { continued, refreshed } from '../lib/pages';
import { inputOf, instantsOf, intervalOf, previousDays } from '../lib/period';
import { problemOf } from '../lib/problem';
import { BackToOverview } from '../parts/back-to-overview';
import { Card } from '../parts/cards';
import { Conversation } from '../parts/conversation';
import type { PageProps } from '../parts/frame';
import { Notice, ProblemNotice } from '../parts/notice';
import { Panel, Skeleton } from '../parts/panel';
import { ShowMore } from '../parts/show-more';

type Customer = NonNullable<ClientQuery['customer']>;
type Records = RecordsQuery['usageRecords'];

const YEARS_BACK = 19;
/** Without ticks, changes are seen as soon as on the overview. */
const POLL_MS = 4_500;

const yes = (): boolean => true;
const no = (): boolean => false;

function clientVariables(props: PageProps & { id: string }, now: Date): ClientQueryVariables {
  const { workspace, view, id } = props;
  const { timeZone } = workspace;
  const interval = intervalOf(view.period, timeZone, now);
  const today = dayOf(now, timeZone);
  return {
    workspaceId: workspace.id,
    customerId: id,
    period: inputOf(view.period, timeZone),
    previous: instantsOf(previousDays(view.period, view, timeZone, now), timeZone),
    // A client has no hours: one writes too seldom.
    interval: interval === 'HOUR' ? 'DAY' : interval,
    // As long as a period may be; and a little ahead, as far as clocks may differ.
    ever: {
      from: `${addMonths(today, -12 * YEARS_BACK)}T00:00:00Z`,
      to: `${addMonths(today, 1)}T00:00:00Z`,
    },
  };
}

export function ClientPage(props: PageProps & { id: string }): ReactNode {
  const { view, workspace, id } = props;
  const words = useWords();
  const key = JSON.stringify(clientVariables(props, new Date()));
  const variables = useMemo((): ClientQueryVariables => JSON.parse(key), [key]);
  const { data, previousData, error, refetch } = useQuery(ClientDocument, {
    variables,
    fetchPolicy: 'cache-and-network',
  });
  useEffect(() => askAgain(() => refetch().then(yes, no), POLL_MS), [refetch]);
  const shown = data ?? previousData;
  const customer = shown?.customer;
  // Every turn that is saved, charged or taken back changes one of these numbers.
  const version = JSON.stringify(customer?.outcomes.map(({ messages }) => messages));
  return (
    <div className="figures">
      <BackToOverview view={view} />
      {error && (
        <ProblemNotice
          problem={problemOf(error)}
          kept={shown !== undefined}
          onRetry={() => void refetch().catch(() => undefined)}
        />
      )}
      {!shown && !error && <Skeleton className="tall-shape" />}
      {shown && !customer && <Notice kind="warning" title={words.noSuchClient} detail={id} />}
      {shown && customer && (
        <>
          <Portrait customer={customer} period={shown.usage.period} />
          <Panel
            title={words.costOverTime}
            aside={<TimelineKeys beforeName={words.beforeNames[view.compare]} />}
          >
            {isEmpty([...customer.timeline, ...customer.previous]) ? (
              <p className="muted">{words.noCharges}</p>
            ) : (
              <Timeline
                title={words.costOverTime}
                className="tall"
                points={customer.timeline}
                before={{ name: words.beforeNames[view.compare], points: customer.previous }}
                period={shown.usage.period}
                total={customer.usage.cost}
                interval={variables.interval}
              />
            )}
          </Panel>
          <div className="two charges-and-chat">
            <Charges {...props} erased={isErased(customer)} version={version} />
            <Panel title={words.savedMessages} className="long">
              {props.viewer.scopes.includes('messages:read') ? (
                <Conversation
                  // Who is erased has no words any more, on the screen neither.
                  key={String(isErased(customer))}
                  view={view}
                  workspace={workspace}
                  customerId={id}
                  version={version}
                />
              ) : (
                <p className="muted small">{words.needsMessagesRead}</p>
              )}
            </Panel>
          </div>
        </>
      )}
    </div>
  );
}

const isEmpty = (points: readonly ClientPointPartsFragment[]): boolean =>
  points.every(({ messages }) => messages === 0);

function Portrait({ customer, period }: { customer: Customer; period: PeriodPartsFragment }): ReactNode {
  const { words, plural } = useSpeech();
  const format = useFormat();
  const { usage, outcomes } = customer;
  const uncharged = outcomes.filter(({ outcome, messages }) => outcome !== 'TRACKED' && messages > 0);
  return (
    <>
      <div className="heading client-heading">
        <h1 dir="auto">{nameOf(customer, words)}</h1>
        <p className="print-only">{format.period(period.from, period.to)}</p>
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
          {uncharged.length > 0 && (
            <p className="muted small">
              {words.notCharged}{' '}
              {uncharged
                .map(({ outcome, messages }) => `${words.outcomes[outcome]} ${format.count(messages)}`)
                .join(' · ')}
            </p>
          )}
        </Card>
        <Panel title={words.lastTwelveMonths}>
          <Year points={customer.year} timeZone={period.timeZone} />
        </Panel>
      </div>
    </>
  );
}

function Year(props: { points: readonly ClientPointPartsFragment[]; timeZone: string }): ReactNode {
  const { points, timeZone } = props;
  const words = useWords();
  const [first, last] = [points[0], points.at(-1)];
  const period = useMemo(
    () => ({ from: first?.from ?? '', to: last?.to ?? '', timeZone, complete: true }),
    [first?.from, last?.to, timeZone],
  );
  if (!first || isEmpty(points)) return <p className="muted">{words.noCharges}</p>;
  return (
    <Timeline
      title={words.lastTwelveMonths}
      points={points}
      period={period}
      total={points.slice(1).reduce((sum, { cost }) => plus(sum, cost), first.cost)}
      interval="MONTH"
    />
  );
}

function Charges(props: PageProps & { id: string; erased: boolean; version: string }): ReactNode {
  const { view, workspace, id, erased, version } = props;
  const words = useWords();
  const format = useFormat();
  const { data, previousData, error, fetchMore } = useQuery(RecordsDocument, {
    variables: {
      workspaceId: workspace.id,
      customerId: id,
      period: inputOf(view.period, workspace.timeZone),
      after: null,
    },
    fetchPolicy: 'cache-and-network',
  });
  const shown = (data ?? previousData)?.usageRecords;
  const money = format.moneyLike(shown?.nodes.map(({ price }) => price) ?? []);
  const read = async (
    after: string | null,
    merge: (list: Records, page: Records) => Records,
  ): Promise<void> => {
    if (!data) return;
    await fetchMore({
      variables: { after },
      updateQuery: ({ usageRecords }, { fetchMoreResult }) => ({
        usageRecords: merge(usageRecords, fetchMoreResult.usageRecords),
      }),
    });
  };
  useReadOn(version, () => read(null, refreshed));
  return (
    <Panel title={words.charges} className="long">
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
                <Charge key={record.id} record={record} price={money(record.price)} erased={erased} />
              ))}
            </tbody>
          </table>
          <ShowMore list={shown} onMore={() => read(shown.pageInfo.endCursor, continued)} />
        </>
      )}
    </Panel>
  );
}

/** One that was taken back stays in the list, struck out. */
function Charge(props: { record: Records['nodes'][number]; price: string; erased: boolean }): ReactNode {
  const { record, price, erased } = props;
  const words = useWords();
  const format = useFormat();
  const { occurredAt, savedAt, voided } = record;
  return (
    <>
      <tr className={voided ? 'continued' : ''}>
        <th scope="row">{format.dateTime(occurredAt)}</th>
        <td className="wide-only muted">{format.dateTime(savedAt)}</td>
        <td className="number">{voided ? <s>{price}</s> : price}</td>
      </tr>
      {voided && (
        <tr>
          <td colSpan={3} className="small voided">
            {words.takenBackOn(format.dateTime(voided.voidedAt))}
            {/* What was written about somebody is erased with them. */}
            {!erased && (
              <>
                {': '}
                <bdi>{voided.reason}</bdi>
              </>
            )}
          </td>
        </tr>
      )}
    </>
  );
}
