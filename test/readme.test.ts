// The README's commands are run as written, and give the answers that it shows.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DEMO_WORKSPACE } from '../src/services/demo/demo';
import { aToken, startApp, type TestApp } from './support/app';

const run = promisify(execFile);
const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text = '']) => ({
  language,
  text,
}));

let app: TestApp;
let environment: Record<string, string>;
beforeAll(async () => {
  app = await startApp({ demo: true });
  const { PATH = '', HOME = '/' } = process.env;
  environment = {
    ...{ PATH, HOME, DATABASE_URL: app.database.url },
    SERVICE_TOKEN: await aToken(app, { kind: 'service', workspaceIds: [DEMO_WORKSPACE.id] }),
    CLIENT_TOKEN: await aToken(app, { kind: 'client', workspaceIds: [DEMO_WORKSPACE.id] }),
  };
});
afterAll(() => app.stop());

const shell = async (script: string): Promise<string> => {
  const { stdout } = await run('bash', ['-euc', script.replaceAll('http://localhost:3001', app.url)], {
    cwd: join(__dirname, '..'),
    env: environment,
  });
  return stdout;
};

const answered = blocks.flatMap((block, index) => {
  const answer = blocks[index + 1];
  return block.language === 'sh' && answer?.language === 'json' ? [[block.text, answer.text] as const] : [];
});

it('has a first mutation and a first query with their answers', () => {
  expect(answered).toHaveLength(2);
});

it.each(answered)('%s', async (script, answer) => {
  expect(JSON.parse(await shell(script))).toEqual(JSON.parse(answer));
});

it.each(blocks.filter(({ text }) => text.includes('npm run -s cli')).map(({ text }) => [text]))(
  '%s',
  async (script) => {
    expect(await shell(script)).toMatch(
      /Created the workspace my-shop[\s\S]*Registered Mario Rossi[\s\S]*ctm_svc_/,
    );
  },
);

it('names the two commands', () => {
  expect(readme).toContain('npm ci && npm start');
  expect(readme).toContain('npm ci && npm test');
});
