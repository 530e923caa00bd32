// Answers wait in memory until their callers read them. A caller who reads slowly, or not at all, may hold only a
// limited share.
import type { ServerResponse } from 'node:http';
import { AppError } from '../errors';
import { keepPace } from './keep-pace';

/** How many characters of a token's answers may wait, and of all answers together. One answer has at most 5 million. */
const OF_TOKEN = 8_388_608;
const OF_ALL = 33_554_432;
/** The operating system takes a shorter answer as soon as it is written. */
const LONG = 65_536;
/**
 * The lowest rate of a reader in bytes per second: half of what a phone on GPRS reads. Such an answer holds memory
 * only.
 */
const LEAST_BYTES_PER_SECOND = 2_048;

export class UnsentAnswers {
  private all = 0;
  private readonly ofToken = new Map<string, number>();

  /**
   * Counts a long answer until it is read, or its connection has ended. Closes the connection of a caller who reads too
   * slowly.
   */
  hold(principalId: string, characters: number, response: ServerResponse): void {
    if (characters <= LONG || response.closed) return;
    this.add(principalId, characters);
    response.once('close', () => this.add(principalId, -characters));
    keepPace(response, LEAST_BYTES_PER_SECOND);
  }

  /** Throws RATE_LIMITED while the token's callers leave too much unread. */
  checkToken(principalId: string): void {
    if ((this.ofToken.get(principalId) ?? 0) >= OF_TOKEN) throw this.refusal("this token's callers have");
  }

  /** For a long answer: the same, and while all callers together leave too much. */
  check(principalId: string): void {
    this.checkToken(principalId);
    if (this.all >= OF_ALL) throw this.refusal('callers have');
  }

  private add(principalId: string, characters: number): void {
    this.all += characters;
    const left = (this.ofToken.get(principalId) ?? 0) + characters;
    if (left === 0) this.ofToken.delete(principalId);
    else this.ofToken.set(principalId, left);
  }

  private refusal(who: string): AppError {
    const message = `There are too many long answers that ${who} not taken yet. Read them or close their connections, then try again in 2 s.`;
    return new AppError('RATE_LIMITED', message, 2);
  }
}
