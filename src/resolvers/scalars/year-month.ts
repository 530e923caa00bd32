import { badInput } from '../../errors';
import { printText, textScalar } from './text-scalar';

/** Which years a period may lie in is period.ts's matter. */
export const GraphQLYearMonth = textScalar<string>({
  name: 'YearMonth',
  description: 'A calendar month, such as 2025-01.',
  parse(text) {
    if (/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) return text;
    throw badInput(
      `${JSON.stringify(text.slice(0, 32))} is not a calendar month. Write year and month, such as 2025-01.`,
    );
  },
  print: printText,
});
