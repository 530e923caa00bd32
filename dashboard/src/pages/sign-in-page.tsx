import { useApolloClient } from '@apollo/client/react';
import { type ReactNode, useCallback, useEffect, useState } from 'react';
import { useWords } from '../i18n/language';
import { end, getSession } from '../lib/session';
import { Preferences } from '../parts/preferences';
import { type Refusal, refusalText, signIn, TokenForm } from '../parts/token-form';

/** `token` came with a link, or was kept from before a reload that broke off, and has yet to be looked at. */
export function SignInPage({ token }: { token: string | undefined }): ReactNode {
  const words = useWords();
  const client = useApolloClient();
  const [refusal, setRefusal] = useState<Refusal>();
  const look = useCallback(async () => {
    if (token === undefined) return;
    setRefusal(undefined);
    const answer = await signIn(client, token, getSession()?.stays === true);
    if (getSession()?.token !== token) return;
    setRefusal(answer);
    if (answer && answer.kind !== 'unreachable') end();
  }, [client, token]);
  useEffect(() => void look(), [look]);
  return (
    <main className="sign-in">
      <div className="panel sign-in-panel">
        <h1>{words.product}</h1>
        <p className="muted">{words.tagline}</p>
        {token !== undefined && !refusal && <p role="status">{words.signingIn}</p>}
        {token !== undefined && refusal && (
          <div role="alert">
            <p className="wrong">{refusalText(words, refusal)}</p>
            <button type="button" onClick={look}>
              {words.retry}
            </button>
          </div>
        )}
        {token === undefined && <TokenForm refusal={refusal} />}
      </div>
      <Preferences />
    </main>
  );
}
