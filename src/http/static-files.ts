// The built files of a page: only those that existed at the start.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { compress, type Encoding, encodingFor } from './compression';

export const INDEX = 'index.html';

const headersWith = (contentSecurityPolicy: string): Readonly<Record<string, string>> => ({
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  vary: 'Accept-Encoding',
});

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

/**
 * The built files of a folder by path; empty when it isn't built. Assets have their content's hash in their name, so
 * browsers keep them for a year; they ask for the page itself each time.
 */
export function readFiles(folder: string, contentSecurityPolicy: string): ReadonlyMap<string, StaticFile> {
  if (!existsSync(join(folder, INDEX))) return new Map();
  const headers = headersWith(contentSecurityPolicy);
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && TYPES[extname(entry.name)] !== undefined)
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => {
        const path = file.slice(folder.length + 1).replaceAll('\\', '/');
        return [path, new StaticFile(path, readFileSync(file), headers)];
      }),
  );
}

class StaticFile {
  private readonly etag: string;
  private readonly type: string;
  private readonly cacheControl: string;
  private readonly squeezed = new Map<Encoding, Promise<Buffer>>();

  constructor(
    path: string,
    private readonly content: Buffer,
    private readonly headers: Readonly<Record<string, string>>,
  ) {
    this.type = TYPES[extname(path)] ?? 'application/octet-stream';
    this.etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
    this.cacheControl = path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
  }

  async send(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    reply.headers(this.headers).header('cache-control', this.cacheControl).header('etag', this.etag);
    if (request.headers['if-none-match'] === this.etag) return reply.code(304).send();
    reply.type(this.type);
    const encoding = encodingFor(request);
    if (!encoding) return reply.send(this.content);
    return reply.header('content-encoding', encoding).send(await this.in(encoding));
  }

  /** Compressed once, at the first request. */
  private in(encoding: Encoding): Promise<Buffer> {
    const known = this.squeezed.get(encoding) ?? compress(this.content, encoding, { once: true });
    this.squeezed.set(encoding, known);
    return known;
  }
}
