// A usage statement as files: PDF for people, CSV and JSON for programs.

import { join } from 'node:path';
import { projectFolder } from '../../project-folder';
import type { StatementContent } from './document';
import { inWorker } from './in-worker';

export const STATEMENT_FORMATS = ['pdf', 'csv', 'json'] as const;
export type StatementFormat = (typeof STATEMENT_FORMATS)[number];

/** A file of the build: the thread is not in the bundle, so that a start doesn't load its libraries. */
const WORKER = join(projectFolder(), 'dist/src/services/paper/document-worker.js');

/** Ten times the time that 2 000 clients took on a busy machine, and more than their memory (docs/performance.md). */
const LIMITS = { withinMs: 60_000, memoryMb: 512 };

/** Made in a thread of its own. Rejects when that fails, or with the signal's reason. */
export async function makePdf(content: StatementContent, signal?: AbortSignal): Promise<Buffer> {
  const made = await inWorker(WORKER, content, { ...LIMITS, signal });
  if (!(made instanceof Uint8Array)) throw new Error('The thread answered with something else than bytes.');
  return Buffer.from(made.buffer, made.byteOffset, made.byteLength);
}
