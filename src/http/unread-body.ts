// A refusal must wait until the caller has sent the body: otherwise the caller sees a broken connection and no answer.
import type { IncomingMessage } from 'node:http';

/** Reads and drops the rest of a body, up to a number of bytes. With a longer rest the connection may break. */
export async function dropRest(request: IncomingMessage, limitBytes: number): Promise<void> {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (!hasBody || request.complete || request.destroyed) return;
  await new Promise<void>((resolve) => {
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > limitBytes) done();
    };
    const done = (): void => {
      request.off('data', count).off('end', done).off('error', done).off('close', done);
      resolve();
    };
    request.on('data', count).once('end', done).once('error', done).once('close', done);
    request.resume();
  });
}
