// How large a document may be. Each limit is refused with 400 before anything is resolved.
import {
  type ASTVisitor,
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  separateOperations,
  TypeInfo,
  type ValidationContext,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { badInput } from '../errors';
import type { Cost } from './cost';

/** Fields of one name in one selection, and spreads of fragments: validation compares each with each. */
const SAME_NAME = 10;
const SPREADS = 40;

/** Documents that are known to keep the limits: n8n and pages always send the same ones. */
const within = new LRUCache<string, true>({
  max: 500,
  maxSize: 4_194_304,
  sizeCalculation: (_, text) => text.length,
});

/**
 * Refuses a document whose validation would take long, before it is validated. Throws BAD_USER_INPUT. Apollo refuses
 * documents that can't be parsed and says where.
 */
export function checkDocument(body: unknown): void {
  const query = typeof body === 'object' && body !== null && 'query' in body ? body.query : undefined;
  if (typeof query !== 'string' || query === '' || within.has(query)) return;
  const document = parseOrNothing(query);
  if (!document) return;
  let spreads = 0;
  visit(document, {
    FragmentSpread() {
      spreads += 1;
      if (spreads > SPREADS) throw badInput(`The document spreads fragments more than ${SPREADS} times.`);
    },
    SelectionSet({ selections }) {
      const names = new Map<string, number>();
      for (const node of selections) {
        if (node.kind !== Kind.FIELD) continue;
        const name = node.alias?.value ?? node.name.value;
        const count = (names.get(name) ?? 0) + 1;
        if (count > SAME_NAME) throw badInput(`A selection has one field more than ${SAME_NAME} times.`);
        names.set(name, count);
      }
    },
  });
  within.set(query, true);
}

function parseOrNothing(query: string): DocumentNode | undefined {
  try {
    return parse(query, { maxTokens: LIMITS.tokens, noLocation: true });
  } catch (error) {
    if (error instanceof GraphQLError) return undefined;
    throw error;
  }
}

export const LIMITS = {
  /** How deep fields may be nested; introspection is exempt, since its own query is deeper. */
  depth: 8,
  aliases: 15,
  directives: 10,
  rootFields: 5,
  /** What one operation may cost (cost.ts): about 60 ms of processor time here, or a few seconds in PostgreSQL. */
  points: 20_000,
  /** What a save's answer may hold: 100 turns with their message and response, once. */
  characters: 16_777_216,
  /** Words and signs of the document, for the parser. */
  tokens: 1_000,
  /** Values in the variables, at any depth: the largest batch of saves has about 3 000. */
  values: 10_000,
  /** Selections after fragments are spread, for Apollo. */
  recursiveSelections: 1_000,
} as const;

interface Size {
  /** Fields at the top, those of fragments there included. */
  fields: number;
  depth: number;
  aliases: number;
  directives: number;
}

/** A validation rule: an operation's depth, aliases, directives and root fields, fragments spread. */
export function limitSize(context: ValidationContext): ASTVisitor {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of context.getDocument().definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  }
  const measure = measurer(fragments);
  return {
    OperationDefinition(node) {
      if (!context.getSchema().getRootType(node.operation)) {
        const message = `There are no ${node.operation}s here.`;
        context.reportError(new GraphQLError(message, { nodes: node }));
      }
      const size = measure(node.selectionSet);
      const refuse = (what: string, is: number, limit: number) => {
        if (is > limit) {
          context.reportError(
            new GraphQLError(`The operation has ${is} ${what}; at most ${limit} are answered.`, {
              nodes: node,
            }),
          );
        }
      };
      refuse('levels of fields', size.depth, LIMITS.depth);
      refuse('aliases', size.aliases, LIMITS.aliases);
      refuse('directives', size.directives + (node.directives?.length ?? 0), LIMITS.directives);
      refuse('root fields', size.fields, LIMITS.rootFields);
    },
  };
}

/** Each fragment is measured once, so that fragments that spread fragments cost nothing to count. */
function measurer(fragments: ReadonlyMap<string, FragmentDefinitionNode>): (set: SelectionSetNode) => Size {
  const known = new Map<string, Size>();
  const none: Size = { fields: 0, depth: 0, aliases: 0, directives: 0 };
  const fragment = (name: string): Size => {
    const size = known.get(name);
    if (size) return size;
    const node = fragments.get(name);
    // Another rule refuses cycles; this one must only end.
    known.set(name, none);
    const measured = node ? measure(node.selectionSet) : none;
    known.set(name, measured);
    return measured;
  };
  const measure = (set: SelectionSetNode): Size => {
    const total = { ...none };
    for (const selection of set.selections) {
      const inner = sizeOf(selection, fragment, measure);
      total.fields += inner.fields;
      total.depth = Math.max(total.depth, inner.depth);
      total.aliases += inner.aliases;
      total.directives += inner.directives + (selection.directives?.length ?? 0);
    }
    return total;
  };
  return measure;
}

function sizeOf(
  selection: SelectionSetNode['selections'][number],
  fragment: (name: string) => Size,
  measure: (set: SelectionSetNode) => Size,
): Size {
  if (selection.kind === Kind.FRAGMENT_SPREAD) return fragment(selection.name.value);
  if (selection.kind === Kind.INLINE_FRAGMENT) return measure(selection.selectionSet);
  const below = selection.selectionSet ? measure(selection.selectionSet) : undefined;
  const introspects = selection.name.value.startsWith('__');
  return {
    fields: 1,
    depth: introspects ? 1 : 1 + (below?.depth ?? 0),
    aliases: (below?.aliases ?? 0) + (selection.alias ? 1 : 0),
    directives: below?.directives ?? 0,
  };
}

/** Refuses an operation of too many selections after fragments are spread: Apollo's own rule, where Apollo isn't. */
export function checkSelections(document: DocumentNode, operation: OperationDefinitionNode): void {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const known = new Map<string, number>();
  const ofFragment = (name: string): number => {
    const count = known.get(name);
    if (count !== undefined) return count;
    const node = fragments.get(name);
    known.set(name, 0);
    const counted = node ? ofSet(node.selectionSet) : 0;
    known.set(name, counted);
    return counted;
  };
  const ofSet = ({ selections }: SelectionSetNode): number =>
    selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return sum + 1 + ofFragment(selection.name.value);
      return sum + 1 + (selection.selectionSet ? ofSet(selection.selectionSet) : 0);
    }, 0);
  if (ofSet(operation.selectionSet) > LIMITS.recursiveSelections)
    throw tooLarge(`The operation has more than ${LIMITS.recursiveSelections} selections.`);
}

/**
 * Refuses variables of more values than any operation needs. GraphQL prints a whole input object into the message of
 * each of its unknown fields, which takes minutes for tens of thousands. No recursion: bodies may be nested deeply.
 */
export function checkVariables(variables: Readonly<Record<string, unknown>>): void {
  const open: unknown[] = [variables];
  let count = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const values: unknown[] = Array.isArray(next) ? next : Object.values(next);
    count += values.length;
    if (count > LIMITS.values) {
      throw new GraphQLError(`The variables have more than ${LIMITS.values} values. Send fewer at once.`, {
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      });
    }
    for (const value of values) if (typeof value === 'object' && value !== null) open.push(value);
  }
}

/** Refuses what costs more than LIMITS allow, before anything is read. */
export function checkCost(cost: Cost): void {
  const refusal = tooCostly(cost);
  if (refusal !== undefined) throw tooLarge(refusal);
}

/** The error for an operation, or a report by URL, that costs more than LIMITS allow. */
export const tooCostly = ({ points }: Cost): string | undefined =>
  points > LIMITS.points
    ? `This costs ${points} points; at most ${LIMITS.points} are answered. Ask for a shorter period, a coarser interval, shorter pages or fewer fields.`
    : undefined;

/**
 * Refuses a save whose answer could be larger than LIMITS allow, before anything is saved. Answers of reads are counted
 * when their size is known.
 */
export function checkSize({ characters }: Cost): void {
  if (characters <= LIMITS.characters) return;
  throw tooLarge(
    `The answer could have ${characters} characters; at most ${LIMITS.characters} are sent. A message and a response can have 65536 each: ask for them once, or for fewer rows.`,
  );
}

const tooLarge = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });

/** Apollo keeps parsed documents, and n8n always sends the same one. */
const selected = new WeakMap<OperationDefinitionNode, ReadonlySet<string>>();

/** The coordinates ('Customer.usage') of every field that one operation of the document selects. */
export function selectedFields(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): ReadonlySet<string> {
  const known = selected.get(operation);
  if (known) return known;
  const found = new Set<string>();
  const types = new TypeInfo(schema);
  // The document's other operations don't run: Apollo Sandbox sends all operations of a tab.
  const alone = separateOperations(document)[operation.name?.value ?? ''] ?? document;
  visit(
    alone,
    visitWithTypeInfo(types, {
      Field(node) {
        found.add(`${types.getParentType()?.name}.${node.name.value}`);
      },
    }),
  );
  selected.set(operation, found);
  return found;
}
