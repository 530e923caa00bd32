// How many messages and pings a socket may send.

/** A page sends one at the start, one for each subscription, and a ping now and then. */
const AT_ONCE = 60;
const A_SECOND = 2;

/** `now`: milliseconds that only grow. */
export class MessageBudget {
  private left = AT_ONCE;
  private since: number;

  constructor(now: number) {
    this.since = now;
  }

  /** False when there is nothing left. */
  take(now: number): boolean {
    this.left = Math.min(AT_ONCE, this.left + ((now - this.since) / 1_000) * A_SECOND);
    this.since = now;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}
