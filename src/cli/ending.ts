// Ends this process in order, whatever tells it to end and however often, so that no database keeps running.
import { constants } from 'node:os';

/** Signals that end a process by default. SIGUSR1 is not among them: it opens Node's debugger. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGALRM'] as const;

export interface Ending {
  /** Called for the first signal; later ones change nothing. */
  told(signal: NodeJS.Signals): void;
  /** Called for an uncaught error, and for an error while stopping. */
  failed(error: unknown, what: string): void;
  /** The exit code after a signal; by default 128 and the signal's number, as shells use it. */
  code?: number;
}

let ending = false;

/** True when the process was told to end: later errors follow from that. */
export const isEnding = (): boolean => ending;

/**
 * Stops what is being started when a signal arrives or an uncaught error occurs; after an error the exit code is 1.
 * During the start it first waits for the start to finish: it may have taken requests or made a database.
 */
export function stopInOrder<T extends { stop(): Promise<void> }>(
  starting: Promise<T>,
  { told, failed, code: followed }: Ending,
): Promise<T> {
  const end = (code: number): void => {
    if (ending) return;
    ending = true;
    // A failed start has already released everything, and the signal may be the reason for the failure.
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
