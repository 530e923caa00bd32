// Reads people's texts for the rows that show them. A page of ordinary messages is small, but a page of the longest
// messages has megabytes: so an answer has a limit, and texts are read in parts (decision 14).
import DataLoader from 'dataloader';
import type { Snapshot } from '../database/snapshot';
import { type AppError, badInput } from '../errors';
import { findTexts, type MessageRow, type TextColumn } from '../services/analytics/records';
import { A_TURN, pace } from '../values/pace';

/**
 * The most bytes of UTF-8 text in one answer; a text counts each time it is asked for. It has room for a page of 100
 * rows with the longest texts that WhatsApp sends, 4 096 characters each way, in every script.
 */
export const ANSWER_TEXT_BYTES = 4_194_304;
/** Texts that one statement reads: decoding them takes about a millisecond. */
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
    this.loaders = { message: loader('message'), response: loader('response'), failure: loader('failure') };
  }

  /** The bytes that were asked for until now. */
  get bytes(): number {
    return this.taken;
  }

  /** The error that stops further reads; undefined while there is room. */
  get refusal(): AppError | undefined {
    return this.refused;
  }

  /**
   * `bytes`: the text's length, from its row. Throws BAD_USER_INPUT before the text is read when the answer has no
   * room.
   */
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

/** Groups of keys of one workspace; together the texts of a group are at most one part long. */
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
