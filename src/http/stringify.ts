// An answer as JSON. A long one is made piece by piece, with turns of the event loop between (values/pace.ts).
import { Readable } from 'node:stream';
import { A_TURN, pace } from '../values/pace';

/** Characters that are written in one turn: about a millisecond. */
const PIECE = 262_144;
/** How much of a long answer is read at once when it is sent. */
const CHUNK = 65_536;

/** The same text as JSON.stringify's, with a line break. */
export async function stringifyInTurns(value: unknown): Promise<string> {
  let text = '';
  let piece = '';
  for (const part of partsOf(value, 0)) {
    piece += part;
    if (piece.length < PIECE) continue;
    text += piece;
    piece = '';
    await pace(A_TURN);
  }
  return `${text}${piece}\n`;
}

/** A value deeper than this is a row: it is small enough to be written at once. */
const SPLIT_DEPTH = 8;
const LONG_TEXT = 4_096;

function* partsOf(value: unknown, depth: number): Generator<string> {
  if (typeof value !== 'object' || value === null || depth > SPLIT_DEPTH) {
    yield JSON.stringify(value) ?? 'null';
  } else if (Array.isArray(value)) {
    let before = '[';
    for (const item of value) {
      yield before;
      yield* partsOf(item, depth + 1);
      before = ',';
    }
    yield value.length === 0 ? '[]' : ']';
  } else if (isSmall(value)) {
    yield JSON.stringify(value);
  } else {
    let before = '{';
    for (const [name, below] of Object.entries(value)) {
      if (below === undefined) continue;
      yield `${before}${JSON.stringify(name)}:`;
      yield* partsOf(below, depth + 1);
      before = ',';
    }
    yield before === '{' ? '{}' : '}';
  }
}

/** True for short leaves, or objects of them. */
const isSmall = (value: object, depth = 0): boolean =>
  depth < 3 &&
  !Array.isArray(value) &&
  Object.values(value).every((below) =>
    typeof below === 'string'
      ? below.length <= LONG_TEXT
      : typeof below !== 'object' || below === null || isSmall(below, depth + 1),
  );

/** A long text as a stream, so that it is encoded while it is read; a short one as it is. */
export function streamed(text: string): string | Readable {
  return text.length <= PIECE ? text : Readable.from(chunksOf(text));
}

function* chunksOf(text: string): Generator<Buffer> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + CHUNK, text.length);
    // Keeps surrogate pairs whole.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1;
    yield Buffer.from(text.slice(at, end), 'utf8');
    at = end;
  }
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
