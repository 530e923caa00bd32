// The examples, run as their readers run them: a page's request, the analysts' operations.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { parse, print, stripIgnoredCharacters } from 'graphql';
import { fetchMonthReport, formatMoney } from '../examples/frontend/report';
import { exampleOperations } from '../src/http/example-operations';
import { DEMO_WORKSPACE } from '../src/services/demo/demo';
import { aToken, startApp, type TestApp } from './support/app';
import { LivePeer } from './support/live';

const examples = join(__dirname, '../examples');
const read = (...path: string[]): string => readFileSync(join(examples, ...path), 'utf8');

let app: TestApp;
let analyst: string;
let service: string;
beforeAll(async () => {
  app = await startApp({ demo: true });
  service = await aToken(app, { kind: 'service', workspaceIds: [DEMO_WORKSPACE.id] });
  analyst = await aToken(app, { kind: 'analyst', workspaceIds: [DEMO_WORKSPACE.id] });
});
afterAll(() => app.stop());

it("a page's typed request gets an answer, and distinguishes errors", async () => {
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

it("a page's types are those that the documented settings generate", async () => {
  const shown = /```json\n([\s\S]*?)```/.exec(
    readFileSync(join(__dirname, '../docs/dashboards.md'), 'utf8'),
  )?.[1];
  expect(JSON.parse(shown ?? '')).toEqual(JSON.parse(read('frontend', 'codegen.json')));
  await promisify(execFile)(process.execPath, [join(__dirname, '../dashboard/codegen.mjs'), '--check']);
});

describe("Sandbox's operations", () => {
  const names = readdirSync(join(examples, 'operations')).filter((name) => name.endsWith('.graphql'));
  const variablesOf = (name: string): Record<string, unknown> =>
    JSON.parse(read('operations', name.replace('.graphql', '.variables.json')));
  const answers: Record<string, RegExp> = {
    'not-charged.graphql': /"UNKNOWN_CUSTOMER"/,
    'save-message.graphql': /"outcome":"TRACKED"/,
    'come-and-go.graphql': /"new":0,"returning":4,"reactivated":0,"lost":0/,
    'cohorts.graphql': /"2024-12","clients":4,"retained":\[4,4,0,0\]/,
    'busiest-hours.graphql':
      /"label":"14:00","messages":8.*"weekday":4,"hour":14,"messages":4,"occurrences":5/,
    'unanswered.graphql':
      /"2025-01-09T23:00:00.000Z","outcomes":\[\{"outcome":"TRACKED","messages":1\},\{"outcome":"NO_RESPONSE","messages":1\}.*"failure":"The model took longer than 30 seconds."/,
    'by-workflow.graphql':
      /"value":"Menu e orari","messages":19,"cost":\{"amount":"0.095".*"value":"whatsapp","messages":21.*"gpt-4.1-mini","messages":20,"cost":\{"amount":"0.10"\},"margin":\{"llmCost":\{"amount":"0.008535"\}\}.*"margin":\{"margin":\{"amount":"0.11108"\},"coverage":"0.9259"\}/,
    'spread.graphql': /"p50":6,"p95":9,"max":9,"mean":"6.25","topTenthShare":"0.36"/,
    'client-by-client.graphql': /"Mario Rossi"\},"messages":9,"previous":\{"messages":7\}/,
    'client-over-time.graphql': /"messages":0.*"messages":7.*"messages":9.*"messages":0/,
    'fell-asleep.graphql': /"totalCount":4,"nodes":\[\{"customer":\{"name":"Mario Rossi"\},"messages":9/,
    'every-shop.graphql': /"Trattoria Da Nino".*"messages":25,"cost":\{"amount":"0.125"/,
  };
  const answer = (name: string) => answers[name] ?? /Mario|0\.125|14:00|31\.58/;
  const as = (name: string) => app.api.as(name === 'save-message.graphql' ? service : analyst);

  const SUBSCRIPTION = 'when-to-ask-again.graphql';
  it.each(names.filter((name) => name !== SUBSCRIPTION))('%s', async (name) => {
    const data = await as(name).data<Record<string, object>>(read('operations', name), variablesOf(name));
    expect(JSON.stringify(data)).toMatch(answer(name));
  });

  const opensSandbox = async () =>
    (await fetch(`${app.url}/graphql`, { headers: { accept: 'text/html' } })).text();
  const opensWith = async () => {
    const config = /embeddedSandboxConfig = (\{.*\});/.exec(await opensSandbox())?.[1] ?? '';
    return JSON.parse(config).initialState;
  };

  it.each(['http://shop.example:3001', 'https://shop.example'])(
    'open at %s with the address of subscriptions beside that of queries',
    async (origin) => {
      const script = [
        ...(await opensSandbox()).matchAll(/<script[^>]*>([^<]*EmbeddedSandbox\(.*?)<\/script>/gs),
      ];
      const opened: Record<string, unknown>[] = [];
      const window = {
        location: { href: `${origin}/graphql#sandbox` },
        EmbeddedSandbox: class {
          constructor(options: Record<string, unknown>) {
            opened.push(options);
          }
        },
      };
      runInNewContext(script.map(([, text]) => text).join('\n'), { window });
      expect(opened).toMatchObject([
        { initialSubscriptionEndpoint: `${origin.replace('http', 'ws')}/graphql` },
      ]);
    },
  );

  it('have a subscription that ticks, sent as Sandbox does: all operations, one name, and keys of its own', async () => {
    const { document, variables } = await opensWith();
    const peer = await LivePeer.as(analyst, app.url);
    peer.send({
      ...{ id: '1', type: 'subscribe' },
      payload: {
        ...{ query: document, variables, operationName: 'WhenToAskAgain', operationId: '7' },
        ...{ embeddedIFrameElement: {}, embedUrlOrigin: 'https://sandbox.example', httpMultipartParams: {} },
      },
    });
    expect(await peer.outcome()).toBe('tick');
    await peer.leave();
  });

  it('fit into the URL that opens Sandbox, beside a header that can be edited', async () => {
    const { document, variables, headers, sharedHeaders } = await opensWith();
    const address = [document, JSON.stringify(variables, null, 2), JSON.stringify(headers)].map(
      encodeURIComponent,
    );
    expect(address.join('').length).toBeLessThan(7_000);
    expect([headers, sharedHeaders]).toEqual([{ Authorization: 'Bearer <your token>' }, undefined]);
  });

  it('answer as docs/analysts.md shows', async () => {
    const page = readFileSync(join(__dirname, '../docs/analysts.md'), 'utf8');
    const shown = [...page.matchAll(/^\| .* \| \[([\w-]+)\]\(\S+\) \| `(.+)` \|$/gm)];
    expect([...new Set(shown.map(([, name]) => `${name}.graphql`))].sort()).toEqual(
      Object.keys(answers)
        .filter((name) => !['not-charged.graphql', 'save-message.graphql'].includes(name))
        .sort(),
    );
    for (const [, name = '', part = ''] of shown) {
      const file = `${name}.graphql`;
      const data = await as(file).data<object>(read('operations', file), variablesOf(file));
      expect(JSON.stringify(data).replaceAll('"', '')).toContain(
        part.replaceAll(': ', ':').replaceAll(', ', ','),
      );
    }
  });

  const questionOf = (text: string) => /^# .*[.?)]\n/.exec(text)?.[0] ?? 'no question';

  it.each(names)('%s is laid out for readers, below its question', (name) => {
    const text = read('operations', name);
    const layout = print(parse(text)).replace(/\{(\w.*)\}/g, '{ $1 }');
    expect(text).toBe(`${questionOf(text)}${layout}\n`);
  });

  it('are all in the document that Sandbox opens with, and run from there', async () => {
    const { document, variables } = await opensWith();
    for (const name of names) {
      const text = read('operations', name);
      // It has to fit into an address: without what GraphQL ignores, but with the question.
      expect(stripIgnoredCharacters(document)).toContain(stripIgnoredCharacters(text));
      expect(document).toContain(questionOf(text));
      expect(variables).toMatchObject(variablesOf(name));
      // Over its socket: the test above.
      if (name === SUBSCRIPTION) continue;
      const operationName = /^(?:query|mutation) (\w+)/m.exec(text)?.[1];
      const sent = await as(name).post(JSON.stringify({ query: document, variables, operationName }));
      expect(sent.body.errors).toBeUndefined();
      expect(JSON.stringify(sent.body.data)).toMatch(answer(name));
    }
  });
});

it('an operation without variables needs no variables file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'centesimo-operations-'));
  try {
    writeFileSync(join(folder, 'viewer.graphql'), 'query Viewer { viewer { id } }');
    expect(exampleOperations(folder)).toEqual([
      { document: 'query Viewer { viewer { id } }', variables: {} },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
