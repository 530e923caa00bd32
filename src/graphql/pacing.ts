// Reads complete their lists and their rows' fields a few values at a time, with turns of the event loop between
// (values/pace.ts).
import {
  defaultFieldResolver,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNullableType,
  isCompositeType,
  isListType,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { inTurns, pace } from '../values/pace';

/** Changes the schema's resolvers in place. Saves are not slowed down: only queries are paced. */
export function applyPacing(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const paced = pacedBy(field.type, field.resolve);
      if (paced) field.resolve = paced;
    }
  }
  return schema;
}

type Resolver = GraphQLFieldResolver<unknown, unknown>;

function pacedBy(type: GraphQLOutputType, resolve: Resolver | undefined): Resolver | undefined {
  const isList = isListType(getNullableType(type));
  // A property needs no resolver: fields below it are counted with their row.
  if (!isList && !(resolve && isCompositeType(getNullableType(type)))) return undefined;
  const inner = resolve ?? defaultFieldResolver;
  const follow = (value: unknown, info: GraphQLResolveInfo): unknown => {
    const weight = weightOf(info);
    if (isList) return Array.isArray(value) ? inTurns(value, weight) : value;
    const turn = pace(weight);
    return turn ? turn.then(() => value) : value;
  };
  return (source, args, context, info) => {
    const value: unknown = inner(source, args, context, info);
    if (info.operation.operation === 'mutation') return value;
    return value instanceof Promise ? value.then((found) => follow(found, info)) : follow(value, info);
  };
}

const weights = new WeakMap<SelectionSetNode, number>();

/** How many fields each value of this field has, down to its leaves. */
function weightOf({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  const ofSet = (set: SelectionSetNode): number => {
    const known = weights.get(set);
    if (known !== undefined) return known;
    const weight = set.selections.reduce((sum, selection) => sum + ofSelection(selection), 0);
    weights.set(set, weight);
    return weight;
  };
  const ofSelection = (selection: SelectionNode): number => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const fragment = fragments[selection.name.value];
      return fragment ? ofSet(fragment.selectionSet) : 0;
    }
    const below = selection.selectionSet ? ofSet(selection.selectionSet) : 0;
    return selection.kind === Kind.FIELD ? 1 + below : below;
  };
  return fieldNodes.reduce((sum, { selectionSet }) => sum + (selectionSet ? ofSet(selectionSet) : 1), 0);
}
