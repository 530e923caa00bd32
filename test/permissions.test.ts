// Who may do what: every root field × every kind of caller × own, foreign and missing workspace; then the edges.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GraphQLSchema, getNamedType, isObjectType } from 'graphql';
import { GUARDED_EDGES, REST_ROUTES, ROOT_FIELDS } from '../src/auth/permissions';
import { DEFAULT_SCOPES, TOKEN_KINDS } from '../src/auth/principal';
import { bareSchema } from '../src/graphql/schema';
import {
  aCustomer,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { CHANGED, LivePeer } from './support/live';
import { aLogin, type Login } from './support/login';
import { SAVE } from './support/operations';

const KINDS = ['service', 'client', 'analyst', 'user'] as const;
type Kind = (typeof KINDS)[number];

interface Row {
  /** The kinds whose tokens may use it by default. */
  open: readonly Kind[];
  /** It is of one workspace, which an argument names. */
  ofWorkspace: boolean;
  send(workspaceId: string): [document: string, variables?: Record<string, unknown>];
}

/** How a caller is answered, in the form of a POST: a subscription goes over a socket. */
async function answerTo(
  token: string | undefined,
  [query, variables]: ReturnType<Row['send']>,
): Promise<string> {
  if (!query.startsWith('subscription')) {
    const { status, body } = await app.api.as(token).send(query, variables);
    return `${status} ${body.errors?.[0]?.extensions.code ?? 'ok'}`;
  }
  const peer = await LivePeer.open(app.url);
  peer.init(token ?? '');
  const outcome = await peer
    .next()
    .then(() => {
      peer.send({ id: '1', type: 'subscribe', payload: { query, variables } });
      return peer.outcome();
    })
    .catch(async () => `closed ${(await peer.ended).code}`);
  peer.socket.terminate();
  return SOCKET_OUTCOMES[outcome] ?? outcome;
}

const SOCKET_OUTCOMES: Record<string, string> = {
  tick: '200 ok',
  'error FORBIDDEN': '403 FORBIDDEN',
  'closed 4403': '401 UNAUTHENTICATED',
};

const READERS: readonly Kind[] = ['client', 'analyst', 'user'];

/** Declared by hand, from docs/security.md. A root field that is missing here fails the first test. */
const MATRIX: Record<string, Row> = {
  'Query.viewer': { open: KINDS, ofWorkspace: false, send: () => ['{ viewer { name } }'] },
  'Query.workspaces': { open: READERS, ofWorkspace: false, send: () => ['{ workspaces { id } }'] },
  'Query.workspace': {
    open: READERS,
    ofWorkspace: true,
    send: (id) => ['query ($id: ID!) { workspace(id: $id) { id name } }', { id }],
  },
  'Query.usage': {
    open: READERS,
    ofWorkspace: true,
    send: (id) => ['query ($id: ID!) { usage(workspaceId: $id) { totals { messages } } }', { id }],
  },
  'Query.usageRecords': {
    open: READERS,
    ofWorkspace: true,
    send: (id) => ['query ($id: ID!) { usageRecords(workspaceId: $id) { nodes { id } } }', { id }],
  },
  'Query.messages': {
    open: ['analyst'],
    ofWorkspace: true,
    send: (id) => ['query ($id: ID!) { messages(workspaceId: $id) { nodes { id } } }', { id }],
  },
  'Query.customers': {
    open: READERS,
    ofWorkspace: true,
    send: (id) => ['query ($id: ID!) { customers(workspaceId: $id) { nodes { name } } }', { id }],
  },
  'Query.customer': {
    open: READERS,
    ofWorkspace: true,
    send: (id) => [
      'query ($id: ID!) { customer(workspaceId: $id, id: "0190d2b4-0000-7000-8000-000000000000") { name } }',
      { id },
    ],
  },
  'Query.serveDecision': {
    open: ['service'],
    ofWorkspace: true,
    send: (id) => [
      'query ($id: ID!) { serveDecision(workspaceId: $id, phoneNumber: "393331234567") { allowed reason } }',
      { id },
    ],
  },
  'Query.budgets': {
    open: READERS,
    ofWorkspace: true,
    send: (id) => ['query ($id: ID!) { budgets(workspaceId: $id) { name state { used } } }', { id }],
  },
  'Query.events': {
    open: READERS,
    ofWorkspace: true,
    send: (id) => ['query ($id: ID!) { events(workspaceId: $id) { nodes { type data } } }', { id }],
  },
  'Query.retention': {
    open: READERS,
    ofWorkspace: true,
    send: (id) => [
      'query ($id: ID!) { retention(workspaceId: $id, from: "2026-01", to: "2026-03") { month } }',
      { id },
    ],
  },
  'Mutation.saveMessage': {
    open: ['service'],
    ofWorkspace: true,
    send: (id) => [SAVE, { input: aTurn({ id }) }],
  },
  'Mutation.saveMessages': {
    open: ['service'],
    ofWorkspace: true,
    send: (id) => [
      'mutation ($id: ID!) { saveMessages(workspaceId: $id, items: []) { payload { replayed } } }',
      { id },
    ],
  },
  'Query.statements': {
    open: READERS,
    ofWorkspace: true,
    send: (id) => ['query ($id: ID!) { statements(workspaceId: $id) { nodes { number } } }', { id }],
  },
  'Query.statement': {
    open: READERS,
    ofWorkspace: true,
    send: (id) => ['query ($id: ID!) { statement(workspaceId: $id, month: "2026-01") { number } }', { id }],
  },
  'Mutation.closeMonth': {
    open: [],
    ofWorkspace: true,
    send: (workspaceId) => [
      'mutation ($input: CloseMonthInput!) { closeMonth(input: $input) { replayed } }',
      { input: { workspaceId, month: '2026-01' } },
    ],
  },
  'Mutation.voidUsage': {
    open: [],
    ofWorkspace: true,
    send: (workspaceId) => [
      'mutation ($input: VoidUsageInput!) { voidUsage(input: $input) { replayed } }',
      { input: { workspaceId, usageRecordId: '0190d2b4-0000-7000-8000-000000000000', reason: 'x' } },
    ],
  },
  'Mutation.eraseCustomer': {
    open: [],
    ofWorkspace: true,
    send: (workspaceId) => [
      'mutation ($input: EraseCustomerInput!) { eraseCustomer(input: $input) { replayed } }',
      { input: { workspaceId, customerId: '0190d2b4-0000-7000-8000-000000000000', reason: 'x' } },
    ],
  },
  'Mutation.setBudget': {
    open: [],
    ofWorkspace: true,
    send: (workspaceId) => [
      'mutation ($input: SetBudgetInput!) { setBudget(input: $input) { id } }',
      {
        input: {
          ...{ workspaceId, name: 'month', subject: 'WORKSPACE', measure: 'COST', limit: '10' },
          ...{ interval: 'MONTH', thresholds: [80], enforcement: 'NOTIFY' },
        },
      },
    ],
  },
  'Mutation.deleteBudget': {
    open: [],
    ofWorkspace: true,
    send: (id) => [
      'mutation ($id: ID!) { deleteBudget(workspaceId: $id, id: "0190d2b4-0000-7000-8000-000000000000") }',
      { id },
    ],
  },
  'Query.webhooks': {
    open: [],
    ofWorkspace: true,
    send: (id) => ['query ($id: ID!) { webhooks(workspaceId: $id) { id } }', { id }],
  },
  'Mutation.createWebhook': {
    open: [],
    ofWorkspace: true,
    send: (workspaceId) => [
      'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { secret } }',
      { input: { workspaceId, url: 'https://example.com/', events: ['USAGE_VOIDED'] } },
    ],
  },
  'Mutation.updateWebhook': {
    open: [],
    ofWorkspace: true,
    send: (workspaceId) => [
      'mutation ($input: UpdateWebhookInput!) { updateWebhook(input: $input) { id } }',
      { input: { workspaceId, id: '0190d2b4-0000-7000-8000-000000000000' } },
    ],
  },
  'Mutation.deleteWebhook': {
    open: [],
    ofWorkspace: true,
    send: (id) => [
      'mutation ($id: ID!) { deleteWebhook(workspaceId: $id, id: "0190d2b4-0000-7000-8000-000000000000") }',
      { id },
    ],
  },
  'Mutation.rotateWebhookSecret': {
    open: [],
    ofWorkspace: true,
    send: (id) => [
      'mutation ($id: ID!) { rotateWebhookSecret(workspaceId: $id, id: "0190d2b4-0000-7000-8000-000000000000") { secret } }',
      { id },
    ],
  },
  'Mutation.redeliverEvent': {
    open: [],
    ofWorkspace: true,
    send: (id) => [
      'mutation ($id: ID!) { redeliverEvent(workspaceId: $id, webhookId: "0190d2b4-0000-7000-8000-000000000000", eventId: "0190d2b4-0000-7000-8000-000000000000") { id } }',
      { id },
    ],
  },
  'Mutation.registerCustomer': {
    open: ['service'],
    ofWorkspace: true,
    send: (workspaceId) => [
      'mutation ($input: RegisterCustomerInput!) { registerCustomer(input: $input) { id } }',
      { input: { workspaceId, name: 'Rita', phoneNumber: '393330000001' } },
    ],
  },
  'Subscription.usageChanged': { open: READERS, ofWorkspace: true, send: (id) => [CHANGED, { id }] },
};

let app: TestApp;
let login: Login;
let a: TestWorkspace;
let b: TestWorkspace;
/** 'client of A' -> token. */
const tokens = new Map<string, string | undefined>();

beforeAll(async () => {
  login = await aLogin(() => app.clock.now());
  app = await startApp({ config: { ...login.config, failedLoginsPerMinute: 1_000_000 } });
  [a, b] = [await aWorkspace(app, { name: 'A' }), await aWorkspace(app, { name: 'B' })];
  const groups: [string, string[]][] = [
    ['A', [a.id]],
    ['B', [b.id]],
    ['both', [a.id, b.id]],
  ];
  for (const [name, workspaceIds] of groups) {
    for (const kind of ['service', 'client', 'analyst']) {
      tokens.set(`${kind} of ${name}`, await aToken(app, { kind, workspaceIds }));
    }
    tokens.set(`user of ${name}`, await login.sign({ workspaces: workspaceIds }));
  }
  tokens.set('nobody', undefined);
  tokens.set('an expired user', await login.sign({ workspaces: [a.id], exp: 1 }));
  for (const kind of ['service', 'client', 'analyst']) {
    const make = () =>
      app.services.tokens.create({ kind, name: 'x', workspaceIds: [a.id, b.id] }, { name: 'test' });
    const [expired, revoked] = [await make(), await make()];
    await app.database.sql('UPDATE tokens SET expires_at = $2 WHERE id = $1', [expired.id, app.clock.now()]);
    await app.services.tokens.revoke(revoked.id, { name: 'test' });
    tokens.set(`an expired ${kind}`, expired.token);
    tokens.set(`a revoked ${kind}`, revoked.token);
  }
});
afterAll(async () => {
  await app.stop();
  await login.close();
});

const rootFields = (schema: GraphQLSchema): string[] =>
  [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
    type ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`) : [],
  );

describe('every root field', () => {
  it('has a rule, and a row in this table', () => {
    const ruled = Object.entries(ROOT_FIELDS).flatMap(([type, fields]) =>
      Object.keys(fields).map((field) => `${type}.${field}`),
    );

    expect(ruled.sort()).toEqual(rootFields(bareSchema).sort());
    expect(Object.keys(MATRIX).sort()).toEqual(rootFields(bareSchema).sort());
  });

  it('and every guarded edge has a resolver of its own: rules are skipped on fields without one', () => {
    const bare = [...rootFields(bareSchema), ...Object.keys(GUARDED_EDGES)].filter((coordinate) => {
      const [owner = '', name = ''] = coordinate.split('.');
      const type = bareSchema.getType(owner);
      return !isObjectType(type) || type.getFields()[name]?.resolve === undefined;
    });

    expect(bare).toEqual([]);
  });
});

/** Every edge that leads to a thing of a tenant, and whether it needs more than the field above it did. */
const EDGES: Record<string, 'guarded' | 'opened above'> = {
  'Budget.customer': 'guarded',
  // With the state, which is guarded.
  'BudgetState.customer': 'opened above',
  'ClientUsage.customer': 'opened above',
  'ClientUsage.previous': 'opened above',
  // Its figures, not its lines: whoever closes a month need not read who used what.
  'CloseMonthPayload.statement': 'opened above',
  'Customer.outcomes': 'guarded',
  'Customer.timeline': 'guarded',
  'Customer.usage': 'guarded',
  'CustomerConnection.nodes': 'opened above',
  'CustomerEdge.node': 'opened above',
  'HeatmapCell.outcomes': 'opened above',
  'Message.customer': 'guarded',
  'Message.workspace': 'opened above',
  'MessageConnection.nodes': 'opened above',
  'MessageEdge.node': 'opened above',
  'SaveMessagePayload.message': 'opened above',
  'StatementLine.customer': 'opened above',
  'TimelinePoint.outcomes': 'opened above',
  // The asked contact alone.
  'ServeDecision.customer': 'opened above',
  // A message's outcome is not whole without its charge.
  'Tracking.usage': 'opened above',
  'UsageRecord.customer': 'guarded',
  'UsageRecord.message': 'guarded',
  'UsageRecordConnection.nodes': 'opened above',
  'UsageRecordEdge.node': 'opened above',
  'UsageReport.outcomes': 'opened above',
  'UsageReport.totals': 'opened above',
  'UsageReport.workspace': 'opened above',
  'UsageStatement.lines': 'guarded',
  'UsageStatement.sinceClosing': 'guarded',
  'UsageStatementConnection.nodes': 'opened above',
  'UsageStatementEdge.node': 'opened above',
  'Budget.state': 'guarded',
  'Viewer.workspaces': 'guarded',
  'VoidUsagePayload.usageRecord': 'opened above',
  'Workspace.usage': 'guarded',
};

it('every edge to a customer, message, charge, statement, workspace or sum is declared here, guarded or not', () => {
  const targets = [
    ...['Customer', 'Message', 'UsageRecord', 'Workspace', 'UsageReport', 'UsageTotals'],
    ...['UsageStatement', 'StatementLineConnection', 'SinceClosing', 'CustomerTimelinePoint', 'OutcomeCount'],
    ...['BudgetState', 'ClientFigures'],
  ];
  const edges = Object.values(bareSchema.getTypeMap())
    .filter(isObjectType)
    .filter(({ name }) => !name.startsWith('__') && name !== 'Query' && name !== 'Mutation')
    .flatMap((type) =>
      Object.values(type.getFields())
        .filter((field) => targets.includes(getNamedType(field.type).name))
        .map((field) => `${type.name}.${field.name}`),
    );
  const guarded = Object.keys(EDGES).filter((edge) => EDGES[edge] === 'guarded');

  expect(edges.sort()).toEqual(Object.keys(EDGES).sort());
  expect(guarded.sort()).toEqual(Object.keys(GUARDED_EDGES).sort());
});

describe.each(Object.entries(MATRIX))('%s', (field, row) => {
  it('answers the tokens with its scope, and nobody else', async () => {
    // 4 kinds of A, of B and of both; nobody; expired ones of each kind; revoked ones of each kind that is stored.
    expect(tokens.size).toBe(12 + 1 + 4 + 3);
    const [expected, found]: [string[], string[]] = [[], []];
    for (const [caller, token] of tokens) {
      for (const [target, workspaceId] of [
        ['A', a.id],
        ['B', b.id],
        ['missing', 'no-such-workspace'],
      ] as const) {
        const answer = await answerTo(token, row.send(workspaceId));
        expected.push(`${caller} -> ${target}: ${expectation(row, caller, target)}`);
        found.push(`${caller} -> ${target}: ${answer}`);
      }
    }

    expect(found).toEqual(expected);
  });

  it('gives the same answer for a foreign workspace and for one that does not exist', async () => {
    if (!row.ofWorkspace || field.startsWith('Subscription')) return;
    for (const kind of KINDS) {
      const told = [];
      for (const id of [b.id, 'no-such-workspace']) {
        const { status, body } = await app.api.as(tokens.get(`${kind} of A`)).send(...row.send(id));
        told.push(`${status} ${JSON.stringify({ ...body, data: null })}`.replaceAll(id, 'X'));
      }

      expect([field, told[1]]).toEqual([field, told[0]]);
    }
  });
});

describe('every REST route', () => {
  // A statement can be read once its month is closed.
  beforeAll(async () => {
    for (const workspace of [a, b]) {
      const phoneNumber = '+393330000001';
      await aCustomer(app, workspace, { phoneNumber });
      const input = aTurn(workspace, { phoneNumber, occurredAt: '2026-01-10T10:00:00Z' });
      await app.api.as(workspace.service).data(SAVE, { input });
      await app.services.closing.close(workspace.id, '2026-01', { name: 'test' });
    }
  });

  const rows = Object.entries(REST_ROUTES).map(([route, scope]) => ({
    route,
    open: TOKEN_KINDS.filter((kind) => DEFAULT_SCOPES[kind].some((given) => given === scope)).map((kind) =>
      kind.toLowerCase(),
    ),
  }));

  it.each(rows)('$route answers the tokens with its scope, and nobody else', async ({ route, open }) => {
    const [expected, found]: [string[], string[]] = [[], []];
    for (const [caller, token] of tokens) {
      for (const [target, workspaceId] of [
        ['A', a.id],
        ['B', b.id],
        ['missing', 'no-such-workspace'],
      ] as const) {
        const below = route === 'statement' ? '/2026-01' : '';
        const answer = await app.api.as(token).get(`/api/usage/${route}/${workspaceId}${below}`);
        const text = await answer.text();
        const error = answer.ok ? 'ok' : JSON.parse(text).errors[0].extensions.code;
        expected.push(`${caller} -> ${target}: ${expectation({ open, ofWorkspace: true }, caller, target)}`);
        found.push(`${caller} -> ${target}: ${answer.status} ${error}`);
      }
    }

    expect(found).toEqual(expected);
  });

  it('has a row in docs/rest.md, with its scope', () => {
    const page = readFileSync(join(__dirname, '../docs/rest.md'), 'utf8');
    const listed = [
      ...page.matchAll(/^\| `GET \/api\/usage\/(\w+)\/:workspaceId(?:\/:month)?` \| `([\w:]+)` \|/gm),
    ];
    expect(Object.fromEntries(listed.map(([, route, scope]) => [route, scope]))).toEqual(REST_ROUTES);
  });
});

function expectation(
  row: { open: readonly string[]; ofWorkspace: boolean },
  caller: string,
  target: string,
): string {
  const [kind = '', of, group] = caller.split(' ');
  if (of !== 'of' || !KINDS.some((known) => known === kind)) return '401 UNAUTHENTICATED';
  const scoped = row.open.some((open) => open === kind);
  const own = !row.ofWorkspace || target === group || (group === 'both' && target !== 'missing');
  return scoped && own ? '200 ok' : '403 FORBIDDEN';
}

it('a login that names a workspace which does not exist gets the same refusal as for a foreign one', async () => {
  const token = await login.sign({
    workspaces: ['ghost', '', '__proto__'],
    scope: 'messages:read webhooks:write',
  });
  const found: string[] = [];
  for (const [field, row] of Object.entries(MATRIX)) {
    // Services alone are asked about contacts.
    if (!row.ofWorkspace || !field.startsWith('Query') || field === 'Query.serveDecision') continue;
    for (const id of ['ghost', '', '__proto__']) {
      const { status, body } = await app.api.as(token).send(...row.send(id));
      found.push(`${field} ${status} ${body.errors?.[0]?.message.replace(JSON.stringify(id), 'X')}`);
    }
  }

  expect([...new Set(found.map((line) => line.replace(/^\S+ /, '')))]).toEqual([
    '403 [FORBIDDEN] This token is not for the workspace X.',
  ]);
  expect(await app.api.as(token).data('{ viewer { workspaces { id } } workspaces { id } }')).toEqual({
    viewer: { workspaces: [] },
    workspaces: [],
  });
  const scope = 'usage:read usage:correct statements:close';
  const acting = await login.sign({ workspaces: ['ghost'], scope });
  for (const [document, input] of [
    ['mutation ($input: CloseMonthInput!) { closeMonth(input: $input) { replayed } }', { month: '2026-01' }],
    [
      'mutation ($input: VoidUsageInput!) { voidUsage(input: $input) { replayed } }',
      { usageRecordId: '0190d2b4-0000-7000-8000-000000000000', reason: 'x' },
    ],
  ] as const) {
    const answer = await app.api.as(acting).send(document, { input: { workspaceId: 'ghost', ...input } });
    expect(answer.body.errors?.[0]?.message).toBe('[FORBIDDEN] This token is not for the workspace "ghost".');
  }
});

describe('an alias', () => {
  it("does not pass on another's answer", async () => {
    const document = (first: string, second: string) =>
      `{ a: usage(workspaceId: "${first}") { asOf } b: usage(workspaceId: "${second}") { asOf } }`;
    for (const [first, second] of [
      [a.id, b.id],
      [b.id, a.id],
    ]) {
      const errors = await app.api.as(a.client).errors(document(first ?? '', second ?? ''));

      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatchObject({
        extensions: { code: 'FORBIDDEN' },
        path: [first === b.id ? 'a' : 'b'],
      });
    }
  });
});

describe('an edge to data of another scope', () => {
  const codes = async (scopes: string[], document: string, variables = {}): Promise<string[]> => {
    const kind = scopes.some((scope) => /:(write|check)$/.test(scope)) ? 'service' : 'analyst';
    const token = await aToken(app, { kind, workspaceIds: [a.id], scopes });
    const { body } = await app.api.as(token).send(document, variables);
    return (body.errors ?? []).map((error) => `${error.extensions.code} ${error.message}`);
  };
  const forbidden = (edge: string, scope: string) =>
    `FORBIDDEN [FORBIDDEN] ${edge} needs a token with the scope ${scope}.`;

  beforeAll(async () => {
    await aCustomer(app, a, { phoneNumber: '+393331234567' });
    await app.api.as(a.service).data(SAVE, { input: aTurn(a) });
  });

  it.each([
    ['Viewer.workspaces', 'usage:read', ['messages:read'], '{ viewer { workspaces { id } } }'],
    [
      'Customer.usage',
      'usage:read',
      ['messages:read'],
      '{ messages(workspaceId: "A") { nodes { customer { usage { messages } } } } }',
    ],
    [
      'Customer.timeline',
      'usage:read',
      ['messages:read'],
      '{ messages(workspaceId: "A") { nodes { customer { timeline { messages } } } } }',
    ],
    [
      'Customer.outcomes',
      'usage:read',
      ['messages:read'],
      '{ messages(workspaceId: "A") { nodes { customer { outcomes { messages } } } } }',
    ],
    [
      'Workspace.usage',
      'usage:read',
      ['messages:read'],
      '{ messages(workspaceId: "A") { nodes { workspace { usage { totals { messages } } } } } }',
    ],
    [
      'UsageRecord.message',
      'messages:read',
      ['usage:read'],
      '{ usageRecords(workspaceId: "A") { nodes { message { message } } } }',
    ],
    [
      'UsageRecord.message',
      'messages:read',
      ['usage:read'],
      'query Q { ...f } fragment f on Query { r: usageRecords(workspaceId: "A") { edges { node { ... on UsageRecord { m: message { message } } } } } }',
    ],
  ])('%s needs %s', async (edge, scope, scopes, document) => {
    const found = await codes(scopes, document.replace('"A"', JSON.stringify(a.id)));

    expect([...new Set(found)]).toEqual([forbidden(edge, scope)]);
    expect(await codes([...scopes, scope], document.replace('"A"', JSON.stringify(a.id)))).toEqual([]);
  });

  it.each([['usage:read'], ['messages:read']])(
    'the customer of what one may read is readable with %s',
    async (scope) => {
      const list = scope === 'usage:read' ? 'usageRecords' : 'messages';
      const document = `{ ${list}(workspaceId: ${JSON.stringify(a.id)}) { nodes { customer { name } } } }`;

      expect(await codes([scope], document)).toEqual([]);
    },
  );

  it("a save's own payload is readable, down to the charge and back", async () => {
    const document = `mutation ($input: SaveMessageInput!) { saveMessage(input: $input) { message {
      message customer { name } workspace { name }
      tracking { usage { customer { name } message { message customer { name } } } } } } }`;

    expect(await codes(['messages:write'], document, { input: aTurn(a) })).toEqual([]);
  });

  it('is refused before a mutation runs: nothing is written', async () => {
    const input = aTurn(a, { message: 'never to be saved' });
    const registering = { workspaceId: a.id, name: 'Nina', phoneNumber: '393330000099' };
    const saved = await codes(
      ['messages:write'],
      `mutation ($input: SaveMessageInput!) { saveMessage(input: $input) { ...p } }
       fragment p on SaveMessagePayload { message { customer { ... on Customer { u: usage { messages } } } } }`,
      { input },
    );
    const registered = await codes(
      ['customers:write'],
      'mutation ($input: RegisterCustomerInput!) { registerCustomer(input: $input) { usage { messages } } }',
      { input: registering },
    );
    const rows = await app.database.sql<{ n: number }>(
      `SELECT ((SELECT count(*) FROM messages WHERE message = $1)
             + (SELECT count(*) FROM customers WHERE name = $2))::int AS n`,
      [input.message, registering.name],
    );

    expect([...saved, ...registered]).toEqual(Array(2).fill(forbidden('Customer.usage', 'usage:read')));
    expect(rows[0]?.n).toBe(0);
  });

  it('of a budget that was set shows its figures only with usage:read', async () => {
    const input = {
      ...{ workspaceId: a.id, name: 'guarded', subject: 'WORKSPACE', measure: 'COST', limit: '10' },
      ...{ interval: 'MONTH', thresholds: [80], enforcement: 'STOP' },
    };
    const document =
      'mutation ($input: SetBudgetInput!) { setBudget(input: $input) { name state { used } } }';
    expect(await codes(['budgets:write', 'contacts:check'], document, { input })).toEqual([
      forbidden('Budget.state', 'usage:read'),
    ]);
    expect(await app.database.sql("SELECT FROM budgets WHERE name = 'guarded'")).toEqual([]);
    expect(await codes(['budgets:write', 'usage:read'], document, { input })).toEqual([]);
    const asked = `{ serveDecision(workspaceId: "${a.id}", phoneNumber: "393331234567") {
      customer { name } budget { name state { used customer { name } } } } }`;
    expect(await codes(['contacts:check'], asked)).toEqual([]);
    const further = asked.replace('customer { name } budget', 'customer { usage { messages } } budget');
    expect(await codes(['contacts:check'], further)).toEqual([forbidden('Customer.usage', 'usage:read')]);
  });

  it('of another operation in the same document does not matter', async () => {
    const answer = await app.api.as(a.service).post(
      JSON.stringify({
        query: `${SAVE} query Other($id: ID!) { customers(workspaceId: $id) { nodes { usage { messages } } } }`,
        variables: { input: aTurn(a) },
        operationName: 'Save',
      }),
    );

    expect(answer.status).toBe(200);
  });
});

it('a write scope opens only its own mutations', async () => {
  const token = await aToken(app, { kind: 'service', workspaceIds: [a.id], scopes: ['customers:write'] });

  expect(await app.api.as(token).code(SAVE, { input: aTurn(a) })).toBe('FORBIDDEN');
});

it('introspection is for callers with a token', async () => {
  const document = '{ __schema { queryType { name } } }';

  expect((await app.api.send(document)).status).toBe(401);
  expect(await app.api.as(a.analyst).data(document)).toEqual({ __schema: { queryType: { name: 'Query' } } });
});
