// Where is a text still stored in a database? In every row of every table, as a plain dump writes it.
import type { TestDatabase } from './database';

const BITS_OF_BYTE = 8;
const BITS_OF_DIGIT = 6;

/**
 * A text unchanged, and as it occurs inside base64 at any position: WhatsApp's message ids contain numbers this way.
 */
export const traces = (text: string): string[] => [
  text,
  ...[0, 1, 2].map((lead) =>
    Buffer.from(`${'x'.repeat(lead)}${text}`)
      .toString('base64')
      // Digits that contain no bits of the neighbouring text.
      .slice(
        Math.ceil((lead * BITS_OF_BYTE) / BITS_OF_DIGIT),
        Math.floor(((lead + text.length) * BITS_OF_BYTE) / BITS_OF_DIGIT),
      ),
  ),
];

/** The rows that hold one of the texts, as table: row. */
export async function rowsWith(
  database: Pick<TestDatabase, 'sql'>,
  texts: readonly string[],
): Promise<string[]> {
  const tables = await database.sql<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await database.sql<{ row: string }>(
      `SELECT t::text AS row FROM ${name} t WHERE EXISTS (SELECT FROM unnest($1::text[]) AS c (text)
         WHERE position(c.text IN t::text) > 0 OR position(encode(convert_to(c.text, 'UTF8'), 'hex') IN t::text) > 0)`,
      [texts],
    );
    found.push(...rows.map(({ row }) => `${name}: ${row}`));
  }
  return found;
}
