// An answer as JSON: a long one is written piece by piece, with turns of the event loop between (values/pace.ts).
import { Readable } from 'node:stream';
import { A_TURN, pace } from '../values/pace';

/** Characters that are written in one turn: about a millisecond. */
const PIECE = 262_144;
/** What is read at once when a long answer is sent. */
const CHUNK = 65_536;

/** The same text as JSON.stringify's, and a line's end. */
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

/** Deeper than this a value is a row, which is small enough to be written at once. */
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

/** Short leaves alone, or objects of them. */
const isSmall = (value: object, depth = 0): boolean =>
  depth < 3 &&
  !Array.isArray(value) &&
  Object.values(value).every((below) =>
    typeof below === 'string'
      ? below.length <= LONG_TEXT
      : typeof below !== 'object' || below === null || isSmall(below, depth + 1),
  );

/** A long text as a stream, so that it is encoded as it is taken and not at once; a short one as it is. */
export function streamed(text: string): string | Readable {
  return text.length <= PIECE ? text : Readable.from(chunksOf(text));
}

function* chunksOf(text: string): Generator<Buffer> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + CHUNK, text.length);
    // A character of two halves stays whole.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1;
    yield Buffer.from(text.slice(at, end), 'utf8');
    at = end;
  }
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
