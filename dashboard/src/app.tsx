// Who is signed in, which workspace is open, and the page for the address.
import { useApolloClient } from '@apollo/client/react';
import { type ReactNode, useEffect, useRef } from 'react';
import { useWords } from './i18n/language';
import { FormatProvider } from './lib/format-context';
import { changed, navigate, useView } from './lib/location';
import { end, useSession, type Viewer } from './lib/session';
import { useTicksOf } from './lib/ticks';
import { OverviewPage } from './pages/overview-page';
import { SignInPage } from './pages/sign-in-page';
import { Frame, type PageProps } from './parts/frame';
import { lazily } from './parts/lazily';
import { Link } from './parts/link';
import { Notice } from './parts/notice';

// Opened from the first view, and no part of it.
const ClientPage = lazily(async () => (await import('./pages/client-page')).ClientPage);
const MessagesPage = lazily(async () => (await import('./pages/messages-page')).MessagesPage);
const StatementsPage = lazily(async () => (await import('./pages/statements-page')).StatementsPage);
const StatementPage = lazily(async () => (await import('./pages/statement-page')).StatementPage);
const BudgetsPage = lazily(async () => (await import('./pages/budgets-page')).BudgetsPage);
const EventsPage = lazily(async () => (await import('./pages/events-page')).EventsPage);
const ShopsPage = lazily(async () => (await import('./pages/shops-page')).ShopsPage);

export function App(): ReactNode {
  const session = useSession();
  const client = useApolloClient();
  const signedIn = useRef(false);
  useEffect(() => {
    // Whoever signs in next must not see what the last one saw.
    if (signedIn.current && !session) void client.clearStore();
    signedIn.current = session !== undefined;
  }, [client, session]);
  if (!session?.viewer) return <SignInPage token={session?.token} />;
  return <SignedIn viewer={session.viewer} />;
}

function SignedIn({ viewer }: { viewer: Viewer }): ReactNode {
  const view = useView();
  const words = useWords();
  const [first] = viewer.workspaces;
  const workspace = view.workspace
    ? viewer.workspaces.find(({ id }) => id === view.workspace)
    : viewer.workspaces[0];
  const ofAll =
    viewer.workspaces.length > 1 &&
    view.workspace === undefined &&
    view.page.name === 'overview' &&
    view.wrong.length === 0;
  useEffect(() => {
    // The address names the workspace, so that a copied link opens the same one.
    if (!ofAll && !view.workspace && workspace && view.page.name !== 'unknown' && view.wrong.length === 0)
      navigate(changed(view, { workspace: workspace.id, after: view.after }), { replace: true });
  }, [view, workspace, ofAll]);
  if (!workspace) {
    return (
      <main className="sign-in">
        <Notice
          title={first ? words.foreignWorkspace(view.workspace ?? '') : words.tokenNoWorkspace}
          kind="warning"
        >
          {first && (
            <button type="button" onClick={() => navigate(changed(view, { workspace: first.id }))}>
              {words.openOther(first.name)}
            </button>
          )}
          <button type="button" onClick={end}>
            {words.signOut}
          </button>
        </Notice>
      </main>
    );
  }
  if (!ofAll) return <Opened view={view} workspace={workspace} viewer={viewer} />;
  return (
    <FormatProvider timeZone={workspace.timeZone}>
      <Frame view={view} workspace={undefined} viewer={viewer}>
        <ShopsPage view={view} />
      </Frame>
    </FormatProvider>
  );
}

function Opened(props: PageProps): ReactNode {
  const { view, workspace } = props;
  const words = useWords();
  useTicksOf(workspace.id);
  return (
    <FormatProvider timeZone={workspace.timeZone}>
      <Frame {...props}>
        {view.page.name === 'overview' && <OverviewPage {...props} />}
        {view.page.name === 'budgets' && <BudgetsPage {...props} />}
        {view.page.name === 'events' && <EventsPage {...props} />}
        {view.page.name === 'client' && <ClientPage key={view.page.id} {...props} id={view.page.id} />}
        {view.page.name === 'messages' && <MessagesPage {...props} />}
        {view.page.name === 'statements' && <StatementsPage {...props} />}
        {view.page.name === 'statement' && (
          <StatementPage key={view.page.month} {...props} month={view.page.month} />
        )}
        {view.page.name === 'unknown' && (
          <Notice kind="warning" title={words.notFound}>
            <Link view={changed(view, { page: { name: 'overview' } })}>{words.backToOverview}</Link>
          </Notice>
        )}
      </Frame>
    </FormatProvider>
  );
}
