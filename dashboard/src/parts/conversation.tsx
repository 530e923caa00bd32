// What was said with one client, as one reads a chat: day by day, the newest last. Needs the scope messages:read.
import { type ReactNode, type RefObject, useLayoutEffect, useRef } from 'react';
import { useWords } from '../i18n/language';
import { useReadOn } from '../lib/asking';
import { type Day, dayOf } from '../lib/dates';
import { capitalised } from '../lib/format';
import { useFormat } from '../lib/format-context';
import type { View } from '../lib/location';
import { type Message, useMessages } from '../lib/messages';
import type { Workspace } from '../lib/overview';
import { inputOf } from '../lib/period';
import { ProblemNotice } from './notice';
import { Outcome } from './outcome';
import { Skeleton } from './panel';
import { Said } from './said';
import { ShowMore } from './show-more';

interface ConversationProps {
  view: View;
  workspace: Workspace;
  customerId: string;
  /** Changes whenever there is more to read. */
  version: string;
}

export function Conversation({ view, workspace, customerId, version }: ConversationProps): ReactNode {
  const words = useWords();
  const { shown, current, problem, retry, more, refresh } = useMessages({
    workspaceId: workspace.id,
    period: inputOf(view.period, workspace.timeZone),
    outcome: null,
    customerId,
  });
  useReadOn(version, refresh);
  const [chat, keepPlace] = usePlace(shown?.nodes.at(-1)?.id);
  if (!shown && !problem) return <Skeleton className="tall-shape" />;
  return (
    <>
      {problem && <ProblemNotice problem={problem} kept={shown !== undefined} onRetry={retry} />}
      {shown?.nodes.length === 0 && <p className="muted">{words.nothingSaid}</p>}
      {shown && shown.nodes.length > 0 && (
        <>
          <ShowMore
            list={shown}
            name={words.showEarlier}
            onMore={() => {
              keepPlace();
              return more();
            }}
          />
          <div className={current ? 'chat' : 'chat stale'} ref={chat}>
            {daysOf(shown.nodes, workspace.timeZone).map(({ day, turns }) => (
              <DayOfChat key={day} turns={turns} />
            ))}
          </div>
        </>
      )}
    </>
  );
}

/** Older turns come above what is being read: it stays where it is on the screen. */
function usePlace(oldest: string | undefined): [chat: RefObject<HTMLDivElement | null>, keep: () => void] {
  const chat = useRef<HTMLDivElement>(null);
  const place = useRef<{ turn: Element; at: number }>(undefined);
  useLayoutEffect(() => {
    const { turn, at } = place.current ?? {};
    place.current = undefined;
    if (oldest !== undefined && turn?.isConnected && at !== undefined) scrollBy(0, heightOf(turn) - at);
  }, [oldest]);
  const keep = (): void => {
    const turn = chat.current?.querySelector('.exchange');
    if (turn) place.current = { turn, at: heightOf(turn) };
  };
  return [chat, keep];
}

/** From the page's top. */
const heightOf = (element: Element): number => element.getBoundingClientRect().top + scrollY;

/** Newest first becomes day after day, oldest first. */
function daysOf(messages: readonly Message[], timeZone: string): { day: Day; turns: Message[] }[] {
  const days: { day: Day; turns: Message[] }[] = [];
  for (const message of messages.toReversed()) {
    const day = dayOf(new Date(message.occurredAt), timeZone);
    const last = days.at(-1);
    if (last?.day === day) last.turns.push(message);
    else days.push({ day, turns: [message] });
  }
  return days;
}

function DayOfChat({ turns }: { turns: readonly Message[] }): ReactNode {
  const format = useFormat();
  return (
    <>
      <h3>{capitalised(format.day(turns[0]?.occurredAt ?? ''))}</h3>
      <ol>
        {turns.map((message) => (
          <li key={message.id} className="exchange">
            <time dateTime={message.occurredAt} className="muted small">
              {format.hourOf(message.occurredAt)}
            </time>
            <Said message={message} />
            <Outcome tracking={message.tracking} />
          </li>
        ))}
      </ol>
    </>
  );
}
