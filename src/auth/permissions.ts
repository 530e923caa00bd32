// Who may do what: every root field and every edge that widens a scope, on one screen. graphql-shield applies it.
import { type GraphQLResolveInfo, type GraphQLSchema, isObjectType } from 'graphql';
import { applyMiddlewareToDeclaredResolvers } from 'graphql-middleware';
import { allow, deny, rule, shield } from 'graphql-shield';
import { AppError, forbiddenScope, forbiddenWorkspace } from '../errors';
import type { Principal, Scope } from './principal';

export interface RootFieldRule {
  /** The scope it needs; none: any valid token. */
  scope?: Scope;
  /** The argument that names the workspace, as a path; none: it is of no single workspace. */
  workspace?: readonly string[];
}

/** Every root field there is. A field of the schema that is missing here is denied, and fails a test. */
export const ROOT_FIELDS: Readonly<Record<'Query' | 'Mutation', Readonly<Record<string, RootFieldRule>>>> = {
  Query: {
    viewer: {},
    workspaces: { scope: 'usage:read' },
    workspace: { scope: 'usage:read', workspace: ['id'] },
    usage: { scope: 'usage:read', workspace: ['workspaceId'] },
    usageRecords: { scope: 'usage:read', workspace: ['workspaceId'] },
    messages: { scope: 'messages:read', workspace: ['workspaceId'] },
    customers: { scope: 'usage:read', workspace: ['workspaceId'] },
    customer: { scope: 'usage:read', workspace: ['workspaceId'] },
  },
  Mutation: {
    saveMessage: { scope: 'messages:write', workspace: ['input', 'workspaceId'] },
    saveMessages: { scope: 'messages:write', workspace: ['workspaceId'] },
    registerCustomer: { scope: 'customers:write', workspace: ['input', 'workspaceId'] },
  },
};

/**
 * Edges that lead from what one scope opens to what another does. `underWrite`: below a mutation, whose payload is
 * the caller's own; its root field has been checked for the write scope.
 */
export const GUARDED_EDGES: Readonly<
  Record<string, (principal: Principal, underWrite: boolean) => AppError | true>
> = {
  'Viewer.workspaces': (principal) => needs(principal, 'usage:read', 'Viewer.workspaces'),
  'Customer.usage': (principal) => needs(principal, 'usage:read', 'Customer.usage'),
  'UsageRecord.message': (principal, underWrite) =>
    underWrite || needs(principal, 'messages:read', 'UsageRecord.message'),
  'UsageRecord.customer': (principal, underWrite) =>
    customerOf(principal, underWrite, 'UsageRecord.customer'),
  'Message.customer': (principal, underWrite) => customerOf(principal, underWrite, 'Message.customer'),
};

const customerOf = (principal: Principal, underWrite: boolean, edge: string): AppError | true =>
  underWrite || principal.scopes.has('messages:read') || needs(principal, 'usage:read', edge);

/** May this caller do what needs this scope? */
export const checkScope = (principal: Principal, scope: Scope, what: string): AppError | true =>
  needs(principal, scope, what);

const needs = (principal: Principal, scope: Scope, what: string): AppError | true =>
  principal.scopes.has(scope) || forbiddenScope(what, scope);

/** May this caller touch this workspace? The same words for a foreign one and for one that does not exist. */
export const checkWorkspace = (principal: Principal, workspaceId: string): AppError | true =>
  principal.workspaceIds.includes(workspaceId) || forbiddenWorkspace(workspaceId);

/** May this caller use this root field with these arguments? */
export function checkRootField(
  principal: Principal,
  type: 'Query' | 'Mutation',
  field: string,
  args: Readonly<Record<string, unknown>>,
): AppError | true {
  const declared = ROOT_FIELDS[type][field];
  if (!declared) return new AppError('FORBIDDEN', `${type}.${field} is not open to anybody.`);
  const scoped = declared.scope === undefined ? true : needs(principal, declared.scope, field);
  if (scoped !== true || !declared.workspace) return scoped;
  return checkWorkspace(principal, String(valueAt(args, declared.workspace)));
}

const valueAt = (args: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).find(([name]) => name === key)?.[1]
        : undefined,
    args,
  );

/** What the rules need of a request. */
interface WithPrincipal {
  principal: Principal;
}

/** The library doesn't export its own name for this. */
type ShieldRule = typeof allow | ReturnType<ReturnType<typeof rule>>;

const ROOT_TYPES = ['Query', 'Mutation'] as const;

/** One rule a field, each with a name of its own and never cached: an alias must not pass on another's verdict. */
const named = (
  name: string,
  check: (principal: Principal, args: Record<string, unknown>, info: GraphQLResolveInfo) => AppError | true,
) =>
  rule(name, { cache: 'no_cache' })(
    (_parent, args: Record<string, unknown>, context: WithPrincipal, info: GraphQLResolveInfo) =>
      check(context.principal, args, info),
  );

function rootRules(type: 'Query' | 'Mutation'): Record<string, ShieldRule> {
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
  const fallbackError = new AppError('FORBIDDEN', 'This is not open to this token.');
  // Errors leave as they are: http/mask-error.ts is the only place that hides one.
  const permissions = shield(tree, {
    fallbackRule: deny,
    fallbackError,
    allowExternalErrors: true,
    debug: true,
  });
  return applyMiddlewareToDeclaredResolvers(schema, permissions);
}

/**
 * Checks the guarded edges ('Customer.usage') of a whole mutation before anything runs: it must not fail on a
 * permission after its COMMIT.
 */
export function checkEdges(principal: Principal, edges: Iterable<string>): AppError | true {
  for (const edge of edges) {
    const verdict = GUARDED_EDGES[edge]?.(principal, true) ?? true;
    if (verdict !== true) return verdict;
  }
  return true;
}
