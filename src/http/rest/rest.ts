// GraphQL's figures for scripts that want a URL: the same permissions, the same services, honest status codes.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { checkRestRoute, type RestRoute } from '../../auth/permissions';
import type { Principal } from '../../auth/principal';
import type { Database } from '../../database/database';
import { Snapshot } from '../../database/snapshot';
import type { AppError } from '../../errors';
import { exportRecords } from '../../services/exports/exports';
import { CSV_DIALECTS, EXPORT_FORMATS } from '../../services/exports/form';
import { getCallersWorkspace } from '../../services/workspaces/workspaces';
import type { Period } from '../../values/period';
import { type Clock, localDate } from '../../values/time';
import { type RateLimits, READ_POINTS, REPORT_POINTS } from '../rate-limits';
import { sendRows, whenGone } from './files';
import { allow, choiceOf, one, oneOf, PERIOD_PARAMETERS, type RestRequest } from './parameters';
import { dashboard, stats } from './reports';
import { sendStatement } from './statement';

export interface RestDeps {
  database: Database;
  clock: Clock;
  rateLimits: RateLimits;
  /** Sets the request's principal, or refuses. */
  authenticate: (request: FastifyRequest) => Promise<void>;
}

type Handler = (
  request: FastifyRequest<RestRequest>,
  reply: FastifyReply,
  snapshot: Snapshot,
) => Promise<unknown>;

export function registerRest(app: FastifyInstance, deps: RestDeps): void {
  const route = (name: RestRoute, handler: Handler, below = ''): void => {
    app.get<RestRequest>(`/api/usage/${name}/:workspaceId${below}`, {
      // HEAD would do all the work for nothing.
      exposeHeadRoute: false,
      onRequest: async (request) => {
        await deps.authenticate(request);
        const principal = principalOf(request);
        refuse(checkRestRoute(principal, name, request.params.workspaceId));
        await deps.rateLimits.read(principal.id, name === 'export' ? READ_POINTS : REPORT_POINTS);
      },
      handler: async (request, reply) => {
        const snapshot = new Snapshot(deps.database, deps.clock());
        reply.raw.once('close', () => void snapshot.abandon());
        reply.header('cache-control', 'private, no-store').header('vary', 'Authorization, Origin');
        const end =
          name === 'export' ? undefined : await deps.rateLimits.heavy.enter(principalOf(request).id);
        try {
          return await handler(request, reply, snapshot);
        } finally {
          end?.();
          await snapshot.end();
        }
      },
    });
  };
  route('dashboard', ({ params, query }, _reply, snapshot) => dashboard(snapshot, params.workspaceId, query));
  route('stats', ({ params, query }, _reply, snapshot) => stats(snapshot, params.workspaceId, query));
  route('export', (request, reply, snapshot) => sendExport(deps.database, request, reply, snapshot));
  route(
    'statement',
    (request, reply, snapshot) => sendStatement(deps.database, request, reply, snapshot),
    '/:month',
  );
}

async function sendExport(
  database: Database,
  request: FastifyRequest<RestRequest>,
  reply: FastifyReply,
  snapshot: Snapshot,
): Promise<FastifyReply> {
  const { params, query } = request;
  allow(query, [...PERIOD_PARAMETERS, 'format', 'dialect']);
  const format = oneOf('format', one(query, 'format')?.toLowerCase(), EXPORT_FORMATS) ?? 'csv';
  const dialect = oneOf('dialect', one(query, 'dialect')?.toLowerCase(), CSV_DIALECTS) ?? 'exact';
  const choice = choiceOf(query);
  const workspace = await getCallersWorkspace(snapshot, params.workspaceId, snapshot.asOf);
  // It streams from a connection of its own; this one is not held meanwhile.
  await snapshot.end();
  const asked = { format, dialect, reader: principalOf(request).id };
  const gone = whenGone(reply);
  const made = await exportRecords(database, workspace, choice, asked, snapshot.asOf, gone);
  return sendRows(reply, made, `${workspace.id}-${nameOf(made.period)}`, format);
}

/** Of a file: 2025-01-06, 2025-01, 2025, or the first and the last day of any other period. */
function nameOf({ from, to, kind, timeZone }: Period): string {
  const first = localDate(from, timeZone);
  if (kind === 'day') return first;
  if (kind === 'month') return first.slice(0, 7);
  if (kind === 'year') return first.slice(0, 4);
  return `${first}-to-${localDate(new Date(to.getTime() - 1), timeZone)}`;
}

function principalOf(request: FastifyRequest<RestRequest>): Principal {
  if (!request.principal) throw new Error('A request came past authentication.');
  return request.principal;
}

function refuse(checked: AppError | true): void {
  if (checked !== true) throw checked;
}
