// Apollo Sandbox for a person who opens the server in a browser. Apollo hosts it; it calls this server from there.
import { type ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { exampleOperations } from './example-operations';
import type { ServerContext } from './operation';

/** Where the hosted Sandbox calls from, when it is not opened here. */
export const SANDBOX_ORIGIN = 'https://studio.apollographql.com';

export const landingPage = (): ApolloServerPlugin =>
  ApolloServerPluginLandingPageLocalDefault({
    footer: false,
    // One document: an embedded Sandbox takes no list of tabs, only a document or an entry of a collection in Apollo's cloud.
    ...exampleOperations(),
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

/** A browser that opens the page, rather than a client that sends an operation. */
export const wantsLandingPage = ({ method, url, headers }: FastifyRequest): boolean =>
  method === 'GET' && !url.includes('?') && (headers.accept ?? '').includes('text/html');

/**
 * The page needs no token, so nothing of the request reaches Apollo: whatever a caller puts into it, no operation can
 * be run this way.
 */
export async function sendLandingPage(
  apollo: ApolloServer<ServerContext>,
  reply: FastifyReply,
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
  return reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(html);
}
