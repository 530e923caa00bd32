// Answers and files are compressed for callers who accept that.
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

/** The best encoding that the caller accepts; undefined: none. */
export function encodingFor(request: FastifyRequest): Encoding | undefined {
  const accepted = request.headers['accept-encoding'] ?? '';
  return ENCODINGS.find((name) =>
    new RegExp(`\\b${name}\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`).test(accepted),
  );
}

/** `once`: the result is kept, so compressing may take longer. */
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

/** Shorter answers, such as that of a saved turn, would not save a packet. */
const WORTH_IT = 4096;

/** An answer of one text, ready to be sent: a long one is a stream, so that it is encoded while it is read. */
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
  // A caller who goes away ends both streams: the error needs no handling.
  return pipeline(content, squeeze, () => undefined);
}
