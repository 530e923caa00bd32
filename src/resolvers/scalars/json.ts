import { GraphQLScalarType } from 'graphql';
import { refusal } from './text-scalar';

/** For answers only: input given as JSON would not be checked. */
export const GraphQLJSON = new GraphQLScalarType<never, unknown>({
  name: 'JSON',
  description: 'A JSON value.',
  serialize: (value) => value,
  parseValue: () => {
    throw refusal('JSON is in answers only.');
  },
});
