// The door: HTTP in, JSON out, whatever happens. Every refusal has an errors array, since n8n looks at nothing else.
import { randomUUID } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import fastifyCors from '@fastify/cors';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import { createJwtVerifier } from '../auth/jwt';
import type { Principal } from '../auth/principal';
import type { Config } from '../config';
import { Snapshot } from '../database/snapshot';
import type { Database } from '../database/transaction';
import { AppError, printError, unavailable } from '../errors';
import { createContext, type GraphQLServices } from '../graphql/context';
import type { TokenService } from '../services/tokens';
import type { Clock } from '../time';
import { createApollo, type RequestNotes, type ServerContext } from './apollo';
import { type Authenticators, authenticate } from './authenticate';
import { registerHealth } from './health';
import { toPublicError } from './mask-error';
import { createRateLimits, type RateLimits } from './rate-limits';

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
  /** Refuses what comes new, finishes what is in flight, then closes. */
  stop(): Promise<void>;
}

const SANDBOX_ORIGIN = 'https://studio.apollographql.com';
const HEADERS_WITHIN_MS = 10_000;

export function createServer(deps: ServerDeps): Server {
  const { config, logger } = deps;
  const rateLimits = createRateLimits(config);
  const apollo = createApollo({ sandbox: config.sandbox, logger, rateLimits });
  const state = { stopping: false };
  const app = createFastify(config, logger);
  return {
    async start() {
      await apollo.start();
      await registerAll(app, deps, apollo, rateLimits, state);
      await app.listen({ host: config.host, port: config.port });
      await deps.services.tokens.listen();
      return urlOf(app, config.host);
    },
    async stop() {
      state.stopping = true;
      await app.close();
      await apollo.stop();
    },
  };
}

function createFastify(config: Config, logger: Logger): FastifyInstance {
  return Fastify({
    bodyLimit: config.bodyLimitBytes,
    requestTimeout: config.requestTimeoutMs,
    http: { headersTimeout: Math.min(HEADERS_WITHIN_MS, config.requestTimeoutMs) },
    trustProxy: config.trustProxy,
    logController: new LogController({ disableRequestLogging: true }),
    logger: false,
    genReqId: () => randomUUID(),
    // Ours says it in the form that callers know.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, _request, reply) => {
      sendError(
        reply,
        new AppError('BAD_USER_INPUT', "The request's path can't be read.", undefined, { cause: error }),
        logger,
      );
    },
  });
}

async function registerAll(
  app: FastifyInstance,
  deps: ServerDeps,
  apollo: ReturnType<typeof createApollo>,
  rateLimits: RateLimits,
  state: { stopping: boolean },
): Promise<void> {
  const { config, logger, database, services } = deps;
  app.decorateRequest('principal', undefined);
  app.decorateRequest('notes');
  app.setErrorHandler((error, _request, reply) => sendError(reply, fromFastify(error, config), logger));
  app.setNotFoundHandler((request, reply) =>
    sendError(
      reply,
      new AppError(
        'NOT_FOUND',
        `There is no ${request.method} ${pathOf(request)}. GraphQL is at POST /graphql.`,
      ),
      logger,
    ),
  );
  app.addHook('onRequest', async (request, reply) => {
    request.notes = {};
    reply.header('x-request-id', request.id);
    if (!state.stopping) return;
    reply.header('connection', 'close');
    if (!request.url.startsWith('/health/')) throw unavailable('The server is stopping. Try again shortly.');
  });
  app.addHook('onResponse', async (request, reply) => logRequest(logger, request, reply));
  await app.register(fastifyCors, {
    origin: [...config.corsOrigins, ...(config.sandbox ? [SANDBOX_ORIGIN] : [])],
    methods: ['GET', 'POST', 'OPTIONS'],
    allowedHeaders: ['content-type', 'authorization', 'apollo-require-preflight'],
    exposedHeaders: ['x-request-id', 'retry-after', 'content-disposition'],
    maxAge: 600,
    strictPreflight: false,
  });
  refuseBareGraphQL(app);
  registerHealth(app, {
    database,
    accepting: () => services.saveMessages.accepting,
    stopping: () => state.stopping,
  });
  registerGraphQL(app, deps, apollo, rateLimits);
}

function registerGraphQL(
  app: FastifyInstance,
  { config, services, database, clock }: ServerDeps,
  apollo: ReturnType<typeof createApollo>,
  rateLimits: RateLimits,
): void {
  const authenticators = authenticatorsOf(config, services.tokens, clock);
  const handler = fastifyApolloHandler<ServerContext>(apollo, {
    context: async (request, reply) => {
      const snapshot = new Snapshot(database, clock());
      // A caller who goes away is read for no longer.
      reply.raw.once('close', () => void snapshot.end());
      const principal = request.principal ?? NOBODY;
      return {
        ...createContext({ requestId: request.id, principal, services, snapshot }),
        notes: request.notes,
      };
    },
  });
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    onRequest: async (request) => {
      if (config.sandbox && wantsLandingPage(request)) return;
      request.principal = await authenticate(request, authenticators, rateLimits);
    },
    handler,
  });
  if (config.sandbox) app.get('/', (request, reply) => handler.call(app, request, reply));
}

/** Only the landing page is served to it, and that asks for nothing. */
const NOBODY: Principal = {
  ...{ id: '', name: '', kind: 'USER', scopes: new Set(), workspaceIds: [], expiresAt: null },
};

/** A browser that opens the page, rather than a client that sends an operation. */
const wantsLandingPage = (request: FastifyRequest): boolean =>
  request.method === 'GET' &&
  !request.url.includes('?') &&
  (request.headers.accept ?? '').includes('text/html');

function authenticatorsOf(config: Config, tokens: TokenService, clock: Clock): Authenticators {
  const { jwtJwksUrl: jwksUrl, jwtIssuer: issuer, jwtAudience: audience } = config;
  const jwt =
    jwksUrl && issuer && audience
      ? createJwtVerifier(
          {
            ...{ jwksUrl, issuer, audience, algorithms: config.jwtAlgorithms },
            ...{ workspacesClaim: config.jwtWorkspacesClaim, scopesClaim: config.jwtScopesClaim },
          },
          clock,
        )
      : undefined;
  return { token: (token) => tokens.verify(token), jwt };
}

/** The first version of n8n's GraphQL node posts the bare document: it is told what to set. */
function refuseBareGraphQL(app: FastifyInstance): void {
  app.addContentTypeParser('application/graphql', (_request, _payload, done) => {
    const message =
      "Content-Type application/graphql is not taken. In n8n's GraphQL node set Request Format to JSON; elsewhere send application/json.";
    done(new AppError('UNSUPPORTED_MEDIA_TYPE', message));
  });
}

/** Fastify's own refusals in our words. */
function fromFastify(error: unknown, config: Config): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (error instanceof AppError) return error;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new AppError(
      'PAYLOAD_TOO_LARGE',
      `The body is larger than ${config.bodyLimitBytes} bytes. Send less at once.`,
    );
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send JSON, with Content-Type: application/json.');
  }
  if (status >= 400 && status < 500) {
    return new AppError('BAD_USER_INPUT', 'The body is not JSON. Send {"query": "...", "variables": {...}}.');
  }
  return error;
}

function sendError(reply: FastifyReply, error: unknown, logger: Logger): FastifyReply {
  const told = toPublicError(error, logger);
  const status =
    error instanceof AppError ? error.status : told.extensions.code === 'SERVICE_UNAVAILABLE' ? 503 : 500;
  const { retryAfterSeconds } = told.extensions;
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  reply.request.notes ??= {};
  reply.request.notes.errorCodes = [told.extensions.code];
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .send({ errors: [told] });
}

/** What isn't even HTTP, or didn't arrive in time. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const line = late
    ? '408 Request Timeout'
    : tooLarge
      ? '431 Request Header Fields Too Large'
      : '400 Bad Request';
  const message = late
    ? 'The request did not arrive in time.'
    : 'This is not an HTTP request that can be read.';
  const body = JSON.stringify({
    errors: [{ message: printError('BAD_USER_INPUT', message), extensions: { code: 'BAD_USER_INPUT' } }],
  });
  socket.end(
    `HTTP/1.1 ${line}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? '/';

/** One line a request: ids, codes and durations; no words, no variables, no token. */
function logRequest(logger: Logger, request: FastifyRequest, reply: FastifyReply): void {
  const { notes, principal } = request;
  logger.info(
    {
      ...{ requestId: request.id, method: request.method, path: pathOf(request), status: reply.statusCode },
      ...{
        durationMs: Math.round(reply.elapsedTime * 10) / 10,
        principal: principal?.id,
        kind: principal?.kind,
      },
      ...notes,
    },
    'request',
  );
}

function urlOf(app: FastifyInstance, host: string): string {
  const address: AddressInfo | string | null = app.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
