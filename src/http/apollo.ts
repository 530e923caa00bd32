// Apollo Server with its limits and its masking.
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import { LIMITS, limitSize } from '../graphql/limits';
import { landingPage } from './landing-page';
import { maskGraphQLError } from './mask-error';
import { operationPlugin, type ServerContext } from './operation';
import type { RateLimits } from './rate-limits';
import { stringifyInTurns } from './stringify';

export function createApollo(options: {
  schema: GraphQLSchema;
  sandbox: boolean;
  logger: Logger;
  rateLimits: RateLimits;
}): ApolloServer<ServerContext> {
  const { schema, sandbox, logger, rateLimits } = options;
  return new ApolloServer<ServerContext>({
    schema,
    // Only callers with a token get here.
    introspection: true,
    csrfPrevention: true,
    persistedQueries: false,
    allowBatchedHttpRequests: false,
    // "Did you mean …" is allowed: callers here have a token and may read the schema.
    hideSchemaDetailsFromClientErrors: false,
    includeStacktraceInErrorResponses: false,
    maxRecursiveSelections: LIMITS.recursiveSelections,
    parseOptions: { maxTokens: LIMITS.tokens },
    validationOptions: { maxErrors: 5 },
    validationRules: [limitSize],
    stringifyResult: stringifyInTurns,
    stopOnTerminationSignals: false,
    logger: {
      debug: () => undefined,
      info: () => undefined,
      warn: (text) => logger.warn(text),
      error: (text) => logger.error(text),
    },
    formatError: (formatted, raw) => maskGraphQLError(formatted, raw, logger),
    plugins: [
      sandbox ? landingPage() : ApolloServerPluginLandingPageDisabled(),
      // Cache control would look at every field; no answer of ours may be cached.
      ApolloServerPluginCacheControlDisabled(),
      operationPlugin(rateLimits),
    ],
  });
}
