// The examples, run as their readers run them: a page's request, the analysts' operations.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { fetchMonthReport, formatMoney } from '../examples/frontend/report';
import { createDemo, DEMO_WORKSPACE } from '../src/services/demo/demo';
import { aToken, startApp, type TestApp } from './support/app';

const examples = join(__dirname, '../examples');
const read = (...path: string[]): string => readFileSync(join(examples, ...path), 'utf8');

let app: TestApp;
let analyst: string;
beforeAll(async () => {
  app = await startApp();
  await createDemo(app.services, app.clock.now, pino({ level: 'silent' }));
  analyst = await aToken(app, { kind: 'analyst', workspaceIds: [DEMO_WORKSPACE.id] });
}, 60_000);
afterAll(() => app.stop());

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
