// Apollo Sandbox for a person who opens the server in a browser. Apollo hosts it; it calls this server from there.
import { type ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { stripIgnoredCharacters } from 'graphql';
import { exampleOperations } from './example-operations';
import { wantsPage } from './front-page';
import { GRAPHIQL } from './graphiql';
import type { ServerContext } from './operation';

/** The origin of the hosted Sandbox when it is not opened here. */
export const SANDBOX_ORIGIN = 'https://studio.apollographql.com';

const HINT = '# Put a token into the headers below. Prettify indents the operations.\n';

/**
 * Sandbox gets its operations in an address, which has no room for indentation: fields without fields of their own share
 * a line, and what GraphQL ignores is left out. The comments stay.
 */
const withoutIndentation = (document: string): string =>
  document
    .replace(/\{[^{}#]*\}/g, stripIgnoredCharacters)
    .split('\n')
    .map((line) => (line.startsWith('#') ? line : stripIgnoredCharacters(line)))
    .join('\n');

export function landingPage(): ApolloServerPlugin {
  // One document for all operations: the embedded Sandbox takes no list of tabs, only one document or an entry of a
  // collection in Apollo's cloud.
  const operations = exampleOperations();
  const document = [HINT, ...operations.map((one) => withoutIndentation(one.document))].join('\n');
  const variables = Object.assign({}, ...operations.map((one) => one.variables));
  return ApolloServerPluginLandingPageLocalDefault({
    footer: false,
    document,
    variables,
    // In Sandbox shared headers can be switched off but not edited: nobody could put a token into one.
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

/** True for a browser that opens the page. With a query string it sends an operation (GraphQL over HTTP). */
export const wantsLandingPage = (request: FastifyRequest): boolean =>
  wantsPage(request) && !request.url.includes('?');

/** How long a browser may try to reach Apollo's host: a firewall may drop packets without an answer. */
const SANDBOX_WITHIN_MS = 8_000;

/**
 * Goes to GraphiQL when Sandbox's script can't be loaded, but not from GraphiQL's link back, which says #sandbox. It
 * comes before everything that is loaded from other hosts, since the browser would wait for that.
 */
const wayOut = (nonce: string): string => `<script nonce="${nonce}">
  const leave = () => {
    if (!window.EmbeddedSandbox && location.hash !== '#sandbox') location.replace('${GRAPHIQL}');
  };
  addEventListener('error', (event) => { if (event.target instanceof HTMLScriptElement) leave(); }, true);
  setTimeout(leave, ${SANDBOX_WITHIN_MS});
</script>`;

/**
 * Apollo's plugin has no setting for where subscriptions go: it is added to what the page gives Sandbox. The address is the
 * one that the browser has, also behind a proxy.
 */
const withSubscriptions = (html: string): string =>
  html.replace(
    /^(\s*)initialEndpoint,$/m,
    "$1initialEndpoint,\n$1initialSubscriptionEndpoint: initialEndpoint.replace(/^http/, 'ws').replace(/[?#].*/, ''),",
  );

/** The page needs no token. Nothing of the request reaches Apollo Server, so no operation can run this way. */
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
  const html = withSubscriptions(page.body.kind === 'complete' ? page.body.string : '');
  const nonce = /'nonce-([0-9a-f]+)'/.exec(html)?.[1];
  const withWayOut =
    graphiql && nonce !== undefined ? html.replace('<link', `${wayOut(nonce)}\n    <link`) : html;
  return reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(withWayOut);
}
