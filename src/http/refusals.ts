// Refusals before GraphQL. All of them are JSON with an errors array and a fitting status.
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { AppError, printError } from '../errors';
import { checkShape } from './body-shape';
import { statusOf, toPublicError } from './mask-error';

/** Answers with one error, whatever it is. */
export function sendError(reply: FastifyReply, error: unknown, logger: Logger): FastifyReply {
  const told = toPublicError(error, logger);
  const { code, errorId, retryAfterSeconds } = told.extensions;
  const status = statusOf(code);
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  reply.request.notes = {
    ...reply.request.notes,
    errorCodes: [code],
    ...(errorId === undefined ? {} : { errorIds: [errorId] }),
  };
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .send({ errors: [told] });
}

/** Translates Fastify's own refusals into our errors. */
export function fromFastify(error: unknown, limits: { bodyLimitBytes: number }): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  const status = 'statusCode' in error ? Number(error.statusCode) : 500;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const message = `The body is larger than ${limits.bodyLimitBytes} bytes. Send less at once.`;
    return new AppError('PAYLOAD_TOO_LARGE', message);
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send JSON, with Content-Type: application/json.');
  }
  if (status < 400 || status >= 500) return error;
  return new AppError('BAD_USER_INPUT', 'The body is not JSON. Send {"query": "...", "variables": {...}}.');
}

/** Accepts only JSON. The first version of n8n's GraphQL node posts the bare document: the error says what to set. */
export function takeOnlyJson(app: FastifyInstance): void {
  app.removeContentTypeParser('text/plain');
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    try {
      checkShape(body);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    parse(request, body, done);
  });
  app.addContentTypeParser('application/graphql', (_request, _payload, done) => {
    const message =
      "Content-Type application/graphql is not taken. In n8n's GraphQL node set Request Format to JSON; elsewhere send application/json.";
    done(new AppError('UNSUPPORTED_MEDIA_TYPE', message));
  });
}

/**
 * Answers bytes that are no HTTP, or did not arrive in time. There is no request object yet, so the answer is written
 * to the socket.
 */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [line, message] = BROKEN[error.code ?? ''] ?? [
    '400 Bad Request',
    'This is not an HTTP request that can be read.',
  ];
  answerByHand(socket, line, message);
}

const BROKEN: Readonly<Record<string, readonly [string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', "The request's headers are too large."],
};

/** Answers what Node refuses by itself without an answer: an unknown Expect header, and CONNECT. */
export function answerForNode(server: Server): void {
  server.on('checkExpectation', (_request, response) => {
    const body = refusalOf('Of Expect only 100-continue is known. Leave the header out.');
    response.writeHead(417, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    });
    response.end(body);
  });
  server.on('connect', (_request, socket: Duplex) => {
    answerByHand(socket, '405 Method Not Allowed', 'This is no proxy. GraphQL is at POST /graphql.');
  });
}

function answerByHand(socket: Duplex, line: string, message: string): void {
  const body = refusalOf(message);
  socket.end(
    `HTTP/1.1 ${line}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const refusalOf = (message: string): string =>
  JSON.stringify({
    errors: [{ message: printError('BAD_USER_INPUT', message), extensions: { code: 'BAD_USER_INPUT' } }],
  });
