// Reads that take long run a few at a time, and of one token fewer: the rest waits shortly, first come, first served.
import { AppError } from '../errors';

export interface HeavyReads {
  /**
   * Resolves when it is this read's turn; the answer ends it, and may be called more than once. Throws RATE_LIMITED when
   * its turn doesn't come soon.
   */
  enter(principalId: string): Promise<() => void>;
}

const WAIT_MS = 2_000;
const WAITING_MAX = 200;

interface Waiting {
  principalId: string;
  start: () => void;
}

export function createHeavyReads(options: { atOnce: number; ofToken: number }): HeavyReads {
  let running = 0;
  const ofToken = new Map<string, number>();
  let waiting: Waiting[] = [];

  const hasRoom = (id: string): boolean =>
    running < options.atOnce && (ofToken.get(id) ?? 0) < options.ofToken;
  const begin = (id: string): (() => void) => {
    running += 1;
    ofToken.set(id, (ofToken.get(id) ?? 0) + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      running -= 1;
      const left = (ofToken.get(id) ?? 1) - 1;
      if (left === 0) ofToken.delete(id);
      else ofToken.set(id, left);
      next();
    };
  };
  const next = (): void => {
    const first = waiting.find(({ principalId }) => hasRoom(principalId));
    first?.start();
  };
  return {
    enter(id) {
      if (hasRoom(id)) return Promise.resolve(begin(id));
      const refusal = () =>
        new AppError(
          'RATE_LIMITED',
          'Too many large reads are under way. Try again in 2 s, or ask for less.',
          2,
        );
      if (waiting.length >= WAITING_MAX) return Promise.reject(refusal());
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          clearTimeout(timer);
          waiting = waiting.filter((other) => other !== mine);
        };
        const mine: Waiting = {
          principalId: id,
          start: () => {
            leave();
            resolve(begin(id));
          },
        };
        const timer = setTimeout(() => {
          leave();
          reject(refusal());
        }, WAIT_MS);
        waiting.push(mine);
      });
    },
  };
}
