// Everything that a test of the real n8n needs: Centesimo, n8n with the shipped workflows, and stand-ins for the rest.
import { freePort } from '../../support/process';
import { Centesimo } from './centesimo';
import { type Credential, type Execution, N8n } from './n8n';
import { FakeMail, FakeMeta, FakeModel, whatsAppTriggerSecret } from './stand-ins';
import { type Chosen, exampleNames, nodeOf, setUp, type Workflow } from './workflows';

const EMAIL = { host: '127.0.0.1', secure: false, disableStartTls: true, user: '', password: '' };

/** Which credential a reader chooses in each node. */
const CHOSEN: Chosen = {
  'n8n-nodes-base.whatsAppTrigger': { whatsAppTriggerApi: 'trigger' },
  'n8n-nodes-base.whatsApp': { whatsAppApi: 'whatsapp' },
  'n8n-nodes-base.graphql': { httpHeaderAuth: 'service' },
  'n8n-nodes-base.httpRequest': { httpHeaderAuth: 'service' },
  'n8n-nodes-base.emailSend': { smtp: 'mail' },
  '@n8n/n8n-nodes-langchain.lmChatOpenAi': { openAiApi: 'model' },
  'n8n-nodes-centesimo.centesimo': { centesimoApi: 'node' },
  'n8n-nodes-centesimo.centesimoTrigger': { centesimoApi: 'nodeHears' },
  'weekly-report/Usage': { httpHeaderAuth: 'client' },
};

export interface Tokens {
  service: string;
  client: string;
  /** A service token of the workspace `closed`. */
  closed: string;
  /** For webhooks. */
  hears: string;
}

export class Stage {
  private constructor(
    readonly centesimo: Centesimo,
    readonly meta: FakeMeta,
    readonly model: FakeModel,
    readonly mail: FakeMail,
    readonly n8n: N8n,
    readonly tokens: Tokens,
    private readonly workflows: ReadonlyMap<string, Workflow>,
  ) {}

  /** Imports all examples, and these workflows of the test's own. */
  static async start(own: (endpoint: string) => Workflow[] = () => []): Promise<Stage> {
    const port = await freePort();
    const [centesimo, meta, model, mail] = await Promise.all([
      Centesimo.start(`127.0.0.1:${port}`),
      FakeMeta.start(),
      FakeModel.start(),
      FakeMail.start(),
    ]);
    await centesimo.register('Mario Rossi', '+393331234567');
    await centesimo.createWorkspace('closed');
    const tokens = {
      service: await centesimo.token('service'),
      client: await centesimo.token('client'),
      closed: await centesimo.token('service', 'closed'),
      hears: await centesimo.token('client', undefined, 'webhooks:write'),
    };
    const credential = (id: string, type: string, data: object): Credential => ({
      ...{ id, name: id, type },
      data: { ...data },
    });
    const header = (token: string) => ({ name: 'Authorization', value: `Bearer ${token}` });
    const examples = exampleNames.map((name) => {
      const workflow = setUp(name, centesimo.url, CHOSEN);
      if (name.startsWith('whatsapp')) workflow.settings.errorWorkflow = 'centesimoTellSomebody';
      return [name, workflow] as const;
    });
    const others = own(centesimo.url).map((workflow) => [workflow.id, workflow] as const);
    const workflows = new Map([...examples, ...others]);
    const n8n = await N8n.start({
      workflows: [...workflows.values()],
      credentials: [
        credential('service', 'httpHeaderAuth', header(tokens.service)),
        credential('client', 'httpHeaderAuth', header(tokens.client)),
        credential('closed', 'httpHeaderAuth', header(tokens.closed)),
        credential('trigger', 'whatsAppTriggerApi', whatsAppTriggerSecret),
        credential('whatsapp', 'whatsAppApi', { accessToken: 'EAAG', businessAccountId: '1' }),
        credential('model', 'openAiApi', { apiKey: 'sk-test', url: model.url }),
        credential('anthropic', 'anthropicApi', { apiKey: 'sk-test', url: model.url.replace('/v1', '') }),
        credential('mail', 'smtp', { ...EMAIL, port: mail.port }),
        credential('node', 'centesimoApi', { url: centesimo.url, token: tokens.service }),
        credential('nodeReads', 'centesimoApi', { url: centesimo.url, token: tokens.client }),
        credential('nodeHears', 'centesimoApi', { url: centesimo.url, token: tokens.hears }),
      ],
      meta,
      port,
      nodePackage: process.env.CENTESIMO_NODE_PACKAGE,
    });
    const stage = new Stage(centesimo, meta, model, mail, n8n, tokens, workflows);
    await n8n.publish(stage.workflow('tell-somebody'));
    return stage;
  }

  workflow(name: string): Workflow {
    const workflow = this.workflows.get(name);
    if (!workflow) throw new Error(`there is no workflow ${name}`);
    return workflow;
  }

  /** Delivers an event to the chatbot's WhatsApp Trigger; its execution, when it has ended. */
  async deliver(
    chatbot: string,
    changes: readonly object[],
    during?: () => Promise<void>,
  ): Promise<Execution> {
    const workflow = this.workflow(chatbot);
    const before = await this.n8n.executionsOf(workflow.id);
    const { webhookId } = nodeOf(workflow, 'WhatsApp Trigger');
    await this.meta.deliver(this.n8n.webhookUrl(`webhook/${webhookId}/webhook`), changes);
    await during?.();
    const [execution] = await this.n8n.next(workflow.id, before);
    if (!execution) throw new Error('no execution');
    return execution;
  }

  async stop(): Promise<void> {
    await this.n8n.stop();
    await Promise.all([this.centesimo.stop(), this.meta.stop(), this.model.stop(), this.mail.stop()]);
  }
}

/** Text messages of Mario's, a second after each other; their ids begin with the prefix. */
export const textsOf = (prefix: string, count: number): WhatsAppChange[] =>
  Array.from({ length: count }, (_, index) => ({
    contacts: [{ wa_id: '393331234567' }],
    messages: [
      {
        from: '393331234567',
        id: `${prefix}${index}`,
        timestamp: String(1_736_168_405 + index),
        type: 'text',
        text: { body: `messaggio ${index}` },
      },
    ],
  }));

export interface WhatsAppChange {
  contacts: { wa_id: string }[];
  messages: { from: string; id: string; timestamp: string; type: string; text: { body: string } }[];
}
