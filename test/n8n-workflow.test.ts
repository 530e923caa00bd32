// n8n's workflow: its code and its expressions, evaluated as n8n does, and sent. test/n8n runs it in n8n itself.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { ERROR_CODES } from '../src/errors';
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

const codeOf = (name: string): string => node(name).parameters.jsCode ?? '';

/** Runs the Code node that splits events, as n8n does. */
const runCode = (items: Item[]): Item[] =>
  new Function('$input', codeOf('One item a message'))({ all: () => items });

/** Evaluates an expression field as n8n does: what stands between ={{ and }} is JavaScript. */
const evaluate = (expression: string, json: object): string => {
  const inner = /^=\{\{([\s\S]*)\}\}$/.exec(expression)?.[1];
  if (inner === undefined) throw new Error('not an expression');
  return new Function('$json', `return (${inner})`)(json);
};

interface Turn {
  turn: Record<string, unknown>;
  giveUpAt: number;
}

/** Longer than the server takes. */
const WORKFLOW = `Chatbot of the shop ${'x'.repeat(100)}`;

/** What the Code node makes of a message and of what the LLM step put out. */
const turnOf = (item: Item, answer: object): Turn =>
  new Function('$json', '$', 'DateTime', '$workflow', codeOf('The turn'))(
    ...[answer, () => ({ item }), DateTime, { name: WORKFLOW }],
  ).json;

/** Sends what the GraphQL node sends; the whole answer. */
const post = async (turn: Turn) => {
  const { query = '', variables = '' } = node('Save and charge').parameters;
  const body = JSON.stringify({
    query,
    variables: JSON.parse(evaluate(variables, turn)),
    operationName: null,
  });
  return (
    await app.api.as(service).post<{
      saveMessage: { replayed: boolean; message: { tracking: { outcome: string } } };
    }>(body)
  ).body;
};

/** Saves a turn; `answer` is what the LLM step put out. */
const send = async (item: Item, answer: object) => {
  const { data, errors } = await post(turnOf(item, answer));
  return data?.saveMessage ?? errors;
};

it('makes one item of each message, and no item of a status event', () => {
  const made = trigger.map((json) => runCode([{ json }]).length);
  expect(made).toEqual([1, 1, 1, 1, 0, 2]);
});

it('saves every kind of turn that WhatsApp sends, and retries it safely', async () => {
  const items = runCode(trigger.map((json) => ({ json })));
  const before = (await app.database.sql<{ id: string }>('SELECT id FROM messages')).map(({ id }) => id);
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
    `SELECT message, phone_number, whatsapp_user_id FROM messages
     WHERE id <> ALL ($1::uuid[]) ORDER BY occurred_at, id`,
    [before],
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
function only(items: Item[]): Item {
  const [item] = items;
  if (!item || items.length !== 1) throw new Error(`${items.length} items`);
  return item;
}

const failures: [string, (item: Item) => object, string][] = [
  ['answered nothing', () => ({ text: '' }), 'The model gave no answer.'],
  ['failed, and its step says so', () => ({ error: 'model overloaded' }), 'model overloaded'],
  ['failed at length', () => ({ error: { message: 'x'.repeat(2_000) } }), 'x'.repeat(500)],
  // What n8n does with a step that threw as a whole: its input goes on as its output.
  ['failed, and its step hands its input on', ({ json }) => json, 'The model gave no answer.'],
];
it.each(failures)('saves a turn whose LLM %s, uncharged, with why', async (why, output, failure) => {
  const item = only(
    runCode([event({ id: `wamid.${why}`, from: '393331234567', type: 'text', text: { body: 'ciao' } })]),
  );
  const saved = await send(item, output(item));
  expect(saved).toMatchObject({ message: { tracking: { outcome: 'NO_RESPONSE' } } });
  expect(
    await app.database.sql('SELECT failure FROM messages WHERE id = $1', [Object(saved).message.id]),
  ).toEqual([{ failure }]);
  const later = await send(item, { text: 'Eccomi' });
  expect(later).toMatchObject({ replayed: false, message: { tracking: { outcome: 'TRACKED' } } });
});

it("still saves when the LLM's step fails", () => {
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
  expect(evaluate(node('Answer').parameters.text ?? '', json)).toBe(prompt);
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

describe('what happens with an answer', () => {
  const item: Item = {
    json: { message: { id: 'wamid.x', timestamp: '1736168405' }, contact: {}, said: 'ciao' },
  };
  const turn = turnOf(item, { text: 'Ciao!' });
  /** What the Code node after the save makes of what n8n's GraphQL node puts out. */
  const decide = (answers: object[], { giveUpAt = Date.now() + 60_000 } = {}) => {
    const items = answers.map((json) => ({ json }));
    const $ = () => ({ itemMatching: () => ({ json: { ...turn, giveUpAt } }) });
    const made: Item[] = new Function('$input', '$', codeOf('Saved?'))({ all: () => items }, $);
    return only(made).json;
  };
  // n8n's node passes a refused answer on as it came, and once more as an error.
  const refused = (code: string) => {
    const message = `[${code}] no`;
    return decide([{ errors: [{ message, extensions: { code } }], data: null }, { error: message }]);
  };

  it('counts as saved only when the answer says so', () => {
    expect(decide([{ data: { saveMessage: { replayed: false } } }])).toMatchObject({
      saved: true,
      again: false,
    });
    for (const other of [{}, { data: null }, { data: { saveMessage: null } }, { error: 'ECONNREFUSED' }])
      expect(decide([other])).toMatchObject({ saved: false, again: true });
  });

  it.each(['SERVICE_UNAVAILABLE', 'RATE_LIMITED', 'INTERNAL_SERVER_ERROR'])('%s is tried again', (code) => {
    expect(refused(code)).toMatchObject({ saved: false, again: true });
  });

  it.each(['BAD_USER_INPUT', 'IDEMPOTENCY_KEY_REUSED', 'UNAUTHENTICATED', 'FORBIDDEN', 'CONFLICT'])(
    '%s is kept for somebody at once',
    (code) => {
      expect(refused(code)).toMatchObject({
        saved: false,
        again: false,
        error: `[${code}] no`,
        turn: turn.turn,
      });
    },
  );

  it('is kept when it is too late to try again', () => {
    expect(decide([{ error: 'ECONNREFUSED' }], { giveUpAt: Date.now() - 1 })).toMatchObject({
      saved: false,
      again: false,
      error: 'ECONNREFUSED',
    });
  });
});

describe('what the model consumed', () => {
  const used = { input_tokens: 1_200, input_tokens_details: { cached_tokens: 1_024 }, output_tokens: 80 };
  const [item] = runCode(trigger.slice(0, 1).map((json) => ({ json })));
  const llmOf = (answer: object) => item && turnOf(item, { text: 'Certo!', ...answer }).turn.llm;
  const expected = { model: 'one', inputTokens: 1_200, cachedInputTokens: 1_024, outputTokens: 80 };

  it.each([
    ['OpenAI counts cached tokens within the input', used],
    [
      'Anthropic counts them beside it',
      {
        ...{ input_tokens: 76, cache_creation_input_tokens: 100, cache_read_input_tokens: 1_024 },
        output_tokens: 80,
      },
    ],
  ])('is in the turn, each token once: %s', (_, usage) => {
    expect(llmOf({ model: 'one', usage })).toEqual(expected);
  });

  it.each([[{}], [{ usage: {} }], [{ usage: used }], [{ usage: null }]])(
    'is left out where the node does not say: %j',
    (answer) => {
      expect(llmOf(answer)).toBeUndefined();
    },
  );

  it('is saved, and later too when it was kept', async () => {
    if (!item) throw new Error('no message');
    const { turn } = turnOf(item, { text: 'Certo!', model: 'one', usage: used });
    const again: { items: object[] }[] = new Function(
      '$input',
      JSON.parse(read('../examples/n8n/send-again.json')).nodes.find(
        ({ name }: Node) => name === 'One request a workspace',
      ).parameters.jsCode,
    )({
      all: () => [{ json: { turn: JSON.stringify({ ...turn, idempotencyKey: 'wamid.kept' }) } }],
    }).map(({ json }: Item) => json);
    const results = await app.services.saveMessages.saveAll('workspace-123', again[0]?.items ?? []);
    expect(results).toEqual([{ ok: expect.objectContaining({ replayed: false }) }]);
    const tokens = await app.database.sql(
      'SELECT input_tokens, cached_input_tokens, output_tokens FROM messages WHERE id = ANY ($1)',
      [results.map((result) => ('ok' in result ? result.ok.message.id : null))],
    );
    expect(tokens).toEqual([{ input_tokens: 1_200, cached_input_tokens: 1_024, output_tokens: 80 }]);
  });
});

it('asks for JSON with a token that is not stored in the workflow', () => {
  expect(node('Save and charge').parameters).toMatchObject({
    requestFormat: 'json',
    authentication: 'headerAuth',
  });
});

it("does not rely on n8n's retries, which ignore GraphQL errors", () => {
  expect(node('Save and charge')).not.toHaveProperty('retryOnFail');
  expect(node('Save and charge').onError).toBe('continueRegularOutput');
});

it('retries exactly the retryable codes', () => {
  const passing = /passing = \[([^\]]*)\]/.exec(codeOf('Saved?'))?.[1] ?? '';
  const named = [...passing.matchAll(/'(\w+)'/g)].map(([, code]) => code);
  const retryable = Object.entries(ERROR_CODES).flatMap(([code, { retryable }]) => (retryable ? [code] : []));
  expect(named.sort()).toEqual(retryable.sort());
});

it('is the same in every variant of the chatbot', () => {
  const variants = ['whatsapp-chatbot-http-request', 'whatsapp-chatbot-centesimo-node'].map(
    (name) => JSON.parse(read(`../examples/n8n/${name}.json`)) as { nodes: Node[] },
  );
  for (const { nodes } of variants)
    for (const name of ['One item a message', 'What was kept'])
      expect(nodes.find((one) => one.name === name)?.parameters).toEqual(node(name).parameters);
});
