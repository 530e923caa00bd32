import type { ReactNode } from 'react';
import { useWords } from '../i18n/language';
import { changed, navigate, type View } from '../lib/location';
import { COMPARISONS, hasWeekdays } from '../lib/period';

/** What the figures are set against. */
export function ComparePicker({ view, timeZone }: { view: View; timeZone: string }): ReactNode {
  const words = useWords();
  const offered = COMPARISONS.filter(
    (known) => known !== 'SAME_WEEKDAYS' || hasWeekdays(view.period, timeZone, new Date()),
  );
  return (
    <label className="compare">
      <span className="label">{words.compareWith}</span>
      <select
        name="compare"
        value={offered.includes(view.compare) ? view.compare : 'SAME_ELAPSED'}
        onChange={({ target }) => {
          const compare = COMPARISONS.find((known) => known === target.value);
          if (compare) navigate(changed(view, { compare, after: view.after }));
        }}
      >
        {offered.map((known) => (
          <option key={known} value={known}>
            {words.comparisons[known]}
          </option>
        ))}
      </select>
    </label>
  );
}
