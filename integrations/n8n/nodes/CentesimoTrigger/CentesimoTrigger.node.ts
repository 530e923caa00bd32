import type {
  IDataObject,
  IHookFunctions,
  INodeType,
  INodeTypeDescription,
  IWebhookFunctions,
  IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';
import { CentesimoApi, toNodeError } from '../shared/api';
import { workspaceId } from '../shared/properties';
import { isSigned } from '../shared/signature';

const LIST = 'query ($workspaceId: ID!) { webhooks(workspaceId: $workspaceId) { id url state } }';
const CREATE =
  'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { secret webhook { id } } }';
const DELETE = 'mutation ($workspaceId: ID!, $id: ID!) { deleteWebhook(workspaceId: $workspaceId, id: $id) }';

/** What the node keeps with its workflow. */
interface Kept extends IDataObject {
  webhookId?: string;
  secret?: string;
}

const NEEDS_SCOPE =
  'The token of this credential must have the scope webhooks:write: token create --scope webhooks:write.';

const workspaceOf = (node: IHookFunctions): string => String(node.getNodeParameter('workspaceId')).trim();

/** Sends an operation, and throws what the server refuses. */
async function ask<Data>(node: IHookFunctions, query: string, variables: IDataObject): Promise<Data> {
  const { data, refusal } = await new CentesimoApi(node, 0).send<Data>(query, variables);
  if (!refusal) return data;
  throw toNodeError(node, refusal, 0, refusal.code === 'FORBIDDEN' ? NEEDS_SCOPE : undefined);
}

/** Starts a workflow by an event of Centesimo's. It makes its webhook when the workflow is activated. */
export class CentesimoTrigger implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'Centesimo Trigger',
    name: 'centesimoTrigger',
    icon: { light: 'file:../../icons/centesimo.svg', dark: 'file:../../icons/centesimo.dark.svg' },
    group: ['trigger'],
    version: [1],
    subtitle: '={{ $parameter["events"].join(", ") }}',
    description: 'Starts the workflow when a budget is reached, a month is closed or a charge is taken back',
    defaults: { name: 'Centesimo Trigger' },
    inputs: [],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'centesimoApi', required: true }],
    webhooks: [{ name: 'default', httpMethod: 'POST', responseMode: 'onReceived', path: 'webhook' }],
    properties: [
      {
        displayName:
          'The credential needs a token with the scope webhooks:write. A server that calls n8n inside of its own network needs WEBHOOK_ALLOW_HOSTS with n8n as host:port.',
        name: 'scope',
        type: 'notice',
        default: '',
      },
      workspaceId,
      {
        displayName: 'Events',
        name: 'events',
        type: 'multiOptions',
        required: true,
        default: ['BUDGET_THRESHOLD'],
        options: [
          {
            name: 'Budget Forecast',
            value: 'BUDGET_FORECAST',
            description: 'The period will end above the limit of a budget at this pace',
          },
          {
            name: 'Budget Threshold',
            value: 'BUDGET_THRESHOLD',
            description: 'A threshold of a budget was reached',
          },
          { name: 'Statement Closed', value: 'STATEMENT_CLOSED', description: 'A month was closed' },
          { name: 'Usage Voided', value: 'USAGE_VOIDED', description: 'A charge was taken back' },
        ],
      },
    ],
  };

  webhookMethods = {
    default: {
      async checkExists(this: IHookFunctions): Promise<boolean> {
        const kept = this.getWorkflowStaticData('node') as Kept;
        if (!kept.webhookId || !kept.secret) return false;
        const { webhooks } = await ask<{ webhooks: { id: string; url: string; state: string }[] }>(
          this,
          LIST,
          { workspaceId: workspaceOf(this) },
        );
        return webhooks.some(
          ({ id, url, state }) =>
            id === kept.webhookId && url === this.getNodeWebhookUrl('default') && state === 'ACTIVE',
        );
      },

      async create(this: IHookFunctions): Promise<boolean> {
        const { createWebhook } = await ask<{
          createWebhook: { secret: string; webhook: { id: string } };
        }>(this, CREATE, {
          input: {
            workspaceId: workspaceOf(this),
            url: this.getNodeWebhookUrl('default'),
            events: this.getNodeParameter('events') as string[],
          },
        });
        const kept = this.getWorkflowStaticData('node') as Kept;
        kept.webhookId = createWebhook.webhook.id;
        kept.secret = createWebhook.secret;
        return true;
      },

      async delete(this: IHookFunctions): Promise<boolean> {
        const kept = this.getWorkflowStaticData('node') as Kept;
        if (!kept.webhookId) return true;
        await ask(this, DELETE, { workspaceId: workspaceOf(this), id: kept.webhookId });
        delete kept.webhookId;
        delete kept.secret;
        return true;
      },
    },
  };

  async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
    const { secret } = this.getWorkflowStaticData('node') as Kept;
    const request = this.getRequestObject();
    if (!secret || !Buffer.isBuffer(request.rawBody))
      throw new NodeOperationError(
        this.getNode(),
        'This trigger has no webhook: activate the workflow again.',
      );
    const headers = this.getHeaderData() as Record<string, unknown>;
    if (!isSigned(secret, headers, request.rawBody)) {
      this.getResponseObject().status(401).json({ message: 'The signature is wrong, or too old.' });
      return { noWebhookResponse: true };
    }
    const event = { id: headers['webhook-id'], ...this.getBodyData() } as IDataObject;
    return { workflowData: [this.helpers.returnJsonArray([event])] };
  }
}
