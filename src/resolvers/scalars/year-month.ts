import { checkMonth } from '../../values/month';
import { printText, textScalar } from './text-scalar';

/** Checks the form only; period.ts checks the year. */
export const GraphQLYearMonth = textScalar<string>({
  name: 'YearMonth',
  description: 'A calendar month, such as 2025-01.',
  parse: checkMonth,
  print: printText,
});
