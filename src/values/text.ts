// Text as PostgreSQL can store it and JSON can carry it.

/**
 * Drops NUL, which PostgreSQL's text can't hold, and replaces lone surrogates by U+FFFD. An LLM may cut a text within a
 * character: such a text must be stored, not refused each time (docs/semantics.md#limits-on-input).
 */
export const cleanText = (text: string): string => text.replaceAll('\u0000', '').toWellFormed();

/**
 * Characters that show nothing, as ranges of code points: Unicode's White_Space, controls (Cc) and
 * Default_Ignorable_Code_Point, the blank of Braille and the marks of interlinear notes. They are listed, because
 * PostgreSQL's regular expressions know no Unicode properties.
 */
export const INVISIBLE: readonly (readonly [first: number, last: number])[] = [
  '1-20 7f-a0 ad 34f 61c 115f-1160 1680 17b4-17b5 180b-180f 2000-200f 2028-202f 205f-206f 2800 3000 3164',
  'fe00-fe0f feff ffa0 fff0-fffb 1bca0-1bca3 1d173-1d17a e0000-e0fff',
]
  .flatMap((ranges) => ranges.split(' '))
  .map((range) => {
    const [first = '', last = first] = range.split('-');
    return [Number.parseInt(first, 16), Number.parseInt(last, 16)];
  });

const UNSEEN = INVISIBLE.map((ends) => ends.map((code) => `\\u{${code.toString(16)}}`).join('-'));
const SEEN = new RegExp(`[^${UNSEEN.join('')}]`, 'u');

/** True when the text has no visible character. */
export const isBlank = (text: string | null | undefined): boolean =>
  text === null || text === undefined || !SEEN.test(text);
