// Keyset paging. A cursor holds the reader's position and arguments, so that page two can't ask for something else.
import { createHash } from 'node:crypto';
import { badInput } from '../errors';
import { cleanText } from '../values/text';
import { formatInstant, parseInstant } from '../values/time';

export const PAGE_LIMIT = 100;

export interface Page<T> {
  items: { readonly cursor: string; readonly node: T }[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  /** Counts the rows of all pages. Sends a statement, so call it only when the count is asked for. */
  total(): Promise<number>;
}

/** Throws BAD_USER_INPUT unless `first` is a whole number from 1 to 100. */
export function checkFirst(first: number): number {
  if (!Number.isInteger(first) || first < 1 || first > PAGE_LIMIT) {
    throw badInput(
      `first must be a whole number from 1 to ${PAGE_LIMIT}; got ${first}. Read further pages with after: pageInfo.endCursor.`,
    );
  }
  return first;
}

/**
 * The reader's arguments, as plain JSON values by name; null or absent: not given. `list` and `workspaceId` keep a
 * cursor of one list from being used in another.
 */
export interface Asked {
  list: string;
  workspaceId: string;
  args: Readonly<Record<string, string | null | undefined>>;
}

export interface Cursor<Position> {
  args: Record<string, string>;
  /** Values that were fixed at page one (such as the period's instants) and hold for all pages. */
  resolved: Record<string, string>;
  position: Position;
}

type Sealed = [
  list: string,
  workspaceId: string,
  args: Record<string, string>,
  resolved: Record<string, string>,
  position: string[],
];

/** Writes a cursor. The seal detects damaged text. It is no secret, and no permission depends on it. */
export function writeCursor(
  asked: Asked,
  resolved: Record<string, string>,
  position: readonly string[],
): string {
  const sealed: Sealed = [asked.list, asked.workspaceId, given(asked.args), resolved, [...position]];
  const body = JSON.stringify(sealed);
  return Buffer.from(`${seal(body)}${body}`, 'utf8').toString('base64url');
}

/**
 * Reads a cursor of this list and workspace. Arguments that are given beside it must be those it was made with; missing
 * ones are taken from it. Throws BAD_USER_INPUT.
 */
export function readCursor(text: string, asked: Asked, positions: readonly Check[]): Cursor<string[]> {
  const opened = unseal(text);
  if (!opened || opened[0] !== asked.list || opened[1] !== asked.workspaceId) throw foreign();
  const [, , args, resolved, position] = opened;
  for (const [name, value] of Object.entries(given(asked.args))) {
    if (args[name] !== value) {
      throw badInput(
        `after belongs to a list with another ${name}. Leave ${name} out, give the same one, or start again without after.`,
      );
    }
  }
  if (position.length !== positions.length || !position.every((part, index) => positions[index]?.(part))) {
    throw foreign();
  }
  return { args, resolved, position };
}

/** How to check a part of a position. Anybody can write a seal, so a cursor is checked like any other input. */
type Check = (text: string) => boolean;

export const isName: Check = (text) => cleanText(text) === text;
/** A whole number of 64 bits, as PostgreSQL's bigint holds it. */
export const isWhole: Check = (text) =>
  /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
export const isInstant: Check = (text) => {
  try {
    return formatInstant(parseInstant(text)) === text;
  } catch {
    return false;
  }
};

const foreign = () =>
  badInput("after is not a cursor of this list. Give pageInfo.endCursor or an edge's cursor, unchanged.");

const seal = (body: string): string =>
  createHash('sha256').update(`cursor 1 ${body}`).digest('hex').slice(0, 12);

const given = (args: Asked['args']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(args)
      .filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

function unseal(text: string): Sealed | undefined {
  const plain = Buffer.from(text, 'base64url').toString('utf8');
  const body = plain.slice(12);
  if (seal(body) !== plain.slice(0, 12)) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return isSealed(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';

const isTexts = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every(isText);

const isSealed = (value: unknown): value is Sealed => {
  if (!Array.isArray(value) || value.length !== 5) return false;
  const [list, workspaceId, args, resolved, position] = value;
  return [list, workspaceId].every(isText) && [args, resolved].every(isTexts) && isTextList(position);
};

const isTextList = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

/** A cursor is made when it is read, since most rows' cursors are never read. */
class Item<T> {
  constructor(
    readonly node: T,
    private readonly write: (node: T) => string,
  ) {}

  get cursor(): string {
    return this.write(this.node);
  }
}

/** Cuts `first + 1` rows to a page. */
export function toPage<T>(
  rows: readonly T[],
  first: number,
  options: { after: boolean; cursor: (row: T) => string; total: () => Promise<number> },
): Page<T> {
  return {
    items: rows.slice(0, first).map((node) => new Item(node, options.cursor)),
    hasNextPage: rows.length > first,
    hasPreviousPage: options.after,
    total: options.total,
  };
}
