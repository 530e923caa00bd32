// GraphQL's figures for scripts that want a URL: the same permissions, the same services, honest status codes.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type DocumentNode, getOperationAST } from 'graphql';
import { checkExport, checkRestRoute, type RestRoute } from '../../auth/permissions';
import type { Principal } from '../../auth/principal';
import type { Database } from '../../database/database';
import { Snapshot } from '../../database/snapshot';
import { type AppError, badInput } from '../../errors';
import { type Cost, costOf } from '../../graphql/cost';
import { tooCostly } from '../../graphql/limits';
import { schema } from '../../graphql/schema';
import type { Clock } from '../../values/time';
import { type RateLimits, READ_POINTS } from '../rate-limits';
import { askExport, COUNTED, sendExport } from './export';
import type { RestRequest } from './parameters';
import { DASHBOARD, type Report, STATS } from './reports';
import { sendStatement } from './statement';

export interface RestDeps {
  database: Database;
  clock: Clock;
  rateLimits: RateLimits;
  /** Sets the request's principal, or refuses. */
  authenticate: (request: FastifyRequest) => Promise<void>;
}

/** How a report is read and answered; files read for themselves. */
type Handler = (
  request: FastifyRequest<RestRequest>,
  reply: FastifyReply,
  snapshot: Snapshot,
) => Promise<unknown>;

export function registerRest(app: FastifyInstance, deps: RestDeps): void {
  const { database, clock, rateLimits } = deps;
  const route = (name: RestRoute, handler: Handler, below = ''): void => {
    app.get<RestRequest>(`/api/usage/${name}/:workspaceId${below}`, {
      // HEAD would do all the work without using it.
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
  const report =
    ({ question, ask, answer }: Report): Handler =>
    async (request, reply, snapshot) => {
      const principal = principalOf(request);
      const { workspaceId } = request.params;
      const asked = await charged(rateLimits, principal.id, () => {
        const { choice, ...rest } = ask(request.query);
        const cost = costOfQuestion(question, { workspaceId, ...choice, ...rest }, snapshot);
        const refusal = tooCostly(cost);
        if (refusal !== undefined) throw badInput(refusal);
        return { cost, choice, ...rest };
      });
      await rateLimits.read(principal.id, asked.cost);
      request.place.leave = await rateLimits.turn(principal, asked.cost, () => reply.raw.destroyed);
      return answer(snapshot, workspaceId, asked);
    };
  route('dashboard', report(DASHBOARD));
  route('stats', report(STATS));
  route('export', async (request, reply, snapshot) => {
    const principal = principalOf(request);
    const asked = await charged(rateLimits, principal.id, () => {
      const asked = askExport(request.query);
      refuse(checkExport(principal, asked.what));
      return asked;
    });
    const { workspaceId } = request.params;
    const cost = costOfQuestion(COUNTED[asked.what], { workspaceId, ...asked.choice }, snapshot);
    await rateLimits.read(principal.id, cost);
    return sendExport(database, asked, { request, reply, snapshot });
  });
  route(
    'statement',
    async (request, reply, snapshot) => {
      const principal = principalOf(request);
      await rateLimits.read(principal.id, STATEMENT_COST);
      request.place.leave = await rateLimits.turn(principal, STATEMENT_COST, () => reply.raw.destroyed);
      return sendStatement(database, request, reply, snapshot);
    },
    '/:month',
  );
}

function costOfQuestion(
  question: DocumentNode,
  variables: Record<string, unknown>,
  { asOf }: Snapshot,
): Cost {
  const operation = getOperationAST(question);
  if (!operation) throw new Error('A report must be one operation, so that its cost can be counted.');
  return costOf(schema, question, operation, given(variables), { now: asOf, workspaces: 1 });
}

/** GraphQL distinguishes a variable that is left out from one that is undefined. */
const given = (variables: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined));

/** Every line of a month, in either format. */
const STATEMENT_COST: Cost = { points: 4_900, characters: 0 };

/** A request that is refused costs points too. */
async function charged<T>(rateLimits: RateLimits, principalId: string, ask: () => T): Promise<T> {
  try {
    return ask();
  } catch (error) {
    await rateLimits.charge(principalId, READ_POINTS);
    throw error;
  }
}

function principalOf(request: FastifyRequest<RestRequest>): Principal {
  if (!request.principal) throw new Error('A request came past authentication.');
  return request.principal;
}

function refuse(checked: AppError | true): void {
  if (checked !== true) throw checked;
}
