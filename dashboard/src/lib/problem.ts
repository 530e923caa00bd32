// What went wrong, told by what a reader can do about it.
import { CombinedGraphQLErrors, ServerError } from '@apollo/client/errors';

export interface Problem {
  /**
   * token: not valid any more; rights: valid, and not for this; offline: the server can't be reached; busy: it says
   * try again; often: this caller asks too often; input: the question was refused; conflict: not as things stand;
   * other: anything else.
   */
  kind: 'token' | 'rights' | 'offline' | 'busy' | 'often' | 'input' | 'conflict' | 'other';
  /** By which whoever runs the server finds it in the log; empty when it has none. */
  id: string;
  /** The field of an input that was refused; empty when the server names none. */
  field: string;
}

/** The server speaks English; the page says what a code means in its own language (i18n). */
const KINDS: Readonly<Record<string, Problem['kind']>> = {
  UNAUTHENTICATED: 'token',
  FORBIDDEN: 'rights',
  NOT_FOUND: 'input',
  BAD_USER_INPUT: 'input',
  GRAPHQL_VALIDATION_FAILED: 'input',
  CONFLICT: 'conflict',
  RATE_LIMITED: 'often',
  SERVICE_UNAVAILABLE: 'busy',
};

interface Answered {
  extensions?: { code?: unknown; errorId?: unknown; field?: unknown };
}

export function problemOf(error: unknown): Problem {
  if (CombinedGraphQLErrors.is(error)) return fromAnswer(error.errors[0], 200);
  if (ServerError.is(error)) return fromBody(error.bodyText, error.statusCode);
  return { kind: 'offline', id: '', field: '' };
}

/** From the body of an answer over plain HTTP. */
export function fromBody(body: string, status: number): Problem {
  try {
    const parsed: { errors?: Answered[] } = JSON.parse(body);
    return fromAnswer(parsed.errors?.[0], status);
  } catch {
    return fromAnswer(undefined, status);
  }
}

/** From an error of a GraphQL answer. */
export function fromAnswer(answered: Answered | undefined, status: number): Problem {
  const { code, errorId, field } = answered?.extensions ?? {};
  const byStatus: Problem['kind'] = status === 401 ? 'token' : status >= 502 ? 'offline' : 'other';
  return { kind: KINDS[textOf(code)] ?? byStatus, id: textOf(errorId), field: textOf(field) };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
