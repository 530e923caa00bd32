// How large a document may be. Each limit is refused with 400 before anything is resolved.
import {
  type ASTVisitor,
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  separateOperations,
  TypeInfo,
  type ValidationContext,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { type ComplexityEstimator, getComplexity } from 'graphql-query-complexity';

export const LIMITS = {
  /** Fields below fields; introspection is exempt, since its own query is deeper. */
  depth: 8,
  aliases: 15,
  directives: 10,
  rootFields: 5,
  /** About the number of values that are made to answer. */
  complexity: 5_000,
  /** Words and signs of the document, for the parser. */
  tokens: 1_000,
  /** Values in the variables, at any depth: the largest batch of saves has about 3 000. */
  values: 10_000,
  /** Selections after fragments are spread, for Apollo. */
  recursiveSelections: 1_000,
} as const;

interface Size {
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
      refuse('root fields', rootFields(node, fragments), LIMITS.rootFields);
    },
  };
}

/** Each fragment is measured once, so that fragments that spread fragments cost nothing to count. */
function measurer(fragments: ReadonlyMap<string, FragmentDefinitionNode>): (set: SelectionSetNode) => Size {
  const known = new Map<string, Size>();
  const none: Size = { depth: 0, aliases: 0, directives: 0 };
  const fragment = (name: string): Size => {
    const size = known.get(name);
    if (size) return size;
    const node = fragments.get(name);
    // A cycle is another rule's to refuse; here it must only end.
    known.set(name, none);
    const measured = node ? measure(node.selectionSet) : none;
    known.set(name, measured);
    return measured;
  };
  const measure = (set: SelectionSetNode): Size => {
    const total = { ...none };
    for (const selection of set.selections) {
      const inner = sizeOf(selection, fragment, measure);
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
    depth: introspects ? 1 : 1 + (below?.depth ?? 0),
    aliases: (below?.aliases ?? 0) + (selection.alias ? 1 : 0),
    directives: below?.directives ?? 0,
  };
}

function rootFields(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): number {
  const visited = new Set<string>();
  const count = (set: SelectionSetNode): number =>
    set.selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return sum + 1;
      if (selection.kind === Kind.INLINE_FRAGMENT) return sum + count(selection.selectionSet);
      const node = fragments.get(selection.name.value);
      if (!node || visited.has(selection.name.value)) return sum;
      visited.add(selection.name.value);
      const inner = count(node.selectionSet);
      visited.delete(selection.name.value);
      return sum + inner;
    }, 0);
  return count(operation.selectionSet);
}

/** Lists without an argument that says how long they are. */
const LENGTHS: Readonly<Record<string, number>> = { heatmap: 10, timeline: 20, outcomes: 5 };
const LONGEST_PAGE = 100;

/** A page costs its length times a row. Longer pages are refused by the services, in words. */
const estimator: ComplexityEstimator = ({ args, childComplexity, field }) => {
  const length = lengthOf(field, args);
  return 1 + Math.min(Math.max(length, 1), LONGEST_PAGE) * childComplexity;
};

/** Given as null, a length is its default, as it is when it's left out. */
function lengthOf(field: GraphQLField<unknown, unknown>, args: Readonly<Record<string, unknown>>): number {
  for (const { name, defaultValue } of field.args) {
    if (name !== 'first' && name !== 'limit') continue;
    const asked = args[name] ?? defaultValue;
    if (typeof asked === 'number') return asked;
  }
  return LENGTHS[field.name] ?? 1;
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

/** What an operation costs with these variables, which must be right. Throws what GraphQL refuses about the document. */
export function complexityOf(
  schema: GraphQLSchema,
  query: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
  operationName: string | undefined,
): number {
  const named = operationName === undefined ? {} : { operationName };
  try {
    return getComplexity({
      schema,
      query,
      variables: { ...variables },
      ...named,
      estimators: [estimator],
    });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new GraphQLError(error.message, { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
  }
}

/** Apollo keeps parsed documents, and n8n sends the same one for ever. */
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
  // Other operations of a document (Apollo Sandbox sends all of a tab) are not this caller's wish.
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
