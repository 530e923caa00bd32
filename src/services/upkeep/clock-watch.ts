// Does this server's clock agree with the database's? Servers of one database compare with its clock, which they share.
import type { Logger } from 'pino';
import type { Database } from '../../database/database';
import { inTransaction } from '../../database/transaction';
import type { Clock } from '../../values/time';

/** Clocks that are kept by NTP differ by milliseconds. */
export const CLOCK_TOLERANCE_MS = 5_000;

export class ClockWatch {
  private lead: number | undefined;
  private wasOff = false;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /**
   * How many milliseconds this server's clock was ahead of the database's at the last look; undefined before the first
   * one.
   */
  get aheadMs(): number | undefined {
    return this.lead;
  }

  /** What is wrong, in a few words; undefined when the clocks agreed at the last look. */
  get difference(): string | undefined {
    if (this.lead === undefined || Math.abs(this.lead) <= CLOCK_TOLERANCE_MS) return undefined;
    const seconds = (Math.abs(this.lead) / 1_000).toFixed(1);
    return `${seconds} s ${this.lead > 0 ? 'ahead of' : 'behind'} the database's clock`;
  }

  /** Compares the clocks. Logs when they begin to differ, and when they agree again. */
  async look(): Promise<void> {
    this.lead = await inTransaction(this.database, async (sql) => {
      const before = this.clock().getTime();
      const [row] = await sql.query<{ at: Date }>('read_clock', 'SELECT clock_timestamp() AS at');
      const after = this.clock().getTime();
      // The database read its clock at some instant between these two: a time between them is no difference.
      const at = row?.at.getTime() ?? before;
      if (at < before) return before - at;
      return at > after ? after - at : 0;
    });
    const { difference } = this;
    if (difference !== undefined && !this.wasOff)
      this.logger.warn(
        { aheadMs: this.lead },
        `this server's clock is ${difference}: figures as of now, and turns without occurredAt, are off by as much. Set the clock (NTP)`,
      );
    if (difference === undefined && this.wasOff)
      this.logger.info({ aheadMs: this.lead }, "this server's clock agrees with the database's again");
    this.wasOff = difference !== undefined;
  }
}
