import type {
  IDataObject,
  IExecuteFunctions,
  INodeExecutionData,
  INodeType,
  INodeTypeDescription,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { CentesimoApi, toNodeError } from '../shared/api';
import { workspaceId } from '../shared/properties';

const USAGE = `query Usage($workspaceId: ID!, $period: PeriodInput!, $limit: Int!) {
  usage(workspaceId: $workspaceId, period: $period) {
    asOf
    period { from to timeZone complete }
    totals { cost { amount currency } messages activeClients }
    growth { cost { previous { amount } percent } messages { previous percent } }
    topClients(limit: $limit) { rank customer { name phoneNumber } cost { amount } messages share }
  }
}`;

const CLIENT_TOKEN =
  'Get Usage reads figures, which a service token may not do: choose a second credential with a client token (ctm_cli_…).';

/** It only reads, so an agent may use it as a tool. */
export class CentesimoUsage implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'Centesimo Usage',
    name: 'centesimoUsage',
    icon: { light: 'file:../../icons/centesimo.svg', dark: 'file:../../icons/centesimo.dark.svg' },
    group: ['input'],
    version: [1],
    subtitle: '={{ $parameter["month"] || "this month" }}',
    description: "Get what a workspace's chatbot cost: totals, growth and the clients who cost most",
    defaults: { name: 'Centesimo Usage' },
    usableAsTool: true,
    inputs: [NodeConnectionTypes.Main],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'centesimoApi', required: true }],
    properties: [
      {
        displayName: 'Get Usage needs a credential with a client token; a service token may only write.',
        name: 'clientToken',
        type: 'notice',
        default: '',
      },
      {
        displayName: 'Operation',
        name: 'operation',
        type: 'options',
        noDataExpression: true,
        options: [
          {
            name: 'Get Usage',
            value: 'get',
            action: 'Get the usage of a month',
            description: 'Get the totals of a month, their growth and the clients who cost most',
          },
        ],
        default: 'get',
      },
      workspaceId,
      {
        displayName: 'Month',
        name: 'month',
        type: 'string',
        default: '',
        placeholder: '2025-01',
        description: 'Year and month: 2025-01, not 01/2025 and not gennaio. Empty: the month that runs.',
      },
      {
        displayName: 'Number of Clients',
        name: 'topClients',
        type: 'number',
        typeOptions: { minValue: 1, maxValue: 100 },
        default: 10,
        description: 'How many of the clients who cost most are listed',
      },
    ],
  };

  async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
    const items = this.getInputData();
    const api = new CentesimoApi(this, 60);
    const output: INodeExecutionData[] = [];
    for (let index = 0; index < items.length; index += 1) {
      const month = String(this.getNodeParameter('month', index, '')).trim();
      const { data, refusal } = await api.send<{ usage: IDataObject }>(USAGE, {
        workspaceId: String(this.getNodeParameter('workspaceId', index)).trim(),
        period: month === '' ? { preset: 'THIS_MONTH' } : { month },
        limit: Number(this.getNodeParameter('topClients', index, 10)),
      });
      const pairedItem = { item: index };
      if (!refusal) {
        output.push({ json: data.usage, pairedItem });
        continue;
      }
      const hint = refusal.code === 'FORBIDDEN' ? CLIENT_TOKEN : undefined;
      if (!this.continueOnFail()) throw toNodeError(this, refusal, index, hint);
      output.push({ json: { error: hint ? `${refusal.message} ${hint}` : refusal.message }, pairedItem });
    }
    return [output];
  }
}
