// SQL that writes one cell of a file in its final form: COPY adds nothing but what stands between them.
import { currencyDigits } from '../../values/money';
import { INVISIBLE } from '../../values/text';

/** Exact: the currency's own digits at least, no trailing zeros beyond. */
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
 * A spreadsheet runs a cell that begins so, also behind what it doesn't show; an apostrophe in front makes it text.
 * Where semicolons or tabs cut cells, as in Excel in Italian, another begins behind each, and behind each line break.
 */
const FORMULA = `(^|[;\\t\\r\\n])(?=[${UNSEEN}]*[=+@|%\uff1d\uff0b\uff0d\uff20-])`;
export const defused = (cell: string): string => `regexp_replace(${cell}, '${FORMULA}', '\\1''', 'g')`;

/** Text of any kind as JSON; SQL's NULL as JSON's. */
export const jsonCell = (cell: string): string => `coalesce(to_json(${cell})::text, 'null')`;
