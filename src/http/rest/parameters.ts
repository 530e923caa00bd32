// The parameters of a URL. A mistake is refused with a message, since a guess would answer another question.
import { badInput } from '../../errors';
import { PERIOD_PRESETS, type PeriodChoice } from '../../values/period';
import { parseInstant } from '../../values/time';

export type RestQuery = Readonly<Record<string, string | string[] | undefined>>;

export interface RestRequest {
  /** `month` belongs to a statement's route. */
  Params: { workspaceId: string; month?: string };
  Querystring: RestQuery;
}

/** What choiceOf reads. */
export const PERIOD_PARAMETERS: readonly string[] = [
  'month',
  'preset',
  'from',
  'to',
  'first_day',
  'last_day',
  'timeZone',
];

/** Refuses unknown parameters, which are mistakes of the caller. */
export function allow(query: RestQuery, known: readonly string[]): void {
  const stray = Object.keys(query).find((name) => !known.includes(name));
  if (stray !== undefined) {
    throw badInput(
      `There is no parameter ${JSON.stringify(stray.slice(0, 40))}; there are ${known.join(', ')}.`,
    );
  }
}

export function choiceOf(query: RestQuery): { period: PeriodChoice; timeZone: string | undefined } {
  const from = one(query, 'from');
  const to = one(query, 'to');
  return {
    period: {
      preset: oneOf('preset', one(query, 'preset')?.toUpperCase(), PERIOD_PRESETS),
      month: one(query, 'month'),
      from: from === undefined ? undefined : parseInstant(from),
      to: to === undefined ? undefined : parseInstant(to),
      firstDay: one(query, 'first_day'),
      lastDay: one(query, 'last_day'),
    },
    timeZone: one(query, 'timeZone'),
  };
}

/** The parameter's value. An empty parameter counts as not given. */
export function one(query: RestQuery, name: string): string | undefined {
  const value = query[name];
  if (Array.isArray(value)) throw badInput(`${name} is given more than once.`);
  return value === undefined || value === '' ? undefined : value;
}

export function oneOf<const T extends string>(
  name: string,
  value: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw badInput(`${name} is one of ${choices.join(', ')}.`);
  return choice;
}

/** The first of the choices that the header Accept-Language asks for (RFC 9110, 12.5.4), by primary language. */
export function preferred<const T extends string>(
  header: string | undefined,
  choices: readonly T[],
): T | undefined {
  const asked = (header ?? '').split(',').map((range) => {
    const [tag = '', ...parameters] = range
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    return { language: tag.split('-')[0], quality: Number(quality) };
  });
  const ordered = asked.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality);
  return ordered
    .map(({ language }) => choices.find((choice) => choice === language))
    .find((choice) => choice !== undefined);
}
