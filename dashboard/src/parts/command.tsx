import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useWords } from '../i18n/language';

/** A command to copy. It has the focus when it comes, since it is what was asked for. */
export function Command({ text }: { text: string }): ReactNode {
  const words = useWords();
  const field = useRef<HTMLTextAreaElement>(null);
  const [copied, setCopied] = useState('');
  useEffect(() => field.current?.focus(), []);
  const copy = (): void => {
    // Without TLS a browser has no clipboard; what is selected can be copied by hand.
    field.current?.select();
    navigator.clipboard?.writeText(text).then(
      () => setCopied(text),
      () => undefined,
    );
  };
  return (
    <div className="command">
      <p className="small">{words.limits.commandHint}</p>
      <textarea
        ref={field}
        readOnly
        spellCheck={false}
        rows={4}
        aria-label={words.limits.command}
        value={text}
      />
      <p className="form-actions">
        <button type="button" onClick={copy}>
          {words.limits.copy}
        </button>
        <span role="status" className="muted small">
          {copied === text ? words.limits.copied : ''}
        </span>
      </p>
    </div>
  );
}
