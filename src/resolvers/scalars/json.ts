import { GraphQLScalarType } from 'graphql';
import { refusal } from './text-scalar';

/** Answers alone have it: what is given as JSON would be checked by nobody. */
export const GraphQLJSON = new GraphQLScalarType<never, unknown>({
  name: 'JSON',
  description: 'A JSON value.',
  serialize: (value) => value,
  parseValue: () => {
    throw refusal('JSON is in answers only.');
  },
});
