// Every rule as a function. test/permissions.test.ts asks the same through HTTP.
import { AppError } from '../errors';
import {
  checkEdges,
  checkRestRoute,
  checkRootField,
  GUARDED_EDGES,
  REST_ROUTES,
  ROOT_FIELDS,
  ROOT_TYPES,
  type RootType,
} from './permissions';
import { type Principal, SCOPES, type Scope } from './principal';

const caller = (...scopes: Scope[]): Principal => ({
  id: 'token-1',
  name: 'a token',
  kind: 'CLIENT',
  scopes: new Set(scopes),
  workspaceIds: ['shop', 'bar'],
  expiresAt: null,
});
const allBut = (scope: Scope): Principal => caller(...SCOPES.filter((other) => other !== scope));

const forbidden = (message: string) => {
  const error = new AppError('FORBIDDEN', message);
  return expect.objectContaining({ code: error.code, message });
};
const needs = (what: string, scope: string) => forbidden(`${what} needs a token with the scope ${scope}.`);

/** Written by hand from the table of docs/security.md: the scope, and the argument with the workspace. */
const FIELDS: [type: RootType, field: string, scope: Scope | undefined, args?: (id: string) => object][] = [
  ['Query', 'viewer', undefined],
  ['Query', 'workspaces', 'usage:read'],
  ['Query', 'workspace', 'usage:read', (id) => ({ id })],
  ['Query', 'usage', 'usage:read', (workspaceId) => ({ workspaceId })],
  ['Query', 'usageRecords', 'usage:read', (workspaceId) => ({ workspaceId })],
  ['Query', 'messages', 'messages:read', (workspaceId) => ({ workspaceId })],
  ['Query', 'customers', 'usage:read', (workspaceId) => ({ workspaceId })],
  ['Query', 'customer', 'usage:read', (workspaceId) => ({ workspaceId })],
  ['Query', 'retention', 'usage:read', (workspaceId) => ({ workspaceId })],
  ['Query', 'statements', 'usage:read', (workspaceId) => ({ workspaceId })],
  ['Query', 'statement', 'usage:read', (workspaceId) => ({ workspaceId })],
  ['Query', 'serveDecision', 'contacts:check', (workspaceId) => ({ workspaceId })],
  ['Query', 'budgets', 'usage:read', (workspaceId) => ({ workspaceId })],
  ['Query', 'events', 'usage:read', (workspaceId) => ({ workspaceId })],
  ['Query', 'webhooks', 'webhooks:write', (workspaceId) => ({ workspaceId })],
  ['Mutation', 'saveMessage', 'messages:write', (workspaceId) => ({ input: { workspaceId } })],
  ['Mutation', 'saveMessages', 'messages:write', (workspaceId) => ({ workspaceId })],
  ['Mutation', 'closeMonth', 'statements:close', (workspaceId) => ({ input: { workspaceId } })],
  ['Mutation', 'voidUsage', 'usage:correct', (workspaceId) => ({ input: { workspaceId } })],
  ['Mutation', 'registerCustomer', 'customers:write', (workspaceId) => ({ input: { workspaceId } })],
  ['Mutation', 'eraseCustomer', 'customers:erase', (workspaceId) => ({ input: { workspaceId } })],
  ['Mutation', 'setBudget', 'budgets:write', (workspaceId) => ({ input: { workspaceId } })],
  ['Mutation', 'deleteBudget', 'budgets:write', (workspaceId) => ({ workspaceId })],
  ['Mutation', 'createWebhook', 'webhooks:write', (workspaceId) => ({ input: { workspaceId } })],
  ['Mutation', 'updateWebhook', 'webhooks:write', (workspaceId) => ({ input: { workspaceId } })],
  ['Mutation', 'deleteWebhook', 'webhooks:write', (workspaceId) => ({ workspaceId })],
  ['Mutation', 'rotateWebhookSecret', 'webhooks:write', (workspaceId) => ({ workspaceId })],
  ['Mutation', 'redeliverEvent', 'webhooks:write', (workspaceId) => ({ workspaceId })],
  ['Subscription', 'usageChanged', 'usage:read', (workspaceId) => ({ workspaceId })],
];

it('every root field is listed in this table', () => {
  const declared = ROOT_TYPES.flatMap((type) =>
    Object.keys(ROOT_FIELDS[type]).map((field) => `${type}.${field}`),
  );
  expect(FIELDS.map(([type, field]) => `${type}.${field}`)).toEqual(declared);
});

describe.each(FIELDS)('%s.%s', (type, field, scope, args = () => ({})) => {
  const check = (principal: Principal, given: object) => checkRootField(principal, type, field, { ...given });

  it(`is open to ${scope ?? 'any token'} of its workspace`, () => {
    expect(check(scope === undefined ? caller() : caller(scope), args('shop'))).toBe(true);
    expect(check(scope === undefined ? caller() : caller(scope), args('bar'))).toBe(true);
  });

  if (scope !== undefined) {
    it(`is closed to every token without ${scope}`, () => {
      expect(check(allBut(scope), args('shop'))).toEqual(needs(field, scope));
    });
  }

  if (Object.keys(args('shop')).length > 0) {
    it('is closed without a workspace and for another workspace', () => {
      const principal = caller(...SCOPES);
      expect(check(principal, args('other'))).toEqual(
        forbidden('This token is not for the workspace "other".'),
      );
      expect(check(principal, {})).toEqual(forbidden('This token is not for the workspace "undefined".'));
      expect(check(principal, { input: 'shop' })).toEqual(
        forbidden('This token is not for the workspace "undefined".'),
      );
      expect(check(principal, { input: null, id: null, workspaceId: null })).toMatchObject({
        code: 'FORBIDDEN',
      });
    });
  }
});

it('nobody may use a root field without a rule', () => {
  expect(checkRootField(caller(...SCOPES), 'Query', 'newField', { workspaceId: 'shop' })).toEqual(
    forbidden('Query.newField may not be used by any token.'),
  );
});

describe.each([
  ['dashboard', 'usage:read'],
  ['stats', 'usage:read'],
  ['export', 'export:read'],
  ['statement', 'usage:read'],
] as const)('GET /api/usage/%s', (route, scope) => {
  it(`may be read with ${scope} for its workspace, and by nobody else`, () => {
    expect(checkRestRoute(caller(scope), route, 'shop')).toBe(true);
    expect(checkRestRoute(caller(scope), route, 'other')).toEqual(
      forbidden('This token is not for the workspace "other".'),
    );
    expect(checkRestRoute(allBut(scope), route, 'shop')).toEqual(needs(`GET /api/usage/${route}`, scope));
  });
});

it('every REST route is listed in this table', () => {
  expect(Object.keys(REST_ROUTES)).toEqual(['dashboard', 'stats', 'export', 'statement']);
});

describe('a guarded edge', () => {
  /** The scopes that open the edge in a query and below a mutation; each of them alone is enough. */
  const EDGES: Record<string, { query: Scope[]; mutation: Scope[]; asksFor: Scope }> = {
    'Viewer.workspaces': { query: ['usage:read'], mutation: ['usage:read'], asksFor: 'usage:read' },
    'UsageStatement.lines': { query: ['usage:read'], mutation: ['usage:read'], asksFor: 'usage:read' },
    'UsageStatement.sinceClosing': {
      query: ['usage:read'],
      mutation: ['usage:read'],
      asksFor: 'usage:read',
    },
    'Workspace.usage': { query: ['usage:read'], mutation: ['usage:read'], asksFor: 'usage:read' },
    'Customer.usage': { query: ['usage:read'], mutation: ['usage:read'], asksFor: 'usage:read' },
    'Customer.timeline': { query: ['usage:read'], mutation: ['usage:read'], asksFor: 'usage:read' },
    'Customer.outcomes': { query: ['usage:read'], mutation: ['usage:read'], asksFor: 'usage:read' },
    'UsageRecord.message': {
      query: ['messages:read'],
      mutation: ['messages:read', 'messages:write'],
      asksFor: 'messages:read',
    },
    'UsageRecord.customer': {
      query: ['usage:read', 'messages:read'],
      mutation: ['usage:read', 'messages:read', 'messages:write'],
      asksFor: 'usage:read',
    },
    'Message.customer': {
      query: ['usage:read', 'messages:read'],
      mutation: ['usage:read', 'messages:read', 'messages:write'],
      asksFor: 'usage:read',
    },
    'Budget.customer': {
      query: ['usage:read', 'contacts:check'],
      mutation: ['usage:read'],
      asksFor: 'usage:read',
    },
    'Budget.state': {
      query: ['usage:read', 'contacts:check'],
      mutation: ['usage:read'],
      asksFor: 'usage:read',
    },
  };

  it('is listed in this table', () => {
    expect(Object.keys(EDGES)).toEqual(Object.keys(GUARDED_EDGES));
  });

  it.each(Object.entries(EDGES))(
    '%s is open only to the scopes in the table',
    (edge, { query, mutation, asksFor }) => {
      for (const scope of SCOPES) {
        const closed = needs(edge, asksFor);
        expect([scope, GUARDED_EDGES[edge]?.(caller(scope), false)]).toEqual([
          scope,
          query.includes(scope) || closed,
        ]);
        expect([scope, GUARDED_EDGES[edge]?.(caller(scope), true)]).toEqual([
          scope,
          mutation.includes(scope) || closed,
        ]);
        expect([scope, checkEdges(caller(scope), [edge])]).toEqual([
          scope,
          mutation.includes(scope) || closed,
        ]);
      }
    },
  );

  it('decides for the whole mutation, even among other edges; edges without a rule are open', () => {
    expect(checkEdges(caller(), ['Message.id', 'UsageRecord.price'])).toBe(true);
    expect(checkEdges(caller(), [])).toBe(true);
    expect(
      checkEdges(caller('messages:write'), ['Message.customer', 'Customer.usage', 'Message.id']),
    ).toEqual(needs('Customer.usage', 'usage:read'));
  });
});
