// Which characters of a name a font can show, and in which order its pieces are on the line.
import bidiFactory from 'bidi-js';
import { INVISIBLE } from '../../values/text';

/** Replaces a character that the font lacks. */
export const SUBSTITUTE = '□';

export interface Printable {
  text: string;
  /** False: some characters became the substitute, or lost marks. */
  whole: boolean;
}

/** The most marks on one letter: more would reach into the lines above and below. */
const MARKS_MAX = 2;
const JOINERS = /[\u200c\u200d]/u;
const UNSEEN = new RegExp(
  `[${INVISIBLE.map((ends) => ends.map((code) => `\\u{${code.toString(16)}}`).join('-')).join('')}]`,
  'u',
);
/** Scripts that are written from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const MARK = /\p{M}/u;

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });
const bidi = bidiFactory();

/** Text in which each letter is one character: cutting it is much quicker. */
const PLAIN = /^[\u0020-\u007e\u00a0-\u024f]*$/;

/** The characters as people count them: an emoji of seven code points is one. */
export const charactersOf = (text: string): string[] =>
  PLAIN.test(text) ? [...text] : Array.from(graphemes.segment(text), ({ segment }) => segment);

/**
 * Makes one line, without invisible characters and without those that turn the direction of the text. A character that
 * the font lacks, wholly or in part, becomes the substitute.
 */
export function printable(text: string, has: (codePoint: number) => boolean): Printable {
  let whole = true;
  const shown = charactersOf(text.normalize('NFC').replace(/\s+/gu, ' ')).map((character) => {
    const joins = RIGHT_TO_LEFT.test(character);
    const points = [...character].filter(
      (point) => point === ' ' || !UNSEEN.test(point) || (joins && JOINERS.test(point)),
    );
    const [base, ...others] = points;
    if (base === undefined) return '';
    const shows = (point: string) => has(point.codePointAt(0) ?? 0);
    const kept = others.filter((point) => !MARK.test(point) || shows(point)).slice(0, MARKS_MAX);
    if (kept.length < others.length) whole = false;
    if ([base, ...kept].every(shows)) return base + kept.join('');
    whole = false;
    return SUBSTITUTE;
  });
  return { text: shown.join('').trim(), whole };
}

/**
 * The pieces of a line from left to right, as the Unicode Bidirectional Algorithm orders them. Each has one direction:
 * the layout turns and joins the letters of Arabic or Hebrew by itself.
 */
export function visualPieces(line: string): string[] {
  if (!RIGHT_TO_LEFT.test(line)) return [line];
  const { levels } = bidi.getEmbeddingLevels(line);
  const pieces = piecesOf(line, levels);
  const mirrored = bidi.getMirroredCharactersMap(line, levels);
  const highest = Math.max(...levels);
  // Rule L2: from the highest level down to 1, reverses every run of pieces of at least that level.
  for (let level = highest; level >= 1; level -= 1) {
    for (let first = 0; first < pieces.length; first += 1) {
      let end = first;
      while ((pieces[end]?.level ?? -1) >= level) end += 1;
      if (end > first + 1) pieces.splice(first, end - first, ...pieces.slice(first, end).reverse());
      first = Math.max(first, end - 1);
    }
  }
  return pieces.map(({ start, end, level, letters }) => {
    if (letters || level % 2 === 0) return line.slice(start, end);
    const characters = Array.from(
      { length: end - start },
      (_, index) => mirrored.get(start + index) ?? line[start + index] ?? '',
    );
    return charactersOf(characters.join('')).reverse().join('');
  });
}

interface Piece {
  start: number;
  end: number;
  level: number;
  /** True for text in a script that is written from right to left. */
  letters: boolean;
}

function piecesOf(line: string, levels: Uint8Array): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  for (const character of line) {
    const level = levels[start] ?? 0;
    const last = pieces.at(-1);
    const continues = last?.letters === true && (MARK.test(character) || JOINERS.test(character));
    const letters = level % 2 === 1 && (RIGHT_TO_LEFT.test(character) || continues);
    const end = start + character.length;
    if (last?.level === level && last.letters === letters) last.end = end;
    else pieces.push({ start, end, level, letters });
    start = end;
  }
  return pieces;
}
