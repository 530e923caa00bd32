// How this process ends: in order, however it is told to and however often, so that no database stays behind it.
import { constants } from 'node:os';

/** What ends a process unless it is heeded. Not SIGUSR1, which opens Node's debugger. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGALRM'] as const;

export interface Ending {
  /** A signal came: the first one, others change nothing. */
  told(signal: NodeJS.Signals): void;
  /** An error that nobody caught, or one of stopping itself. */
  failed(error: unknown, what: string): void;
  /** The exit code after a signal that was followed; default: 128 and the signal's number, as shells have it. */
  code?: number;
}

let ending = false;

/** True when the process was told to end: what fails from then on fails because of that. */
export const isEnding = (): boolean => ending;

/**
 * Stops what is being started when the process is told to end, or when an error comes that nobody caught; the latter
 * ends it with 1. What comes before the start is over waits for that: it may have taken callers, or made a database.
 */
export function stopInOrder<T extends { stop(): Promise<void> }>(
  starting: Promise<T>,
  { told, failed, code: followed }: Ending,
): Promise<T> {
  const end = (code: number): void => {
    if (ending) return;
    ending = true;
    // A start that fails has given everything back by itself, and a signal may be why it failed.
    starting
      .then(
        (started) => started.stop(),
        () => undefined,
      )
      .then(
        () => process.exit(code),
        (error: unknown) => {
          failed(error, 'could not stop cleanly');
          process.exit(1);
        },
      );
  };
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (!ending) told(signal);
      end(followed ?? 128 + constants.signals[signal]);
    });
  }
  process.on('uncaughtException', (error) => {
    failed(error, 'an error that nobody caught: stopping');
    end(1);
  });
  return starting;
}
