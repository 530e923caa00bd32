// Checks a body before it is parsed: 4 MB of brackets would keep the parser, and all code that walks the values, busy
// for a second.
import { badInput } from '../errors';

/** The deepest input that the schema has is 4; a document is text. */
const DEEPEST = 32;
/** Values, names and brackets: the largest batch of saves has about 7 000. */
export const MOST_MARKS = 50_000;

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;

/**
 * Throws BAD_USER_INPUT. Texts are skipped at once, so the time depends on the number of values and not on the length.
 */
export function checkShape(body: string): void {
  let depth = 0;
  let marks = 0;
  for (let at = 0; at < body.length; at += 1) {
    const code = body.charCodeAt(at);
    if (code === QUOTE) at = endOfText(body, at);
    else if (code === COMMA || code === COLON) marks += 1;
    // [ and {
    else if (code === 91 || code === 123) {
      depth += 1;
      marks += 1;
    }
    // ] and }
    else if (code === 93 || code === 125) depth -= 1;
    if (depth > DEEPEST)
      throw badInput(`The body nests deeper than ${DEEPEST} levels. Send variables as the schema has them.`);
    if (marks > MOST_MARKS)
      throw badInput(`The body has more than ${MOST_MARKS} values. Send fewer at once.`);
  }
}

/** The end of the text that begins at `start`; the body's end if it has none. */
function endOfText(body: string, start: number): number {
  for (let at = body.indexOf('"', start + 1); at !== -1; at = body.indexOf('"', at + 1)) {
    let slashes = 0;
    while (body.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return body.length;
}
