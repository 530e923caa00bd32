// The other shipped workflows, the operations of the node, and the table of errors of docs/n8n.md, in the real n8n.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/embedded-process';
import { WORKSPACE } from './support/centesimo';
import { Stage, textsOf } from './support/stage';
import type { Workflow, WorkflowNode } from './support/workflows';

const SAVE = 'mutation ($input: SaveMessageInput!) { saveMessage(input: $input) { replayed } }';
const turn = (more: object = {}): object => ({
  ...{ workspaceId: WORKSPACE, idempotencyKey: 'wamid.table', phoneNumber: '393331234567' },
  ...{ message: 'ciao', response: 'Ciao!', ...more },
});

interface Case {
  name: string;
  parameters?: Record<string, unknown>;
  input?: object;
  node?: Partial<WorkflowNode>;
}

const authorization = (value: string) => ({
  ...{ authentication: 'none' },
  headerParametersUi: { parameter: [{ name: 'Authorization', value }] },
});

/** One GraphQL node for each row, all started by one press on "Execute workflow". */
const CASES: Case[] = [
  { name: 'IDEMPOTENCY_KEY_REUSED', input: turn({ idempotencyKey: 'wamid.reused', message: 'altro' }) },
  { name: 'BAD_USER_INPUT', input: turn({ phoneNumber: '39' }) },
  { name: 'UNAUTHENTICATED', parameters: authorization('Bearer ctm_svc_wrong') },
  { name: 'FORBIDDEN', input: turn({ workspaceId: 'workspace-456' }) },
  { name: 'PAYLOAD_TOO_LARGE', input: turn({ message: 'x'.repeat(5_000_000) }) },
  { name: 'UNSUPPORTED_MEDIA_TYPE', parameters: { requestFormat: 'graphql' }, node: { typeVersion: 1 } },
  { name: 'GRAPHQL_VALIDATION_FAILED', parameters: { query: '{ viewer { nam } }' } },
  { name: 'GRAPHQL_PARSE_FAILED', parameters: { query: '{ viewer { name }' } },
  { name: 'BAD_REQUEST', parameters: { requestMethod: 'GET' } },
  { name: 'OPERATION_RESOLUTION_FAILURE', parameters: { operationName: 'Save' } },
  { name: 'NOT_FOUND', parameters: {} },
];

const node = (name: string, type: string, more: Partial<WorkflowNode> = {}): WorkflowNode => ({
  ...{ id: name, name, type, typeVersion: 1, position: [0, 0], parameters: {} },
  ...more,
});

const main = (names: readonly string[]) => ({
  main: [names.map((name) => ({ node: name, type: 'main', index: 0 }))],
});

const manual = (id: string, nodes: WorkflowNode[], settings = {}): Workflow => ({
  ...{ id, name: id, nodes: [node('Start', 'n8n-nodes-base.manualTrigger'), ...nodes] },
  connections: { Start: main(nodes.map(({ name }) => name)) },
  settings: { executionOrder: 'v1', ...settings },
});

function graphql(endpoint: string, { name, parameters, input = turn(), node: more }: Case): WorkflowNode {
  return node(name, 'n8n-nodes-base.graphql', {
    typeVersion: 1.1,
    parameters: {
      ...{ authentication: 'headerAuth', requestMethod: 'POST', requestFormat: 'json', query: SAVE },
      endpoint: `${endpoint}/graphql${name === 'NOT_FOUND' ? 's' : ''}`,
      ...{ variables: JSON.stringify({ input }), responseFormat: 'json', ...parameters },
    },
    credentials: { httpHeaderAuth: { id: 'service', name: 'service' } },
    onError: 'continueErrorOutput',
    ...more,
  });
}

const centesimo = (name: string, parameters: object, credential = 'node'): WorkflowNode =>
  node(name, 'n8n-nodes-centesimo.centesimo', {
    parameters: { workspaceId: WORKSPACE, ...parameters },
    credentials: { centesimoApi: { id: credential, name: credential } },
  });

const usage = (name: string, credential: string, parameters: object): WorkflowNode => ({
  ...centesimo(name, { workspaceId: WORKSPACE, ...parameters }, credential),
  type: 'n8n-nodes-centesimo.centesimoUsage',
});

/** Items made by a Code node, for the node behind it. */
function withItems(id: string, items: object[], behind: WorkflowNode): Workflow {
  const workflow = manual(id, [
    node('Items', 'n8n-nodes-base.code', {
      ...{
        typeVersion: 2,
        parameters: { jsCode: `return ${JSON.stringify(items)}.map((json) => ({ json }));` },
      },
    }),
  ]);
  workflow.nodes.push(behind);
  workflow.connections.Items = main([behind.name]);
  return workflow;
}

const MANY = [0, 1, 2].map((index) => ({
  key: `wamid.many.${index}`,
  phone: index === 1 ? '39' : '393331234567',
}));

const own = (endpoint: string): Workflow[] => [
  manual(
    'errors',
    CASES.map((one) => graphql(endpoint, one)),
  ),
  manual('away', [graphql(endpoint, { name: 'SERVICE_UNAVAILABLE' })]),
  manual('archived', [
    graphql(endpoint, {
      ...{ name: 'CONFLICT', input: turn({ workspaceId: 'closed', idempotencyKey: 'wamid.late' }) },
      node: { credentials: { httpHeaderAuth: { id: 'closed', name: 'closed' } } },
    }),
  ]),
  manual('broken', [
    graphql(endpoint, {
      ...{
        name: 'INTERNAL_SERVER_ERROR',
        node: { credentials: { httpHeaderAuth: { id: 'client', name: 'client' } } },
      },
      parameters: { query: '{ customers(workspaceId: "workspace-123") { totalCount } }', variables: '{}' },
    }),
  ]),
  manual('limited', [
    graphql(endpoint, { name: 'RATE_LIMITED', parameters: authorization('Bearer ctm_svc_wrong') }),
  ]),
  manual('header', [
    graphql(endpoint, {
      ...{ name: 'GraphQL', node: { retryOnFail: true, maxTries: 5, waitBetweenTries: 3000 } },
      ...{ input: turn({ idempotencyKey: 'wamid.header' }) },
      parameters: { headerParametersUi: { parameter: [{ name: 'centesimo-error-field', value: 'true' }] } },
    }),
  ]),
  withItems('nodeMany', MANY, {
    ...centesimo('Save Many', {
      ...{ resource: 'turn', operation: 'saveMany', idempotencyKey: '={{ $json.key }}' },
      ...{ phoneNumber: '={{ $json.phone }}', message: 'ciao', response: 'Ciao!' },
    }),
    onError: 'continueErrorOutput',
  }),
  withItems('nodeStop', MANY.slice(1), {
    ...centesimo('Save', {
      resource: 'turn',
      operation: 'save',
      idempotencyKey: '={{ $json.key }}',
      phoneNumber: '39',
    }),
  }),
  manual('nodeRegister', [
    centesimo('Register', {
      resource: 'customer',
      operation: 'register',
      name: 'Anna',
      phoneNumber: '+39 333 999 8888',
    }),
  ]),
  manual('nodeUsage', [usage('Usage', 'nodeReads', { month: '2025-01', topClients: 3 })]),
  manual('nodeUsageService', [usage('Usage', 'node', {})]),
];

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start(own);
});
afterAll(() => stage.stop());

const save = async (input: object, token = stage.tokens.service): Promise<unknown> => {
  const response = await fetch(`${stage.centesimo.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: SAVE, variables: { input } }),
  });
  return response.json();
};

describe('the table of errors in docs/n8n.md', () => {
  const page = readFileSync(join(__dirname, '../../docs/n8n.md'), 'utf8');
  const section = /^## Errors$([\s\S]*?)^## /m.exec(page)?.[1] ?? '';
  const rows = new Map(
    [...section.matchAll(/^\| `\[(\w+)\]([^`]*)`(?:, or `([^`]*)`)? \|/gm)].map(([, code = '', ...words]) => [
      code,
      words.filter((each) => each !== undefined).map((each) => each.trim()),
    ]),
  );
  const shown = new Map<string, string>();

  /** What n8n shows of a node's failure: the error of the item on its error output. */
  const run = async (workflow: string, names: readonly string[]): Promise<void> => {
    const execution = await stage.n8n.execute(workflow, 'Start');
    for (const name of names) {
      const { error } = execution.runs[name]?.[0]?.outputs[1]?.[0]?.json ?? {};
      shown.set(name, String(error));
    }
  };

  beforeAll(async () => {
    await save(turn({ idempotencyKey: 'wamid.reused' }));
    await run(
      'errors',
      CASES.map(({ name }) => name),
    );
    await stage.centesimo.withoutDatabase(() => run('away', ['SERVICE_UNAVAILABLE']));
    await stage.centesimo.withRenamed('customers', () => run('broken', ['INTERNAL_SERVER_ERROR']));
    // A workspace with a turn is archived instead of deleted.
    await save(turn({ workspaceId: 'closed' }), stage.tokens.closed);
    await stage.centesimo.cli('workspace', 'delete', 'closed', '--confirm', 'closed');
    await run('archived', ['CONFLICT']);
    const wrong = { authorization: 'Bearer ctm_svc_wrong' };
    const tryToken = () => fetch(`${stage.centesimo.url}/graphql`, { headers: wrong });
    for (let tries = 0; tries < 200; tries += 1) if ((await tryToken()).status === 429) break;
    await run('limited', ['RATE_LIMITED']);
  });

  it('has a row for each code that n8n got, and no other', () => {
    expect([...rows.keys()].sort()).toEqual([...shown.keys()].sort());
  });

  it('has what n8n shows', () => {
    // Without the database a save ends in one of two ways: its token is still remembered, or can't be looked up.
    const wrong = [...rows].filter(
      ([code, words]) => !words.some((each) => shown.get(code)?.startsWith(`[${code}] ${each}`)),
    );
    expect(wrong.map(([code, words]) => [code, words, shown.get(code)])).toEqual([]);
  });
});

it('the header centesimo-error-field lets n8n try again; the item then leaves by one output', async () => {
  const workflow = stage.workflow('header');
  let tries = 0;
  await stage.centesimo.withoutDatabase(async () => {
    const execution = stage.n8n.execute(workflow.id, 'Start');
    await until(() => ++tries > 50, 'a second without the database', 60_000);
    void execution.catch(() => undefined);
  });
  await until(async () => (await stage.centesimo.turns('wamid.header')).length === 1, 'the retry', 60_000);
  const [id = ''] = await stage.n8n.executionsOf(workflow.id);
  const [run] = (await stage.n8n.finished(id)).runs.GraphQL ?? [];
  expect(run?.outputs.map((items) => items.length)).toEqual([1, 0]);
});

describe('send-again', () => {
  it('saves the turns of a long outage, and reports a bad turn to a person, once', async () => {
    await stage.n8n.publish(stage.workflow('whatsapp-chatbot'));
    const bad = textsOf('wamid.again.bad.', 1);
    const [message] = bad[0]?.messages ?? [];
    if (!message) throw new Error('no message');
    message.from = '39';
    await stage.deliver('whatsapp-chatbot', bad);
    const outage = await stage.centesimo.withoutDatabase(() =>
      stage.deliver('whatsapp-chatbot', textsOf('wamid.again.good.', 1)),
    );
    expect(outage).toMatchObject({ status: 'error', error: expect.stringContaining('wamid.again.good.0') });
    const kept = async () =>
      (await stage.n8n.dataTable('centesimo_kept_turns')).map(({ idempotencyKey, needsSomebody }) => [
        ...[idempotencyKey, needsSomebody],
      ]);
    expect((await kept()).sort()).toEqual([
      ['wamid.again.bad.0', false],
      ['wamid.again.good.0', false],
    ]);
    const first = await stage.n8n.execute('centesimoSendAgain', 'Every ten minutes');
    expect(first).toMatchObject({ status: 'error', error: expect.stringContaining('wamid.again.bad.0') });
    expect(await kept()).toEqual([['wamid.again.bad.0', true]]);
    const turns = await stage.centesimo.turns('wamid.again.');
    expect(turns.map(({ key, charges }) => [key, charges])).toEqual([['wamid.again.good.0', 1]]);
    const second = await stage.n8n.execute('centesimoSendAgain', 'Every ten minutes');
    expect(second).toMatchObject({ status: 'success', error: undefined });
  });
});

it('weekly-report sends the owner the cost of last week', async () => {
  await save(
    turn({ idempotencyKey: 'wamid.week', occurredAt: new Date(Date.now() - 7 * 86_400_000).toISOString() }),
  );
  const mails = stage.mail.mails.length;
  const execution = await stage.n8n.execute('centesimoWeeklyReport', 'Monday at eight');
  expect(execution).toMatchObject({ status: 'success' });
  expect(stage.mail.mails.length).toBe(mails + 1);
  const text = String(execution.runs['The text']?.[0]?.outputs[0]?.[0]?.json.text);
  expect(text).toContain('Costo: 0,005 € per 1 risposte a 1 clienti.'.replace(' €', '\u00a0€'));
  expect(text).toContain('1. Mario Rossi');
});

describe('catch-up', () => {
  const csv = ['id,time,phone,message,answer']
    .concat(
      Array.from(
        { length: 700 },
        (_, index) => `wamid.csv.${index},2025-02-03T10:00:00+01:00,393331234567,"a, ""b""",c`,
      ),
    )
    .join('\n');

  const upload = async (
    text: string,
  ): Promise<{ status: string; error: string | undefined; json: unknown }> => {
    const workflow = stage.workflow('catch-up');
    const before = await stage.n8n.executionsOf(workflow.id);
    const form = new FormData();
    form.append('field-0', new Blob([text], { type: 'text/csv' }), 'turns.csv');
    const { webhookId } = workflow.nodes.find(({ name }) => name === 'A file') ?? {};
    await fetch(stage.n8n.webhookUrl(`form/${webhookId}`), { method: 'POST', body: form });
    const [execution] = await stage.n8n.next(workflow.id, before);
    const json = execution?.runs['What came of it']?.[0]?.outputs[0]?.[0]?.json;
    return { status: execution?.status ?? '', error: execution?.error, json };
  };

  beforeAll(() => stage.n8n.publish(stage.workflow('catch-up')));

  it('saves the rows of a spreadsheet, and does no harm when it is sent again', async () => {
    expect(await upload(csv)).toMatchObject({ status: 'success', json: { saved: 700, replayed: 0 } });
    expect(await upload(csv)).toMatchObject({ status: 'success', json: { saved: 0, replayed: 700 } });
    expect((await stage.centesimo.turns('wamid.csv.'))[0]).toMatchObject({ message: 'a, "b"', charges: 1 });
  });

  it('names the rows that were refused', async () => {
    const { status, error } = await upload(`${csv}\nwamid.bad,2025-02-03T10:00:00+01:00,39,a,b`);
    expect([status, error]).toEqual([
      'error',
      expect.stringMatching(/1 refused: row 702 \(wamid.bad\): \[BAD_USER_INPUT\]/),
    ]);
  });
});

describe('n8n-nodes-centesimo', () => {
  it('tests its credential', async () => {
    const data = { url: `${stage.centesimo.url}/graphql/`, token: stage.tokens.service };
    const credential = { id: 'node', name: 'node', type: 'centesimoApi', data };
    expect(await stage.n8n.testCredential(credential)).toMatchObject({ status: 'OK' });
    const wrong = { ...credential, data: { ...data, token: 'ctm_svc_wrong' } };
    expect(await stage.n8n.testCredential(wrong)).toMatchObject({ status: 'Error' });
  });

  it('saves many turns in one request, with one result per item', async () => {
    const { runs } = await stage.n8n.execute('nodeMany', 'Start');
    const [saved, failed] = runs['Save Many']?.[0]?.outputs ?? [];
    expect(saved?.map(({ json }) => json)).toEqual([
      expect.objectContaining({
        idempotencyKey: 'wamid.many.0',
        outcome: 'TRACKED',
        charged: true,
        price: '0.005',
      }),
      expect.objectContaining({ idempotencyKey: 'wamid.many.2', replayed: false, currency: 'EUR' }),
    ]);
    // The input's own fields stay with the failed item.
    expect(failed?.map(({ json }) => json)).toEqual([
      expect.objectContaining({
        key: 'wamid.many.1',
        phone: '39',
        error: expect.stringContaining('[BAD_USER_INPUT]'),
      }),
    ]);
  });

  it('stops the execution with the reason, when it is set to stop', async () => {
    const { status, error } = await stage.n8n.execute('nodeStop', 'Start');
    expect([status, error]).toEqual(['error', expect.stringContaining('[BAD_USER_INPUT]')]);
  });

  it('registers a customer', async () => {
    const { runs } = await stage.n8n.execute('nodeRegister', 'Start');
    expect(runs.Register?.[0]?.outputs[0]?.[0]?.json).toMatchObject({
      ...{ name: 'Anna', phoneNumber: '+393339998888', activeChatbot: true },
    });
  });

  it("gets a month's usage with a client's token, and says so to a service token", async () => {
    const { runs } = await stage.n8n.execute('nodeUsage', 'Start');
    expect(runs.Usage?.[0]?.outputs[0]?.[0]?.json).toMatchObject({
      ...{ period: { complete: true }, totals: { cost: { currency: 'EUR' } } },
      ...{ growth: { cost: {} }, topClients: expect.any(Array) },
    });
    const service = await stage.n8n.execute('nodeUsageService', 'Start');
    expect(service).toMatchObject({ status: 'error', error: expect.stringContaining('[FORBIDDEN]') });
  });

  it('offers agents the figures, never saves', async () => {
    expect(await stage.n8n.isTool('n8n-nodes-centesimo.centesimoUsage')).toBe(true);
    expect(await stage.n8n.isTool('n8n-nodes-centesimo.centesimo')).toBe(false);
  });
});

it('sends no request outside this machine', () => {
  expect(stage.n8n.refused).toEqual([]);
});
