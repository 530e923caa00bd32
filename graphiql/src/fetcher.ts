import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { getOperationAST, parse } from 'graphql';
import { createClient } from 'graphql-ws';

/** Sends operations to this server, with the token when there is one. */
export function createFetcher(token: string): Fetcher {
  const send = createGraphiQLFetcher({
    url: '/graphql',
    headers: token === '' ? {} : { authorization: `Bearer ${token}` },
    fetch: (url, init) => fetch(url, { ...init, credentials: 'omit' }),
    enableIncrementalDelivery: false,
    wsClient: createClient({
      url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
      connectionParams: { Authorization: `Bearer ${token}` },
      // How a socket ended is shown rather than tried again: the reader runs the operation anew.
      retryAttempts: 0,
    }),
  });
  return ({ operationName = null, ...params }, options) =>
    send(holds(params.query, operationName) ? { ...params, operationName } : params, options);
}

/**
 * Whether the document has an operation of that name. GraphiQL reads the name a moment after a tab is opened: an operation
 * that is run before that comes with the name of the tab before.
 */
function holds(document: string, operationName: string | null): boolean {
  try {
    return getOperationAST(parse(document), operationName) != null;
  } catch {
    // The server says what is wrong with it.
    return true;
  }
}
