// Subscriptions: the protocol of graphql-ws (graphql-transport-ws) at the path of GraphQL.
import type { WebSocket } from '@fastify/websocket';
import type { FastifyRequest } from 'fastify';
import { type ExecutionArgs, type ExecutionResult, GraphQLError, subscribe } from 'graphql';
import { type Context, makeServer } from 'graphql-ws';
import type { Logger } from 'pino';
import type { Principal } from '../../auth/principal';
import { type Authenticators, authenticate, principalOf } from '../authenticate';
import { maskGraphQLError } from '../mask-error';
import type { Metrics } from '../metrics';
import type { RequestNotes } from '../operation';
import { LiveSocket } from './live-socket';
import type { LiveSockets } from './live-sockets';
import { InvalidDocument, prepareSubscription, type SubscriptionDeps } from './subscription';

export interface LiveDeps extends SubscriptionDeps {
  sockets: LiveSockets;
  authenticators: Authenticators;
  /** Throws for callers who may not read here. */
  allow: (principal: Principal) => void;
  logger: Logger;
  metrics: Metrics;
}

/** The subscription of a message, and its variables. */
export const MESSAGE_BYTES = 65_536;
const INIT_WITHIN_MS = 3_000;

interface Extra {
  socket: LiveSocket;
  initialised: () => void;
}

type LiveContext = Context<Record<string, unknown>, Extra>;

/** Accepts a WebSocket. */
export type LiveHandler = (socket: WebSocket, request: FastifyRequest) => void;

export function createLive(deps: LiveDeps): LiveHandler {
  const { sockets, logger, metrics } = deps;
  const begun = new WeakMap<ExecutionArgs, AsyncIterable<ExecutionResult>>();
  const mask = (error: GraphQLError) => maskGraphQLError(error.toJSON(), error, logger);
  const server = makeServer<Record<string, unknown>, Extra>({
    connectionInitWaitTimeout: INIT_WITHIN_MS,
    onConnect: (context) => connect(context, deps),
    onSubscribe: async ({ extra: { socket } }, _id, payload) => {
      const notes: RequestNotes = {};
      const outcome = await begin(socket, payload, notes, deps);
      const refusals = Array.isArray(outcome) ? outcome.map(mask) : [];
      notes.errorCodes = refusals.map(({ extensions }) => String(extensions?.code));
      metrics.countOperation(notes);
      logger.info({ ...whose(socket), ...notes }, 'subscription');
      if (Array.isArray(outcome))
        return refusals.map(({ message, extensions = {} }) => new GraphQLError(message, { extensions }));
      begun.set(outcome.args, outcome.ticks);
      return outcome.args;
    },
    subscribe: (args) => begun.get(args) ?? Promise.reject(new Error('A subscription was not begun.')),
    onNext: (_context, _id, _payload, _args, { data = null, errors }) =>
      errors ? { data, errors: errors.map(mask) } : undefined,
    // An operation that was refused before it began has a masked error already.
    onError: (_context, _id, _payload, errors) =>
      errors.map((error) => (error.originalError ? mask(error) : error.toJSON())),
  });
  return (webSocket, request) => {
    const socket = new LiveSocket(webSocket, request);
    sockets.add(socket);
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (text) => socket.send(text),
        close: (code, reason) => socket.close(code ?? 1000, reason ?? ''),
        onMessage: (take) => socket.onMessage(take),
        // Without the ping's payload: a ping is answered, not echoed.
        onPing: () => socket.send('{"type":"pong"}'),
      },
      { socket, initialised: request.admitted?.initialised ?? (() => undefined) },
    );
    socket.onClose((code, reason) => {
      metrics.socketClosed(code);
      logger.info({ ...whose(socket), code, durationMs: socket.durationMs }, 'socket');
      void closed(code, reason);
    });
  };
}

const whose = ({ requestId, principal }: LiveSocket) => ({
  requestId,
  principal: principal?.id,
  kind: principal?.kind,
});

/** connectionParams has the token with the name and in the form of the HTTP header. */
async function connect({ connectionParams, extra }: LiveContext, deps: LiveDeps): Promise<boolean> {
  const { socket, initialised } = extra;
  const { authenticators, rateLimits, sockets, allow } = deps;
  const given = Object.entries(connectionParams ?? {}).find(
    ([name]) => name.toLowerCase() === 'authorization',
  );
  const authorization = typeof given?.[1] === 'string' ? given[1] : undefined;
  try {
    const caller = { headers: { authorization }, ip: socket.address };
    const principal = await authenticate(caller, authenticators, rateLimits);
    allow(principal);
    if (!sockets.letStay(socket, principal.id)) return false;
    socket.principal = principal;
    socket.verify = () => principalOf(authorization, authenticators);
    initialised();
    return true;
  } catch (error) {
    socket.refuse(error);
    return false;
  }
}

/** The ticks of an accepted subscription, or the error of a refused one. */
async function begin(
  socket: LiveSocket,
  asked: Parameters<typeof prepareSubscription>[1],
  notes: RequestNotes,
  deps: LiveDeps,
): Promise<{ args: ExecutionArgs; ticks: AsyncIterable<ExecutionResult> } | GraphQLError[]> {
  try {
    const args = await prepareSubscription(socket, asked, notes, deps);
    const ticks = await subscribe(args);
    return 'errors' in ticks ? [...(ticks.errors ?? [])] : { args, ticks: iterable(ticks) };
  } catch (error) {
    if (error instanceof InvalidDocument) return [...error.errors];
    if (error instanceof GraphQLError) return [error];
    const originalError = error instanceof Error ? error : new Error(String(error));
    return [new GraphQLError(originalError.message, { originalError })];
  }
}

function iterable(result: ExecutionResult | AsyncIterable<ExecutionResult>): AsyncIterable<ExecutionResult> {
  if (Symbol.asyncIterator in result) return result;
  throw new Error('A subscription answered once.');
}
