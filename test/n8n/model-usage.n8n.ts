// What n8n's own nodes of OpenAI and Anthropic say of their tokens, with Simplify off, and what the product's node makes of
// it. The makers count differently: Anthropic counts cached tokens beside the input.
import { WORKSPACE } from './support/centesimo';
import { Stage } from './support/stage';
import type { Workflow, WorkflowNode } from './support/workflows';

const node = (name: string, type: string, more: Partial<WorkflowNode> = {}): WorkflowNode => ({
  ...{ id: name, name, type, typeVersion: 1, position: [0, 0], parameters: {} },
  ...more,
});

const to = (name: string) => ({ main: [[{ node: name, type: 'main', index: 0 }]] });

const saving = (id: string, operation: string, more: object): WorkflowNode =>
  node('Save', 'n8n-nodes-centesimo.centesimo', {
    parameters: {
      ...{ workspaceId: WORKSPACE, resource: 'turn', operation, idempotencyKey: `wamid.${id}` },
      ...{ phoneNumber: '393331234567', message: 'ciao', response: 'Ciao!', additionalFields: more },
    },
    credentials: { centesimoApi: { id: 'node', name: 'node' } },
  });

/** The model's node, and behind it a save that gets its whole output. */
const chat = (id: string, answer: WorkflowNode, operation: string): Workflow => ({
  ...{ id, name: id, settings: { executionOrder: 'v1' } },
  nodes: [
    node('Start', 'n8n-nodes-base.manualTrigger'),
    answer,
    saving(id, operation, { llm: '={{ $json }}' }),
  ],
  connections: { Start: to(answer.name), [answer.name]: to('Save') },
});

const model = (value: string) => ({ __rl: true, mode: 'id', value });
const text = { values: [{ content: 'ciao' }] };
const openAi = node('OpenAI', '@n8n/n8n-nodes-langchain.openAi', {
  typeVersion: 2,
  parameters: {
    ...{ resource: 'text', operation: 'response', modelId: model('gpt-4.1-mini'), responses: text },
    ...{ simplify: false, options: {} },
  },
  credentials: { openAiApi: { id: 'model', name: 'model' } },
});
const anthropic = node('Anthropic', '@n8n/n8n-nodes-langchain.anthropic', {
  parameters: {
    ...{ resource: 'text', operation: 'message', modelId: model('claude-haiku-4-5'), messages: text },
    ...{ simplify: false, options: {} },
  },
  credentials: { anthropicApi: { id: 'anthropic', name: 'anthropic' } },
});
const none = node('OpenAI', 'n8n-nodes-base.code', {
  ...{ typeVersion: 2, parameters: { jsCode: "return [{ json: { text: 'Ciao!' } }];" } },
});

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start(() => [
    chat('openai', openAi, 'save'),
    chat('anthropic', anthropic, 'saveMany'),
    chat('agent', none, 'save'),
  ]);
});
afterAll(() => stage.stop());

it('is saved with the turn: each token once, whichever the maker; without usage the turn is saved without', async () => {
  for (const id of ['openai', 'anthropic', 'agent']) {
    const { runs, error } = await stage.n8n.execute(id, 'Start');
    expect([id, error]).toEqual([id, undefined]);
    expect(runs.Save?.[0]?.outputs[0]?.[0]?.json).toMatchObject({ saved: true, outcome: 'TRACKED' });
  }
  const response = await fetch(`${stage.centesimo.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${stage.tokens.client}` },
    body: JSON.stringify({
      query: `query ($id: ID!) { usage(workspaceId: $id) {
        breakdown(by: MODEL) { kind value messages inputTokens cachedInputTokens outputTokens } } }`,
      variables: { id: WORKSPACE },
    }),
  });
  const { data } = (await response.json()) as { data: { usage: { breakdown: object[] } } };
  const tokens = { messages: 1, inputTokens: 1_200, cachedInputTokens: 1_024, outputTokens: 80 };
  expect(data.usage.breakdown).toEqual([
    // Anthropic: 76 read anew, 100 written to the cache, 1 024 read from it.
    { kind: 'VALUE', value: 'claude-haiku-4-5', ...tokens },
    { kind: 'VALUE', value: 'gpt-4.1-mini', ...tokens },
    expect.objectContaining({ kind: 'NONE', messages: 1, inputTokens: null }),
  ]);
});
