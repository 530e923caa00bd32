// What GraphQL says of a value it refuses, without the value: a customer's words may be in it, and n8n stores messages.
import { GraphQLError } from 'graphql';
import { AppError } from '../errors';

/**
 * GraphQL's own sentence about a variable, a literal or the document, without what was given. Undefined when it says
 * nothing of the kind.
 */
export function aboutTheInput(error: GraphQLError): string | undefined {
  const { message } = error;
  if (/^Variable "\$\w+" got invalid value /.test(message)) return aboutVariable(error);
  if (/^(Variable|Argument) "\$?\w+" (of|expected) /.test(message)) return message;
  if (message.startsWith('Too many errors processing variables')) return message;
  // Thrown while executing: a variable that may be null, given as null to an argument that may not.
  if (/^Argument "\w+" has invalid value /.test(message))
    return message.replace(/ value [\s\S]*$/, ' value.');
  return undefined;
}

/** Where it is, and what is wrong with it: in the scalar's own words, or in GraphQL's without the value. */
function aboutVariable(error: GraphQLError): string {
  const reason = reasonOf(error);
  const head = error.message.slice(0, error.message.length - reason.message.length);
  // At the very end of what stands before the reason, so that nothing within the value can look like it.
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
