// How much: what a token's reads cost a second, refused tokens by address. Saves are held back by the write queue alone.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '../errors';
import type { Cost } from '../graphql/cost';
import { LargeReads } from './large-reads';
import { UnsentAnswers } from './unsent-answers';

export interface RateLimits {
  /** Charges a read to its token. Throws RATE_LIMITED when the token has no points left. */
  read(principalId: string, cost: Cost): Promise<void>;
  /**
   * Resolves when a read may begin: at once, or in its turn when it is large. What it resolves to ends the read, and is
   * called when its answer is written and counted. Throws RATE_LIMITED when its turn doesn't come soon. `isGone`: its
   * caller waits no more.
   */
  turn(principalId: string, cost: Cost, isGone: () => boolean): Promise<() => void>;
  /** Charges what turned out afterwards, whether the token has it or not. */
  charge(principalId: string, points: number): Promise<void>;
  /** Throws RATE_LIMITED when the token has no points left, and charges nothing. */
  check(principalId: string): Promise<void>;
  /** Long answers that their callers have not taken yet. */
  readonly unsent: UnsentAnswers;
  /** Throws RATE_LIMITED when too many tokens from this address were refused. */
  failedLogin(address: string): Promise<void>;
}

/** A request with its token, its parsing and its snapshot costs so many points beside its values. */
export const READ_POINTS = 100;
/** Parsing and validating what is then refused takes up to 10 ms. */
export const REFUSED_POINTS = 3_000;
/** Bytes of texts that cost as much as a value: they are decoded, written and encoded. */
const TEXT_BYTES_A_POINT = 250;
/** What texts of so many bytes cost, which is known when they are. */
export const pointsOfTexts = (bytes: number): number => Math.ceil(bytes / TEXT_BYTES_A_POINT);

/** What costs this much waits for its turn with others of its kind: PostgreSQL's time, mostly. */
const LARGE_POINTS = 4_000;
/** The same for what could answer with so many characters, which is the event loop's time. */
const LONG_CHARACTERS = 524_288;

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
  const places = { atOnce: options.heavyReads, ofToken: options.heavyReadsOfToken };
  const large = new LargeReads(places);
  const long = new LargeReads(places);
  const unsent = new UnsentAnswers();

  const refusalOf = async (id: string): Promise<AppError | undefined> => {
    const left = await reads.get(id);
    return left && left.consumedPoints >= most ? tooMuch(message, left.msBeforeNext) : undefined;
  };
  const check = async (id: string): Promise<void> => {
    const refusal = await refusalOf(id);
    if (!refusal) return;
    await hold();
    throw refusal;
  };
  /** First among the large reads, then among those with long answers: nobody holds what another one waits for. */
  const turn = async (id: string, cost: Cost, isGone: () => boolean): Promise<() => void> => {
    const isLong = cost.characters > LONG_CHARACTERS;
    const ends: (() => void)[] = [];
    const end = (): void => {
      for (const each of ends.splice(0)) each();
    };
    try {
      if (isLong) unsent.check(id);
      if (cost.points > LARGE_POINTS) ends.push(await large.enter(id, isGone));
      if (isLong) {
        ends.push(await long.enter(id, isGone));
        // What those before it cost, and what was left untaken of them, is known by now.
        unsent.check(id);
        const refusal = await refusalOf(id);
        if (refusal) throw refusal;
      }
      return end;
    } catch (error) {
      // Whoever is held back holds no place.
      end();
      await hold();
      throw error;
    }
  };
  return {
    // What costs more than all there is may still be asked for, alone.
    read: async (id, cost) => {
      unsent.checkToken(id);
      try {
        await consume(reads, id, message, Math.min(READ_POINTS + cost.points, most));
      } catch (error) {
        await hold();
        throw error;
      }
    },
    turn,
    charge: async (id, points) => {
      await reads.penalty(id, points);
    },
    check,
    unsent,
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
