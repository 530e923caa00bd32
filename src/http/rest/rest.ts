// GraphQL's figures for scripts that want a URL: the same permissions, the same services, honest status codes.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { getOperationAST } from 'graphql';
import { checkRestRoute, type RestRoute } from '../../auth/permissions';
import type { Principal } from '../../auth/principal';
import type { Database } from '../../database/database';
import { Snapshot } from '../../database/snapshot';
import { type AppError, badInput } from '../../errors';
import { type Asker, type Cost, costOf } from '../../graphql/cost';
import { tooCostly } from '../../graphql/limits';
import { schema } from '../../graphql/schema';
import { exportRecords } from '../../services/exports/exports';
import { CSV_DIALECTS, EXPORT_FORMATS } from '../../services/exports/form';
import { getCallersWorkspace } from '../../services/workspaces/workspaces';
import type { Period } from '../../values/period';
import { type Clock, localDate } from '../../values/time';
import { type RateLimits, READ_POINTS } from '../rate-limits';
import { sendRows, whenGone } from './files';
import { allow, choiceOf, one, oneOf, PERIOD_PARAMETERS, type RestRequest } from './parameters';
import { DASHBOARD, type Report, STATS } from './reports';
import { sendStatement } from './statement';

export interface RestDeps {
  database: Database;
  clock: Clock;
  rateLimits: RateLimits;
  /** Sets the request's principal, or refuses. */
  authenticate: (request: FastifyRequest) => Promise<void>;
}

/** What a report reads and answers with; a file reads for itself. */
type Handler = (
  request: FastifyRequest<RestRequest>,
  reply: FastifyReply,
  snapshot: Snapshot,
) => Promise<unknown>;

export function registerRest(app: FastifyInstance, deps: RestDeps): void {
  const { database, clock, rateLimits } = deps;
  const route = (name: RestRoute, handler: Handler, below = ''): void => {
    app.get<RestRequest>(`/api/usage/${name}/:workspaceId${below}`, {
      // HEAD would do all the work for nothing.
      exposeHeadRoute: false,
      onRequest: async (request) => {
        await deps.authenticate(request);
        const principal = principalOf(request);
        refuse(checkRestRoute(principal, name, request.params.workspaceId));
        await rateLimits.check(principal.id);
      },
      handler: async (request, reply) => {
        const snapshot = new Snapshot(database, clock());
        reply.raw.once('close', () => void snapshot.abandon());
        reply.header('cache-control', 'private, no-store').header('vary', 'Authorization, Origin');
        try {
          return await handler(request, reply, snapshot);
        } finally {
          await snapshot.end();
        }
      },
    });
  };
  const report = ({ question, ask, answer }: Report): Handler => {
    const operation = getOperationAST(question);
    if (!operation) throw new Error('A report has no question.');
    return async (request, reply, snapshot) => {
      const { id } = principalOf(request);
      const { workspaceId } = request.params;
      const asked = await charged(rateLimits, id, () => {
        const { choice, ...rest } = ask(request.query);
        const variables = given({ workspaceId, ...choice, ...rest });
        const cost = costOf(schema, question, operation, variables, asker(snapshot));
        const refusal = tooCostly(cost);
        if (refusal !== undefined) throw badInput(refusal);
        return { cost, choice, ...rest };
      });
      await rateLimits.read(id, asked.cost);
      request.place.leave = await rateLimits.turn(id, asked.cost, () => reply.raw.destroyed);
      return answer(snapshot, workspaceId, asked);
    };
  };
  route('dashboard', report(DASHBOARD));
  route('stats', report(STATS));
  route('export', async (request, reply, snapshot) => {
    await rateLimits.read(principalOf(request).id, NO_COST);
    return sendExport(database, request, reply, snapshot);
  });
  route(
    'statement',
    async (request, reply, snapshot) => {
      const { id } = principalOf(request);
      await rateLimits.read(id, STATEMENT_COST);
      request.place.leave = await rateLimits.turn(id, STATEMENT_COST, () => reply.raw.destroyed);
      return sendStatement(database, request, reply, snapshot);
    },
    '/:month',
  );
}

/** To GraphQL a variable that is left out and one that is undefined are two things. */
const given = (variables: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined));

/** Every line of a month, whichever form it is asked in. */
const STATEMENT_COST: Cost = { points: 4_900, characters: 0 };

const NO_COST: Cost = { points: 0, characters: 0 };

const asker = ({ asOf }: Snapshot): Asker => ({ now: asOf, workspaces: 1 });

/** Whoever asks what can't be answered has asked, too. */
async function charged<T>(rateLimits: RateLimits, principalId: string, ask: () => T): Promise<T> {
  try {
    return ask();
  } catch (error) {
    await rateLimits.charge(principalId, READ_POINTS);
    throw error;
  }
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
