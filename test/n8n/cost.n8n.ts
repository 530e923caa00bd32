// What a save costs an n8n author: N8N_COST=1 npm run test:n8n -- test/n8n/cost. It prints figures and asserts none of speed.
import { createServer, type Server } from 'node:http';
import { WORKSPACE } from './support/centesimo';
import { Stage } from './support/stage';
import type { Workflow, WorkflowNode } from './support/workflows';

const ROUNDS = 7;
const query = 'mutation ($input: SaveMessageInput!) { saveMessage(input: $input) { replayed } }';

/** Webhook -> an item each -> GraphQL. */
function workflow(id: string, endpoint: string): Workflow {
  const node = (
    name: string,
    type: string,
    typeVersion: number,
    more: Partial<WorkflowNode>,
  ): WorkflowNode => ({
    ...{ id: name, name, type: `n8n-nodes-base.${type}`, typeVersion, position: [0, 0], parameters: {} },
    ...more,
  });
  const variables = `={{ JSON.stringify({ input: { workspaceId: '${WORKSPACE}', idempotencyKey: $json.key, phoneNumber: '393331234567', message: 'ciao', response: 'Ciao!' } }) }}`;
  const to = (name: string) => ({ main: [[{ node: name, type: 'main', index: 0 }]] });
  return {
    ...{ id, name: id, settings: { executionOrder: 'v1', saveDataSuccessExecution: 'none' } },
    nodes: [
      node('Webhook', 'webhook', 2, {
        parameters: { httpMethod: 'POST', path: id, responseMode: 'lastNode', responseData: 'allEntries' },
        webhookId: id,
      }),
      node('Items', 'splitOut', 1, { parameters: { fieldToSplitOut: 'body.items', options: {} } }),
      node('Save', 'graphql', 1.1, {
        parameters: {
          ...{
            authentication: 'headerAuth',
            requestMethod: 'POST',
            requestFormat: 'json',
            responseFormat: 'json',
          },
          ...{ endpoint: `${endpoint}/graphql`, query, variables },
        },
        credentials: { httpHeaderAuth: { id: 'service', name: 'service' } },
      }),
    ],
    connections: { Webhook: to('Items'), Items: to('Save') },
  };
}

let stage: Stage;
let mock: Server;
const described = process.env.N8N_COST ? describe : describe.skip;
described('a save, beside a mock that answers at once', () => {
  beforeAll(async () => {
    mock = createServer((request, response) => {
      request.resume().once('end', () => {
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end('{"data":{"saveMessage":{"replayed":false}}}');
      });
    });
    await new Promise<void>((resolve) => mock.listen(0, '127.0.0.1', resolve));
    const address = mock.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    const mockUrl = `http://127.0.0.1:${address.port}`;
    stage = await Stage.start((endpoint) => [workflow('product', endpoint), workflow('mock', mockUrl)]);
    for (const id of ['product', 'mock']) await stage.n8n.publish(stage.workflow(id));
  });
  afterAll(async () => {
    await stage.stop();
    await new Promise((resolve) => mock.close(resolve));
  });

  let keys = 0;
  const nextKey = (): number => {
    keys += 1;
    return keys;
  };
  /** Milliseconds an item. */
  const run = async (id: string, callers: number, items: number): Promise<number> => {
    const call = async (): Promise<void> => {
      const body = { items: Array.from({ length: items }, () => ({ key: `wamid.cost.${nextKey()}` })) };
      const response = await fetch(stage.n8n.webhookUrl(`webhook/${id}`), {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      });
      const answers: unknown[] = JSON.parse(await response.text());
      expect(answers.length).toBe(items);
    };
    const begun = performance.now();
    await Promise.all(Array.from({ length: callers }, call));
    return (performance.now() - begun) / (callers * items);
  };

  it.each([
    ['200 items one after another', 1, 200],
    ['8 webhooks of 25 items at once', 8, 25],
  ])('%s', async (what, callers, items) => {
    const [product, other]: [number[], number[]] = [[], []];
    for (let round = 0; round <= ROUNDS; round += 1) {
      // In turns, so that what else goes on meets both; the first round warms up.
      const [saved, mocked] = [await run('product', callers, items), await run('mock', callers, items)];
      if (round > 0) {
        product.push(saved);
        other.push(mocked);
      }
    }
    const median = (values: number[]): number =>
      values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
    const [a, b] = [median(product), median(other)];
    console.info(
      `${what}: ${a.toFixed(2)} ms an item, mock ${b.toFixed(2)} ms, added ${(a - b).toFixed(2)} ms`,
    );
    expect((await stage.centesimo.turns('wamid.cost.')).length).toBeGreaterThan(0);
  });
});
