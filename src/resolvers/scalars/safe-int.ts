import { type ASTNode, GraphQLScalarType, Kind } from 'graphql';
import { refusal } from './text-scalar';

/** Outside: a JSON number. Inside: a bigint for counts, otherwise a number. */
export const GraphQLSafeInt = new GraphQLScalarType<number, number>({
  name: 'SafeInt',
  description: 'A whole number up to 2^53 - 1.',
  serialize(value) {
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
    throw new TypeError(`expected a whole number up to 2^53 - 1, got ${typeof value}`);
  },
  parseValue: (value) => read(value),
  parseLiteral: (node) => read(node.kind === Kind.INT ? Number(node.value) : undefined, node),
});

function read(value: unknown, node?: ASTNode): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw refusal('SafeInt is a whole number between -(2^53 - 1) and 2^53 - 1.', node);
}
