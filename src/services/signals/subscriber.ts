// One who waits to hear that something was saved.

/** Tells that something was saved; carries no figure. */
export interface Tick {
  asOf: Date;
}

/** Milliseconds between two ticks of one subscriber. */
const TICK_EVERY_MS = 1_000;
/** After so long without one, a tick comes anyway: what was missed is made good. */
const TICK_AT_LAST_MS = 30_000;

/** At most one tick waits for it: a slow reader misses none, since one says as much as many. */
export class Subscriber implements AsyncIterableIterator<Tick> {
  private isDue = true;
  /** When the last one was given; milliseconds that only grow. */
  tickedAt = Number.NEGATIVE_INFINITY;
  private ended = false;
  private deliver: ((result: IteratorResult<Tick, undefined>) => void) | undefined;

  constructor(
    readonly principalId: string,
    readonly workspaceId: string,
    private readonly feed: {
      tick(): Tick;
      /** A tick waits for its second to pass. */
      postpone(): void;
      left(subscriber: Subscriber): void;
    },
  ) {}

  /** Whether a tick waits, and its reader too. */
  get isWaiting(): boolean {
    return this.isDue && this.deliver !== undefined;
  }

  /** Whether the tick may be given now. */
  isReady(now: number): boolean {
    return this.isWaiting && now - this.tickedAt >= TICK_EVERY_MS;
  }

  due(): void {
    this.isDue = true;
  }

  dueAtLast(now: number): void {
    if (now - this.tickedAt >= TICK_AT_LAST_MS) this.isDue = true;
  }

  /** Gives the tick that waits to the reader who waits, once a second. Answers whether it did. */
  offer(now: number): boolean {
    const { deliver } = this;
    if (!deliver || !this.isReady(now)) return false;
    this.deliver = undefined;
    deliver({ value: this.take(now), done: false });
    return true;
  }

  next(): Promise<IteratorResult<Tick, undefined>> {
    if (this.ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      this.deliver = resolve;
      if (this.isDue && !this.offer(performance.now())) this.feed.postpone();
    });
  }

  return(): Promise<IteratorResult<Tick, undefined>> {
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  throw(error: unknown): Promise<IteratorResult<Tick, undefined>> {
    this.end();
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private take(now: number): Tick {
    this.isDue = false;
    this.tickedAt = now;
    return this.feed.tick();
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.feed.left(this);
    this.deliver?.({ value: undefined, done: true });
    this.deliver = undefined;
  }
}
