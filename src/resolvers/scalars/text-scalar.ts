import { type ASTNode, GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { AppError, badInput } from '../../errors';

export interface TextScalarConfig<Value> {
  name: string;
  description: string;
  /** Text of a caller -> value; throws BAD_USER_INPUT that says what is wrong and what is expected. */
  parse(text: string): Value;
  /** A JSON number is given to parse as text, which refuses it in better words than "write a string". */
  readsNumbers?: boolean;
  /** A service's value -> text. Throws for what is not one: that is a mistake of ours. */
  print(value: unknown): string;
}

/**
 * A scalar that is written as a string. What it throws is a GraphQLError of its own, since graphql-js puts the
 * value itself into the message of every other error, and that may be a customer's phone number.
 */
export function textScalar<Value>(config: TextScalarConfig<Value>): GraphQLScalarType<Value, string> {
  const read = (value: unknown, node?: ASTNode): Value => {
    if (typeof value === 'number' && config.readsNumbers) return read(String(value), node);
    if (typeof value !== 'string') throw refusal(`${config.name} is written as a string in quotes.`, node);
    try {
      return config.parse(value);
    } catch (error) {
      if (error instanceof AppError) throw refusal(error.message, node, error);
      throw error;
    }
  };
  return new GraphQLScalarType<Value, string>({
    name: config.name,
    description: config.description,
    serialize: (value) => config.print(value),
    parseValue: (value) => read(value),
    parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : undefined, node),
  });
}

/** BAD_USER_INPUT as graphql-js passes it on: unchanged in a document, behind the variable's name otherwise. */
export function refusal(message: string, node?: ASTNode, originalError = badInput(message)): GraphQLError {
  const nodes = node ? { nodes: node } : {};
  return new GraphQLError(message, { ...nodes, originalError, extensions: { code: originalError.code } });
}

/** For scalars whose value is its own text. */
export function printText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`expected text, got ${typeof value}`);
}
