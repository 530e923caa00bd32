// WHAT DOES A CALLER LEARN OF AN ERROR? The only place that hides a message: callers get an id instead, which the log
// has too.
import { randomUUID } from 'node:crypto';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import { describeError } from '../database/describe-error';
import { isTransient } from '../database/sql';
import { AppError, badInput, ERROR_CODES, type ErrorCode, printError, unavailable } from '../errors';
import { codeOf, isError } from '../values/error-code';
import { aboutTheInput, withoutValue } from './without-values';

/** Codes of GraphQL's own layers whose messages are only about the document, each with its status. */
const GRAPHQL_CODES: Readonly<Record<string, number>> = {
  GRAPHQL_PARSE_FAILED: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  OPERATION_RESOLUTION_FAILURE: 400,
  BAD_REQUEST: 400,
  PERSISTED_QUERY_NOT_SUPPORTED: 400,
  BAD_USER_INPUT: 400,
};

/** The HTTP status for an error's code. */
export const statusOf = (code: unknown): number =>
  isOurs(code) ? ERROR_CODES[code].status : (GRAPHQL_CODES[String(code)] ?? 500);

const isOurs = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);

/** What a caller is told of an error. The message has the code too, since n8n passes on only the message. */
export interface PublicError {
  message: string;
  extensions: { code: string; errorId?: string; retryAfterSeconds?: number; field?: string };
}

/**
 * Turns any error into what the caller may know. Temporary failures of the database become SERVICE_UNAVAILABLE;
 * unexpected errors are logged once, with an id, and masked.
 */
export function toPublicError(error: unknown, logger: Logger): PublicError {
  const known = knownError(error);
  if (known) {
    const { code, message, retryAfterSeconds, field } = known;
    if (code === 'SERVICE_UNAVAILABLE')
      logger.warn({ cause: describeCause(known.cause) }, 'answered with 503');
    return {
      message: printError(code, message),
      extensions: {
        code,
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
        ...(field === undefined ? {} : { field }),
      },
    };
  }
  const errorId = randomUUID();
  logger.error({ errorId, error: describeError(error) }, 'unexpected error');
  return {
    message: printError(
      'INTERNAL_SERVER_ERROR',
      `Something went wrong on our side. Quote this id: ${errorId}.`,
    ),
    extensions: { code: 'INTERNAL_SERVER_ERROR', errorId },
  };
}

function knownError(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error;
  if (isTransient(error))
    return unavailable('The database is not available at the moment. Try again shortly.', error);
  return undefined;
}

/** Apollo's formatError. */
export function maskGraphQLError(
  formatted: GraphQLFormattedError,
  raw: unknown,
  logger: Logger,
): GraphQLFormattedError {
  const place = {
    ...(formatted.locations ? { locations: formatted.locations } : {}),
    ...(formatted.path ? { path: formatted.path } : {}),
  };
  const input = raw instanceof GraphQLError ? aboutTheInput(raw) : undefined;
  if (input !== undefined) return { ...toPublicError(badInput(input), logger), ...place };
  const original = originalOf(raw);
  const code = String(formatted.extensions?.code ?? '');
  if (!(original instanceof AppError) && isOfTheDocument(code, raw, original)) {
    return { message: printError(code, aboutTheDocument(formatted.message)), ...place, extensions: { code } };
  }
  return { ...toPublicError(original, logger), ...place };
}

/** GraphQL's own sentence without values; for common mistakes in n8n, also what to set. */
const aboutTheDocument = (message: string): string =>
  message.startsWith('GET requests only support query operations')
    ? "Only POST may write. In n8n's GraphQL node set HTTP Request Method to POST."
    : withoutValue(message);

/** The error that a resolver or a scalar threw, under GraphQL's wrapping. */
function originalOf(raw: unknown): unknown {
  let error = unwrapResolverError(raw);
  while (error instanceof GraphQLError && error.originalError) error = error.originalError;
  return error;
}

/** True for errors of the parser, the validator or Apollo about the document, not of our own code. */
const isOfTheDocument = (code: string, raw: unknown, original: unknown): boolean =>
  Object.hasOwn(GRAPHQL_CODES, code) && raw instanceof GraphQLError && original instanceof GraphQLError;

const describeCause = (cause: unknown): object | undefined =>
  isError(cause) ? { type: cause.name, code: codeOf(cause) } : undefined;
