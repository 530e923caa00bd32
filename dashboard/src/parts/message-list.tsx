// What was said, newest first. Needs the scope messages:read.
import { useQuery } from '@apollo/client/react';
import type { ReactNode } from 'react';
import { MessagesDocument } from '../gql/graphql';
import { useWords } from '../i18n/language';
import type { View } from '../lib/location';
import type { Workspace } from '../lib/overview';
import { inputOf } from '../lib/period';
import { problemOf } from '../lib/problem';
import { ProblemNotice } from './notice';
import { Skeleton } from './panel';
import { ShowMore } from './show-more';
import { Turn } from './turn';

/** `customerId`: only this client's. */
export function MessageList(props: { view: View; workspace: Workspace; customerId?: string }): ReactNode {
  const { view, workspace, customerId } = props;
  const words = useWords();
  const { data, previousData, error, loading, fetchMore, refetch } = useQuery(MessagesDocument, {
    variables: {
      workspaceId: workspace.id,
      period: inputOf(view.period, workspace.timeZone),
      outcome: view.outcome ?? null,
      customerId: customerId ?? null,
      after: null,
    },
    fetchPolicy: 'cache-and-network',
  });
  const shown = (data ?? previousData)?.messages;
  if (!shown && !error) return <Skeleton className="tall-shape" />;
  return (
    <>
      {error && (
        <ProblemNotice
          problem={problemOf(error)}
          kept={shown !== undefined}
          onRetry={() => void refetch().catch(() => undefined)}
        />
      )}
      {shown?.nodes.length === 0 && <p className="muted">{words.noMessages}</p>}
      <ol className={data ? 'messages' : 'messages stale'}>
        {shown?.nodes.map((message) => (
          <Turn key={message.id} message={message} />
        ))}
      </ol>
      {shown && shown.nodes.length > 0 && (
        <ShowMore
          list={shown}
          loading={loading}
          onMore={() =>
            fetchMore({
              variables: { after: shown.pageInfo.endCursor },
              updateQuery: (previous, { fetchMoreResult }) => ({
                messages: {
                  ...fetchMoreResult.messages,
                  nodes: [...previous.messages.nodes, ...fetchMoreResult.messages.nodes],
                },
              }),
            })
          }
        />
      )}
    </>
  );
}
