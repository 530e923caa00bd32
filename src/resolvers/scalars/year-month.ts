import { checkMonth } from '../../values/month';
import { printText, textScalar } from './text-scalar';

/** Which years a period may lie in is period.ts's matter. */
export const GraphQLYearMonth = textScalar<string>({
  name: 'YearMonth',
  description: 'A calendar month, such as 2025-01.',
  parse: checkMonth,
  print: printText,
});
