// The built dashboard's files at /dashboard: those that were there at the start, and nothing else.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors';
import { projectFolder } from '../project-folder';
import { compress, type Encoding, encodingFor } from './compression';

export interface DashboardOptions {
  /** Where the build put index.html and its assets. */
  folder: string;
}

const ROOT = '/dashboard';
const INDEX = 'index.html';

/** Nothing inline, nothing from elsewhere, nobody's frame. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  vary: 'Accept-Encoding',
};

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

/** The project's dashboard/dist, from the sources and from the build. */
export const dashboardFolder = (): string => join(projectFolder(), 'dashboard', 'dist');

/**
 * Serves the files of a folder. Assets have their content's hash in their name, so they are kept for a year; the page
 * itself is asked for each time. Every other path below /dashboard is a view of the page.
 */
export function registerDashboard(app: FastifyInstance, { folder }: DashboardOptions): void {
  const files = readFiles(folder);
  const send = async (request: FastifyRequest<{ Params: { '*'?: string } }>, reply: FastifyReply) => {
    const path = request.params['*'] ?? '';
    const file = files.get(path) ?? (isView(path) ? files.get(INDEX) : undefined);
    if (!file) throw files.size === 0 ? notBuilt() : notFound(path);
    return file.send(request, reply);
  };
  app.get(ROOT, send);
  app.get(`${ROOT}/*`, send);
}

/** Only files have a dot in their last part; clients' ids and views don't. */
const isView = (path: string): boolean => !path.startsWith('assets/') && !basename(path).includes('.');

const notBuilt = (): AppError =>
  new AppError('NOT_FOUND', 'The dashboard is not built: npm run build builds it, then start again.');
const notFound = (path: string): AppError =>
  new AppError('NOT_FOUND', `There is no ${ROOT}/${path.slice(0, 200)}.`);

function readFiles(folder: string): ReadonlyMap<string, StaticFile> {
  if (!existsSync(join(folder, INDEX))) return new Map();
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && TYPES[extname(entry.name)] !== undefined)
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => {
        const path = file.slice(folder.length + 1).replaceAll('\\', '/');
        return [path, new StaticFile(path, readFileSync(file))];
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
  ) {
    this.type = TYPES[extname(path)] ?? 'application/octet-stream';
    this.etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
    this.cacheControl = path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
  }

  async send(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    reply.headers(HEADERS).header('cache-control', this.cacheControl).header('etag', this.etag);
    if (request.headers['if-none-match'] === this.etag) return reply.code(304).send();
    reply.type(this.type);
    const encoding = encodingFor(request);
    if (!encoding) return reply.send(this.content);
    return reply.header('content-encoding', encoding).send(await this.in(encoding));
  }

  /** Squeezed once, when it's first asked for. */
  private in(encoding: Encoding): Promise<Buffer> {
    const known = this.squeezed.get(encoding) ?? compress(this.content, encoding, { once: true });
    this.squeezed.set(encoding, known);
    return known;
  }
}
