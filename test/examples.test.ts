// The examples, run as their readers run them: n8n's workflow, the analysts' operations.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import pino from 'pino';
import { fetchMonthReport, formatMoney } from '../examples/frontend/report';
import { createDemo, DEMO_WORKSPACE } from '../src/services/demo/demo';
import { aToken, startApp, type TestApp } from './support/app';

const examples = join(__dirname, '../examples');
const read = (...path: string[]): string => readFileSync(join(examples, ...path), 'utf8');

let app: TestApp;
let service: string;
let analyst: string;
beforeAll(async () => {
  app = await startApp();
  await createDemo(app.services, app.clock.now, pino({ level: 'silent' }));
  service = await aToken(app, { kind: 'service', workspaceIds: [DEMO_WORKSPACE.id] });
  analyst = await aToken(app, { kind: 'analyst', workspaceIds: [DEMO_WORKSPACE.id] });
}, 60_000);
afterAll(() => app.stop());

interface Item {
  json: Record<string, unknown>;
}

interface Node {
  name: string;
  type: string;
  parameters: Record<string, string>;
}

it("a page's typed request answers, and tells errors apart", async () => {
  const token = await aToken(app, { kind: 'client', workspaceIds: [DEMO_WORKSPACE.id] });
  const report = await fetchMonthReport(`${app.url}/graphql`, token, DEMO_WORKSPACE.id, '2025-01');
  expect(report).toMatchObject({ totals: { messages: 25 }, growth: { messages: { percent: '31.58' } } });
  expect(formatMoney(report.totals.cost, 'it-IT').replace(/\s/g, ' ')).toBe('0,125 €');
  await expect(
    fetchMonthReport(`${app.url}/graphql`, 'wrong', DEMO_WORKSPACE.id, '2025-01'),
  ).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
  });
});

describe("an analyst's operations", () => {
  const names = readdirSync(join(examples, 'operations')).filter((name) => name.endsWith('.graphql'));

  it.each(names)('%s', async (name) => {
    const variables = JSON.parse(read('operations', name.replace('.graphql', '.variables.json')));
    const data = await app.api.as(analyst).data<Record<string, object>>(read('operations', name), variables);
    expect(JSON.stringify(data)).toMatch(
      name === 'not-charged.graphql' ? /"UNKNOWN_CUSTOMER"/ : /Mario|0\.125|14:00|31\.58/,
    );
  });
});

describe("n8n's workflow", () => {
  const workflow = JSON.parse(read('n8n', 'whatsapp-chatbot.json')) as { nodes: Node[]; connections: object };
  const node = (name: string): Node => {
    const found = workflow.nodes.find((one) => one.name === name);
    if (!found) throw new Error(`the workflow has no node ${name}`);
    return found;
  };
  const trigger: Record<string, unknown>[] = JSON.parse(
    readFileSync(join(__dirname, 'fixtures/whatsapp-trigger-items.json'), 'utf8'),
  );

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

  const send = async (item: Item, text: string | undefined) => {
    const { query = '', variables = '' } = node('Save and charge').parameters;
    const body = JSON.stringify({
      query,
      variables: JSON.parse(evaluate(variables, { text }, item)),
      operationName: null,
    });
    const answer = await app.api.as(service).post<{
      saveMessage: { replayed: boolean; message: { tracking: { outcome: string } } };
    }>(body);
    return answer.body.data?.saveMessage ?? answer.body.errors;
  };

  it('makes an item of each message, and none of a status event', () => {
    const made = trigger.map((json) => runCode([{ json }]).length);
    expect(made).toEqual([1, 1, 1, 1, 0, 2]);
  });

  it('saves every kind of turn that WhatsApp sends, and retries it safely', async () => {
    const items = runCode(trigger.map((json) => ({ json })));
    const answers = [];
    for (const item of items) answers.push(await send(item, 'Certo!'));
    expect(
      answers.map((answer) =>
        'message' in Object(answer) ? Object(answer).message.tracking.outcome : answer,
      ),
    ).toEqual(['TRACKED', 'UNKNOWN_CUSTOMER', 'TRACKED', 'TRACKED', 'TRACKED', 'TRACKED']);
    const again = [];
    for (const item of items) again.push(await send(item, 'another answer'));
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

  it('saves a turn whose LLM gave nothing, uncharged', async () => {
    const [item] = runCode([
      {
        json: {
          ...trigger[0],
          messages: [
            {
              from: '393331234567',
              id: 'wamid.silent',
              timestamp: '1736168405',
              type: 'text',
              text: { body: 'ciao' },
            },
          ],
        },
      },
    ]);
    if (!item) throw new Error('no item');
    expect(await send(item, undefined)).toMatchObject({ message: { tracking: { outcome: 'NO_RESPONSE' } } });
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
});
