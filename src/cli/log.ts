// Where the log goes: JSON into a pipe or file, readable lines to a terminal. A log that can't be written stops
// nothing.
import { isatty } from 'node:tty';
import pino, { type Logger } from 'pino';
import { printLogLine, type Style, styleFor } from './log-line';

export type LogFile = 1 | 2;

/** How many bytes wait while a full disk has no room; further ones are dropped. */
const KEPT_BYTES = 1_000_000;
/** Errors after which nobody will read here again. */
const GONE = new Set(['EPIPE', 'EIO', 'EBADF', 'ENXIO']);

/** `file`: standard output (1) or error (2). */
export function createLogger(level: string, file: LogFile): Logger {
  const destination = pino.destination({ fd: file, maxLength: KEPT_BYTES });
  const flush = destination.flushSync.bind(destination);
  let isFailing = false;
  destination.on('error', (error: Error) => {
    isFailing = true;
    if ('code' in error && GONE.has(String(error.code))) destination.write = () => true;
  });
  destination.on('write', () => {
    isFailing = false;
  });
  // Node calls this when the process ends; on a full disk it would retry for ever.
  destination.flushSync = () => {
    if (!isFailing) flush();
  };
  if (!isatty(file)) return pino({ level }, destination);
  const style: Style = styleFor();
  return pino({ level }, { write: (line) => void destination.write(printLogLine(line, style)) });
}
