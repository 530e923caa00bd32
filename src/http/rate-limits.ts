// How often: reads by token, refused tokens by address. Saves are held back by the write queue alone.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '../errors';

export interface RateLimits {
  /** Throws RATE_LIMITED when this token reads too often. */
  read(principalId: string): Promise<void>;
  /** Throws RATE_LIMITED when too many tokens from this address were refused. */
  failedLogin(address: string): Promise<void>;
}

/** Counted in this process: several servers together let through as many times more. */
export function createRateLimits(options: {
  readsPerSecond: number;
  failedLoginsPerMinute: number;
}): RateLimits {
  const reads = new RateLimiterMemory({ points: options.readsPerSecond, duration: 1 });
  const logins = new RateLimiterMemory({ points: options.failedLoginsPerMinute, duration: 60 });
  return {
    read: (id) => consume(reads, id, `This token reads more than ${options.readsPerSecond} times a second.`),
    failedLogin: (address) => consume(logins, address, 'Too many refused tokens from this address.'),
  };
}

async function consume(limiter: RateLimiterMemory, key: string, message: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (rejection) {
    if (!(rejection instanceof RateLimiterRes)) throw rejection;
    const seconds = Math.max(1, Math.ceil(rejection.msBeforeNext / 1_000));
    throw new AppError('RATE_LIMITED', `${message} Try again in ${seconds} s.`, seconds);
  }
}
