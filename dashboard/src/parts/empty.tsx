import type { ReactNode } from 'react';
import { useWords } from '../i18n/language';
import { changed, navigate, type View } from '../lib/location';
import type { Workspace } from '../lib/overview';

const OTHERS = ['THIS_MONTH', 'LAST_30_DAYS', 'THIS_YEAR'] as const;

/** Nothing was saved in this period: what to do next. */
export function Empty(props: { view: View; workspace: Workspace; running: boolean }): ReactNode {
  const { view, workspace, running } = props;
  const words = useWords();
  return (
    <section className="panel empty" aria-label={words.emptyTitle}>
      <h2>{words.emptyTitle}</h2>
      {running && (
        <>
          <p>{words.emptyHint}</p>
          <ol>
            {words.emptySteps.map((step) => (
              <li key={step}>{step.replace('{workspace}', workspace.id)}</li>
            ))}
          </ol>
        </>
      )}
      <p className="muted">{words.emptyPeriod}</p>
      <p className="choices no-print">
        {OTHERS.map((preset) => (
          <button
            key={preset}
            type="button"
            onClick={() => navigate(changed(view, { period: { kind: 'preset', preset } }))}
          >
            {words.presets[preset]}
          </button>
        ))}
      </p>
    </section>
  );
}
