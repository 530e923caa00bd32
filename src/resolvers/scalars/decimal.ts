import { badInput } from '../../errors';
import { printText, textScalar } from './text-scalar';

/** Text both outside and inside. A JSON number is refused, since JSON numbers are floats. */
export const GraphQLDecimal = textScalar<string>({
  name: 'Decimal',
  description: 'An exact decimal number, written as a string: "0.125". Never a float.',
  parse(text) {
    if (/^-?\d{1,30}(\.\d{1,30})?$/.test(text)) return text;
    throw badInput('A Decimal is written as plain digits with an optional sign and point, such as "0.125".');
  },
  print: printText,
});
