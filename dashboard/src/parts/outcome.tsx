import type { ReactNode } from 'react';
import { useWords } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import type { Message } from '../lib/messages';

/** What became of a turn, and what it cost; struck out if it was taken back. */
export function Outcome({ tracking: { outcome, usage } }: Pick<Message, 'tracking'>): ReactNode {
  const words = useWords();
  const format = useFormat();
  return (
    <span className={`badge ${outcome.toLowerCase()}`}>
      {words.outcomes[outcome]}
      {usage && (
        <>
          {' · '}
          {usage.voided ? <s>{format.money(usage.price)}</s> : format.money(usage.price)}
        </>
      )}
    </span>
  );
}
