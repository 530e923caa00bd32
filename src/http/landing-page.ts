// Apollo Sandbox for a person who opens the server in a browser. Apollo hosts it; it calls this server from there.
import { type ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { exampleOperations } from './example-operations';
import { wantsPage } from './front-page';
import { GRAPHIQL } from './graphiql';
import type { ServerContext } from './operation';

/** Where the hosted Sandbox calls from, when it is not opened here. */
export const SANDBOX_ORIGIN = 'https://studio.apollographql.com';

export function landingPage(): ApolloServerPlugin {
  // One document: an embedded Sandbox takes no list of tabs, only a document or an entry of a collection in Apollo's cloud.
  const { document, variables } = exampleOperations();
  return ApolloServerPluginLandingPageLocalDefault({
    footer: false,
    document,
    variables,
    // Shared headers can be switched off there and not edited: nobody could put a token into one.
    headers: { Authorization: 'Bearer <your token>' },
    embed: {
      endpointIsEditable: false,
      runTelemetry: false,
      initialState: {
        pollForSchemaUpdates: false,
      },
    },
  });
}

/** A browser that opens the page: with a query string it sends an operation, as GraphQL over HTTP has it. */
export const wantsLandingPage = (request: FastifyRequest): boolean =>
  wantsPage(request) && !request.url.includes('?');

/** How long a browser may try to reach Apollo's host: a firewall may drop what it doesn't let through. */
const SANDBOX_WITHIN_MS = 8_000;

/**
 * Goes to GraphiQL when the script of Sandbox can't be had; not from GraphiQL's link back, which says #sandbox. It stands
 * before everything that is fetched from elsewhere and that the browser would wait for.
 */
const wayOut = (nonce: string): string => `<script nonce="${nonce}">
  const leave = () => {
    if (!window.EmbeddedSandbox && location.hash !== '#sandbox') location.replace('${GRAPHIQL}');
  };
  addEventListener('error', (event) => { if (event.target instanceof HTMLScriptElement) leave(); }, true);
  setTimeout(leave, ${SANDBOX_WITHIN_MS});
</script>`;

/**
 * The page needs no token, so nothing of the request reaches Apollo: whatever a caller puts into it, no operation can
 * be run this way.
 */
export async function sendLandingPage(
  apollo: ApolloServer<ServerContext>,
  reply: FastifyReply,
  { graphiql }: { graphiql: boolean },
): Promise<FastifyReply> {
  const page = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: {
      method: 'GET',
      headers: new HeaderMap([['accept', 'text/html']]),
      search: '',
      body: undefined,
    },
    context: () => Promise.reject(new Error('The landing page runs nothing.')),
  });
  const html = page.body.kind === 'complete' ? page.body.string : '';
  const nonce = /'nonce-([0-9a-f]+)'/.exec(html)?.[1];
  const withWayOut =
    graphiql && nonce !== undefined ? html.replace('<link', `${wayOut(nonce)}\n    <link`) : html;
  return reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(withWayOut);
}
