// The owner's page at /dashboard.
import { basename, join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors';
import { projectFolder } from '../project-folder';
import { INDEX, readFiles } from './static-files';

export interface DashboardOptions {
  /** The folder with the built index.html and its assets. */
  folder: string;
}

const ROOT = '/dashboard';

/** No inline code, nothing from other hosts, no frames. */
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

/** The project's dashboard/dist, for the sources and for the build. */
export const dashboardFolder = (): string => join(projectFolder(), 'dashboard', 'dist');

/** Serves the files of a folder. Every other path below /dashboard is a view of the page. */
export function registerDashboard(app: FastifyInstance, { folder }: DashboardOptions): void {
  const files = readFiles(folder, CONTENT_SECURITY_POLICY);
  const send = async (request: FastifyRequest<{ Params: { '*'?: string } }>, reply: FastifyReply) => {
    const path = request.params['*'] ?? '';
    const file = files.get(path) ?? (isView(path) ? files.get(INDEX) : undefined);
    if (!file) throw files.size === 0 ? notBuilt() : notFound(path);
    return file.send(request, reply);
  };
  app.get(ROOT, send);
  app.get(`${ROOT}/*`, send);
}

/** Only files have a dot in the last part of their path; views and clients' ids don't. */
const isView = (path: string): boolean => !path.startsWith('assets/') && !basename(path).includes('.');

const notBuilt = (): AppError =>
  new AppError('NOT_FOUND', 'The dashboard is not built: npm run build builds it, then start again.');
const notFound = (path: string): AppError =>
  new AppError('NOT_FOUND', `There is no ${ROOT}/${path.slice(0, 200)}.`);
