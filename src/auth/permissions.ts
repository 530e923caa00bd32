// Who may do what: every root field, every REST route and every edge that widens a scope. shield.ts applies the
// fields' and the edges' rules, http/rest/rest.ts the routes'.
import { AppError, forbiddenScope, forbiddenWorkspace } from '../errors';
import type { Principal, Scope } from './principal';

export interface RootFieldRule {
  /** The scope it needs; none: any valid token. */
  scope?: Scope;
  /** The argument that names the workspace, as a path; none: it is of no single workspace. */
  workspace?: readonly string[];
}

export const ROOT_TYPES = ['Query', 'Mutation', 'Subscription'] as const;
export type RootType = (typeof ROOT_TYPES)[number];

/** Every root field there is. A field of the schema that is missing here is denied, and fails a test. */
export const ROOT_FIELDS: Readonly<Record<RootType, Readonly<Record<string, RootFieldRule>>>> = {
  Query: {
    viewer: {},
    workspaces: { scope: 'usage:read' },
    workspace: { scope: 'usage:read', workspace: ['id'] },
    usage: { scope: 'usage:read', workspace: ['workspaceId'] },
    usageRecords: { scope: 'usage:read', workspace: ['workspaceId'] },
    messages: { scope: 'messages:read', workspace: ['workspaceId'] },
    customers: { scope: 'usage:read', workspace: ['workspaceId'] },
    customer: { scope: 'usage:read', workspace: ['workspaceId'] },
    retention: { scope: 'usage:read', workspace: ['workspaceId'] },
    statements: { scope: 'usage:read', workspace: ['workspaceId'] },
    statement: { scope: 'usage:read', workspace: ['workspaceId'] },
    serveDecision: { scope: 'contacts:check', workspace: ['workspaceId'] },
    budgets: { scope: 'usage:read', workspace: ['workspaceId'] },
    events: { scope: 'usage:read', workspace: ['workspaceId'] },
    webhooks: { scope: 'webhooks:write', workspace: ['workspaceId'] },
  },
  Mutation: {
    saveMessage: { scope: 'messages:write', workspace: ['input', 'workspaceId'] },
    saveMessages: { scope: 'messages:write', workspace: ['workspaceId'] },
    closeMonth: { scope: 'statements:close', workspace: ['input', 'workspaceId'] },
    voidUsage: { scope: 'usage:correct', workspace: ['input', 'workspaceId'] },
    registerCustomer: { scope: 'customers:write', workspace: ['input', 'workspaceId'] },
    eraseCustomer: { scope: 'customers:erase', workspace: ['input', 'workspaceId'] },
    setBudget: { scope: 'budgets:write', workspace: ['input', 'workspaceId'] },
    deleteBudget: { scope: 'budgets:write', workspace: ['workspaceId'] },
    createWebhook: { scope: 'webhooks:write', workspace: ['input', 'workspaceId'] },
    updateWebhook: { scope: 'webhooks:write', workspace: ['input', 'workspaceId'] },
    deleteWebhook: { scope: 'webhooks:write', workspace: ['workspaceId'] },
    rotateWebhookSecret: { scope: 'webhooks:write', workspace: ['workspaceId'] },
    redeliverEvent: { scope: 'webhooks:write', workspace: ['workspaceId'] },
  },
  Subscription: {
    usageChanged: { scope: 'usage:read', workspace: ['workspaceId'] },
  },
};

/** The scope of each REST route: GET /api/usage/<name>/:workspaceId…. There is no route without a line here. */
export const REST_ROUTES = {
  dashboard: 'usage:read',
  stats: 'usage:read',
  export: 'export:read',
  statement: 'usage:read',
} as const satisfies Readonly<Record<string, Scope>>;

export type RestRoute = keyof typeof REST_ROUTES;

/** What an export can hold, each with the scope that it needs beside the route's. */
export const EXPORT_SCOPES = {
  records: undefined,
  clients: undefined,
  messages: 'messages:read',
} as const satisfies Readonly<Record<string, Scope | undefined>>;

/**
 * Edges that lead from data of one scope to data of another. `underWrite`: below a mutation. There a save's payload is
 * the caller's own data, so whoever may save may read it. Other mutations lead to data that somebody else wrote.
 */
export const GUARDED_EDGES: Readonly<
  Record<string, (principal: Principal, underWrite: boolean) => AppError | true>
> = {
  'Viewer.workspaces': (principal) => needs(principal, 'usage:read', 'Viewer.workspaces'),
  'UsageStatement.lines': (principal) => needs(principal, 'usage:read', 'UsageStatement.lines'),
  'UsageStatement.sinceClosing': (principal) => needs(principal, 'usage:read', 'UsageStatement.sinceClosing'),
  'Workspace.usage': (principal) => needs(principal, 'usage:read', 'Workspace.usage'),
  'Customer.usage': (principal) => needs(principal, 'usage:read', 'Customer.usage'),
  'Customer.timeline': (principal) => needs(principal, 'usage:read', 'Customer.timeline'),
  'Customer.outcomes': (principal) => needs(principal, 'usage:read', 'Customer.outcomes'),
  'UsageRecord.message': (principal, underWrite) =>
    saves(principal, underWrite) || needs(principal, 'messages:read', 'UsageRecord.message'),
  'UsageRecord.customer': (principal, underWrite) =>
    customerOf(principal, underWrite, 'UsageRecord.customer'),
  'Message.customer': (principal, underWrite) => customerOf(principal, underWrite, 'Message.customer'),
  'Budget.customer': (principal, underWrite) => figuresOf(principal, underWrite, 'Budget.customer'),
  'Budget.state': (principal, underWrite) => figuresOf(principal, underWrite, 'Budget.state'),
};

const customerOf = (principal: Principal, underWrite: boolean, edge: string): AppError | true =>
  saves(principal, underWrite) ||
  principal.scopes.has('messages:read') ||
  needs(principal, 'usage:read', edge);

/** Below a query the budget was reached by usage:read, or by serveDecision, which shows the asked contact only. */
const figuresOf = (principal: Principal, underWrite: boolean, edge: string): AppError | true =>
  (!underWrite && principal.scopes.has('contacts:check')) || needs(principal, 'usage:read', edge);

const saves = (principal: Principal, underWrite: boolean): boolean =>
  underWrite && principal.scopes.has('messages:write');

const needs = (principal: Principal, scope: Scope, what: string): AppError | true =>
  principal.scopes.has(scope) || forbiddenScope(what, scope);

/** May this caller access this workspace? The message is the same for a foreign one and for one that does not exist. */
const checkWorkspace = (principal: Principal, workspaceId: string): AppError | true =>
  principal.workspaceIds.includes(workspaceId) || forbiddenWorkspace(workspaceId);

/** May this caller use this root field with these arguments? */
export function checkRootField(
  principal: Principal,
  type: RootType,
  field: string,
  args: Readonly<Record<string, unknown>>,
): AppError | true {
  const declared = ROOT_FIELDS[type][field];
  if (!declared) return new AppError('FORBIDDEN', `${type}.${field} may not be used by any token.`);
  const scoped = declared.scope === undefined ? true : needs(principal, declared.scope, field);
  if (scoped !== true || !declared.workspace) return scoped;
  return checkWorkspace(principal, String(valueAt(args, declared.workspace)));
}

/** May this caller read this route of this workspace? */
export function checkRestRoute(principal: Principal, route: RestRoute, workspaceId: string): AppError | true {
  const scoped = needs(principal, REST_ROUTES[route], `GET /api/usage/${route}`);
  return scoped === true ? checkWorkspace(principal, workspaceId) : scoped;
}

/** May this caller have this in an export of a workspace whose export it may read? */
export function checkExport(principal: Principal, what: keyof typeof EXPORT_SCOPES): AppError | true {
  const scope: Scope | undefined = EXPORT_SCOPES[what];
  return scope === undefined || needs(principal, scope, `GET /api/usage/export?what=${what}`);
}

const valueAt = (args: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).find(([name]) => name === key)?.[1]
        : undefined,
    args,
  );

/**
 * Checks the guarded edges ('Customer.usage') of a whole mutation before it runs: it must not fail on a permission
 * after its COMMIT.
 */
export function checkEdges(principal: Principal, edges: Iterable<string>): AppError | true {
  for (const edge of edges) {
    const checked = GUARDED_EDGES[edge]?.(principal, true) ?? true;
    if (checked !== true) return checked;
  }
  return true;
}
