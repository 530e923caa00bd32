// The door: HTTP in, JSON out, whatever happens. Every refusal has an errors array, since n8n looks at nothing else.
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import fastifyCors from '@fastify/cors';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Principal } from '../auth/principal';
import type { Config } from '../config';
import { Snapshot } from '../database/snapshot';
import type { Database } from '../database/transaction';
import { AppError, badInput } from '../errors';
import { createContext, type GraphQLServices } from '../graphql/context';
import type { TokenService } from '../services/tokens';
import type { Clock } from '../time';
import { createApollo } from './apollo';
import { authenticate, authenticatorsOf } from './authenticate';
import { drain } from './drain';
import { registerHealth } from './health';
import { SANDBOX_ORIGIN, sendLandingPage, wantsLandingPage } from './landing-page';
import type { RequestNotes, ServerContext } from './operation';
import { createRateLimits, type RateLimits } from './rate-limits';
import { answerBrokenRequest, fromFastify, sendError, takeOnlyJson } from './refusals';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; there on every route that needs a token. */
    principal: Principal | undefined;
    notes: RequestNotes;
  }
}

export interface ServerDeps {
  config: Config;
  services: GraphQLServices & { tokens: TokenService };
  database: Database;
  clock: Clock;
  logger: Logger;
}

export interface Server {
  /** Listens; answers with its URL, without a slash at the end. */
  start(): Promise<string>;
  /** Takes no new callers, finishes what is in flight, then closes. Gives up after SHUTDOWN_TIMEOUT_MS. */
  stop(): Promise<void>;
}

const HEADERS_WITHIN_MS = 10_000;
/** Node looks for requests that are late only this often; its own default is 30 s. */
const LATE_REQUESTS_EVERY_MS = 1_000;

interface Parts extends ServerDeps {
  apollo: ApolloServer<ServerContext>;
  rateLimits: RateLimits;
  state: { stopping: boolean };
}

export function createServer(deps: ServerDeps): Server {
  const { config, logger } = deps;
  const rateLimits = createRateLimits(config);
  const apollo = createApollo({ sandbox: config.sandbox, logger, rateLimits });
  const state = { stopping: false };
  const app = createFastify(config, logger);
  return {
    async start() {
      await apollo.start();
      await registerAll(app, { ...deps, apollo, rateLimits, state });
      await app.listen({ host: config.host, port: config.port });
      await deps.services.tokens.listen();
      return urlOf(app, config.host);
    },
    async stop() {
      state.stopping = true;
      await drain(app, config.shutdownTimeoutMs);
      await apollo.stop();
    },
  };
}

function createFastify(config: Config, logger: Logger): FastifyInstance {
  return Fastify({
    bodyLimit: config.bodyLimitBytes,
    requestTimeout: config.requestTimeoutMs,
    http: {
      headersTimeout: Math.min(HEADERS_WITHIN_MS, config.requestTimeoutMs),
      connectionsCheckingInterval: LATE_REQUESTS_EVERY_MS,
    },
    trustProxy: config.trustProxy,
    logger: false,
    genReqId: () => randomUUID(),
    // Ours says it in the form that callers know.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (_error, _request, reply) => {
      sendError(reply, badInput("The request's path can't be read."), logger);
    },
  });
}

async function registerAll(app: FastifyInstance, parts: Parts): Promise<void> {
  const { config, logger, database, services, state } = parts;
  app.decorateRequest('principal', undefined);
  app.decorateRequest('notes');
  app.setErrorHandler((error, _request, reply) => sendError(reply, fromFastify(error, config), logger));
  app.setNotFoundHandler((request, reply) => sendError(reply, notFound(request), logger));
  app.addHook('onRequest', async (request, reply) => {
    request.notes = {};
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
  });
  app.addHook('onSend', async (_request, reply) => {
    // Whoever comes again must come to another server.
    if (state.stopping) reply.header('connection', 'close');
  });
  app.addHook('onResponse', async (request, reply) => logRequest(logger, request, reply));
  await app.register(fastifyCors, {
    origin: [...config.corsOrigins, ...(config.sandbox ? [SANDBOX_ORIGIN] : [])],
    methods: ['GET', 'POST', 'OPTIONS'],
    allowedHeaders: ['content-type', 'authorization', 'apollo-require-preflight', 'x-apollo-operation-name'],
    exposedHeaders: ['x-request-id', 'retry-after', 'content-disposition'],
    maxAge: 600,
    strictPreflight: false,
  });
  takeOnlyJson(app);
  registerHealth(app, {
    database,
    accepting: () => services.saveMessages.accepting,
    stopping: () => state.stopping,
  });
  registerGraphQL(app, parts);
}

function registerGraphQL(app: FastifyInstance, parts: Parts): void {
  const { config, services, database, clock, apollo, rateLimits } = parts;
  const authenticators = authenticatorsOf(config, services.tokens, clock);
  const runOperation = fastifyApolloHandler<ServerContext>(apollo, {
    context: async (request, reply) => {
      const { principal, notes, id: requestId } = request;
      if (!principal) throw new Error('An operation came past authentication.');
      const snapshot = new Snapshot(database, clock());
      // A caller who goes away is read for no longer.
      reply.raw.once('close', () => void snapshot.end());
      return { ...createContext({ requestId, principal, services, snapshot }), notes };
    },
  });
  const isPage = (request: FastifyRequest) => config.sandbox && wantsLandingPage(request);
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    onRequest: async (request) => {
      if (isPage(request)) return;
      checkHost(request);
      request.principal = await authenticate(request, authenticators, rateLimits);
    },
    handler(request, reply) {
      return isPage(request) ? sendLandingPage(apollo, reply) : runOperation.call(this, request, reply);
    },
  });
  app.get('/', (request, reply) => {
    if (isPage(request)) return sendLandingPage(apollo, reply);
    throw notFound(request);
  });
}

/** Apollo's adapter makes a URL of it. */
function checkHost({ host }: FastifyRequest): void {
  if (!URL.canParse(`http://${host}/`)) throw badInput("The request's Host header can't be read.");
}

const pathOf = (request: FastifyRequest): string => (request.url.split('?', 1)[0] ?? '/').slice(0, 200);

const notFound = (request: FastifyRequest): AppError =>
  new AppError('NOT_FOUND', `There is no ${request.method} ${pathOf(request)}. GraphQL is at POST /graphql.`);

/** One line a request: ids, codes and durations; no words, no variables, no token. */
function logRequest(logger: Logger, request: FastifyRequest, reply: FastifyReply): void {
  const { id: requestId, method, notes, principal } = request;
  const durationMs = Math.round(reply.elapsedTime * 10) / 10;
  const caller = { principal: principal?.id, kind: principal?.kind };
  logger.info(
    { requestId, method, path: pathOf(request), status: reply.statusCode, durationMs, ...caller, ...notes },
    'request',
  );
}

function urlOf(app: FastifyInstance, host: string): string {
  const address: AddressInfo | string | null = app.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
