// An error as the log may have it. PostgreSQL quotes rows and values in its messages, and they are customers' words.
import { DatabaseError } from 'pg';
import { codeOf, isError } from '../values/error-code';

/** Of a database's error only names and places; of any other its message and stack. */
export function describeError(error: unknown): object {
  if (error instanceof DatabaseError) {
    const { code, constraint, table, column, routine, stack = '' } = error;
    const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
    return { type: 'DatabaseError', code, constraint, table, column, routine, stack: frames.join('\n') };
  }
  return isError(error)
    ? { type: error.name, message: error.message, code: codeOf(error), stack: error.stack }
    : { type: typeof error };
}
