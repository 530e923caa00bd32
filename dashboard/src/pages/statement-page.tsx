// One closed month: what was billed, what changed since, and where that is billed.
import { useQuery } from '@apollo/client/react';
import type { ReactNode } from 'react';
import { StatementDocument, StatementLinesDocument, type StatementQuery } from '../gql/graphql';
import { useSpeech, useWords } from '../i18n/language';
import { nameOf } from '../lib/customer-name';
import { addMonths } from '../lib/dates';
import { isZero, type Money, minus, plus } from '../lib/decimal';
import { useFormat } from '../lib/format-context';
import { changed, type View } from '../lib/location';
import type { Workspace } from '../lib/overview';
import { continued } from '../lib/pages';
import { problemOf } from '../lib/problem';
import { Card } from '../parts/cards';
import type { PageProps } from '../parts/frame';
import { Link } from '../parts/link';
import { Notice, ProblemNotice } from '../parts/notice';
import { Panel, Skeleton } from '../parts/panel';
import { ShowMore } from '../parts/show-more';
import { StatementFiles } from '../parts/statement-files';

type Statement = NonNullable<StatementQuery['statement']>;

export function StatementPage({ view, workspace, month }: PageProps & { month: string }): ReactNode {
  const { words, plural } = useSpeech();
  const format = useFormat();
  const { data, previousData, error, refetch } = useQuery(StatementDocument, {
    variables: { workspaceId: workspace.id, month },
    fetchPolicy: 'cache-and-network',
  });
  const shown = data ?? previousData;
  const statement = shown?.statement;
  const amounts = statement ? [statement.total, statement.sinceClosing.usage, statement.carried] : [];
  const money = format.moneyLike(amounts);
  return (
    <div className="figures">
      <p className="targets no-print">
        <Link view={changed(view, { page: { name: 'statements' } })}>← {words.statements}</Link>
      </p>
      {error && (
        <ProblemNotice
          problem={problemOf(error)}
          kept={shown !== undefined}
          onRetry={() => void refetch().catch(() => undefined)}
        />
      )}
      {!shown && !error && <Skeleton className="tall-shape" />}
      {shown && !statement && <Notice kind="warning" title={words.notClosed(format.monthName(month))} />}
      {statement && (
        <>
          <div className="heading">
            <h1>{words.statementOf(format.monthName(month))}</h1>
            <p className="muted">
              {words.statementNumber(format.count(statement.number))} ·{' '}
              {words.closedOn(format.date(statement.closedAt))}
            </p>
            <p className="export no-print">
              <StatementFiles workspace={workspace} month={month} />
            </p>
          </div>
          <div className="two">
            <Card name={words.statementTotal} value={money(statement.total)} main>
              <p>{plural(words.messagesCount, statement.messages)}</p>
              {!isZero(statement.carried.amount) && (
                <p className="muted small">{words.carriedPart(money(statement.carried))}</p>
              )}
            </Card>
            <Card name={words.usageToday} value={money(statement.sinceClosing.usage)}>
              <p className="muted small">{words.usageTodayExplained}</p>
              <p className="small no-print">
                <Link view={changed(view, { page: { name: 'overview' }, period: { kind: 'month', month } })}>
                  {words.seeMonth}
                </Link>
              </p>
            </Card>
          </div>
          <Since statement={statement} latest={shown.latest.nodes[0]?.month ?? month} />
          <Lines view={view} workspace={workspace} month={month} />
        </>
      )}
    </div>
  );
}

/** `latest`: the last month that was closed; the one after it is closed next. */
function Since({ statement, latest }: { statement: Statement; latest: string }): ReactNode {
  const words = useWords();
  const format = useFormat();
  const { total, carried, sinceClosing } = statement;
  const { usage, cameLate, takenBack, zoneChanged, open } = sinceClosing;
  const own = minus(total, carried);
  const causes: [words: string, value: Money][] = [
    [words.cameLate, cameLate],
    [words.takenBack, takenBack],
    [words.zoneChanged, zoneChanged],
  ];
  const happened = causes.filter(([, value]) => !isZero(value.amount));
  if (happened.length === 0)
    return (
      <Panel title={words.sinceClosing}>
        <p className="muted">{words.nothingSince}</p>
      </Panel>
    );
  const onLater = minus(plus(cameLate, takenBack), open);
  const all = [own, cameLate, takenBack, zoneChanged, usage, open, onLater];
  const money = format.moneyLike(all);
  const signed = format.differenceLike(all);
  const next = format.monthName(addMonths(`${latest}-01`, 1).slice(0, 7));
  return (
    <Panel title={words.sinceClosing}>
      <table className="rows sum">
        <caption className="visually-hidden">{words.sinceClosing}</caption>
        <tbody>
          <tr>
            <th scope="row">{words.ownPart}</th>
            <td className="number">{money(own)}</td>
          </tr>
          {happened.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="number">{signed(value)}</td>
            </tr>
          ))}
          <tr className="result">
            <th scope="row">{words.usageToday}</th>
            <td className="number">{money(usage)}</td>
          </tr>
        </tbody>
      </table>
      {!isZero(open.amount) && <p>{words.billedNext(signed(open), next)}</p>}
      {!isZero(onLater.amount) && <p>{words.billedLater(signed(onLater))}</p>}
      {!isZero(zoneChanged.amount) && <p>{words.billedBeside(signed(zoneChanged))}</p>}
      <p className="muted small">{words.neverChanges}</p>
    </Panel>
  );
}

function Lines({ view, workspace, month }: { view: View; workspace: Workspace; month: string }): ReactNode {
  const words = useWords();
  const format = useFormat();
  const { data, previousData, error, fetchMore } = useQuery(StatementLinesDocument, {
    variables: { workspaceId: workspace.id, month, after: null },
    fetchPolicy: 'cache-and-network',
  });
  const shown = (data ?? previousData)?.statement?.lines;
  const money = format.moneyLike(shown?.nodes.map(({ amount }) => amount) ?? []);
  return (
    <Panel title={words.clients} className="long">
      {error && <p className="wrong">{words.problems[problemOf(error).kind]}</p>}
      {!shown && !error && <Skeleton className="tall-shape" />}
      {shown?.nodes.length === 0 && <p className="muted">{words.noCharges}</p>}
      {shown && shown.nodes.length > 0 && (
        <>
          <table className="rows">
            <caption className="visually-hidden">{words.clients}</caption>
            <thead>
              <tr>
                <th scope="col">{words.client}</th>
                <th scope="col" className="number">
                  {words.messages}
                </th>
                <th scope="col" className="number">
                  {words.amount}
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.nodes.map((line) => (
                <tr key={`${line.month} ${line.customer.id}`}>
                  <th scope="row">
                    <Link
                      className="name"
                      title={nameOf(line.customer, words)}
                      view={changed(view, {
                        page: { name: 'client', id: line.customer.id },
                        period: { kind: 'month', month: line.month },
                      })}
                    >
                      {nameOf(line.customer, words)}
                    </Link>
                    {line.month !== month && (
                      <span className="muted small contact">
                        {words.carriedFrom(format.monthName(line.month))}
                      </span>
                    )}
                  </th>
                  <td className="number">{format.count(line.messages)}</td>
                  <td className="number">{money(line.amount)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <ShowMore
            list={shown}
            onMore={() =>
              fetchMore({
                variables: { after: shown.pageInfo.endCursor },
                updateQuery: (previous, { fetchMoreResult }) =>
                  previous.statement && fetchMoreResult.statement
                    ? {
                        statement: {
                          ...fetchMoreResult.statement,
                          lines: continued(previous.statement.lines, fetchMoreResult.statement.lines),
                        },
                      }
                    : previous,
              })
            }
          />
        </>
      )}
    </Panel>
  );
}
