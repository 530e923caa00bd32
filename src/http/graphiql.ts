// GraphiQL at /graphiql: for a browser that can't reach Apollo's host. Everything of it comes from here.
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors';
import { projectFolder } from '../project-folder';
import { exampleOperations } from './example-operations';
import { INDEX, readFiles } from './static-files';

export const GRAPHIQL = '/graphiql';

/** Like the dashboard's policy, but GraphiQL has fonts in its style sheet, and its dialogs set inline styles. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  'font-src data:',
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const builtFiles = () => readFiles(join(projectFolder(), 'graphiql', 'dist'), CONTENT_SECURITY_POLICY);

/** Serves the page, and the operations that it opens with. Returns false when the page isn't built. */
export function registerGraphiql(app: FastifyInstance): boolean {
  const files = builtFiles();
  if (files.size === 0) return false;
  const send = async (request: FastifyRequest<{ Params: { '*'?: string } }>, reply: FastifyReply) => {
    const path = request.params['*'] ?? '';
    const file = files.get(path === '' ? INDEX : path);
    if (!file) throw new AppError('NOT_FOUND', `There is no ${GRAPHIQL}/${path.slice(0, 200)}.`);
    return file.send(request, reply);
  };
  const operations = exampleOperations();
  app.get(GRAPHIQL, send);
  app.get(`${GRAPHIQL}/*`, send);
  app.get(`${GRAPHIQL}/examples.json`, (_request, reply) =>
    reply.header('cache-control', 'no-cache').send(operations),
  );
  return true;
}
