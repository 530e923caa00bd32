// Puts the rules of permissions.ts in front of the schema's resolvers, with graphql-shield.
import { type GraphQLResolveInfo, type GraphQLSchema, isObjectType } from 'graphql';
import { applyMiddlewareToDeclaredResolvers } from 'graphql-middleware';
import { allow, deny, rule, shield } from 'graphql-shield';
import { AppError } from '../errors';
import { checkRootField, GUARDED_EDGES, ROOT_FIELDS, ROOT_TYPES, type RootType } from './permissions';
import type { Principal } from './principal';

/** What the rules need of a request. */
interface WithPrincipal {
  principal: Principal;
}

/** The library doesn't export its own name for this. */
type ShieldRule = typeof allow | ReturnType<ReturnType<typeof rule>>;

/**
 * One rule for each field, with a name of its own and without a cache: an alias must not reuse the answer of another.
 */
const named = (
  name: string,
  check: (principal: Principal, args: Record<string, unknown>, info: GraphQLResolveInfo) => AppError | true,
) =>
  rule(name, { cache: 'no_cache' })(
    (_parent, args: Record<string, unknown>, context: WithPrincipal, info: GraphQLResolveInfo) =>
      check(context.principal, args, info),
  );

function rootRules(type: RootType): Record<string, ShieldRule> {
  const rules: Record<string, ShieldRule> = { '*': deny };
  for (const field of Object.keys(ROOT_FIELDS[type])) {
    rules[field] = named(`${type}.${field}`, (principal, args) =>
      checkRootField(principal, type, field, args),
    );
  }
  return rules;
}

function edgeRules(type: string): Record<string, ShieldRule> {
  const rules: Record<string, ShieldRule> = { '*': allow };
  for (const [edge, check] of Object.entries(GUARDED_EDGES)) {
    const [owner, field] = edge.split('.');
    if (owner === type && field)
      rules[field] = named(edge, (principal, _args, info) =>
        check(principal, info.operation.operation === 'mutation'),
      );
  }
  return rules;
}

/** The schema with the rules in front of its resolvers. Leaf fields have none, so they cost nothing. */
export function applyPermissions(schema: GraphQLSchema): GraphQLSchema {
  const tree: Record<string, Record<string, ShieldRule>> = {};
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    const root = ROOT_TYPES.find((name) => name === type.name);
    tree[type.name] = root ? rootRules(root) : edgeRules(type.name);
  }
  const fallbackError = new AppError('FORBIDDEN', 'This token may not use this field.');
  // Errors pass unchanged: http/mask-error.ts is the only place that hides one.
  const permissions = shield(tree, {
    fallbackRule: deny,
    fallbackError,
    allowExternalErrors: true,
    debug: true,
  });
  return guardSubscribe(applyMiddlewareToDeclaredResolvers(schema, permissions));
}

/**
 * The rules stand in front of what makes an answer, which a subscription does for each tick. This puts them in front of
 * what begins it, too. Changes the schema's fields in place.
 */
function guardSubscribe(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    const { subscribe } = field;
    field.subscribe = (source, args, context: WithPrincipal, info) => {
      const checked = checkRootField(context.principal, 'Subscription', field.name, args);
      if (checked !== true) throw checked;
      return subscribe?.(source, args, context, info);
    };
  }
  return schema;
}
