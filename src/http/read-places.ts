// Only a few reads run at a time, and fewer of one token. Others wait for a short time; tokens take turns.
import { AppError } from '../errors';

const WAIT_MS = 2_000;
const WAITING_MAX = 1_000;

export interface Places {
  /** How the refusal names these reads: "large reads". */
  what: string;
  /** How many run at once. It may change; a smaller number holds for the next read. */
  atOnce: () => number;
  ofToken: number;
}

interface Waiting {
  principalId: string;
  isGone: () => boolean;
  start: () => void;
}

export class ReadPlaces {
  private running = 0;
  private readonly ofToken = new Map<string, number>();
  private waiting: Waiting[] = [];

  constructor(private readonly places: Places) {}

  /**
   * Resolves when it is this read's turn, with a function that ends it, which may be called more than once. Throws
   * RATE_LIMITED when its turn doesn't come soon. A caller who is gone (`isGone`) is skipped.
   */
  enter(principalId: string, isGone: () => boolean): Promise<() => void> {
    if (this.waiting.length === 0 && this.hasRoom(principalId))
      return Promise.resolve(this.begin(principalId));
    if (this.waiting.length >= WAITING_MAX) this.waiting = this.waiting.filter((one) => !one.isGone());
    if (this.waiting.length >= WAITING_MAX) return Promise.reject(this.refusal());
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
        reject(this.refusal());
      }, WAIT_MS);
      this.waiting.push(mine);
      this.startWaiting();
    });
  }

  private hasRoom(id: string): boolean {
    return this.running < this.places.atOnce() && (this.ofToken.get(id) ?? 0) < this.places.ofToken;
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
      // Its token's next reads go behind those of others: who calls more often doesn't come first.
      const isMine = ({ principalId }: Waiting) => principalId === id;
      this.waiting = [...this.waiting.filter((one) => !isMine(one)), ...this.waiting.filter(isMine)];
      this.startWaiting();
    };
  }

  private startWaiting(): void {
    for (;;) {
      const next = this.waiting.find((one) => this.hasRoom(one.principalId) && !one.isGone());
      if (!next) return;
      next.start();
    }
  }

  private refusal(): AppError {
    const message = `Too many ${this.places.what} are running. Try again in 2 s, or ask for less.`;
    return new AppError('RATE_LIMITED', message, 2);
  }
}
