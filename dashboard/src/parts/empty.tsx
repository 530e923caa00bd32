import type { ReactNode } from 'react';
import { useWords } from '../i18n/language';
import { changed, navigate, type View } from '../lib/location';

const ELSEWHERE = ['THIS_MONTH', 'LAST_30_DAYS', 'THIS_YEAR'] as const;

/** Nothing was saved in this period: what that means to an owner, and where there may be something. */
export function Empty({ view, running }: { view: View; running: boolean }): ReactNode {
  const words = useWords();
  const { period } = view;
  const others = ELSEWHERE.filter((preset) => period.kind !== 'preset' || period.preset !== preset);
  return (
    <section className="panel empty" aria-label={words.emptyTitle}>
      <h2>{words.emptyTitle}</h2>
      {running && (
        <ul>
          {words.emptyHints.map((hint) => (
            <li key={hint}>{hint}</li>
          ))}
        </ul>
      )}
      <p className="muted">{words.emptyPeriod}</p>
      <p className="choices no-print">
        {others.map((preset) => (
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
