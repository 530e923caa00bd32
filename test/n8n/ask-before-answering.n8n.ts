// The bot that asks before it pays the model, in the real n8n: it answers until the budget is reached, then politely.
import { WORKSPACE } from './support/centesimo';
import { Stage, textsOf } from './support/stage';

const NAME = 'ask-before-answering';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
  await stage.n8n.publish(stage.workflow(NAME));
  await stage.centesimo.cli(
    ...['budget', 'set', '--workspace', WORKSPACE, '--name', 'each day', '--subject', 'each_customer'],
    ...['--measure', 'messages', '--interval', 'month', '--limit', '2', '--threshold', '100', '--stop'],
  );
});
afterAll(() => stage.stop());

/** A message of the present time, since budgets count in the running period. */
const message = (id: string, from = '393331234567') =>
  textsOf(id, 1).map((change) => ({
    contacts: [{ wa_id: from }],
    messages: change.messages.map((one) => ({
      ...{ ...one, from },
      timestamp: String(Math.floor(Date.now() / 1_000)),
    })),
  }));
const turns = async (prefix: string) =>
  (await stage.centesimo.turns(prefix)).map(({ key, outcome, charges }) => [key, outcome, charges]);
const said = () => stage.meta.sent.at(-1)?.text;

it('answers until the limit is reached, and then politely declines without the model and without a charge', async () => {
  const prompts = () => stage.model.prompts.length;
  for (const index of [0, 1]) {
    const execution = await stage.deliver(NAME, message(`wamid.ask.${index}.`));
    expect(execution).toMatchObject({ status: 'success', error: undefined });
    expect(said()).toBe('Risposta a: messaggio 0');
  }
  const asked = prompts();
  const execution = await stage.deliver(NAME, message('wamid.ask.2.'));
  expect(execution).toMatchObject({ status: 'success', error: undefined });
  expect(execution.runs['May I serve?']?.[0]?.outputs[0]?.[0]?.json).toMatchObject({
    ...{ allowed: false, reason: 'BUDGET_REACHED', customerName: 'Mario Rossi' },
    ...{ resetsAt: expect.any(String), budget: { name: 'each day', state: { used: '2', remaining: '0' } } },
  });
  expect([said(), prompts()]).toEqual([expect.stringContaining('riprovi più tardi'), asked]);
  expect(await turns('wamid.ask.')).toEqual([
    ['wamid.ask.0.0', 'TRACKED', 1],
    ['wamid.ask.1.0', 'TRACKED', 1],
    ['wamid.ask.2.0:not-served', 'NO_RESPONSE', 0],
  ]);
});

it('does not call the model for somebody who is not registered', async () => {
  const asked = stage.model.prompts.length;
  await stage.deliver(NAME, message('wamid.stranger.', '393339999999'));
  expect([said(), stage.model.prompts.length]).toEqual([
    expect.stringContaining('qui non posso rispondere'),
    asked,
  ]);
  expect(await turns('wamid.stranger.')).toEqual([['wamid.stranger.0:not-served', 'NO_RESPONSE', 0]]);
});

it("answers when serveDecision can't be reached", async () => {
  await stage.centesimo.cli('budget', 'remove', '--workspace', WORKSPACE, '--name', 'each day');
  const execution = await stage.centesimo.withRenamed('budgets', () =>
    stage.deliver(NAME, message('wamid.away.')),
  );
  expect(execution).toMatchObject({ status: 'success', error: undefined });
  expect(execution.runs['May I serve?']?.[0]?.outputs.map((items) => items.length)).toEqual([0, 1]);
  expect(await turns('wamid.away.')).toEqual([['wamid.away.0', 'TRACKED', 1]]);
});

it('sends no request outside this machine', () => {
  expect(stage.n8n.refused).toEqual([]);
});
