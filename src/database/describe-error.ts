// An error as the log may keep it. PostgreSQL quotes rows and values in its messages: these can be customers' words.
import { DatabaseError } from 'pg';
import { codeOf, isError } from '../values/error-code';

/** Keeps the names and places of a database's error, without its message. Other errors keep their message and stack. */
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
