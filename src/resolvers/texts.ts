// What people wrote, read for the rows that show it: a page of ordinary messages is small, but one of the longest there
// can be has megabytes, so that an answer has its share and the event loop gets it in pieces (decision 14).
import DataLoader from 'dataloader';
import type { Snapshot } from '../database/snapshot';
import { type AppError, badInput } from '../errors';
import { findTexts, type MessageRow, type TextColumn } from '../services/analytics/records';
import { A_TURN, pace } from '../values/pace';

/**
 * UTF-8 bytes of texts in one answer, each counted as often as it is asked for. A page of 100 rows of the longest texts
 * that WhatsApp sends, 4 096 characters each way, has room in every script.
 */
export const ANSWER_TEXT_BYTES = 4_194_304;
/** What one statement brings: about a millisecond to decode. */
const PART_BYTES = 262_144;

const MAX_BATCH = 500;

type Row = Pick<MessageRow, 'id' | 'workspaceId'>;

interface Key extends Row {
  bytes: number;
}

/** The texts of one request. */
export class Texts {
  private taken = 0;
  private refused: AppError | undefined;
  private readonly loaders: Readonly<Record<TextColumn, DataLoader<Key, string, string>>>;

  constructor(snapshot: Snapshot) {
    const loader = (column: TextColumn) =>
      new DataLoader<Key, string, string>((keys) => this.read(snapshot, column, keys), {
        name: column,
        maxBatchSize: MAX_BATCH,
        cacheKeyFn: nameOf,
      });
    this.loaders = { message: loader('message'), response: loader('response') };
  }

  /** What was asked for until now, in bytes. */
  get bytes(): number {
    return this.taken;
  }

  /** Why no more of it is read; undefined while there is room. */
  get refusal(): AppError | undefined {
    return this.refused;
  }

  /** `bytes`: what the row says that its text has. Throws BAD_USER_INPUT, before it is read, when it is too much. */
  load(column: TextColumn, { id, workspaceId }: Row, bytes: number): string | Promise<string> {
    if (bytes === 0) return '';
    if (this.taken + bytes > ANSWER_TEXT_BYTES) {
      this.refused ??= badInput(
        `The messages and responses of this answer have more than ${ANSWER_TEXT_BYTES} bytes. Ask for shorter pages (first), or for each text once.`,
      );
      throw this.refused;
    }
    this.taken += bytes;
    return this.loaders[column].load({ id, workspaceId, bytes });
  }

  private async read(
    snapshot: Snapshot,
    column: TextColumn,
    keys: readonly Key[],
  ): Promise<(string | Error)[]> {
    const found = new Map<string, string>();
    for (const part of partsOf(keys)) {
      await pace(A_TURN);
      if (this.refused) throw this.refused;
      const [{ workspaceId }] = part;
      const ids = part.map(({ id }) => id);
      for (const [id, text] of await findTexts(snapshot, workspaceId, column, ids))
        found.set(nameOf({ id, workspaceId }), text);
    }
    return keys.map((key) => found.get(nameOf(key)) ?? new Error(`There is no ${column} of ${key.id}.`));
  }
}

const nameOf = ({ id, workspaceId }: Row): string => JSON.stringify([workspaceId, id]);

type Part = readonly [Key, ...Key[]];

/** Keys of one workspace each, together no larger than a part may be. */
function* partsOf(keys: readonly Key[]): Generator<Part> {
  let part: [Key, ...Key[]] | undefined;
  let bytes = 0;
  for (const key of keys) {
    bytes += key.bytes;
    if (part && bytes <= PART_BYTES && part[0].workspaceId === key.workspaceId) {
      part.push(key);
      continue;
    }
    if (part) yield part;
    part = [key];
    bytes = key.bytes;
  }
  if (part) yield part;
}
