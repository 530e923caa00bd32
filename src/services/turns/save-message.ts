// Stores a turn and charges it: the only way in, for one turn or for many.
import { AppError, badInput, ERROR_CODES } from '../../errors';
import type { Clock } from '../../values/time';
import type { SaveResult, Settlement } from './saved-message';
import { type RawTurn, rawToTurn, type Turn, type TurnInput, toTurn } from './turn';
import type { WriteQueue } from './write-queue';

/** The most turns of one saveMessages request. */
export const ITEMS_LIMIT = 500;

export type ItemResult = { ok: SaveResult } | { error: AppError };

export class SaveMessageService {
  constructor(
    private readonly queue: WriteQueue,
    private readonly clock: Clock,
  ) {}

  /**
   * Saves one turn; resolves after its COMMIT. Throws BAD_USER_INPUT, IDEMPOTENCY_KEY_REUSED, CONFLICT (archived
   * workspace), or SERVICE_UNAVAILABLE when nothing could be saved and the same call may be sent again. `isGone`: a turn
   * whose caller has left while it waited is not saved.
   */
  async save(input: TurnInput, isGone?: () => boolean): Promise<SaveResult> {
    const [settlement] = this.queue.submit([toTurn(input, this.clock)], isGone);
    return unwrap(await settlement);
  }

  /**
   * Saves many turns of one workspace, each by itself. An error in the results is final for that item. A temporary
   * failure fails the whole call with SERVICE_UNAVAILABLE; turns that were stored by then replay.
   */
  async saveAll(
    workspaceId: string,
    items: readonly RawTurn[],
    isGone?: () => boolean,
  ): Promise<ItemResult[]> {
    if (items.length > ITEMS_LIMIT) {
      throw badInput(
        `items has ${items.length} turns; at most ${ITEMS_LIMIT} are taken at once. Send them in parts.`,
      );
    }
    const checked = items.map((item) => check(() => rawToTurn(workspaceId, item, this.clock)));
    const settlements = this.queue.submit(
      checked.flatMap((turn) => (turn instanceof AppError ? [] : [turn])),
      isGone,
    );
    const settled = (await Promise.all(settlements)).values();
    const results = checked.map((turn) => (turn instanceof AppError ? { error: turn } : next(settled)));
    for (const result of results) {
      if ('error' in result && ERROR_CODES[result.error.code].retryable) throw result.error;
    }
    return results;
  }

  /** The turns that wait to be saved. */
  get load(): WriteQueue['load'] {
    return this.queue.load;
  }

  /** True while there is room for more; what /health/ready reports. */
  get accepting(): boolean {
    return !this.queue.isFull;
  }
}

function check(make: () => Turn): Turn | AppError {
  try {
    return make();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

function next(settled: Iterator<Settlement>): Settlement {
  const { value, done } = settled.next();
  if (done) throw new Error('A turn was not settled.');
  return value;
}

function unwrap(settlement: Settlement | undefined): SaveResult {
  if (settlement && 'ok' in settlement) return settlement.ok;
  throw settlement?.error ?? new Error('A turn was not settled.');
}
