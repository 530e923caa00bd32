// Text as PostgreSQL can store it and JSON can carry it.

/**
 * Drops NUL, which PostgreSQL's text can't hold, and replaces lone surrogates by U+FFFD: an LLM's cut text must not
 * be refused for ever (docs/semantics.md#limits-on-input).
 */
export const cleanText = (text: string): string => text.replaceAll('\u0000', '').toWellFormed();

/** True when there is no character that is not white space. */
export const isBlank = (text: string | null | undefined): boolean =>
  text === null || text === undefined || text.trim() === '';
