// The HTTP server: every request gets JSON, whatever happens. Every refusal has an errors array, since n8n looks at
// nothing else.
import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import fastifyCors from '@fastify/cors';
import fastifyWebsocket from '@fastify/websocket';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteShorthandOptions,
} from 'fastify';
import { handleProtocols } from 'graphql-ws';
import type { Logger } from 'pino';
import type { Principal } from '../auth/principal';
import type { Config } from '../config';
import type { Database } from '../database/database';
import type { Notices } from '../database/notices';
import { Snapshot } from '../database/snapshot';
import { AppError, badInput } from '../errors';
import { checkDocument } from '../graphql/limits';
import { publicSchema, schema } from '../graphql/schema';
import { createContext, type GraphQLServices } from '../resolvers/context';
import type { TokenService } from '../services/tokens/token-service';
import type { ClockWatch } from '../services/upkeep/clock-watch';
import { baseUrl } from '../values/base-url';
import type { Clock } from '../values/time';
import { createApollo } from './apollo';
import { type Authenticators, authenticate, authenticatorsOf } from './authenticate';
import { compressAnswer } from './compression';
import { dashboardFolder, registerDashboard } from './dashboard';
import { drain } from './drain';
import { wantsErrorField, withErrorField } from './error-field';
import { sendFrontPage, wantsPage } from './front-page';
import { registerGraphiql } from './graphiql';
import { registerHealth } from './health';
import { SANDBOX_ORIGIN, sendLandingPage, wantsLandingPage } from './landing-page';
import { createLive, type LiveHandler, MESSAGE_BYTES } from './live/live';
import { LiveSockets } from './live/live-sockets';
import { webSocketUpgrades } from './live/upgrades';
import type { Metrics } from './metrics';
import { onlyWith, ownMetrics, registerMetrics } from './metrics-server';
import type { Place, RequestNotes, ServerContext } from './operation';
import { createRateLimits, type RateLimits, REFUSED_POINTS } from './rate-limits';
import { answerBrokenRequest, answerForNode, fromFastify, sendError, takeOnlyJson } from './refusals';
import { registerRest } from './rest/rest';
import { SaveDoor } from './save-door';
import { dropRest } from './unread-body';
import { watchCallers } from './waiting-callers';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; set on every route that needs a token. */
    principal: Principal | undefined;
    notes: RequestNotes;
    place: Place;
    /** Of a WebSocket. */
    admitted: { initialised: () => void } | undefined;
  }
}

export interface ServerDeps {
  config: Config;
  services: GraphQLServices & { tokens: TokenService; clockWatch: ClockWatch; notices: Notices };
  database: Database;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
}

/** Where it listens, without a slash at the end. Without INTERNAL_PORT both are the same. */
export interface Urls {
  url: string;
  /** The only address at which anything can be written. */
  internalUrl: string;
}

export interface Server {
  start(): Promise<Urls>;
  /** Takes no new requests, finishes the running ones, then closes. Gives up after SHUTDOWN_TIMEOUT_MS. */
  stop(): Promise<void>;
}

/** Longer than a load balancer keeps its connections, which is usually 60 s. */
const KEEP_ALIVE_MS = 72_000;
/** How much of a refused body is read, as a multiple of the largest accepted body. */
const DROPPED_BODIES = 8;
const HEADERS_WITHIN_MS = 10_000;
/** How often Node looks for late requests; its default is 30 s. */
const LATE_REQUESTS_EVERY_MS = 1_000;

/** What the listeners of one server share. */
interface Shared extends ServerDeps {
  rateLimits: RateLimits;
  authenticators: Authenticators;
  door: SaveDoor;
  sockets: LiveSockets;
  state: { stopping: boolean };
}

interface Parts extends Shared {
  apollo: ApolloServer<ServerContext>;
  /** False on the public listener when there is an internal one: no mutations, no service tokens. */
  writes: boolean;
  /** Subscriptions are where people and pages are: on the public listener. */
  live: boolean;
}

interface Listener {
  start(): Promise<string>;
  stop(): Promise<void>;
}

export function createServer(deps: ServerDeps): Server {
  const { config, services, clock, logger, metrics } = deps;
  const state = { stopping: false };
  const authenticators = authenticatorsOf(config, services.tokens, clock);
  const door = new SaveDoor({
    limits: {
      underWayMax: config.writeQueueMax + config.writeLanes * config.writeBatchMax,
      lagMaxMs: config.overloadLagMs,
    },
    isFull: () => !services.saveMessages.accepting,
    logger,
    refused: () => metrics.refusedAtTheDoor(),
  });
  const sockets = new LiveSockets(clock);
  services.tokens.onRevocation(sockets);
  const rateLimits = createRateLimits(config);
  const shared: Shared = { ...deps, rateLimits, authenticators, door, sockets, state };
  const { host, port, internalHost, internalPort } = config;
  const internal =
    internalPort === undefined
      ? undefined
      : createListener(shared, {
          ...{ host: internalHost, port: internalPort },
          ...{ writes: true, live: false },
        });
  const writes = internal === undefined;
  const publicListener = createListener(shared, { host, port, writes, live: true });
  let started = false;
  const stop = async (): Promise<void> => {
    state.stopping = true;
    if (started && config.shutdownDelayMs > 0) await delay(config.shutdownDelayMs);
    await Promise.all([publicListener.stop(), internal?.stop()]);
    door.close();
  };
  return {
    async start() {
      try {
        const internalUrl = await internal?.start();
        const url = await publicListener.start();
        await services.notices.start();
        started = true;
        return { url, internalUrl: internalUrl ?? url };
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}

function createListener(
  shared: Shared,
  at: { host: string; port: number; writes: boolean; live: boolean },
): Listener {
  const { config, logger, rateLimits } = shared;
  const { host, port, writes, live } = at;
  const apollo = createApollo({
    schema: writes ? schema : publicSchema,
    sandbox: config.sandbox,
    logger,
    rateLimits,
  });
  const app = createFastify(config, logger, shared.door);
  return {
    async start() {
      await apollo.start();
      await registerAll(app, { ...shared, apollo, writes, live });
      await app.listen({ host, port });
      return urlOf(app, host);
    },
    async stop() {
      await drain(app, config.shutdownTimeoutMs);
      await apollo.stop();
    },
  };
}

function createFastify(config: Config, logger: Logger, door: SaveDoor): FastifyInstance {
  return Fastify({
    bodyLimit: config.bodyLimitBytes,
    serverFactory: (serve) => {
      const options = {
        // Our own handler answers in the usual form.
        requireHostHeader: false,
        headersTimeout: Math.min(HEADERS_WITHIN_MS, config.requestTimeoutMs),
        requestTimeout: config.requestTimeoutMs,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: LATE_REQUESTS_EVERY_MS,
      };
      const server = createHttpServer(options, (request, response) => {
        if (!door.refuses(request, response)) serve(request, response);
      });
      watchCallers(server);
      return server;
    },
    // The proxy wrote the last address; the caller wrote those before it.
    trustProxy: config.trustProxy ? (_address, hop) => hop === 0 : false,
    logger: false,
    genReqId: () => randomUUID(),
    // Our own handler answers in the usual form.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (_error, _request, reply) => {
      sendError(reply, badInput("The request's path can't be read."), logger);
    },
  });
}

async function registerAll(app: FastifyInstance, parts: Parts): Promise<void> {
  const { config, logger, database, services, rateLimits, state } = parts;
  app.decorateRequest('principal', undefined);
  app.decorateRequest('notes');
  app.decorateRequest('place');
  app.decorateRequest('admitted');
  app.setErrorHandler((error, _request, reply) => sendError(reply, fromFastify(error, config), logger));
  app.setNotFoundHandler((request, reply) => sendError(reply, notFound(request), logger));
  app.addHook('onRequest', async (request, reply) => {
    request.notes = {};
    request.place = {};
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
  });
  app.addHook('onRequest', async ({ raw }) => {
    if (raw.headers.host === undefined && raw.httpVersion === '1.1')
      throw badInput('HTTP/1.1 needs a Host header.');
  });
  answerForNode(app.server);
  app.addHook('onSend', async (request, reply, payload) => {
    // Ends keep-alive, so that clients reconnect to another server.
    if (state.stopping) reply.header('connection', 'close');
    const { principal, place } = request;
    if (principal) {
      if (typeof payload === 'string') rateLimits.unsent.hold(principal.id, payload.length, reply.raw);
      // The next read must find the answer counted.
      place.leave?.();
      await dropRest(request.raw, DROPPED_BODIES * config.bodyLimitBytes);
    }
    return typeof payload === 'string' && wantsErrorField(request) ? withErrorField(payload) : payload;
  });
  app.addHook('onResponse', async (request, reply) => {
    logRequest(logger, request, reply);
    parts.metrics.request(request, reply.statusCode, reply.elapsedTime);
  });
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
    accepting: () => parts.door.isOpen,
    stopping: () => state.stopping,
    clockDifference: () => services.clockWatch.difference,
  });
  const { metricsPort, metricsToken } = config;
  if (metricsPort === undefined && metricsToken !== undefined)
    registerMetrics(app, ownMetrics(parts.metrics), onlyWith(metricsToken, rateLimits));
  registerDashboard(app, { folder: dashboardFolder() });
  await registerGraphQL(app, parts);
  registerRest(app, {
    ...{ database, clock: parts.clock, rateLimits },
    authenticate: async (request) => {
      checkHost(request);
      request.principal = await authenticate(request, parts.authenticators, rateLimits);
      if (!parts.writes) refuseService(request.principal);
    },
  });
}

async function registerGraphQL(app: FastifyInstance, parts: Parts): Promise<void> {
  const { config, services, database, clock, apollo, authenticators, rateLimits, writes, live, sockets } =
    parts;
  const runOperation = fastifyApolloHandler<ServerContext>(apollo, {
    context: async (request, reply) => {
      const { principal, notes, place, id: requestId } = request;
      if (!principal) throw new Error('An operation came past authentication.');
      const snapshot = new Snapshot(database, clock());
      // Stops reading for a caller who goes away.
      reply.raw.once('close', () => void snapshot.abandon());
      const isGone = () => reply.raw.destroyed;
      return { ...createContext({ requestId, principal, services, snapshot, isGone }), notes, place };
    },
  });
  const graphiql = config.sandbox && registerGraphiql(app);
  const isPage = (request: FastifyRequest) => config.sandbox && wantsLandingPage(request);
  const hooks: RouteShorthandOptions = {
    onRequest: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      if (live && request.ws) {
        request.admitted = sockets.admit(request);
        return;
      }
      if (isPage(request)) return;
      checkHost(request);
      request.principal = await authenticate(request, authenticators, rateLimits);
      if (!writes) refuseService(request.principal);
      // A token that may save is let in: only the body tells whether this is a save.
      if (request.principal.kind !== 'SERVICE') await rateLimits.check(request.principal.id);
    },
    preHandler: async ({ body, principal }) => {
      try {
        checkDocument(body);
      } catch (error) {
        if (principal) await rateLimits.charge(principal.id, REFUSED_POINTS);
        throw error;
      }
    },
    onSend: async (request, reply, payload) =>
      typeof payload === 'string' ? compressAnswer(request, reply, payload) : payload,
  };
  app.post('/graphql', { ...hooks, handler: runOperation });
  const read = (scope: FastifyInstance, socket: { wsHandler?: LiveHandler } = {}): void => {
    scope.route({
      ...{ ...hooks, ...socket, method: 'GET', url: '/graphql' },
      handler(request, reply) {
        return isPage(request)
          ? sendLandingPage(apollo, reply, { graphiql })
          : runOperation.call(this, request, reply);
      },
    });
  };
  if (live) await registerLive(app, parts, read);
  else read(app);
  app.get('/', (request, reply) => {
    if (wantsPage(request)) return sendFrontPage(reply, { sandbox: config.sandbox, graphiql });
    throw notFound(request);
  });
}

/** The path's GET, where it may become a WebSocket. In a scope of its own, so that a save passes none of its hooks. */
async function registerLive(
  app: FastifyInstance,
  parts: Parts,
  read: (scope: FastifyInstance, live: { wsHandler: LiveHandler }) => void,
): Promise<void> {
  const { sockets, writes } = parts;
  const allow = (principal: Principal): void => {
    if (!writes) refuseService(principal);
  };
  const wsHandler = createLive({ ...parts, schema: writes ? schema : publicSchema, allow });
  await app.register(async (scope) => {
    await scope.register(fastifyWebsocket, {
      options: {
        server: webSocketUpgrades(app.server, '/graphql'),
        maxPayload: MESSAGE_BYTES,
        // Answered within what a socket may send.
        autoPong: false,
        handleProtocols,
      },
      // It has closed the socket with a code that says why.
      errorHandler: () => undefined,
      preClose: (done) => {
        sockets.leave();
        done();
      },
    });
    read(scope, { wsHandler });
  });
}

/** Tokens that may write are accepted only on the listener that takes writes. */
function refuseService({ kind }: Principal): void {
  if (kind !== 'SERVICE') return;
  const message = "Service tokens are not taken here: call the server's internal address (INTERNAL_PORT).";
  throw new AppError('FORBIDDEN', message);
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
  return baseUrl(host, port);
}
