// The schema keeps what the contract fixed, schema.graphql agrees with the code, and everything has a description.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildSchema,
  type GraphQLArgument,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
} from 'graphql';
import { bareSchema, printContract, schema } from '../src/graphql/schema';

const read = (path: string): string => readFileSync(join(__dirname, path), 'utf8');

/** Every named place of a schema, with its description. */
interface Place {
  place: string;
  /** Type and default value, or what kind of type it is. */
  is: string;
  description: string | null | undefined;
}

const isOwn = (type: GraphQLNamedType): boolean =>
  !type.name.startsWith('__') && !(isScalarType(type) && isSpecifiedScalarType(type));

function* placesOf(type: GraphQLNamedType): Generator<Place> {
  const { name, description } = type;
  yield { place: name, is: type.constructor.name, description };
  if (isEnumType(type)) {
    for (const value of type.getValues()) {
      yield { place: `${name}.${value.name}`, is: 'value', description: value.description };
    }
  }
  if (!isObjectType(type) && !isInputObjectType(type)) return;
  for (const field of Object.values(type.getFields())) {
    const place = `${name}.${field.name}`;
    const is = `${field.type}${'defaultValue' in field ? defaultOf(field.defaultValue) : ''}`;
    yield { place, is, description: field.description };
    if ('args' in field) for (const argument of field.args) yield argumentPlace(place, argument);
  }
}

const argumentPlace = (place: string, { name, type, defaultValue, description }: GraphQLArgument): Place => ({
  place: `${place}(${name}:)`,
  is: `${type}${defaultOf(defaultValue)}`,
  description,
});

const defaultOf = (value: unknown): string => (value === undefined ? '' : ` = ${JSON.stringify(value)}`);

const placesIn = (types: readonly GraphQLNamedType[]): Place[] =>
  types.filter(isOwn).flatMap((type) => [...placesOf(type)]);

const contract = placesIn(Object.values(buildSchema(read('contract.graphql')).getTypeMap()));
const places = placesIn(Object.values(bareSchema.getTypeMap()));

it('is the same as schema.graphql; npm run schema:emit writes it', () => {
  expect(printContract()).toBe(read('../schema.graphql'));
});

it('keeps every name, type, argument and default of the contract', () => {
  const have = new Map(places.map(({ place, is }) => [place, is]));

  expect(contract.map(({ place }) => `${place}: ${have.get(place)}`)).toEqual(
    contract.map(({ place, is }) => `${place}: ${is}`),
  );
});

it('lists the arguments in the order of the contract, the workspace first', () => {
  const argumentsOf = (all: Place[]) =>
    all
      .map(({ place }) => place)
      .filter((place) => /^(Query|Mutation|UsageReport|Customer)\..*\(/.test(place));

  expect(argumentsOf(places).sort(byField)).toEqual(argumentsOf(contract).sort(byField));
});

/** Fields in any order, arguments as they are. */
const byField = (a: string, b: string): number => {
  const [fieldA = '', fieldB = ''] = [a.split('(')[0], b.split('(')[0]];
  return fieldA === fieldB ? 0 : fieldA < fieldB ? -1 : 1;
};

it('adds nothing to the contract', () => {
  const fixed = new Set(contract.map(({ place }) => place));

  expect(places.map(({ place }) => place).filter((place) => !fixed.has(place))).toEqual([]);
});

it('explains every type, field, argument and value in a sentence', () => {
  const unexplained = places.filter(({ description }) => !description || !/^\S.*[.:?]$/s.test(description));

  expect(unexplained.map(({ place, description }) => `${place}: ${description}`)).toEqual([]);
});

it('is the same behind the permissions', () => {
  expect(placesIn(Object.values(schema.getTypeMap()))).toEqual(places);
});

it('resolves leaf fields without a resolver of their own', () => {
  const leaves = ['Money', 'Period', 'UsageTotals', 'HeatmapCell', 'HourUsage', 'OutcomeCount', 'PageInfo'];
  const withResolver = leaves.flatMap((name) => {
    const type = bareSchema.getType(name);
    if (!isObjectType(type)) return [`${name} is missing`];
    return Object.values(type.getFields())
      .filter((field) => field.resolve !== undefined)
      .map((field) => `${name}.${field.name}`);
  });

  // Asked for seldom, and then of all cells at once.
  expect(withResolver).toEqual(['HeatmapCell.outcomes']);
});
