// What stands around every page: whose figures, which period, how fresh.
import type { ReactNode } from 'react';
import { useWords } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import { changed, navigate, type View } from '../lib/location';
import type { Workspace } from '../lib/overview';
import { end, useSession, type Viewer } from '../lib/session';
import { ExportButtons } from './export-buttons';
import { Link } from './link';
import { ExpiredNotice, Notice } from './notice';
import { PeriodPicker } from './period-picker';
import { Preferences } from './preferences';

const SOON_MS = 7 * 86_400_000;

export interface PageProps {
  view: View;
  workspace: Workspace;
  viewer: Viewer;
}

export function Frame({ view, workspace, viewer, children }: PageProps & { children: ReactNode }): ReactNode {
  const words = useWords();
  const format = useFormat();
  const expired = useSession()?.expired === true;
  const { expiresAt } = viewer;
  const expiresSoon = expiresAt !== null && new Date(expiresAt).getTime() - Date.now() < SOON_MS;
  return (
    <>
      <a className="skip-link" href="#figures">
        {words.skipToContent}
      </a>
      <header className="top">
        <div className="top-row">
          <Link
            className="brand"
            view={changed(view, { page: { name: 'overview' }, search: '', outcome: undefined })}
          >
            {words.product}
          </Link>
          <WorkspacePicker view={view} workspace={workspace} viewer={viewer} />
          <Preferences />
          <button type="button" className="quiet no-print" onClick={end}>
            {words.signOut}
          </button>
        </div>
        <div className="top-row controls">
          <PeriodPicker view={view} timeZone={workspace.timeZone} />
          <p className="zone muted small">
            <span className="visually-hidden">{words.timeZone}: </span>
            {workspace.timeZone.replaceAll('_', ' ')}
          </p>
          {view.page.name === 'overview' && (
            <ExportButtons view={view} workspace={workspace} scopes={viewer.scopes} />
          )}
        </div>
      </header>
      <main id="figures" tabIndex={-1}>
        {expired && <ExpiredNotice />}
        {!expired && expiresSoon && <Notice kind="info" title={words.expiresSoon(format.day(expiresAt))} />}
        {children}
      </main>
    </>
  );
}

function WorkspacePicker({ view, workspace, viewer }: PageProps): ReactNode {
  const words = useWords();
  if (viewer.workspaces.length === 1) return <p className="workspace">{workspace.name}</p>;
  return (
    <label className="workspace">
      <span className="visually-hidden">{words.workspace}</span>
      <select
        name="workspace"
        value={workspace.id}
        onChange={({ target }) =>
          navigate(changed(view, { workspace: target.value, page: { name: 'overview' }, search: '' }))
        }
      >
        {viewer.workspaces.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
