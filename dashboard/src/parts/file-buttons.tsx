import { type ReactNode, useState } from 'react';
import { useWords } from '../i18n/language';
import { download } from '../lib/download';
import type { Problem } from '../lib/problem';

/** One button a format; what went wrong is said beside them. */
export function FileButtons<FileFormat extends string>(props: {
  formats: readonly FileFormat[];
  /** What the file is, for who can't see what it stands beside. */
  title: string;
  hint?: string;
  allowed?: boolean;
  fileOf: (format: FileFormat) => { path: string; query: URLSearchParams; name: string };
}): ReactNode {
  const { formats, title, hint, allowed = true, fileOf } = props;
  const words = useWords();
  const [busy, setBusy] = useState<FileFormat>();
  const [problem, setProblem] = useState<Problem>();
  const start = async (format: FileFormat): Promise<void> => {
    const { path, query, name } = fileOf(format);
    setBusy(format);
    setProblem(await download(path, query, name));
    setBusy(undefined);
  };
  return (
    <>
      {formats.map((format) => (
        <button
          key={format}
          type="button"
          disabled={!allowed || busy !== undefined}
          title={hint}
          aria-label={busy === format ? undefined : `${title} ${format.toUpperCase()}`}
          onClick={() => start(format)}
        >
          {busy === format ? words.exporting : format.toUpperCase()}
        </button>
      ))}
      {problem && (
        <p className="wrong small" role="alert">
          {words.problems[problem.kind]} {problem.id !== '' && words.errorId(problem.id)}
        </p>
      )}
    </>
  );
}
