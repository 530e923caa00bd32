// How slowly an answer may be taken that holds a connection and a snapshot of the database.
import type { ServerResponse } from 'node:http';

/** Bytes a second that a reader takes at least, over each window: 256 kbit/s, less than a phone has at the edge of a town. */
export const LEAST_BYTES_PER_SECOND = 32_768;
export const WINDOW_MS = 30_000;
/** However fast it is read: a snapshot without an end keeps PostgreSQL from removing old rows. */
export const LONGEST_MS = 60 * 60_000;

/**
 * Ends the connection of whoever reads more slowly than that, or for longer. A file that is late because the database is
 * late is not its reader's fault: only what the server has ready, and can't send, counts.
 */
export function keepPace(response: ServerResponse): void {
  const startedAt = performance.now();
  let taken = 0;
  const timer = setInterval(() => {
    const { socket } = response;
    const now = socket ? socket.bytesWritten - socket.writableLength : taken;
    const slow = response.writableNeedDrain && now - taken < (LEAST_BYTES_PER_SECOND * WINDOW_MS) / 1_000;
    taken = now;
    if (slow || performance.now() - startedAt >= LONGEST_MS) response.destroy();
  }, WINDOW_MS);
  timer.unref();
  response.once('close', () => clearInterval(timer));
}
