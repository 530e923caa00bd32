import { type ReactNode, useState } from 'react';
import { useWords } from '../i18n/language';
import { addDays, addMonths, dayOf } from '../lib/dates';
import { useFormat } from '../lib/format-context';
import { changed, navigate, type View } from '../lib/location';
import { type Choice, daysOf, PRESETS, step } from '../lib/period';
import { RangeForm } from './range-form';

const MONTHS_BACK = 36;
const RANGE = 'range';

const keyOf = (choice: Choice): string =>
  choice.kind === 'preset' ? choice.preset : choice.kind === 'month' ? choice.month : RANGE;

/** This month and those before it, newest first; and the chosen one, however old. */
function monthsOf(choice: Choice, today: string): string[] {
  const months = Array.from({ length: MONTHS_BACK }, (_, back) => addMonths(today, -back).slice(0, 7));
  if (choice.kind === 'month' && !months.includes(choice.month)) months.push(choice.month);
  return months.sort().reverse();
}

export function PeriodPicker({ view, timeZone }: { view: View; timeZone: string }): ReactNode {
  const words = useWords();
  const format = useFormat();
  const [ranging, setRanging] = useState(false);
  const choice = view.period;
  const today = dayOf(new Date(), timeZone);
  const days = daysOf(choice, timeZone, new Date());
  const showRange = ranging || choice.kind === 'range';
  const choose = (period: Choice): void => {
    setRanging(false);
    navigate(changed(view, { period }));
  };
  const onSelect = (value: string): void => {
    const preset = PRESETS.find((known) => known === value);
    if (preset) choose({ kind: 'preset', preset });
    else if (value === RANGE) setRanging(true);
    else choose({ kind: 'month', month: value });
  };
  return (
    <div className="period-picker no-print">
      <button
        type="button"
        className="step"
        aria-label={words.earlier}
        onClick={() => choose(step(choice, -1, timeZone, new Date()))}
      >
        ‹
      </button>
      <label>
        <span className="visually-hidden">{words.period}</span>
        <select
          name="period"
          value={showRange ? RANGE : keyOf(choice)}
          onChange={({ target }) => onSelect(target.value)}
        >
          <optgroup label={words.periodGroups.presets}>
            {PRESETS.map((preset) => (
              <option key={preset} value={preset}>
                {words.presets[preset]}
              </option>
            ))}
          </optgroup>
          <optgroup label={words.periodGroups.months}>
            {monthsOf(choice, today).map((month) => (
              <option key={month} value={month}>
                {format.monthName(month)}
              </option>
            ))}
          </optgroup>
          <optgroup label={words.periodGroups.other}>
            <option value={RANGE}>{words.freeRange}</option>
          </optgroup>
        </select>
      </label>
      <button
        type="button"
        className="step"
        aria-label={words.later}
        disabled={days.to > today}
        onClick={() => choose(step(choice, 1, timeZone, new Date()))}
      >
        ›
      </button>
      {showRange && (
        <RangeForm
          key={`${days.from} ${days.to}`}
          title={words.period}
          range={{ from: days.from, to: addDays(days.to, -1) }}
          onApply={(range) => choose({ kind: 'range', ...range })}
        />
      )}
    </div>
  );
}
