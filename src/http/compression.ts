// Answers and files leave compressed for callers who take that.
import { pipeline, type Readable } from 'node:stream';
import { promisify } from 'node:util';
import {
  type BrotliOptions,
  brotliCompress,
  constants,
  createBrotliCompress,
  createGzip,
  gzip,
  type ZlibOptions,
} from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { streamed } from './stringify';

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
  if (encoding === 'gzip') return promisify(gzip)(content, gzipOptions(once));
  return promisify(brotliCompress)(content, brotliOptions(once));
}

const gzipOptions = (once: boolean): ZlibOptions => ({ level: once ? 9 : 5 });
const brotliOptions = (once: boolean): BrotliOptions => ({
  params: { [constants.BROTLI_PARAM_QUALITY]: once ? 9 : 4 },
});

/** Below this many characters it saves no packet. A saved turn's answer is shorter. */
const WORTH_IT = 4096;

/** An answer that is one text, as it is sent: a long one as a stream, so that it is encoded as it is taken. */
export async function compressAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  text: string,
): Promise<string | Buffer | Readable> {
  const encoding = text.length < WORTH_IT ? undefined : encodingFor(request);
  const content = streamed(text);
  if (!encoding) return content;
  reply.header('content-encoding', encoding).removeHeader('content-length');
  if (typeof content === 'string') return compress(content, encoding, { once: false });
  const squeeze =
    encoding === 'gzip' ? createGzip(gzipOptions(false)) : createBrotliCompress(brotliOptions(false));
  // Who goes away ends both: nothing is left to do for an error.
  return pipeline(content, squeeze, () => undefined);
}
