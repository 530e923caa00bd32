import { type ReactNode, useRef, useState } from 'react';
import { useWords } from '../i18n/language';
import { addDays } from '../lib/dates';
import { changed, navigate, type View } from '../lib/location';
import { COMPARISONS, hasWeekdays, previousDays, type Range } from '../lib/period';
import { RangeForm } from './range-form';

/** What the figures are set against. */
export function ComparePicker({ view, timeZone }: { view: View; timeZone: string }): ReactNode {
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [ranging, setRanging] = useState(false);
  const now = new Date();
  const offered = COMPARISONS.filter(
    (known) => known !== 'SAME_WEEKDAYS' || hasWeekdays(view.period, timeZone, now),
  );
  const chosen = offered.includes(view.compare) ? view.compare : 'SAME_ELAPSED';
  const showRange = ranging || chosen === 'RANGE';
  const { from, to } = previousDays(view.period, view, timeZone, now);
  const range = { from, to: addDays(to, -1) };
  const choose = (value: string): void => {
    const compare = COMPARISONS.find((known) => known === value);
    setRanging(compare === 'RANGE');
    if (compare && compare !== 'RANGE')
      navigate(changed(view, { compare, against: undefined, after: view.after }));
  };
  const apply = (against: Range): void => {
    setRanging(false);
    // Where the form lies in a menu, the figures are behind it.
    const menu = box.current?.closest<HTMLElement>(':popover-open');
    menu?.hidePopover();
    navigate(changed(view, { compare: 'RANGE', against, clients: 'COMPARED', segment: undefined }));
  };
  return (
    <div className="compare" ref={box}>
      <label>
        <span className="label">{words.compareWith}</span>
        <select
          name="compare"
          value={showRange ? 'RANGE' : chosen}
          onChange={({ target }) => choose(target.value)}
        >
          {offered.map((known) => (
            <option key={known} value={known}>
              {words.comparisons[known]}
            </option>
          ))}
        </select>
      </label>
      {showRange && (
        <RangeForm
          key={`${range.from} ${range.to}`}
          title={words.compareWith}
          prefix="against-"
          range={range}
          onApply={apply}
        />
      )}
    </div>
  );
}
