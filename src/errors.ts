// Every error that a caller can get, on one page. docs/semantics.md and docs/n8n.md list the same codes.

/** Code -> HTTP status, and whether the same call may succeed when it is sent again unchanged. */
export const ERROR_CODES = {
  UNAUTHENTICATED: { status: 401, retryable: false },
  FORBIDDEN: { status: 403, retryable: false },
  NOT_FOUND: { status: 404, retryable: false },
  BAD_USER_INPUT: { status: 400, retryable: false },
  IDEMPOTENCY_KEY_REUSED: { status: 409, retryable: false },
  CONFLICT: { status: 409, retryable: false },
  PAYLOAD_TOO_LARGE: { status: 413, retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false },
  RATE_LIMITED: { status: 429, retryable: true },
  SERVICE_UNAVAILABLE: { status: 503, retryable: true },
  INTERNAL_SERVER_ERROR: { status: 500, retryable: true },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * An error whose message is meant for the caller: it says what was wrong, where, and what to do. The messages of all
 * other errors are masked before they reach a caller (http/mask-error.ts).
 */
export class AppError extends Error {
  override readonly name = 'AppError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    /** Seconds after which a retry makes sense; becomes the Retry-After header. */
    readonly retryAfterSeconds?: number,
    options?: ErrorOptions,
    /** The field of the input that is wrong, so that a form can show the refusal beside it. */
    readonly field?: string,
  ) {
    super(message, options);
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }
}

export const badInput = (message: string, field?: string): AppError =>
  new AppError('BAD_USER_INPUT', message, undefined, undefined, field);

/** Reads or checks one field of an input: a refusal by `check` names the field. */
export function inField<T>(field: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof AppError && error.code === 'BAD_USER_INPUT') throw badInput(error.message, field);
    throw error;
  }
}

export const conflict = (message: string): AppError => new AppError('CONFLICT', message);

export const unauthenticated = (message: string): AppError => new AppError('UNAUTHENTICATED', message);

/** The same words for a workspace that is somebody else's and for one that does not exist. */
export const forbiddenWorkspace = (workspaceId: string): AppError =>
  // An id has at most 64 characters; what is longer is not sent back whole.
  new AppError(
    'FORBIDDEN',
    `This token is not for the workspace ${JSON.stringify(workspaceId.slice(0, 100))}.`,
  );

export const forbiddenScope = (what: string, scope: string): AppError =>
  new AppError('FORBIDDEN', `${what} needs a token with the scope ${scope}.`);

export const unavailable = (message: string, cause?: unknown, retryAfterSeconds = 1): AppError =>
  new AppError('SERVICE_UNAVAILABLE', message, retryAfterSeconds, { cause });

/** n8n passes on only an error's message, so the code stands in front of it (docs/n8n.md). */
export const printError = (code: string, message: string): string => `[${code}] ${message}`;
