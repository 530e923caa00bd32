// Apollo Server with its limits, its masking, and what happens before and after an operation.
import { ApolloServer, type ApolloServerPlugin, type BaseContext } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { checkEdges } from '../auth/permissions';
import { AppError, printError } from '../errors';
import type { GraphQLContext } from '../graphql/context';
import { complexityOf, LIMITS, limitSize, selectedFields } from '../graphql/limits';
import { schema } from '../graphql/schema';
import { EXAMPLE_DOCUMENT, EXAMPLE_VARIABLES } from './example-operations';
import { maskGraphQLError, statusOf } from './mask-error';
import type { RateLimits } from './rate-limits';

export interface RequestNotes {
  operationName?: string;
  operationType?: string;
  errorCodes?: string[];
}

/** The context that resolvers get, and what the request's log line takes from it. */
export interface ServerContext extends GraphQLContext, BaseContext {
  readonly notes: RequestNotes;
}

export function createApollo(options: {
  sandbox: boolean;
  logger: Logger;
  rateLimits: RateLimits;
}): ApolloServer<ServerContext> {
  const { sandbox, logger, rateLimits } = options;
  return new ApolloServer<ServerContext>({
    schema,
    // For callers with a token only: nobody else gets past authentication.
    introspection: true,
    csrfPrevention: true,
    persistedQueries: false,
    allowBatchedHttpRequests: false,
    hideSchemaDetailsFromClientErrors: true,
    includeStacktraceInErrorResponses: false,
    maxRecursiveSelections: LIMITS.recursiveSelections,
    parseOptions: { maxTokens: LIMITS.tokens },
    validationOptions: { maxErrors: 5 },
    validationRules: [limitSize],
    stopOnTerminationSignals: false,
    logger: {
      debug: () => undefined,
      info: () => undefined,
      warn: (text) => logger.warn(text),
      error: (text) => logger.error(text),
    },
    formatError: (formatted, raw) => maskGraphQLError(formatted, raw, logger),
    plugins: [sandbox ? landingPage() : ApolloServerPluginLandingPageDisabled(), requestPlugin(rateLimits)],
  });
}

/** Apollo Sandbox, hosted by Apollo; it calls this server from the reader's browser. */
const landingPage = (): ApolloServerPlugin =>
  ApolloServerPluginLandingPageLocalDefault({
    footer: false,
    document: EXAMPLE_DOCUMENT,
    variables: EXAMPLE_VARIABLES,
    embed: {
      endpointIsEditable: false,
      runTelemetry: false,
      initialState: {
        sharedHeaders: { Authorization: 'Bearer <your token>' },
        pollForSchemaUpdates: false,
      },
    },
  });

function requestPlugin(rateLimits: RateLimits): ApolloServerPlugin<ServerContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ request, document, operation, operationName, contextValue }) {
          if (!operation) return;
          const { notes, principal } = contextValue;
          notes.operationType = operation.operation;
          if (operationName) notes.operationName = operationName;
          if (operation.operation === 'query') await rateLimits.read(principal.id).catch(rethrow);
          else refuse(checkEdges(principal, selectedFields(schema, document)));
          const variables = request.variables ?? {};
          const complexity = complexityOf(schema, document, variables, operationName ?? undefined);
          if (complexity > LIMITS.complexity) {
            throw new GraphQLError(
              `The operation costs ${complexity}; at most ${LIMITS.complexity} is answered. Ask for shorter pages or fewer fields.`,
              { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
            );
          }
        },
        async willSendResponse({ response, contextValue, operation }) {
          await contextValue.snapshot.end();
          if (response.body.kind !== 'single') return;
          const { errors, data } = response.body.singleResult;
          if (!errors || errors.length === 0) return;
          contextValue.notes.errorCodes = errors.map((error) => String(error.extensions?.code));
          // A write's payload is whole or it isn't there: a caller that sees half of it retries with the same key.
          if (operation?.operation === 'mutation') response.body.singleResult.data = null;
          if (data === undefined || response.body.singleResult.data === null) {
            response.http.status = statusOf(errors[0]?.extensions?.code);
          }
          const retryAfter = errors.find((error) => typeof error.extensions?.retryAfterSeconds === 'number');
          if (retryAfter)
            response.http.headers.set('retry-after', String(retryAfter.extensions?.retryAfterSeconds));
        },
      };
    },
  };
}

function refuse(verdict: AppError | true): void {
  if (verdict !== true) rethrow(verdict);
}

/** Before execution Apollo passes on GraphQLErrors only; the original stays inside for the masker. */
function rethrow(error: unknown): never {
  if (!(error instanceof AppError)) throw error;
  throw new GraphQLError(printError(error.code, error.message), {
    originalError: error,
    extensions: { code: error.code },
  });
}
