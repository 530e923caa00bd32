// Prometheus has a port of its own, so that API callers can't read the figures.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AggregatorRegistry } from 'prom-client';
import type { Config } from '../config';
import { AppError, unauthenticated } from '../errors';
import type { Metrics } from './metrics';
import type { RateLimits } from './rate-limits';
import { sendError } from './refusals';

/** Figures in the text format of Prometheus. */
export interface MetricsText {
  contentType: string;
  text: () => Promise<string>;
}

export const ownMetrics = ({ registry }: Metrics): MetricsText => ({
  contentType: registry.contentType,
  text: () => registry.metrics(),
});

/** The sum of all workers; in the primary. */
export function metricsOfWorkers(): MetricsText {
  const registry = new AggregatorRegistry();
  return { contentType: registry.contentType, text: () => registry.clusterMetrics() };
}

/** GET /metrics. `allow` throws for callers who may not see it. */
export function registerMetrics(
  app: FastifyInstance,
  { contentType, text }: MetricsText,
  allow: (request: FastifyRequest) => Promise<void>,
): void {
  app.get('/metrics', {
    onRequest: allow,
    handler: async (_request, reply) => {
      reply.type(contentType).header('cache-control', 'no-store');
      return text();
    },
  });
}

/** Throws UNAUTHENTICATED without this token; RATE_LIMITED after too many. */
export const onlyWith =
  (token: string, rateLimits: Pick<RateLimits, 'failedLogin'>) =>
  async (request: FastifyRequest): Promise<void> => {
    const given = /^Bearer ([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (timingSafeEqual(digestOf(given), digestOf(token))) return;
    await rateLimits.failedLogin(request.ip);
    throw unauthenticated(
      'The metrics need the header Authorization: Bearer with the text of METRICS_TOKEN.',
    );
  };

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

export interface MetricsServer {
  /** Without a slash at the end. */
  url: string;
  stop(): Promise<void>;
}

/** Listens on METRICS_PORT; undefined when there is none. */
export async function startMetricsServer(
  config: Pick<Config, 'metricsPort' | 'metricsHost' | 'metricsToken'>,
  text: MetricsText,
  rateLimits: Pick<RateLimits, 'failedLogin'>,
  logger: Logger,
): Promise<MetricsServer | undefined> {
  const { metricsPort: port, metricsHost: host, metricsToken: token } = config;
  if (port === undefined) return undefined;
  const app = Fastify({ logger: false, forceCloseConnections: true });
  app.setErrorHandler((error, _request, reply) => sendError(reply, error, logger));
  app.setNotFoundHandler((_request, reply) =>
    sendError(reply, new AppError('NOT_FOUND', 'Only GET /metrics is here.'), logger),
  );
  registerMetrics(app, text, token === undefined ? async () => undefined : onlyWith(token, rateLimits));
  await app.listen({ host, port });
  const address: AddressInfo | string | null = app.server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, stop: () => app.close() };
}
