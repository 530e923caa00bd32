import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { type DocumentNode, getOperationAST, parse } from 'graphql';
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
  return ({ operationName = null, ...params }, options) => {
    const asked = readDocument(params.query, operationName);
    if (!asked) return send({ ...params, operationName }, options);
    // The toolkit finds a subscription by the document and the operation's own name.
    return send(
      { ...params, ...(asked.name && { operationName: asked.name }) },
      { ...options, documentAST: asked.document },
    );
  };
}

/**
 * The document, and the operation that is meant. GraphiQL reads both a moment after a tab is opened: an operation that is
 * run before that comes with the name of the tab before. Undefined when the server must say what is wrong.
 */
function readDocument(
  query: string,
  operationName: string | null,
): { document: DocumentNode; name: string | undefined } | undefined {
  try {
    const document = parse(query);
    const operation = getOperationAST(document, operationName) ?? getOperationAST(document);
    return { document, name: operation?.name?.value };
  } catch {
    return undefined;
  }
}
