// How the page talks to the server: GraphQL through Apollo Client, and the exports' plain HTTP.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { tap } from 'rxjs';
import { fromAnswer, problemOf } from './problem';
import { expire, getSession } from './session';

const TIMEOUT_MS = 20_000;

/** A request that hangs is one that failed. */
const fetchInTime: typeof fetch = (input, init) => {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const signal = init?.signal ? AbortSignal.any([init.signal, limit]) : limit;
  return fetch(input, { ...init, signal });
};

const authorization = new ApolloLink((operation, forward) => {
  const { token: other, headers } = operation.getContext();
  const token = typeof other === 'string' ? other : getSession()?.token;
  operation.setContext({ headers: { ...headers, authorization: `Bearer ${token ?? ''}` } });
  return forward(operation).pipe(
    tap({
      next: ({ errors }) => noteRefusal(fromAnswer(errors?.[0], 200).kind === 'token', token),
      error: (error: unknown) => noteRefusal(problemOf(error).kind === 'token', token),
    }),
  );
});

function noteRefusal(refused: boolean, token: string | undefined): void {
  if (refused && token !== undefined) expire(token);
}

export const createClient = (): ApolloClient =>
  new ApolloClient({
    link: ApolloLink.from([
      authorization,
      new HttpLink({ uri: '/graphql', fetch: fetchInTime, credentials: 'omit' }),
    ]),
    // Several queries read parts of one report; none may push out what another has read.
    cache: new InMemoryCache({
      typePolicies: { UsageReport: { merge: true }, UsageTotals: { merge: true } },
    }),
  });
