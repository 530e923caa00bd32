// Random documents made from the schema: most are valid, some are wrong in one place, some everywhere.
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

/** 0 <= x < 1, from a seed (mulberry32). */
export type Random = () => number;

export function randomOf(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Request {
  query: string;
  variables: Record<string, unknown>;
}

interface Making {
  schema: GraphQLSchema;
  random: Random;
  /** Ids that exist: of workspaces, customers; cursors. */
  ids: readonly string[];
  variables: { name: string; type: string; value: unknown }[];
  fragments: string[];
  /** Of an argument's value: how likely it is nonsense. */
  nonsense: number;
}

const pick = <T>(random: Random, all: readonly [T, ...T[]] | readonly T[]): T => {
  const found = all[Math.floor(random() * all.length)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
};

/** `writes`: how likely it is a mutation. */
export function aRequest(
  schema: GraphQLSchema,
  random: Random,
  ids: readonly string[],
  writes = 0.25,
): Request {
  const nonsense = pick(random, [0, 0, 0.05, 0.4]);
  const making: Making = { schema, random, ids, variables: [], fragments: [], nonsense };
  const type = random() < writes ? schema.getMutationType() : schema.getQueryType();
  if (!type) throw new Error('the schema has no such root type');
  const body = selection(making, type, 0);
  const declared = making.variables.map(({ name, type: of }) => `$${name}: ${of}`);
  const head = `${type === schema.getMutationType() ? 'mutation' : 'query'} Q${declared.length > 0 ? `(${declared.join(', ')})` : ''}`;
  const query = [`${head} ${body}`, ...making.fragments].join('\n');
  return {
    query: random() < 0.08 ? damaged(random, query) : query,
    variables: Object.fromEntries(making.variables.map(({ name, value }) => [name, value])),
  };
}

function selection(making: Making, type: GraphQLObjectType, depth: number): string {
  const { random } = making;
  const fields = Object.values(type.getFields()).filter(
    (field) => depth < 6 || !isObjectType(getNamedType(field.type)),
  );
  const count = 1 + Math.floor(random() * (depth === 0 ? 2 : 4));
  const chosen = Array.from({ length: count }, () =>
    random() < 0.05 || fields.length === 0 ? '__typename' : fieldText(making, pick(random, fields), depth),
  );
  if (random() < 0.05) chosen.push(`... on ${type.name} { __typename }`);
  if (random() < 0.03) chosen.push('nothingOfThisName');
  if (random() < 0.08) {
    const name = `f${making.fragments.length}`;
    making.fragments.push(`fragment ${name} on ${type.name} { __typename }`);
    chosen.push(`...${name}`);
  }
  return `{ ${chosen.join(' ')} }`;
}

function fieldText(making: Making, field: GraphQLField<unknown, unknown>, depth: number): string {
  const { random } = making;
  const alias = random() < 0.3 ? `a${Math.floor(random() * 1_000)}: ` : '';
  const given = field.args
    .filter((arg) => isNonNullType(arg.type) || random() < 0.4)
    .map((arg) => `${arg.name}: ${argumentText(making, arg)}`);
  const directive = random() < 0.04 ? ` @${pick(random, ['include', 'skip'])}(if: ${random() < 0.5})` : '';
  return `${alias}${field.name}${given.length > 0 ? `(${given.join(', ')})` : ''}${directive}${below(making, field.type, depth)}`;
}

function below(making: Making, type: GraphQLOutputType, depth: number): string {
  const named = getNamedType(type);
  return isObjectType(named) ? ` ${selection(making, named, depth + 1)}` : '';
}

/** As a literal, or as a variable of the right type. */
function argumentText(making: Making, { type }: GraphQLArgument): string {
  const value = anyOf(making, type);
  if (making.random() < 0.5) {
    const name = `v${making.variables.length}`;
    making.variables.push({ name, type: String(type), value });
    return `$${name}`;
  }
  return literal(value, type);
}

function anyOf(making: Making, type: GraphQLInputType): unknown {
  const { random, nonsense } = making;
  if (random() < nonsense) return pick(random, NONSENSE);
  if (isNonNullType(type)) return anyOf(making, type.ofType);
  if (random() < 0.1) return null;
  if (isListType(type))
    return Array.from({ length: Math.floor(random() * 4) }, () => anyOf(making, type.ofType));
  if (isEnumType(type)) return pick(random, type.getValues()).name;
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(
      (field) => isNonNullType(field.type) || random() < 0.5,
    );
    return Object.fromEntries(fields.map((field) => [field.name, anyOf(making, field.type)]));
  }
  return pick(random, [...making.ids, ...(SCALARS[getNamedType(type).name] ?? [])]);
}

const SCALARS: Readonly<Record<string, readonly unknown[]>> = {
  ID: ['no-such-thing', '', '0190d2b4-0000-7000-8000-000000000000'],
  String: [
    'ciao',
    '',
    ' ',
    'Perché no? 🙂',
    "'; DROP TABLE messages; --",
    '%',
    '_',
    '\\',
    '\u0000',
    '\ud800',
    '=1+1',
  ],
  Int: [0, 1, 5, 50, 100, 101, -1, 2_147_483_647, -2_147_483_648],
  Boolean: [true, false],
  DateTime: [
    '2026-03-01T00:00:00Z',
    '2026-03-15T12:00:00.123456+05:45',
    '2025-02-30T00:00:00Z',
    '1970-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '0000-01-01T00:00:00Z',
    '2026-03-01',
  ],
  TimeZone: [
    'Europe/Rome',
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'UTC',
    'Mars/Olympus',
    '+02:00',
  ],
  YearMonth: ['2026-03', '2025-13', '2009-01', '9999-12', '0000-01', 'ieri'],
  LocalDate: ['2026-03-01', '2026-02-28', '2026-02-30', '0000-01-01', '9999-12-31', 'ieri'],
  PhoneNumber: ['+39 333 123 4567', '393331234567', '12', 'ciao', ''],
};

const NONSENSE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  '\u0000',
  '\ud800',
  'x'.repeat(5_000),
  [],
  [[[]]],
  {},
  { a: { b: 1 } },
  '__proto__',
  'constructor',
  '2026-03-01T00:00:00Z',
];

/** A value as GraphQL writes it: enums bare, texts in quotes. */
function literal(value: unknown, type: GraphQLInputType): string {
  if (isNonNullType(type)) return literal(value, type.ofType);
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    const of = isListType(type) ? type.ofType : type;
    return `[${value.map((item) => literal(item, of)).join(', ')}]`;
  }
  if (typeof value === 'object') {
    const fields = isInputObjectType(type) ? type.getFields() : {};
    return `{${Object.entries(value)
      .map(([name, item]) => `${name}: ${literal(item, fields[name]?.type ?? type)}`)
      .join(', ')}}`;
  }
  return isEnumType(type) && typeof value === 'string' && /^[A-Z_]+$/.test(value)
    ? value
    : JSON.stringify(value);
}

/** One to three signs removed, doubled or put in. */
function damaged(random: Random, text: string): string {
  let broken = text;
  for (let count = 1 + Math.floor(random() * 3); count > 0; count -= 1) {
    const at = Math.floor(random() * broken.length);
    const sign = pick(random, ['', '', '{', '}', '"', '$', '(', '...', '\u0000', '🙂', '#', '@', '!', '"""']);
    broken = broken.slice(0, at) + sign + broken.slice(at + (random() < 0.5 ? 1 : 0));
  }
  return broken;
}
