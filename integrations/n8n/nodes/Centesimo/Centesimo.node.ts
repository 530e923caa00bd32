import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';
import { CentesimoApi, toNodeError } from '../shared/api';
import { properties } from './description';
import { askToServe, type Result, registerCustomers, saveManyTurns, saveTurns } from './operations';

// A model must not decide what is charged: this node writes, so it is no tool for agents.
// eslint-disable-next-line @n8n/community-nodes/node-usable-as-tool
export class Centesimo implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'Centesimo',
    name: 'centesimo',
    icon: { light: 'file:../../icons/centesimo.svg', dark: 'file:../../icons/centesimo.dark.svg' },
    group: ['output'],
    version: [1],
    subtitle: '={{ $parameter["operation"] + ": " + $parameter["resource"] }}',
    description:
      'Save and charge the turns of a WhatsApp chatbot; register its customers; ask before it answers',
    defaults: { name: 'Centesimo' },
    inputs: [NodeConnectionTypes.Main],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'centesimoApi', required: true }],
    properties,
  };

  async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
    const items = this.getInputData();
    const { keepTryingSeconds = 60 } = this.getNodeParameter('options', 0, {}) as {
      keepTryingSeconds?: number;
    };
    const api = new CentesimoApi(this, keepTryingSeconds);
    const operation = this.getNodeParameter('operation', 0);
    const run = {
      save: saveTurns,
      saveMany: saveManyTurns,
      register: registerCustomers,
      mayIServe: askToServe,
    }[String(operation)];
    if (!run) throw new NodeOperationError(this.getNode(), `There is no operation ${String(operation)}.`);
    const results = await run(this, api, items.length);
    return [results.map((result, index) => toItem(this, result, items[index]?.json ?? {}, index))];
  }
}

/** @throws NodeApiError for a failed item, unless the node is set to continue. */
function toItem(
  node: IExecuteFunctions,
  result: Result,
  input: INodeExecutionData['json'],
  index: number,
): INodeExecutionData {
  const pairedItem = { item: index };
  if (!result.refusal) return { json: result.json, pairedItem };
  if (!node.continueOnFail()) throw toNodeError(node, result.refusal, index);
  const { code, message, passing } = result.refusal;
  const failed = { error: message, details: { code: code ?? null, passing, turn: result.sent } };
  // On the error output, and only there, n8n adds the input's fields itself: with these fields here, n8n would treat
  // the item as saved.
  const addsInput = node.getNode().onError === 'continueErrorOutput';
  return { json: addsInput ? failed : { ...input, ...failed }, pairedItem };
}
