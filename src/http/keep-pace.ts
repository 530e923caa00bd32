// How slowly an answer may be taken.
import type { ServerResponse } from 'node:http';

/**
 * For a file, which holds a connection and a snapshot of the database: 256 kbit/s, less than a phone has at the edge of
 * a town.
 */
export const LEAST_BYTES_PER_SECOND = 32_768;
export const WINDOW_MS = 30_000;
/** The longest time for any reader: an endless snapshot keeps PostgreSQL from removing old rows. */
export const LONGEST_MS = 60 * 60_000;

/**
 * Closes the connection of a caller who reads slower than the lowest rate over a window, or takes longer than the
 * longest time. Only data that is ready and can't be sent counts: the reader is not punished for a slow database.
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
