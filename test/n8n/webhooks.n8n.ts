// Events in the real n8n: the owner is told at 80 % of a budget, by our trigger and by n8n's own Webhook node.
import { until } from '../support/embedded-process';
import { WORKSPACE } from './support/centesimo';
import { Stage, textsOf } from './support/stage';
import { nodeOf } from './support/workflows';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage.stop());

const webhooks = async (): Promise<{ id: string; url: string; state: string }[]> =>
  JSON.parse(await stage.centesimo.cli('webhook', 'list', '--workspace', WORKSPACE, '--json'));
const deliveries = async (id: string): Promise<{ state: string; lastStatus: number }[]> =>
  JSON.parse(
    await stage.centesimo.cli('webhook', 'deliveries', '--workspace', WORKSPACE, '--webhook', id, '--json'),
  );

/** Two turns of now under a budget of two: 50 and 100 % are told. */
async function reach(budget: string): Promise<void> {
  await stage.centesimo.cli(
    ...['budget', 'set', '--workspace', WORKSPACE, '--name', budget, '--measure', 'messages'],
    ...['--interval', 'month', '--limit', '2', '--threshold', '50', '80'],
  );
  for (const turn of textsOf(`wamid.${budget}.`, 2).flatMap(({ messages }) => messages)) {
    const response = await fetch(`${stage.centesimo.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${stage.tokens.service}`,
      },
      body: JSON.stringify({
        query: 'mutation ($input: SaveMessageInput!) { saveMessage(input: $input) { replayed } }',
        variables: {
          input: {
            ...{ workspaceId: WORKSPACE, idempotencyKey: turn.id, phoneNumber: turn.from },
            ...{ message: 'ciao', response: 'Ciao!' },
          },
        },
      }),
    });
    expect(await response.json()).toEqual({ data: { saveMessage: { replayed: false } } });
  }
}

it('our trigger makes its webhook, tells the owner at 80 % and not at 50 %, and removes it', async () => {
  const workflow = stage.workflow('tell-the-owner');
  await stage.n8n.publish(workflow);
  await until(async () => (await webhooks()).length > 0, 'the webhook of the trigger');
  const [webhook, ...more] = await webhooks();
  expect([webhook?.state, more]).toEqual(['ACTIVE', []]);
  const mails = stage.mail.mails.length;
  await reach('trigger');
  await until(async () => stage.mail.mails.length > mails, 'the mail to the owner');
  expect(stage.mail.mails.at(-1)).toContain('Centesimo: 80 % del budget');
  await until(
    async () =>
      (await deliveries(webhook?.id ?? '')).filter(({ state }) => state === 'DELIVERED').length === 2,
    'both deliveries',
  );
  expect(stage.mail.mails.length).toBe(mails + 1);
  const before = await stage.n8n.executionsOf(workflow.id);
  const forged = await fetch(webhook?.url ?? '', {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', 'webhook-id': 'x', 'webhook-signature': 'v1,x' },
      'webhook-timestamp': String(Math.floor(Date.now() / 1_000)),
    },
    body: '{"type":"BUDGET_THRESHOLD","data":{"threshold":80}}',
  });
  expect(forged.status).toBe(401);
  expect(await stage.n8n.executionsOf(workflow.id)).toEqual(before);
  await stage.n8n.unpublish(workflow.id);
  await until(async () => (await webhooks()).length === 0, 'the end of the webhook');
  await stage.centesimo.cli('budget', 'remove', '--workspace', WORKSPACE, '--name', 'trigger');
});

it('the Webhook node with a Code node that verifies does the same, and stops at a forged call', async () => {
  const workflow = stage.workflow('tell-the-owner-webhook');
  const url = stage.n8n.webhookUrl('webhook/centesimo-events');
  const { id, secret } = JSON.parse(
    await stage.centesimo.cli(
      ...['webhook', 'add', '--workspace', WORKSPACE, '--url', url, '--event', 'BUDGET_THRESHOLD', '--json'],
    ),
  );
  const verify = nodeOf(workflow, 'Verify');
  verify.parameters.jsCode = String(verify.parameters.jsCode).replace('whsec_...', secret);
  await stage.n8n.change(workflow);
  await stage.n8n.publish(workflow);
  const before = await stage.n8n.executionsOf(workflow.id);
  await fetch(url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
  const [forged] = await stage.n8n.next(workflow.id, before);
  expect([forged?.status, forged?.error]).toEqual(['error', expect.stringContaining('not from Centesimo')]);
  const mails = stage.mail.mails.length;
  await reach('webhook');
  await until(async () => stage.mail.mails.length > mails, 'the mail to the owner');
  await until(
    async () => (await deliveries(id)).filter(({ state }) => state === 'DELIVERED').length === 2,
    'both deliveries',
  );
  expect(stage.mail.mails.slice(mails)).toEqual([expect.stringContaining('Centesimo: 80 % del budget')]);
});

it('calls nobody outside this machine', () => {
  expect(stage.n8n.refused).toEqual([]);
});
