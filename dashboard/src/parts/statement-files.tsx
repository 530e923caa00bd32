import type { ReactNode } from 'react';
import { useSpeech } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import type { Workspace } from '../lib/overview';
import { FileButtons } from './file-buttons';

const FORMATS = ['pdf', 'csv'] as const;

/** A closed month's paper, in the reader's language, and its lines. */
export function StatementFiles({ workspace, month }: { workspace: Workspace; month: string }): ReactNode {
  const { words, language } = useSpeech();
  const format = useFormat();
  return (
    <FileButtons
      formats={FORMATS}
      title={words.statementOf(format.monthName(month))}
      fileOf={(fileFormat) => ({
        path: `/api/usage/statement/${encodeURIComponent(workspace.id)}/${month}`,
        query: new URLSearchParams(
          fileFormat === 'pdf' ? { format: fileFormat, lang: language } : { format: fileFormat },
        ),
        name: `${workspace.id}-statement-${month}.${fileFormat}`,
      })}
    />
  );
}
