// How deep a body may nest. What checks variables walks them once for each level, so a million brackets would take minutes.
import { badInput } from '../errors';

/** The deepest input that the schema has is 4; a document is text. */
const DEEPEST = 32;

/** Throws BAD_USER_INPUT. Walks level by level, so that no depth overflows the stack. */
export function checkDepth(body: unknown): void {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST)
      throw badInput(`The body nests deeper than ${DEEPEST} levels. Send variables as the schema has them.`);
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
  }
}
