import type { ReactNode } from 'react';
import { type Language, useSpeech } from '../i18n/language';
import type { View } from '../lib/location';
import type { Workspace } from '../lib/overview';
import { inputOf } from '../lib/period';
import { FileButtons } from './file-buttons';

const FORMATS = ['csv', 'json'] as const;

/** A button's CSV is opened by a double click: as the reader's own spreadsheet writes numbers, and with no formula in it. */
const DIALECTS: Record<Language, string> = { it: 'italian', en: 'spreadsheet' };

/** Every charge of the period that is on the screen, as a file. */
export function ExportButtons(props: {
  view: View;
  workspace: Workspace;
  scopes: readonly string[];
}): ReactNode {
  const { view, workspace, scopes } = props;
  const { words, language } = useSpeech();
  const allowed = scopes.includes('export:read');
  return (
    <fieldset className="export no-print" aria-label={words.exportTitle}>
      <FileButtons
        formats={FORMATS}
        title={words.exportTitle}
        hint={allowed ? words.exportHint : words.exportNoRights}
        allowed={allowed}
        fileOf={(format) => ({
          path: `/api/usage/export/${encodeURIComponent(workspace.id)}`,
          query: queryOf(view, workspace, format, language),
          name: `${workspace.id}.${format}`,
        })}
      />
      <button type="button" onClick={() => print()}>
        {words.print}
      </button>
    </fieldset>
  );
}

function queryOf(
  view: View,
  workspace: Workspace,
  format: (typeof FORMATS)[number],
  language: Language,
): URLSearchParams {
  const query = new URLSearchParams(format === 'csv' ? { format, dialect: DIALECTS[language] } : { format });
  for (const [name, value] of Object.entries(inputOf(view.period, workspace.timeZone))) {
    if (typeof value === 'string') query.set(name, value);
  }
  return query;
}
