// Reads the code of an error of Node or PostgreSQL.
import { types } from 'node:util';

/** Also true for errors of Node's own modules: in a test's sandbox they belong to another class. */
export const isError = (error: unknown): error is Error =>
  error instanceof Error || types.isNativeError(error);

/** The `code` of a system or PostgreSQL error ("ENOSPC", "28P01"), if it has one. */
export const codeOf = (error: unknown): string | undefined =>
  isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
