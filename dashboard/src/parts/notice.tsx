import type { ReactNode } from 'react';
import { useWords } from '../i18n/language';
import type { Problem } from '../lib/problem';
import { TokenForm } from './token-form';

export function Notice(props: {
  title: string;
  kind: 'info' | 'warning';
  detail?: string | undefined;
  children?: ReactNode;
}): ReactNode {
  const { title, kind, detail, children } = props;
  return (
    <div className={`notice ${kind}`} role={kind === 'warning' ? 'alert' : 'status'}>
      <div>
        <strong>{title}</strong>
        {detail && <p>{detail}</p>}
      </div>
      {children && <div className="notice-actions">{children}</div>}
    </div>
  );
}

/** What went wrong, and what to do: the figures that were read before stay where they are. */
export function ProblemNotice(props: { problem: Problem; kept: boolean; onRetry: () => void }): ReactNode {
  const { problem, kept, onRetry } = props;
  const words = useWords();
  if (problem.kind === 'token') return null;
  const detail = [problem.id === '' ? '' : words.errorId(problem.id), kept ? words.keptFigures : '']
    .filter((text) => text !== '')
    .join(' ');
  return (
    <Notice title={words.problems[problem.kind]} kind="warning" detail={detail}>
      <button type="button" onClick={onRetry}>
        {words.retry}
      </button>
    </Notice>
  );
}

/** The server takes the token no more. */
export function ExpiredNotice(): ReactNode {
  const words = useWords();
  return (
    <section className="notice warning expired" aria-label={words.expiredTitle}>
      <div role="alert">
        <strong>{words.problems.token}</strong>
        <p>{words.expiredHint}</p>
      </div>
      <TokenForm />
    </section>
  );
}
