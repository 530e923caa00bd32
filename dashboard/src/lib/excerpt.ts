// The beginning of a long text, for a list of texts.

const CHARACTERS = 1_200;
const LINES = 16;
/** What is cut away has to be worth a button. */
const MORE = 200;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The first characters and lines of a text that has many more of them; undefined for any other. No emoji is cut in two. */
export function excerptOf(text: string): string | undefined {
  const lines = endOfLine(text, LINES);
  const end = Math.min(CHARACTERS, lines);
  if (text.length <= end + (end === lines ? 0 : MORE)) return undefined;
  // A cut inside of a character that is seen as one moves to its beginning, unless it is nothing but accents.
  const start = graphemes.segment(text.slice(0, end + MORE)).containing(end)?.index ?? end;
  return text.slice(0, start > end / 2 ? start : end).trimEnd();
}

/** Where the line of this number ends. */
function endOfLine(text: string, number: number): number {
  let at = -1;
  for (let line = 0; line < number; line += 1) {
    at = text.indexOf('\n', at + 1);
    if (at === -1) return text.length;
  }
  return at;
}
