// SQL that writes one cell of a file in its final form: COPY adds only the separators.
import { currencyDigits } from '../../values/money';
import { INVISIBLE } from '../../values/text';

/** Exact: at least the currency's own decimals, and no trailing zeros beyond them. */
export const amountCell = (micros: string, currency: string): string =>
  unitsCell(`${micros} * 0.000001`, currency);

/** The same of billionths. */
export const nanosCell = (nanos: string, currency: string): string =>
  unitsCell(`${nanos} * 0.000000001`, currency);

const unitsCell = (units: string, currency: string): string =>
  `round(${units}, greatest(min_scale(${units}), ${currencyDigits(currency)}))`;

type Delimiter = ',' | ';';

/** RFC 4180: quoted where the delimiter, a quote or a line break would end the cell. */
export const csvCell = (cell: string, delimiter: Delimiter = ','): string =>
  `CASE WHEN ${cell} ~ '["${delimiter}\\r\\n]' THEN '"' || replace(${cell}, '"', '""') || '"' ELSE ${cell} END`;

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

/** How a file writes its cells. Each function takes SQL and gives SQL. */
export interface CellStyle {
  /** What COPY puts between cells, as a literal of SQL. */
  delimiter: string;
  /** What people wrote. Where nobody wrote: NULL in, NULL out, but in JSON. */
  words: (text: string) => string;
  /** A phone number, which needs no quotes in CSV. */
  phone: (number: string) => string;
  /** A WhatsApp user id. */
  userId: (id: string) => string;
  /** A number with a decimal point. */
  decimal: (number: string) => string;
  /** An id, an instant or an amount that may be NULL. */
  optional: (cell: string) => string;
  /** A cell in its final form, or NULL where there is none. */
  missing: (cell: string) => string;
}

const asItIs = (cell: string): string => cell;

const csvStyle = (delimiter: Delimiter, contact: (cell: string) => string): CellStyle => ({
  delimiter: `'${delimiter}'`,
  words: (text) => csvCell(defused(text), delimiter),
  phone: contact,
  userId: (id) => csvCell(contact(id), delimiter),
  decimal: asItIs,
  optional: asItIs,
  missing: asItIs,
});

/** Data as it is; what people wrote is defused. */
export const EXACT_CSV = csvStyle(',', asItIs);
/** Every text that a spreadsheet would run is defused. */
export const SPREADSHEET_CSV = csvStyle(',', defused);
/** The same as spreadsheets in Italian read it: between semicolons, with a decimal comma. */
export const ITALIAN_CSV: CellStyle = {
  ...csvStyle(';', defused),
  decimal: (number) => `replace((${number})::text, '.', ',')`,
};

export const JSON_STYLE: CellStyle = {
  delimiter: "E'\\t'",
  words: jsonCell,
  phone: jsonCell,
  userId: jsonCell,
  decimal: asItIs,
  optional: jsonCell,
  missing: (cell) => `coalesce(${cell}, 'null')`,
};
