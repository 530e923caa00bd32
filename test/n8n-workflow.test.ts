// n8n's workflow: its code and its expressions, evaluated as n8n does, and sent.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { DEMO_WORKSPACE } from '../src/services/demo/demo';
import { aToken, startApp, type TestApp } from './support/app';

const read = (path: string): string => readFileSync(join(__dirname, path), 'utf8');

let app: TestApp;
let service: string;
beforeAll(async () => {
  app = await startApp({ demo: true });
  service = await aToken(app, { kind: 'service', workspaceIds: [DEMO_WORKSPACE.id] });
});
afterAll(() => app.stop());

interface Item {
  json: Record<string, unknown>;
  pairedItem?: { item: number };
}

interface Node {
  name: string;
  type: string;
  parameters: Record<string, string>;
  onError?: string;
}

const workflow = JSON.parse(read('../examples/n8n/whatsapp-chatbot.json')) as {
  nodes: Node[];
  connections: Record<string, { main: { node: string }[][] }>;
};
const node = (name: string): Node => {
  const found = workflow.nodes.find((one) => one.name === name);
  if (!found) throw new Error(`the workflow has no node ${name}`);
  return found;
};
const trigger: Record<string, unknown>[] = JSON.parse(read('fixtures/whatsapp-trigger-items.json'));

/** Runs a Code node as n8n does. */
const runCode = (items: Item[]): Item[] =>
  new Function('$input', node('One item a message').parameters.jsCode ?? '')({ all: () => items });

/** Evaluates an expression field as n8n does: what stands between ={{ and }} is JavaScript. */
const evaluate = (expression: string, json: object, paired: Item): string => {
  const inner = /^=\{\{([\s\S]*)\}\}$/.exec(expression)?.[1];
  if (inner === undefined) throw new Error('not an expression');
  return new Function('$json', '$', 'DateTime', `return (${inner})`)(
    json,
    () => ({ item: paired }),
    DateTime,
  );
};

/** Saves a turn; `answer` is what the LLM step put out. */
const send = async (item: Item, answer: object) => {
  const { query = '', variables = '' } = node('Save and charge').parameters;
  const body = JSON.stringify({
    query,
    variables: JSON.parse(evaluate(variables, answer, item)),
    operationName: null,
  });
  const sent = await app.api.as(service).post<{
    saveMessage: { replayed: boolean; message: { tracking: { outcome: string } } };
  }>(body);
  return sent.body.data?.saveMessage ?? sent.body.errors;
};

it('makes an item of each message, and none of a status event', () => {
  const made = trigger.map((json) => runCode([{ json }]).length);
  expect(made).toEqual([1, 1, 1, 1, 0, 2]);
});

it('saves every kind of turn that WhatsApp sends, and retries it safely', async () => {
  const items = runCode(trigger.map((json) => ({ json })));
  const answers = [];
  for (const item of items) answers.push(await send(item, { text: 'Certo!' }));
  expect(
    answers.map((answer) => ('message' in Object(answer) ? Object(answer).message.tracking.outcome : answer)),
  ).toEqual(['TRACKED', 'UNKNOWN_CUSTOMER', 'TRACKED', 'TRACKED', 'TRACKED', 'TRACKED']);
  const again = [];
  for (const item of items) again.push(await send(item, { text: 'another answer' }));
  expect(again.every((answer) => Object(answer).replayed === true)).toBe(true);
  const stored = await app.database.sql<{
    message: string;
    phone_number: string | null;
    whatsapp_user_id: string | null;
  }>(
    `SELECT message, phone_number, whatsapp_user_id FROM messages WHERE idempotency_key LIKE 'wamid.%' ORDER BY occurred_at, id`,
  );
  expect(stored).toEqual([
    { message: 'ciao mozzarella', phone_number: '+393331234567', whatsapp_user_id: null },
    {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a customer wrote it so
      message: 'do you have "bufala"?\nback\\slash, emoji 👋🏽, {{ braces }}, ${dollar}',
      phone_number: '+447700900123',
      whatsapp_user_id: null,
    },
    {
      message: 'avete ancora posto stasera?',
      phone_number: null,
      whatsapp_user_id: 'IT.13491208655302741918',
    },
    { message: 'è questa?', phone_number: '+393331234567', whatsapp_user_id: null },
    { message: 'primo', phone_number: '+393331234567', whatsapp_user_id: null },
    { message: 'secondo', phone_number: '+393331234567', whatsapp_user_id: null },
  ]);
});

const event = (message: object, contacts: object[] = []): Item => ({
  json: { contacts, messages: [{ timestamp: '1736168405', ...message }] },
});
const only = (items: Item[]): Item => {
  const [item] = items;
  if (!item || items.length !== 1) throw new Error(`${items.length} items`);
  return item;
};

const failures: [string, (item: Item) => object][] = [
  ['answered nothing', () => ({ text: '' })],
  ['failed, and its step says so', () => ({ error: 'model overloaded' })],
  // What n8n does with a step that threw as a whole: its input goes on as its output.
  ['failed, and its step hands its input on', ({ json }) => json],
];
it.each(failures)('saves a turn whose LLM %s, uncharged', async (why, output) => {
  const item = only(
    runCode([event({ id: `wamid.${why}`, from: '393331234567', type: 'text', text: { body: 'ciao' } })]),
  );
  expect(await send(item, output(item))).toMatchObject({ message: { tracking: { outcome: 'NO_RESPONSE' } } });
});

it("goes on to save when the LLM's step fails", () => {
  expect(node('Answer')).toMatchObject({ retryOnFail: true, onError: 'continueRegularOutput' });
});

it.each([
  ['a text', { type: 'text', text: { body: 'ciao' } }, 'ciao', 'ciao'],
  ['an image', { type: 'image', image: { caption: 'è questa?' } }, 'è questa?', 'è questa?'],
  ['a video', { type: 'video', video: { caption: 'guarda' } }, 'guarda', 'guarda'],
  ['a document', { type: 'document', document: { caption: 'la bolla' } }, 'la bolla', 'la bolla'],
  ['a pressed button', { type: 'button', button: { text: 'Sì' } }, 'Sì', 'Sì'],
  [
    'a chosen reply',
    { type: 'interactive', interactive: { type: 'button_reply', button_reply: { title: 'Domani' } } },
    'Domani',
    'Domani',
  ],
  [
    'a chosen row',
    { type: 'interactive', interactive: { type: 'list_reply', list_reply: { title: 'Bufala' } } },
    'Bufala',
    'Bufala',
  ],
  ['a voice message', { type: 'audio', audio: { id: '1' } }, undefined, '(audio)'],
  ['what WhatsApp has not sent yet', { type: 'hologram' }, undefined, '(hologram)'],
])('%s has the text of the turn and of the prompt', (_kind, message, said, prompt) => {
  const { json } = only(runCode([event({ id: 'wamid.kind', from: '393331234567', ...message })]));
  expect(json.said).toBe(said);
  expect(evaluate(node('Answer').parameters.text ?? '', json, { json })).toBe(prompt);
});

it('gives each message of an event its own contact, and remembers the item it came from', () => {
  const anna = { wa_id: '393331111111', user_id: 'IT.1' };
  const bruno = { user_id: 'IT.2' };
  const made = runCode([
    event({ id: 'a', type: 'text', text: { body: 'a' } }, [anna]),
    {
      json: {
        contacts: [anna, bruno],
        messages: [
          { id: 'b', from_user_id: 'IT.2', type: 'text', text: { body: 'b' } },
          { id: 'c', from: '393331111111', type: 'text', text: { body: 'c' } },
          { id: 'd', from: '393339999999', type: 'text', text: { body: 'd' } },
        ],
      },
    },
  ]);
  expect(made.map(({ json, pairedItem }) => [json.contact, pairedItem])).toEqual([
    [anna, { item: 0 }],
    [bruno, { item: 1 }],
    [anna, { item: 1 }],
    [{}, { item: 1 }],
  ]);
});

it('saves one message at a time, whether the one before was saved or not', () => {
  const after = (name: string) =>
    workflow.connections[name]?.main.map((output) => output.map((to) => to.node));
  expect(node('One at a time').parameters).toMatchObject({ batchSize: 1 });
  expect(after('One at a time')).toEqual([[], ['Answer']]);
  expect(after('Answer')).toEqual([['Save and charge']]);
  expect(after('Save and charge')).toEqual([['One at a time'], ['Tell somebody']]);
  expect(after('Tell somebody')).toEqual([['One at a time']]);
});

it('has the settings that retries need', () => {
  expect(node('Save and charge')).toMatchObject({
    retryOnFail: true,
    maxTries: 5,
    onError: 'continueErrorOutput',
  });
  expect(node('Save and charge').parameters).toMatchObject({
    requestFormat: 'json',
    authentication: 'headerAuth',
  });
});
