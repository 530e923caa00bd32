// n8n's GraphQL node retries an answer with errors only when it has a field "error" too. The GraphQL standard has no
// such field, so it is added only for callers who ask for it (docs/n8n.md).
import type { IncomingHttpHeaders } from 'node:http';

const ERROR_FIELD_HEADER = 'centesimo-error-field';

export const wantsErrorField = ({ headers }: { headers: IncomingHttpHeaders }): boolean =>
  headers[ERROR_FIELD_HEADER] === 'true';

/** The same answer; one with errors also has their messages in "error". */
export function withErrorField(payload: string): string {
  // Most answers have no errors, and need not be read again.
  if (!payload.includes('"errors":')) return payload;
  const body: { errors?: unknown } = JSON.parse(payload);
  if (!Array.isArray(body.errors)) return payload;
  const error = body.errors.map(({ message }: { message: string }) => message).join(', ');
  return JSON.stringify({ ...body, error });
}
