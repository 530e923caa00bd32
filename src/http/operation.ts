// What happens to one operation before it runs and before its answer leaves.
import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';
import { checkEdges } from '../auth/permissions';
import { AppError, badInput, ERROR_CODES, printError } from '../errors';
import { type Cost, costOf, TEXTS } from '../graphql/cost';
import { checkCost, checkSize, checkVariables, selectedFields } from '../graphql/limits';
import type { GraphQLContext } from '../resolvers/context';
import { statusOf } from './mask-error';
import { pointsOfTexts, type RateLimits, REFUSED_POINTS } from './rate-limits';

/** The operation's part of the request's log line. */
export interface RequestNotes {
  operationName?: string;
  operationType?: string;
  /** The root fields that were asked for, without their type. */
  rootFields?: readonly string[];
  errorCodes?: string[];
  /** A read that its token has paid for. */
  charged?: boolean;
  /** The ids of masked errors; the log has a line for each. */
  errorIds?: string[];
}

/**
 * A request's place among the large reads. It is given back when the answer is text and counted, since that is work
 * too.
 */
export interface Place {
  leave?: () => void;
}

/** The context that resolvers get, and what its request takes from it. */
export interface ServerContext extends GraphQLContext, BaseContext {
  readonly notes: RequestNotes;
  readonly place: Place;
}

export const operationPlugin = (rateLimits: RateLimits): ApolloServerPlugin<ServerContext> => ({
  async requestDidStart() {
    return {
      async didResolveOperation({ request, schema, document, operation, contextValue }) {
        const { notes, principal } = contextValue;
        if (!operation) return;
        checkVariables(request.variables ?? {});
        notes.operationType = operation.operation;
        const fields = selectedFields(schema, document, operation);
        notes.rootFields = rootFieldsOf(fields);
        if (operation.name) notes.operationName = operation.name.value;
        if (operation.operation === 'subscription') rethrow(badInput(NOT_BY_HTTP));
        const cost = () => costOfRequest(schema, document, operation, request.variables ?? {}, contextValue);
        if (operation.operation !== 'query') {
          refuse(checkEdges(principal, fields));
          // Saves are not limited, but their answers are.
          if (TEXTS.some((text) => fields.has(text))) checkSize(cost());
          return;
        }
        const read = cost();
        checkCost(read);
        await rateLimits.read(principal.id, read).catch(rethrow);
        notes.charged = true;
        contextValue.place.leave = await rateLimits.turn(principal, read, contextValue.isGone).catch(rethrow);
      },
      async willSendResponse({ response, contextValue, operation }) {
        const { notes, snapshot, principal, texts } = contextValue;
        await snapshot.end();
        if (texts.bytes > 0) await rateLimits.charge(principal.id, pointsOfTexts(texts.bytes));
        // A refused document was parsed and validated, which costs points too.
        if (!notes.charged && operation?.operation !== 'mutation')
          await rateLimits.charge(principal.id, REFUSED_POINTS);
        if (response.body.kind !== 'single') return;
        const result = response.body.singleResult;
        if (!result.errors || result.errors.length === 0) return;
        if (operation?.operation === 'mutation') {
          // A write's payload is complete or absent: n8n takes an incomplete one for a failure.
          if (result.data !== undefined) result.data = null;
          result.errors = result.errors.map(afterWrite);
        }
        if (texts.refusal) {
          // An answer with half of the texts is useless, and one error is enough.
          const message = printError(texts.refusal.code, texts.refusal.message);
          result.errors = result.errors.filter((error) => error.message === message).slice(0, 1);
          result.data = null;
        }
        if (failedWhole(result.data, result.errors)) result.data = null;
        note(notes, result.errors);
        if (!result.data) response.http.status = honestStatus(response.http.status, result.errors);
        const wait = result.errors.map(retryAfterOf).find((seconds) => seconds !== undefined);
        if (wait !== undefined) response.http.headers.set('retry-after', String(wait));
      },
    };
  },
});

const NOT_BY_HTTP =
  'A subscription goes over a WebSocket at this path, by the protocol of graphql-ws (graphql-transport-ws): docs/dashboards.md.';

export const rootFieldsOf = (fields: ReadonlySet<string>): string[] =>
  [...fields].flatMap((field) => /^(?:Query|Mutation|Subscription)\.(\w+)$/.exec(field)?.[1] ?? []);

/** Wrong variables are left to the execution: it does not start and says what is wrong with each. */
export function costOfRequest(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  { principal, snapshot }: Pick<GraphQLContext, 'principal' | 'snapshot'>,
): Cost {
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
    maxErrors: 1,
  });
  if (!coerced) return { points: 0, characters: 0 };
  const asker = { now: snapshot.asOf, workspaces: principal.workspaceIds.length };
  return costOf(schema, document, operation, coerced, asker);
}

/**
 * An error below a mutation's field came after its COMMIT, and an unexpected one may have. The idempotency key makes a
 * retry safe, so the error tells the caller to retry.
 */
function afterWrite(error: GraphQLFormattedError): GraphQLFormattedError {
  const { code, errorId } = error.extensions ?? {};
  const below = (error.path?.length ?? 0) > 1;
  if (code === 'INTERNAL_SERVER_ERROR' || (below && code === 'SERVICE_UNAVAILABLE')) {
    const message =
      'The answer could not be completed; the write may have been done. Send the same again: with the same idempotencyKey nothing is saved or charged twice.';
    return {
      ...error,
      message: printError('SERVICE_UNAVAILABLE', errorId ? `${message} Error id: ${errorId}.` : message),
      extensions: { code: 'SERVICE_UNAVAILABLE', retryAfterSeconds: 1, ...(errorId ? { errorId } : {}) },
    };
  }
  return below ? { ...error, message: `${error.message} The write itself was done.` } : error;
}

function note(notes: RequestNotes, errors: readonly GraphQLFormattedError[]): void {
  notes.errorCodes = errors.map((error) => String(error.extensions?.code));
  const ids = errors.flatMap(({ extensions }) => (extensions?.errorId ? [String(extensions.errorId)] : []));
  if (ids.length > 0) notes.errorIds = ids;
}

/**
 * Did every root field fail? The error of a nullable field makes that field null; the error of another makes the whole
 * answer null.
 */
const failedWhole = (
  data: Record<string, unknown> | null | undefined,
  errors: readonly GraphQLFormattedError[],
): boolean =>
  data !== null &&
  data !== undefined &&
  Object.keys(data).every((key) => data[key] === null && errors.some(({ path }) => path?.[0] === key));

/** Keeps a refusal's own status (405, 406, 415); an answer without data is never 200. */
function honestStatus(given: number | undefined, errors: readonly GraphQLFormattedError[]): number {
  if (given !== undefined && given >= 400 && given < 500 && given !== 400) return given;
  // If one of several errors is temporary, it decides: the request may be right.
  const codes = errors.map((error) => error.extensions?.code);
  return statusOf(codes.find(isRetryable) ?? codes[0]);
}

const isRetryable = (code: unknown): boolean =>
  Object.entries(ERROR_CODES).some(([name, { retryable }]) => name === code && retryable);

const retryAfterOf = ({ extensions }: GraphQLFormattedError): number | undefined =>
  typeof extensions?.retryAfterSeconds === 'number' ? extensions.retryAfterSeconds : undefined;

function refuse(checked: AppError | true): void {
  if (checked !== true) rethrow(checked);
}

/** Before execution Apollo passes on GraphQLErrors only; the original stays inside for the masker. */
function rethrow(error: unknown): never {
  if (!(error instanceof AppError)) throw error;
  throw new GraphQLError(printError(error.code, error.message), {
    originalError: error,
    extensions: { code: error.code },
  });
}
