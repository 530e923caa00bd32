// The workflows of examples/n8n, with what their readers fill in: credentials and the server's address.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const EXAMPLES = join(__dirname, '../../../examples/n8n');
const DOCUMENTED_ENDPOINT = 'http://localhost:3001';

export interface WorkflowNode {
  id: string;
  name: string;
  type: string;
  typeVersion: number;
  position: number[];
  parameters: Record<string, unknown>;
  credentials?: Record<string, { id: string; name: string }>;
  webhookId?: string;
  retryOnFail?: boolean;
  maxTries?: number;
  waitBetweenTries?: number;
  onError?: string;
}

export interface Workflow {
  id: string;
  name: string;
  nodes: WorkflowNode[];
  connections: Record<string, Record<string, { node: string; type: string; index: number }[][]>>;
  settings: Record<string, unknown>;
}

export const exampleNames = readdirSync(EXAMPLES)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace(/\.json$/, ''));

export const readExample = (name: string): Workflow =>
  JSON.parse(readFileSync(join(EXAMPLES, `${name}.json`), 'utf8'));

/** Which credential a node of that type gets: its type, and the id that the test gave it. */
export type Chosen = Record<string, Record<string, string>>;

/** A shipped workflow as its reader sets it up. */
export function setUp(name: string, endpoint: string, chosen: Chosen): Workflow {
  const text = readFileSync(join(EXAMPLES, `${name}.json`), 'utf8').replaceAll(DOCUMENTED_ENDPOINT, endpoint);
  const workflow: Workflow = JSON.parse(text);
  for (const node of workflow.nodes) {
    const credentials = chosen[`${name}/${node.name}`] ?? chosen[node.type];
    if (!credentials) continue;
    node.credentials = Object.fromEntries(
      Object.entries(credentials).map(([type, id]) => [type, { id, name: id }]),
    );
  }
  return workflow;
}

export const nodeOf = (workflow: Workflow, name: string): WorkflowNode => {
  const found = workflow.nodes.find((node) => node.name === name);
  if (!found) throw new Error(`${workflow.name} has no node ${name}`);
  return found;
};
