// The closed months: what was billed, as files, and which of them cost something else today.
import { useQuery } from '@apollo/client/react';
import type { ReactNode } from 'react';
import { StatementsDocument } from '../gql/graphql';
import { useWords } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import { changed } from '../lib/location';
import { continued } from '../lib/pages';
import { problemOf } from '../lib/problem';
import { BackToOverview } from '../parts/back-to-overview';
import type { PageProps } from '../parts/frame';
import { Link } from '../parts/link';
import { ProblemNotice } from '../parts/notice';
import { Panel, Skeleton } from '../parts/panel';
import { ShowMore } from '../parts/show-more';
import { StatementFiles } from '../parts/statement-files';

export function StatementsPage({ view, workspace }: PageProps): ReactNode {
  const words = useWords();
  const format = useFormat();
  const { data, previousData, error, fetchMore, refetch } = useQuery(StatementsDocument, {
    variables: { workspaceId: workspace.id, after: null },
    fetchPolicy: 'cache-and-network',
  });
  const shown = (data ?? previousData)?.statements;
  const money = format.moneyLike(
    shown?.nodes.flatMap(({ total, sinceClosing }) => [total, sinceClosing.usage]) ?? [],
  );
  return (
    <div className="figures">
      <BackToOverview view={view} />
      <div className="heading">
        <h1>{words.statements}</h1>
        <p className="muted">{words.statementsExplained}</p>
      </div>
      {error && (
        <ProblemNotice
          problem={problemOf(error)}
          kept={shown !== undefined}
          onRetry={() => void refetch().catch(() => undefined)}
        />
      )}
      {!shown && !error && <Skeleton className="tall-shape" />}
      {shown?.nodes.length === 0 && <p className="panel">{words.noStatements}</p>}
      {shown && shown.nodes.length > 0 && (
        <Panel title={words.statements} className="long">
          <table className="rows statements">
            <caption className="visually-hidden">{words.statements}</caption>
            <thead>
              <tr>
                <th scope="col">{words.month}</th>
                <th scope="col" className="number">
                  {words.total}
                </th>
                <th scope="col" className="number wide-only">
                  {words.usageToday}
                </th>
                <th scope="col" className="no-print">
                  <span className="visually-hidden">{words.files}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.nodes.map(({ number, month, closedAt, total, sinceClosing }) => (
                <tr key={number}>
                  <th scope="row">
                    <Link className="name" view={changed(view, { page: { name: 'statement', month } })}>
                      {format.monthName(month)}
                    </Link>
                    <span className="muted small contact">
                      {words.statementNumber(format.count(number))} · {format.date(closedAt)}
                    </span>
                  </th>
                  <td className="number">{money(total)}</td>
                  <td className="number wide-only muted">{money(sinceClosing.usage)}</td>
                  <td className="files no-print">
                    <StatementFiles workspace={workspace} month={month} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          <ShowMore
            list={shown}
            onMore={() =>
              fetchMore({
                variables: { after: shown.pageInfo.endCursor },
                updateQuery: ({ statements }, { fetchMoreResult }) => ({
                  statements: continued(statements, fetchMoreResult.statements),
                }),
              })
            }
          />
        </Panel>
      )}
    </div>
  );
}
