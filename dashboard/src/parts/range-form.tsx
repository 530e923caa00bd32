import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { useWords } from '../i18n/language';
import type { Range } from '../lib/period';

/** The first day and the last of a stretch. */
export function RangeForm(props: {
  /** What the days are for. */
  title: string;
  /** Of the fields, where a page has two such forms. */
  prefix?: string;
  range: Range;
  onApply: (range: Range) => void;
}): ReactNode {
  const { title, prefix = '', range, onApply } = props;
  const words = useWords();
  const id = useId();
  const [from, setFrom] = useState(range.from);
  const [to, setTo] = useState(range.to);
  const wrong = from > to;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!wrong && from !== '' && to !== '') onApply({ from, to });
  };
  return (
    <form className="range" aria-label={title} onSubmit={submit}>
      <label>
        {words.from}
        <input
          type="date"
          name={`${prefix}from`}
          required
          min="2009-01-01"
          value={from}
          onChange={({ target }) => setFrom(target.value)}
        />
      </label>
      <label>
        {words.to}
        <input
          type="date"
          name={`${prefix}to`}
          required
          min="2009-01-01"
          value={to}
          aria-invalid={wrong}
          aria-describedby={wrong ? `${id}-wrong` : undefined}
          onChange={({ target }) => setTo(target.value)}
        />
      </label>
      <button type="submit">{words.apply}</button>
      {wrong && (
        <p id={`${id}-wrong`} className="wrong small" role="alert">
          {words.rangeWrong}
        </p>
      )}
    </form>
  );
}
