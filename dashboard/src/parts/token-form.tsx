// Pasting a token: looked at by the server before anything is shown.
import type { ApolloClient } from '@apollo/client';
import { useApolloClient } from '@apollo/client/react';
import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { ViewerDocument } from '../gql/graphql';
import type { Words } from '../i18n/en';
import { useWords } from '../i18n/language';
import { type Problem, problemOf } from '../lib/problem';
import { accept, getSession } from '../lib/session';

export type Refusal = { kind: 'wrong' } | { kind: 'no-rights' } | { kind: 'unreachable'; problem: Problem };

/** Begins the session when the server takes the token; answers with why not. */
export async function signIn(
  client: ApolloClient,
  token: string,
  stays = false,
): Promise<Refusal | undefined> {
  // Only the characters that a header takes; anything else is no token.
  if (!/^[\x21-\x7e]+$/.test(token)) return { kind: 'wrong' };
  try {
    const { data } = await client.query({
      query: ViewerDocument,
      fetchPolicy: 'no-cache',
      context: { token },
    });
    if (!data?.viewer.scopes.includes('usage:read')) return { kind: 'no-rights' };
    accept(token, data.viewer, stays);
    return undefined;
  } catch (error) {
    const problem = problemOf(error);
    if (problem.kind === 'token') return { kind: 'wrong' };
    if (problem.kind === 'rights') return { kind: 'no-rights' };
    return { kind: 'unreachable', problem };
  }
}

export function refusalText(words: Words, refusal: Refusal): string {
  if (refusal.kind === 'wrong') return words.tokenWrong;
  if (refusal.kind === 'no-rights') return words.tokenNoRights;
  return words.problems[refusal.problem.kind];
}

/** `refusal` is of a token that came another way. */
export function TokenForm({
  refusal: given,
  onDone,
}: {
  refusal?: Refusal | undefined;
  onDone?: () => void;
}): ReactNode {
  const words = useWords();
  const client = useApolloClient();
  const id = useId();
  const [refusal, setRefusal] = useState<Refusal>();
  const [busy, setBusy] = useState(false);
  const wrong = refusal ?? given;
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const token = String(form.get('token') ?? '').trim();
    if (token === '' || busy) return;
    setBusy(true);
    const answer = await signIn(client, token, form.has('stay'));
    setBusy(false);
    setRefusal(answer);
    if (!answer) onDone?.();
  };
  return (
    <form onSubmit={submit} className="token-form">
      <label htmlFor={`${id}-token`}>{words.token}</label>
      <input
        id={`${id}-token`}
        name="token"
        type="password"
        autoComplete="off"
        spellCheck={false}
        required
        aria-describedby={`${id}-hint${wrong ? ` ${id}-wrong` : ''}`}
        aria-invalid={wrong !== undefined}
      />
      <p id={`${id}-hint`} className="muted small">
        {words.tokenHint}
      </p>
      {wrong && (
        <p id={`${id}-wrong`} className="wrong" role="alert">
          {refusalText(words, wrong)}
        </p>
      )}
      <label className="check">
        <input type="checkbox" name="stay" defaultChecked={getSession()?.stays === true} />
        {words.staySignedIn}
      </label>
      <button type="submit" className="primary" disabled={busy}>
        {busy ? words.signingIn : words.signIn}
      </button>
    </form>
  );
}
