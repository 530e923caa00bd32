// What was written and what was answered, as two bubbles. Words of others: in whatever script, length and direction.
import { type ReactNode, useId, useState } from 'react';
import { useSpeech, useWords } from '../i18n/language';
import { excerptOf } from '../lib/excerpt';
import type { Message } from '../lib/messages';

export function Said({ message }: { message: Message }): ReactNode {
  const words = useWords();
  const { tracking, textRemovedAt, failure } = message;
  const isRemoved = textRemovedAt !== null;
  return (
    <dl className="said">
      <dt className="visually-hidden">{words.wrote}</dt>
      <dd className="wrote">
        {message.message ? (
          <Text text={message.message} />
        ) : (
          <em className="muted">{isRemoved ? words.textRemoved : words.noText}</em>
        )}
      </dd>
      <dt className="visually-hidden">{words.answered}</dt>
      <dd className={message.response ? 'answered' : 'answered missing'}>
        {message.response ? (
          <Text text={message.response} />
        ) : (
          <em className="muted">
            {isRemoved && tracking.outcome !== 'NO_RESPONSE' ? words.textRemoved : words.noAnswer}
          </em>
        )}
        {failure && (
          <p className="small">
            {words.because} <bdi>{failure}</bdi>
          </p>
        )}
      </dd>
    </dl>
  );
}

/** A long one is opened by a button. */
function Text({ text }: { text: string }): ReactNode {
  const { words, plural } = useSpeech();
  const id = useId();
  const [open, setOpen] = useState(false);
  const beginning = excerptOf(text);
  return (
    <>
      <p id={id} className="text" dir="auto">
        {open || beginning === undefined ? text : `${beginning}…`}
      </p>
      {beginning !== undefined && (
        <button
          type="button"
          className="quiet no-print"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
        >
          {open ? words.readLess : words.readAll(plural(words.charactersCount, [...text].length))}
        </button>
      )}
    </>
  );
}
