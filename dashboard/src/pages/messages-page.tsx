// What was said, and the outcome of each turn. Needs the scope messages:read.
import type { ReactNode } from 'react';
import { useWords } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import { changed, navigate, OUTCOMES } from '../lib/location';
import { daysOf, instantsOf } from '../lib/period';
import { BackToOverview } from '../parts/back-to-overview';
import type { PageProps } from '../parts/frame';
import { MessageList } from '../parts/message-list';

export function MessagesPage(props: PageProps): ReactNode {
  const { view, workspace, viewer } = props;
  const words = useWords();
  const format = useFormat();
  const { from, to } = instantsOf(daysOf(view.period, workspace.timeZone, new Date()), workspace.timeZone);
  return (
    <div className="figures">
      <BackToOverview view={view} />
      <div className="heading">
        <h1>{words.messagesTitle}</h1>
        <p className="print-only">
          {[format.period(from, to), view.outcome ? words.outcomes[view.outcome] : words.allOutcomes].join(
            ' · ',
          )}
        </p>
        <label className="no-print">
          {words.outcome}{' '}
          <select
            name="outcome"
            value={view.outcome ?? ''}
            onChange={({ target }) =>
              navigate(changed(view, { outcome: OUTCOMES.find((known) => known === target.value) }))
            }
          >
            <option value="">{words.allOutcomes}</option>
            {OUTCOMES.map((outcome) => (
              <option key={outcome} value={outcome}>
                {words.outcomes[outcome]}
              </option>
            ))}
          </select>
        </label>
      </div>
      {viewer.scopes.includes('messages:read') ? (
        <MessageList view={view} workspace={workspace} />
      ) : (
        <p className="panel">{words.needsMessagesRead}</p>
      )}
    </div>
  );
}
