// What went wrong, told by what a reader can do about it.
import { CombinedGraphQLErrors, ServerError } from '@apollo/client/errors';

export interface Problem {
  /**
   * token: not valid any more; rights: valid, and not for this; offline: the server can't be reached; busy: it says
   * try again; input: the question was refused; other: anything else.
   */
  kind: 'token' | 'rights' | 'offline' | 'busy' | 'input' | 'other';
  /** In the server's own words; empty when it said nothing. */
  detail: string;
}

const KINDS: Readonly<Record<string, Problem['kind']>> = {
  UNAUTHENTICATED: 'token',
  FORBIDDEN: 'rights',
  BAD_USER_INPUT: 'input',
  RATE_LIMITED: 'busy',
  SERVICE_UNAVAILABLE: 'busy',
};

interface Answered {
  message?: unknown;
  extensions?: { code?: unknown };
}

export function problemOf(error: unknown): Problem {
  if (CombinedGraphQLErrors.is(error)) return fromAnswer(error.errors[0], 200);
  if (ServerError.is(error)) return fromBody(error.bodyText, error.statusCode);
  return { kind: 'offline', detail: '' };
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
  const code = typeof answered?.extensions?.code === 'string' ? answered.extensions.code : '';
  const detail = typeof answered?.message === 'string' ? answered.message.replace(/^\[[A-Z_]+\] /, '') : '';
  const byStatus: Problem['kind'] = status === 401 ? 'token' : status >= 502 ? 'offline' : 'other';
  return { kind: KINDS[code] ?? byStatus, detail };
}
