// Rate limits: points of reads per token, and refused tokens per address. Only the write queue limits saves.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Principal } from '../auth/principal';
import { AppError } from '../errors';
import type { Cost } from '../graphql/cost';
import { isSaving } from '../values/pace';
import { ReadPlaces } from './read-places';
import { UnsentAnswers } from './unsent-answers';

export interface RateLimits {
  /** Charges a read to its token. Throws RATE_LIMITED when the token has no points left. */
  read(principalId: string, cost: Cost): Promise<void>;
  /**
   * Resolves when a read may begin: at once, or in its turn among those of its size. The result is a function that ends the
   * read: call it when the answer is written and counted. Throws RATE_LIMITED when the turn doesn't come soon.
   * `isGone`: the caller no longer waits.
   */
  turn(principal: Pick<Principal, 'id' | 'kind'>, cost: Cost, isGone: () => boolean): Promise<() => void>;
  /** Charges points that are known only afterwards, even if the token has fewer left. */
  charge(principalId: string, points: number): Promise<void>;
  /** Throws RATE_LIMITED when the token has no points left, and charges nothing. */
  check(principalId: string): Promise<void>;
  /** Long answers that their callers have not read yet. */
  readonly unsent: UnsentAnswers;
  /** Throws RATE_LIMITED when too many tokens from this address were refused. */
  failedLogin(address: string): Promise<void>;
}

/** The points of a request beside its values: its token, parsing and snapshot. */
export const READ_POINTS = 100;
/** The points of a refused document: parsing and validating it takes up to 10 ms. */
export const REFUSED_POINTS = 3_000;
/** How many bytes of text cost as much as one value: they are decoded, written and encoded. */
const TEXT_BYTES_A_POINT = 250;
/** What texts of this length cost; it is known when they are read. */
export const pointsOfTexts = (bytes: number): number => Math.ceil(bytes / TEXT_BYTES_A_POINT);

/** Reads that cost this much are large and wait for their turn: most of their cost is PostgreSQL's time. */
const LARGE_POINTS = 4_000;
/** The same for reads whose answer could have this many characters, which cost the event loop's time. */
const LONG_CHARACTERS = 524_288;

/** The seconds over which a token's points are counted: a page asks for much when it is opened, then for little. */
const WINDOW_SECONDS = 5;
/** A refusal waits a moment, so that asking again at once does not pay. */
const HOLD_MS = 100;

/** Each process counts by itself: several servers together allow several times as much. */
export function createRateLimits(options: {
  readPointsPerSecond: number;
  heavyReads: number;
  heavyReadsOfToken: number;
  lightReads: number;
  failedLoginsPerMinute: number;
}): RateLimits {
  const most = options.readPointsPerSecond * WINDOW_SECONDS;
  const reads = new RateLimiterMemory({ points: most, duration: WINDOW_SECONDS });
  const logins = new RateLimiterMemory({ points: options.failedLoginsPerMinute, duration: 60 });
  const message = `This token's reads cost more than ${options.readPointsPerSecond} points a second.`;
  const hold = () => new Promise<void>((resolve) => setTimeout(resolve, HOLD_MS));
  const places = (what: string, atOnce: number, ofToken: number) =>
    new ReadPlaces({ what, atOnce: () => (isSaving() ? Math.ceil(atOnce / 4) : atOnce), ofToken });
  const large = places('large reads', options.heavyReads, options.heavyReadsOfToken);
  const long = places('long answers', options.heavyReads, options.heavyReadsOfToken);
  const light = places('reads', options.lightReads, options.lightReads);
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
  /** Takes a place among the large reads first, then among long answers: in one order nobody waits in a circle. */
  const turn: RateLimits['turn'] = async ({ id, kind }, cost, isGone) => {
    const isLong = cost.characters > LONG_CHARACTERS;
    const ends: (() => void)[] = [];
    const end = (): void => {
      for (const each of ends.splice(0)) each();
    };
    try {
      if (isLong) unsent.check(id);
      if (cost.points > LARGE_POINTS) ends.push(await large.enter(id, isGone));
      // A service asks whether it may serve while a person waits: it waits for no readers of pages.
      else if (!isLong && kind !== 'SERVICE') ends.push(await light.enter(id, isGone));
      if (isLong) {
        ends.push(await long.enter(id, isGone));
        // By now the cost of earlier reads, and what is unread of their answers, is known.
        unsent.check(id);
        const refusal = await refusalOf(id);
        if (refusal) throw refusal;
      }
      return end;
    } catch (error) {
      // A read that is refused gives its place back.
      end();
      await hold();
      throw error;
    }
  };
  return {
    // A read that costs more than a full budget may still run if the budget is full.
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
