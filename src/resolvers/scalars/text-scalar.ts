import { type ASTNode, GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { AppError, badInput } from '../../errors';

export interface TextScalarConfig<Value> {
  name: string;
  description: string;
  /** Turns a caller's text into the value. Throws BAD_USER_INPUT that says what is wrong and what is expected. */
  parse(text: string): Value;
  /** A JSON number is given to parse as text: parse's error explains more than "write a string". */
  readsNumbers?: boolean;
  /** Turns a service's value into text. Throws for a wrong value, which is a bug. */
  print(value: unknown): string;
}

/**
 * A scalar that is written as a string. It throws a GraphQLError of its own, since graphql-js puts the value into the
 * message of every other error, and the value may be a customer's phone number.
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

/** BAD_USER_INPUT as graphql-js passes it on: unchanged for a literal, after the variable's name for a variable. */
export function refusal(message: string, node?: ASTNode, originalError = badInput(message)): GraphQLError {
  const nodes = node ? { nodes: node } : {};
  return new GraphQLError(message, { ...nodes, originalError, extensions: { code: originalError.code } });
}

/** For scalars whose value is its own text. */
export function printText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`expected text, got ${typeof value}`);
}
