import type { ReactNode } from 'react';
import type { OverviewQuery } from '../gql/graphql';
import { useWords } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import { changed, type View } from '../lib/location';
import { Link } from './link';
import { Panel } from './panel';

/** Saved turns by outcome: what was charged, what was not and why, and the way to the messages. */
export function Outcomes(props: {
  usage: OverviewQuery['usage'];
  view: View;
  scopes: readonly string[];
}): ReactNode {
  const { usage, view, scopes } = props;
  const words = useWords();
  const format = useFormat();
  const mayRead = scopes.includes('messages:read');
  return (
    <Panel title={words.outcomesTitle} className="outcomes">
      <ul>
        {usage.outcomes.map(({ outcome, messages }) => (
          <li key={outcome} className={`outcome ${outcome.toLowerCase()}${messages === 0 ? ' none' : ''}`}>
            <span className="outcome-name">
              {words.outcomes[outcome]}
              <span className="muted small">{words.outcomesExplained[outcome]}</span>
            </span>
            <span className="outcome-count">
              <strong>{format.count(messages)}</strong>
              {mayRead && messages > 0 && (
                <Link
                  className="small no-print"
                  view={changed(view, { page: { name: 'messages' }, outcome })}
                  aria-label={words.seeMessagesOf(words.outcomes[outcome])}
                >
                  {words.seeMessages}
                </Link>
              )}
            </span>
          </li>
        ))}
      </ul>
      {!mayRead && <p className="muted small no-print">{words.needsMessagesRead}</p>}
    </Panel>
  );
}
