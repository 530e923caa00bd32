// Answers and files leave compressed for callers who take that.
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

const ENCODINGS = ['br', 'gzip'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** The best that the caller takes; undefined: none. */
export function encodingFor(request: FastifyRequest): Encoding | undefined {
  const accepted = request.headers['accept-encoding'] ?? '';
  return ENCODINGS.find((name) =>
    new RegExp(`\\b${name}\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`).test(accepted),
  );
}

/** `once`: the result is kept, so it may take longer. */
export function compress(
  content: Buffer | string,
  encoding: Encoding,
  { once }: { once: boolean },
): Promise<Buffer> {
  if (encoding === 'gzip') return promisify(gzip)(content, { level: once ? 9 : 5 });
  return promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: once ? 9 : 4 } });
}

/** Below this many characters it saves no packet. A saved turn's answer is shorter. */
const WORTH_IT = 4096;

/** An onSend hook for answers that are one text. */
export async function compressAnswer<Payload>(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: Payload,
): Promise<Payload | Buffer> {
  if (typeof payload !== 'string' || payload.length < WORTH_IT) return payload;
  const encoding = encodingFor(request);
  if (!encoding) return payload;
  const squeezed = await compress(payload, encoding, { once: false });
  reply.header('content-encoding', encoding).removeHeader('content-length');
  return squeezed;
}
