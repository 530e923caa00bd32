import { checkLocalDate } from '../../values/period';
import { printText, textScalar } from './text-scalar';

export const GraphQLLocalDate = textScalar<string>({
  name: 'LocalDate',
  description: 'A day on the calendar, such as 2026-10-01.',
  parse: checkLocalDate,
  print: printText,
});
