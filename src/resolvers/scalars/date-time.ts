import { formatInstant, parseInstant } from '../../values/time';
import { textScalar } from './text-scalar';

/** Outside: RFC 3339. Inside: a Date. */
export const GraphQLDateTime = textScalar<Date>({
  name: 'DateTime',
  description: 'An instant, RFC 3339. Input may carry any offset; output is UTC.',
  parse: parseInstant,
  // Unix time may come as a number or as text; the error of parse says what to write.
  readsNumbers: true,
  print(value) {
    if (value instanceof Date) return formatInstant(value);
    throw new TypeError(`expected a Date, got ${typeof value}`);
  },
});
