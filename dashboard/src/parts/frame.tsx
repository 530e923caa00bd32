// What stands around every page: whose figures, which period, how fresh.
import type { ReactNode } from 'react';
import { useWords } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import { changed, navigate, type View } from '../lib/location';
import type { Workspace } from '../lib/overview';
import { end, useSession, type Viewer } from '../lib/session';
import { ComparePicker } from './compare-picker';
import { ExportButtons } from './export-buttons';
import { Link } from './link';
import { Menu } from './menu';
import { ExpiredNotice, Notice } from './notice';
import { PeriodPicker } from './period-picker';
import { Preferences, StayToggle } from './preferences';

const SOON_MS = 7 * 86_400_000;

export interface PageProps {
  view: View;
  workspace: Workspace;
  viewer: Viewer;
}

/** Without a workspace it is around all of the token's shops. */
type FrameProps = Omit<PageProps, 'workspace'> & { workspace: Workspace | undefined };

export function Frame({
  view,
  workspace,
  viewer,
  children,
}: FrameProps & { children: ReactNode }): ReactNode {
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
            aria-label={words.product}
            view={changed(view, { page: { name: 'overview' }, search: '', outcome: undefined })}
          >
            <Mark />
            <span className="brand-name">{words.product}</span>
          </Link>
          <WorkspacePicker view={view} workspace={workspace} viewer={viewer} />
          {!isOfNoPeriod(view.page) && (
            <PeriodPicker view={view} timeZone={(workspace ?? viewer.workspaces[0])?.timeZone ?? 'UTC'} />
          )}
          {workspace && view.page.name === 'overview' && (
            <Menu of="view">
              <ComparePicker view={view} timeZone={workspace.timeZone} />
              <ExportButtons view={view} workspace={workspace} scopes={viewer.scopes} />
            </Menu>
          )}
          <Menu of="reader">
            {workspace &&
              (['statements', 'budgets', 'events'] as const).map((name) => (
                <Link
                  key={name}
                  className="menu-link"
                  view={changed(view, { page: { name }, search: '', outcome: undefined })}
                >
                  {name === 'events' ? words.events.title : words[name]}
                </Link>
              ))}
            <Preferences />
            <StayToggle />
            {workspace && (
              <p className="muted small">
                {words.timeZone}: {workspace.timeZone.replaceAll('_', ' ')}
              </p>
            )}
            <button type="button" onClick={end}>
              {words.signOut}
            </button>
          </Menu>
        </div>
      </header>
      <main id="figures" tabIndex={-1}>
        {expired && <ExpiredNotice />}
        {!expired && expiresSoon && <Notice kind="info" title={words.expiresSoon(format.day(expiresAt))} />}
        {view.wrong.length > 0 ? (
          <Notice kind="warning" title={words.wrongAddress} detail={view.wrong.join(', ')}>
            <button type="button" onClick={() => navigate(changed(view, {}))}>
              {words.openWithout}
            </button>
          </Notice>
        ) : (
          children
        )}
      </main>
    </>
  );
}

/** A closed month is chosen in their list; a limit stands where it stands now. */
const isOfNoPeriod = ({ name }: View['page']): boolean =>
  name === 'statements' || name === 'statement' || name === 'budgets' || name === 'events';

/** The icon, in the page's own colours. */
const Mark = (): ReactNode => (
  <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" />
    <path d="M9 18.5v5M16 13.5v10M23 8.5v15" />
  </svg>
);

function WorkspacePicker({ view, workspace, viewer }: FrameProps): ReactNode {
  const words = useWords();
  if (viewer.workspaces.length === 1 && workspace)
    return (
      <p className="workspace" title={workspace.name}>
        {workspace.name}
      </p>
    );
  return (
    <label className="workspace">
      <span className="visually-hidden">{words.workspace}</span>
      <select
        name="workspace"
        value={workspace?.id ?? ''}
        onChange={({ target }) =>
          navigate(
            changed(view, { workspace: target.value || undefined, page: { name: 'overview' }, search: '' }),
          )
        }
      >
        <option value="">{words.shops}</option>
        {viewer.workspaces.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
