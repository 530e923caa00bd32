// GraphQL's error about a refused value, without the value: it may hold a customer's words, and n8n stores error
// messages.
import { GraphQLError } from 'graphql';
import { AppError } from '../errors';

/**
 * GraphQL's own sentence about a variable, a literal or the document, without the given value. Undefined for other
 * errors.
 */
export function aboutTheInput(error: GraphQLError): string | undefined {
  const { message } = error;
  if (/^Variable "\$\w+" got invalid value /.test(message)) return aboutVariable(error);
  if (/^(Variable|Argument) "\$?\w+" (of|expected) /.test(message)) return message;
  if (message.startsWith('Too many errors processing variables')) return message;
  // Thrown during execution: a nullable variable was null, but the argument may not be.
  if (/^Argument "\w+" has invalid value /.test(message))
    return message.replace(/ value [\s\S]*$/, ' value.');
  return undefined;
}

/** Where the value is and what is wrong with it: in the scalar's own words, or in GraphQL's without the value. */
function aboutVariable(error: GraphQLError): string {
  const reason = reasonOf(error);
  const head = error.message.slice(0, error.message.length - reason.message.length);
  // Matches only at the very end of the text before the reason, so that text within the value can't look like it.
  const path = / at "([\w.[\]]+)"; $/.exec(head)?.[1] ?? /^Variable "\$(\w+)"/.exec(head)?.[1] ?? '';
  const text = isOurs(reason) ? reason.message : withoutValue(reason.message);
  return `The variable $${path} is not valid: ${text}`;
}

/** The inner error, whose message ends the outer one's. */
function reasonOf(error: GraphQLError): GraphQLError {
  let inner: Error | undefined = error.originalError;
  while (inner instanceof GraphQLError) {
    if (inner !== error && inner.message !== error.message && error.message.endsWith(`; ${inner.message}`)) {
      return inner;
    }
    inner = inner.originalError;
  }
  return new GraphQLError('');
}

const isOurs = (error: GraphQLError): boolean =>
  error.originalError instanceof AppError || error.extensions.code === 'BAD_USER_INPUT';

/** Keeps what is expected, drops what was found. */
export const withoutValue = (message: string): string =>
  message
    .replace(/^([\s\S]*? cannot represent [^:]*value): [\s\S]*$/, '$1.')
    .replace(/^Value "[\s\S]*" (does not exist in "\w+" enum)[\s\S]*$/, 'This value $1.')
    .replace(/^(Expected value of type "[^"]+"), found [\s\S]*$/, '$1.')
    .replace(/\b((?:Block)?String) "[\s\S]*"/, '$1');
