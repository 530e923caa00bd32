// How PostgreSQL's values become JavaScript's. Given to our pool alone: pg's own registry belongs to the whole process.
import { types } from 'pg';

const INT8 = 20;
const TIMESTAMPTZ = 1184;
const DATE = 1082;
const INT8_ARRAY = 1016;

type TextParser = (text: string) => unknown;

const parsers = new Map<number, TextParser>([
  [INT8, BigInt],
  [DATE, (text) => text],
  [TIMESTAMPTZ, parseTimestamp],
  [INT8_ARRAY, (text) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(BigInt))],
]);

/**
 * Sessions run in UTC (data-source.ts), so the text always ends in +00. The price that holds from the beginning
 * of time is stored as -infinity, which has no Date: it becomes null.
 */
function parseTimestamp(text: string): Date | null {
  if (text === '-infinity' || text === 'infinity') return null;
  return new Date(`${text.replace(' ', 'T').replace(/\+00$/, '')}Z`);
}

/** int8 -> bigint, timestamptz -> Date (±infinity -> null), date -> its text; everything else as pg does it. */
export const pgTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): TextParser {
    if (format !== 'binary') {
      const own = parsers.get(oid);
      if (own) return own;
    }
    return types.getTypeParser(oid, format ?? 'text');
  },
};
