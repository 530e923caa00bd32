import { type ReactNode, useState } from 'react';
import { useWords } from '../i18n/language';
import type { View } from '../lib/location';
import type { Workspace } from '../lib/overview';
import { inputOf } from '../lib/period';
import { fromBody, type Problem } from '../lib/problem';
import { expire, getSession } from '../lib/session';

const FORMATS = ['csv', 'json'] as const;
type FileFormat = (typeof FORMATS)[number];

/** Every charge of the period that is on the screen, as a file. */
export function ExportButtons(props: {
  view: View;
  workspace: Workspace;
  scopes: readonly string[];
}): ReactNode {
  const { view, workspace, scopes } = props;
  const words = useWords();
  const [busy, setBusy] = useState<FileFormat>();
  const [problem, setProblem] = useState<Problem>();
  const allowed = scopes.includes('export:read');
  const start = async (fileFormat: FileFormat): Promise<void> => {
    setBusy(fileFormat);
    setProblem(await download(view, workspace, fileFormat));
    setBusy(undefined);
  };
  return (
    <fieldset className="export no-print" aria-label={words.exportTitle}>
      {FORMATS.map((fileFormat) => (
        <button
          key={fileFormat}
          type="button"
          disabled={!allowed || busy !== undefined}
          title={allowed ? words.exportHint : words.exportNoRights}
          aria-label={busy === fileFormat ? undefined : `${words.exportTitle} ${fileFormat.toUpperCase()}`}
          onClick={() => start(fileFormat)}
        >
          {busy === fileFormat ? words.exporting : fileFormat.toUpperCase()}
        </button>
      ))}
      <button type="button" onClick={() => print()}>
        {words.print}
      </button>
      {problem && (
        <p className="wrong small" role="alert">
          {words.problems[problem.kind]} {problem.id !== '' && words.errorId(problem.id)}
        </p>
      )}
    </fieldset>
  );
}

async function download(
  view: View,
  workspace: Workspace,
  fileFormat: FileFormat,
): Promise<Problem | undefined> {
  const token = getSession()?.token ?? '';
  const query = new URLSearchParams({ format: fileFormat });
  for (const [name, value] of Object.entries(inputOf(view.period, workspace.timeZone))) {
    if (typeof value === 'string') query.set(name, value);
  }
  try {
    const response = await fetch(`/api/usage/export/${encodeURIComponent(workspace.id)}?${query}`, {
      headers: { authorization: `Bearer ${token}` },
      credentials: 'omit',
    });
    if (!response.ok) {
      const problem = fromBody(await response.text(), response.status);
      if (problem.kind === 'token') expire(token);
      return problem;
    }
    save(await response.blob(), nameOf(response) ?? `${workspace.id}.${fileFormat}`);
    return undefined;
  } catch {
    return { kind: 'offline', id: '' };
  }
}

const nameOf = (response: Response): string | undefined =>
  /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the file by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
