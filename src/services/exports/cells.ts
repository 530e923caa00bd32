// SQL that writes one cell of a file in its final form: COPY adds only the separators.
import { currencyDigits } from '../../values/money';
import { INVISIBLE } from '../../values/text';

/** Exact: at least the currency's own decimals, and no trailing zeros beyond them. */
export function amountCell(micros: string, currency: string): string {
  const units = `${micros} * 0.000001`;
  return `round(${units}, greatest(min_scale(${units}), ${currencyDigits(currency)}))`;
}

/** RFC 4180: quoted where a comma, a quote or a line break would end the cell. */
export const csvCell = (cell: string): string =>
  `CASE WHEN ${cell} ~ '[",\\r\\n]' THEN '"' || replace(${cell}, '"', '""') || '"' ELSE ${cell} END`;

const pgCharacter = (code: number): string => `\\U${code.toString(16).padStart(8, '0')}`;
const UNSEEN = INVISIBLE.map((ends) => ends.map(pgCharacter).join('-')).join('');

/**
 * A spreadsheet runs a cell that begins with one of these characters, also behind invisible ones; an apostrophe in
 * front makes it text. Where semicolons or tabs separate cells, as in Italian Excel, a new cell begins behind each of
 * them, and behind each line break.
 */
const FORMULA = `(^|[;\\t\\r\\n])(?=[${UNSEEN}]*[=+@|%\uff1d\uff0b\uff0d\uff20-])`;
export const defused = (cell: string): string => `regexp_replace(${cell}, '${FORMULA}', '\\1''', 'g')`;

/** Text of any kind as JSON; SQL's NULL as JSON's. */
export const jsonCell = (cell: string): string => `coalesce(to_json(${cell})::text, 'null')`;
