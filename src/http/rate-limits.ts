// How much: what a token's reads cost a second, refused tokens by address. Saves are held back by the write queue alone.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '../errors';
import { createHeavyReads, type HeavyReads } from './heavy-reads';

export interface RateLimits {
  /** Charges a read to its token. Throws RATE_LIMITED when the token has no points left. */
  read(principalId: string, points: number): Promise<void>;
  /** Charges what turned out afterwards, whether the token has it or not. */
  charge(principalId: string, points: number): Promise<void>;
  /** Throws RATE_LIMITED when the token has no points left, and charges nothing. */
  check(principalId: string): Promise<void>;
  readonly heavy: HeavyReads;
  /** Throws RATE_LIMITED when too many tokens from this address were refused. */
  failedLogin(address: string): Promise<void>;
}

/** A request with its token, its parsing and its snapshot costs so many points beside its values. */
export const READ_POINTS = 100;
/** A report by URL has a fixed form, whose period decides what it costs; this is what years of days do. */
export const REPORT_POINTS = 5_000;
/** Parsing and validating what is then refused takes up to 10 ms. */
export const REFUSED_POINTS = 3_000;
/** What this costs or could answer with this much waits for its turn with others of its kind. */
export const HEAVY = { points: 4_000, characters: 4_194_304 };

/** Seconds that the points of a token are counted over: a page that is opened asks for much at once, then for little. */
const WINDOW_SECONDS = 5;
/** Who has no points left is told so after a moment: asking again at once shall not pay. */
const HOLD_MS = 100;

/** Counted in this process: several servers together let through as many times more. */
export function createRateLimits(options: {
  readPointsPerSecond: number;
  heavyReads: number;
  heavyReadsOfToken: number;
  failedLoginsPerMinute: number;
}): RateLimits {
  const most = options.readPointsPerSecond * WINDOW_SECONDS;
  const reads = new RateLimiterMemory({ points: most, duration: WINDOW_SECONDS });
  const logins = new RateLimiterMemory({ points: options.failedLoginsPerMinute, duration: 60 });
  const message = `This token's reads cost more than ${options.readPointsPerSecond} points a second.`;
  const hold = () => new Promise<void>((resolve) => setTimeout(resolve, HOLD_MS));
  return {
    // What costs more than all there is may still be asked for, alone.
    read: async (id, points) => {
      try {
        await consume(reads, id, message, Math.min(points, most));
      } catch (error) {
        await hold();
        throw error;
      }
    },
    charge: async (id, points) => {
      await reads.penalty(id, points);
    },
    check: async (id) => {
      const left = await reads.get(id);
      if (!left || left.consumedPoints < most) return;
      await hold();
      throw tooMuch(message, left.msBeforeNext);
    },
    heavy: createHeavyReads({ atOnce: options.heavyReads, ofToken: options.heavyReadsOfToken }),
    failedLogin: (address) => consume(logins, address, 'Too many refused tokens from this address.', 1),
  };
}

async function consume(
  limiter: RateLimiterMemory,
  key: string,
  message: string,
  points: number,
): Promise<void> {
  try {
    await limiter.consume(key, points);
  } catch (rejection) {
    if (!(rejection instanceof RateLimiterRes)) throw rejection;
    throw tooMuch(message, rejection.msBeforeNext);
  }
}

function tooMuch(message: string, msBeforeNext: number): AppError {
  const seconds = Math.max(1, Math.ceil(msBeforeNext / 1_000));
  return new AppError('RATE_LIMITED', `${message} Try again in ${seconds} s.`, seconds);
}
