// Checks one subscription before it begins, with the same limits as an operation by POST.
import {
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { Database } from '../../database/database';
import { Snapshot } from '../../database/snapshot';
import { badInput } from '../../errors';
import {
  checkCost,
  checkDocument,
  checkSelections,
  checkVariables,
  LIMITS,
  limitSize,
  selectedFields,
} from '../../graphql/limits';
import { createContext, type GraphQLContext, type GraphQLServices } from '../../resolvers/context';
import type { Clock } from '../../values/time';
import { costOfRequest, type RequestNotes, rootFieldsOf } from '../operation';
import { type RateLimits, REFUSED_POINTS } from '../rate-limits';
import type { LiveSocket } from './live-socket';

export interface SubscriptionDeps {
  schema: GraphQLSchema;
  services: GraphQLServices;
  database: Database;
  clock: Clock;
  rateLimits: RateLimits;
}

interface Asked {
  query: string;
  operationName?: string | null | undefined;
  variables?: Record<string, unknown> | null | undefined;
}

/** Throws the error of a refused one; `notes` get its name for the log. */
export async function prepareSubscription(
  socket: LiveSocket,
  asked: Asked,
  notes: RequestNotes,
  deps: SubscriptionDeps,
): Promise<ExecutionArgs> {
  const context = contextOf(socket, deps);
  const { rateLimits } = deps;
  const { id } = context.principal;
  await rateLimits.check(id);
  let charged = false;
  try {
    const args = argsOf(asked, notes, deps.schema);
    const cost = costOfRequest(deps.schema, args.document, args.operation, args.variables, context);
    checkCost(cost);
    charged = true;
    await rateLimits.read(id, cost);
    const { schema } = deps;
    return {
      ...{ schema, document: args.document, contextValue: context, variableValues: args.variables },
      operationName: asked.operationName ?? null,
    };
  } catch (error) {
    if (!charged) await rateLimits.charge(id, REFUSED_POINTS);
    throw error;
  }
}

function argsOf(asked: Asked, notes: RequestNotes, schema: GraphQLSchema) {
  checkDocument(asked);
  const document = parseWithin(asked.query);
  const operation = getOperationAST(document, asked.operationName);
  if (!operation)
    throw badInput('The document has no operation of that name, or several and no operationName.');
  notes.operationType = operation.operation;
  if (operation.name) notes.operationName = operation.name.value;
  if (operation.operation !== 'subscription')
    throw badInput('Only subscriptions come over the socket. Send queries and mutations to POST /graphql.');
  const variables = asked.variables ?? {};
  checkVariables(variables);
  checkSelections(document, operation);
  const errors = validate(schema, document, [...specifiedRules, limitSize], { maxErrors: 5 });
  const [first] = errors;
  if (first) throw new InvalidDocument(errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED')));
  notes.rootFields = rootFieldsOf(selectedFields(schema, document, operation));
  return { document, operation, variables };
}

/** All errors of a document. */
export class InvalidDocument extends Error {
  constructor(readonly errors: readonly GraphQLError[]) {
    super('The document is not valid.');
  }
}

function parseWithin(query: string) {
  try {
    return parse(query, { maxTokens: LIMITS.tokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new InvalidDocument([withCode(error, 'GRAPHQL_PARSE_FAILED')]);
  }
}

const withCode = (error: GraphQLError, code: string): GraphQLError =>
  new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    extensions: { code },
  });

/** A tick needs no database; a query would fail. */
function contextOf(socket: LiveSocket, { services, database, clock }: SubscriptionDeps): GraphQLContext {
  const { principal, requestId } = socket;
  if (!principal) throw new Error('A subscription came past authentication.');
  const snapshot = new Snapshot(database, clock());
  void snapshot.end();
  return createContext({ requestId, principal, services, snapshot, isGone: () => socket.isGone });
}
