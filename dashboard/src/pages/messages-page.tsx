// What was said, and the verdict on each turn. Needs the scope messages:read.

import { useQuery } from '@apollo/client/react';
import type { ReactNode } from 'react';
import { MessagesDocument, type MessagesQuery } from '../gql/graphql';
import { useWords } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import { changed, navigate, OUTCOMES } from '../lib/location';
import { inputOf } from '../lib/period';
import { problemOf } from '../lib/problem';
import type { PageProps } from '../parts/frame';
import { Link } from '../parts/link';
import { ProblemNotice } from '../parts/notice';
import { Skeleton } from '../parts/panel';
import { ShowMore } from '../parts/show-more';

type Message = MessagesQuery['messages']['nodes'][number];

export function MessagesPage(props: PageProps): ReactNode {
  const { view, viewer } = props;
  const words = useWords();
  return (
    <div className="figures">
      <p className="no-print">
        <Link view={changed(view, { page: { name: 'overview' }, outcome: undefined })}>
          ← {words.backToOverview}
        </Link>
      </p>
      <div className="heading">
        <h1>{words.messagesTitle}</h1>
        <label className="no-print">
          {words.verdict}{' '}
          <select
            name="verdict"
            value={view.outcome ?? ''}
            onChange={({ target }) =>
              navigate(changed(view, { outcome: OUTCOMES.find((known) => known === target.value) }))
            }
          >
            <option value="">{words.allVerdicts}</option>
            {OUTCOMES.map((outcome) => (
              <option key={outcome} value={outcome}>
                {words.outcomes[outcome]}
              </option>
            ))}
          </select>
        </label>
      </div>
      {viewer.scopes.includes('messages:read') ? (
        <MessageList {...props} />
      ) : (
        <p className="panel">{words.needsMessagesRead}</p>
      )}
    </div>
  );
}

function MessageList({ view, workspace }: PageProps): ReactNode {
  const words = useWords();
  const { data, previousData, error, loading, fetchMore, refetch } = useQuery(MessagesDocument, {
    variables: {
      workspaceId: workspace.id,
      period: inputOf(view.period, workspace.timeZone),
      outcome: view.outcome ?? null,
      customerId: null,
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
      {shown?.nodes.length === 0 && <p className="panel">{words.noMessages}</p>}
      <ol className={data ? 'messages' : 'messages stale'}>
        {shown?.nodes.map((message) => (
          <Turn key={message.id} message={message} />
        ))}
      </ol>
      {shown && (
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

function Turn({ message }: { message: Message }): ReactNode {
  const words = useWords();
  const format = useFormat();
  const { customer, tracking } = message;
  return (
    <li className="panel turn">
      <div className="turn-head">
        <strong>{customer?.name ?? words.unknownSender}</strong>
        <span className="muted small">{message.phoneNumber ?? message.whatsappUserId}</span>
        <time dateTime={message.occurredAt} className="muted small">
          {format.dateTime(message.occurredAt)}
        </time>
        <span className={`badge ${tracking.outcome.toLowerCase()}`}>
          {words.outcomes[tracking.outcome]}
          {tracking.usage && ` · ${format.money(tracking.usage.price)}`}
        </span>
      </div>
      <dl>
        <dt className="visually-hidden">{words.wrote}</dt>
        <dd className="wrote">{message.message || <em className="muted">{words.noText}</em>}</dd>
        <dt className="visually-hidden">{words.answered}</dt>
        <dd className="answered">{message.response || <em className="muted">{words.noAnswer}</em>}</dd>
      </dl>
    </li>
  );
}
