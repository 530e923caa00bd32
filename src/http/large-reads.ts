// Only a few large reads run at a time, and fewer of one token. Others wait for a short time, first come, first served.
import { AppError } from '../errors';

const WAIT_MS = 2_000;
const WAITING_MAX = 200;

interface Waiting {
  principalId: string;
  isGone: () => boolean;
  start: () => void;
}

export class LargeReads {
  private running = 0;
  private readonly ofToken = new Map<string, number>();
  private waiting: Waiting[] = [];

  constructor(private readonly places: { atOnce: number; ofToken: number }) {}

  /**
   * Resolves when it is this read's turn, with a function that ends it, which may be called more than once. Throws
   * RATE_LIMITED when its turn doesn't come soon. A caller who is gone (`isGone`) is skipped.
   */
  enter(principalId: string, isGone: () => boolean): Promise<() => void> {
    if (this.hasRoom(principalId)) return Promise.resolve(this.begin(principalId));
    if (this.waiting.length >= WAITING_MAX) this.waiting = this.waiting.filter((one) => !one.isGone());
    if (this.waiting.length >= WAITING_MAX) return Promise.reject(refusal());
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        this.waiting = this.waiting.filter((other) => other !== mine);
      };
      const mine: Waiting = {
        principalId,
        isGone,
        start: () => {
          leave();
          resolve(this.begin(principalId));
        },
      };
      const timer = setTimeout(() => {
        leave();
        reject(refusal());
      }, WAIT_MS);
      this.waiting.push(mine);
    });
  }

  private hasRoom(id: string): boolean {
    return this.running < this.places.atOnce && (this.ofToken.get(id) ?? 0) < this.places.ofToken;
  }

  private begin(id: string): () => void {
    this.running += 1;
    this.ofToken.set(id, (this.ofToken.get(id) ?? 0) + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.running -= 1;
      const left = (this.ofToken.get(id) ?? 1) - 1;
      if (left === 0) this.ofToken.delete(id);
      else this.ofToken.set(id, left);
      this.next();
    };
  }

  private next(): void {
    this.waiting.find((one) => this.hasRoom(one.principalId) && !one.isGone())?.start();
  }
}

const refusal = (): AppError =>
  new AppError('RATE_LIMITED', 'Too many large reads are running. Try again in 2 s, or ask for less.', 2);
