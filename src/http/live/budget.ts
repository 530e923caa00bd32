// How many messages and pings a socket may send.

/** A page sends one message at the start, one for each subscription, and sometimes a ping. */
const AT_ONCE = 60;
const A_SECOND = 2;

/** `now`: milliseconds of a clock that never goes back. */
export class MessageBudget {
  private left = AT_ONCE;
  private since: number;

  constructor(now: number) {
    this.since = now;
  }

  /** False when the budget is used up. */
  take(now: number): boolean {
    this.left = Math.min(AT_ONCE, this.left + ((now - this.since) / 1_000) * A_SECOND);
    this.since = now;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}
