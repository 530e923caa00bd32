import { assertZone } from '../../values/time';
import { printText, textScalar } from './text-scalar';

export const GraphQLTimeZone = textScalar<string>({
  name: 'TimeZone',
  description: 'An IANA time zone, such as Europe/Rome.',
  parse: assertZone,
  print: printText,
});
