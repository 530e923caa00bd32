// What was said, newest first. Needs the scope messages:read.
import type { ReactNode } from 'react';
import { useWords } from '../i18n/language';
import type { View } from '../lib/location';
import { useMessages } from '../lib/messages';
import type { Workspace } from '../lib/overview';
import { inputOf } from '../lib/period';
import { ProblemNotice } from './notice';
import { Skeleton } from './panel';
import { ShowMore } from './show-more';
import { Turn } from './turn';

export function MessageList({ view, workspace }: { view: View; workspace: Workspace }): ReactNode {
  const words = useWords();
  const { shown, current, problem, retry, more } = useMessages({
    workspaceId: workspace.id,
    period: inputOf(view.period, workspace.timeZone),
    outcome: view.outcome ?? null,
    customerId: null,
  });
  if (!shown && !problem) return <Skeleton className="tall-shape" />;
  return (
    <>
      {problem && <ProblemNotice problem={problem} kept={shown !== undefined} onRetry={retry} />}
      {shown?.nodes.length === 0 && <p className="muted">{words.noMessages}</p>}
      <ol className={current ? 'messages' : 'messages stale'}>
        {shown?.nodes.map((message) => (
          <Turn key={message.id} message={message} />
        ))}
      </ol>
      {shown && shown.nodes.length > 0 && <ShowMore list={shown} onMore={more} />}
    </>
  );
}
