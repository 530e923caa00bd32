// How slowly an answer may be taken.
import type { ServerResponse } from 'node:http';

/** Of a file, which holds a connection and a snapshot of the database: 256 kbit/s, less than a phone has at the edge of a town. */
export const LEAST_BYTES_PER_SECOND = 32_768;
export const WINDOW_MS = 30_000;
/** However fast it is read: a snapshot without an end keeps PostgreSQL from removing old rows. */
export const LONGEST_MS = 60 * 60_000;

/**
 * Ends the connection of whoever takes fewer bytes a second than the least, over a window, or takes longer than that. A file that is late because the database is
 * late is not its reader's fault: only what the server has ready, and can't send, counts.
 */
export function keepPace(response: ServerResponse, leastBytesPerSecond = LEAST_BYTES_PER_SECOND): void {
  const startedAt = performance.now();
  let taken = 0;
  const timer = setInterval(() => {
    const { socket } = response;
    const now = socket ? socket.bytesWritten - socket.writableLength : taken;
    const slow = response.writableNeedDrain && now - taken < (leastBytesPerSecond * WINDOW_MS) / 1_000;
    taken = now;
    if (slow || performance.now() - startedAt >= LONGEST_MS) response.destroy();
  }, WINDOW_MS);
  timer.unref();
  response.once('close', () => clearInterval(timer));
}
