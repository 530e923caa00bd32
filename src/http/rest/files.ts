// How a file is sent: its type, its name, and the trailer that shows that a CSV is complete.
import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { unavailable } from '../../errors';
import type { ExportSummary } from '../../services/exports/form';
import { keepPace } from '../keep-pace';

const CONTENT_TYPES = {
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  pdf: 'application/pdf',
} as const;

export type FileType = keyof typeof CONTENT_TYPES;

/** Names the file `name`.`type`. */
export function announceFile(reply: FastifyReply, name: string, type: FileType): void {
  reply.type(CONTENT_TYPES[type]).header('content-disposition', `attachment; filename="${name}.${type}"`);
}

/** Streams rows; closes the connection of a caller who reads too slowly. */
export function sendRows(
  reply: FastifyReply,
  { file, summary }: { file: Readable; summary: ExportSummary },
  name: string,
  type: FileType,
): FastifyReply {
  keepPace(reply.raw);
  announceFile(reply, name, type);
  if (type === 'csv') {
    reply.trailer('centesimo-rows', async () => String(summary.rows));
    reply.trailer('centesimo-amount', async () => summary.amount);
  }
  return reply.send(file);
}

/** Aborted when the caller goes away before the answer is complete. */
export function whenGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(unavailable('The caller went away before the answer.')));
  return gone.signal;
}
