import { GraphiQL } from 'graphiql';
import { type FormEvent, type ReactNode, useMemo, useState } from 'react';
import type { Example } from './examples';
import { createFetcher } from './fetcher';
import { nowhere } from './nowhere';

/** The token is in this page's memory alone: gone with the tab, and with a reload. */
export function App({ examples }: { examples: readonly Example[] }): ReactNode {
  const [token, setToken] = useState('');
  const fetcher = useMemo(() => createFetcher(token), [token]);
  const tabs = useMemo(
    () =>
      examples.map(({ document, variables }) => ({
        query: document,
        variables: JSON.stringify(variables, null, 2),
        headers: null,
      })),
    [examples],
  );
  return (
    <>
      <Bar known={token !== ''} onToken={setToken} />
      <main>
        <GraphiQL
          fetcher={fetcher}
          // The schema is read once there is a token to read it with.
          {...(token === '' ? { schema: null } : {})}
          defaultTabs={tabs}
          // Of the tab that is open at first, it takes the document alone.
          {...(tabs[0] ? { variables: tabs[0].variables } : {})}
          defaultEditorToolsVisibility="variables"
          storage={nowhere}
          shouldPersistHeaders={false}
          showPersistHeadersSettings={false}
          isHeadersEditorEnabled={false}
        />
      </main>
    </>
  );
}

function Bar({ known, onToken }: { known: boolean; onToken: (token: string) => void }): ReactNode {
  const [wrong, setWrong] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get('token') ?? '').trim();
    // Only the characters that a header takes; anything else is no token.
    const fits = /^[\x21-\x7e]*$/.test(token);
    setWrong(!fits);
    if (fits) onToken(token);
  };
  return (
    <header className="bar">
      <h1>Centesimo</h1>
      <form onSubmit={submit}>
        <label htmlFor="token">Token</label>
        <input
          id="token"
          name="token"
          type="password"
          placeholder="ctm_ana_…"
          autoComplete="off"
          spellCheck={false}
          aria-describedby="token-state"
          aria-invalid={wrong}
        />
        <button type="submit">Use</button>
      </form>
      <p id="token-state" role="status">
        {wrong ? 'That is no token: it has characters that none has.' : known ? IN_USE : NEEDED}
      </p>
      <a href="/graphql#sandbox">Apollo Sandbox</a>
    </header>
  );
}

const NEEDED = 'Paste a client’s or an analyst’s token to read; only a service token saves.';
const IN_USE = 'In use for all tabs, until you close or reload this page.';
