// From an empty folder to a charged turn, as an operator with a fresh clone sees it.
import { existsSync } from 'node:fs';
import { Api } from './support/api';
import { aFolder, runCommand, startServer } from './support/command';
import { longForm } from './support/long-form';
import { aMadeFolder } from './support/made-folder';
import { SAVE, type SaveData } from './support/operations';
import { hasTerminal, openTerminal } from './support/terminal';

let folder: Awaited<ReturnType<typeof aFolder>>;
beforeEach(async () => {
  folder = await aFolder();
});
afterEach(() => folder.remove());

const environment = () => ({ DATA_DIR: folder.path, LOG_LEVEL: 'warn' });

const inTerminal = hasTerminal ? it : it.skip;

inTerminal(
  'makes the demo workspace, prints what to paste, and what is pasted works (skipped without script)',
  async () => {
    const { PATH = '', HOME = '/' } = process.env;
    const terminal = openTerminal('serve', { PATH, HOME, PORT: '0', ...environment() });
    try {
      await terminal.shows(/month of the reference example[\s\S]*-d '.*'/);
      const printed = terminal.shown();
      const url = /GraphQL +(http:\S+)\/graphql/.exec(printed)?.[1] ?? '';
      const token = (kind: string) => new RegExp(`ctm_${kind}_[0-9A-Za-z]{36}`).exec(printed)?.[0];
      const [save, report] = [...printed.matchAll(/-d '(.*)'\r?$/gm)].map((match) =>
        JSON.parse(match[1] ?? ''),
      );
      const saved = await new Api(url, token('svc')).data<SaveData>(save.query, save.variables);
      expect(saved.saveMessage.message.tracking.outcome).toBe('TRACKED');
      const { usage } = await new Api(url, token('cli')).data<{ usage: object }>(
        report.query,
        report.variables,
      );
      expect(usage).toMatchObject({
        totals: { cost: { amount: '0.125' } },
        growth: { messages: { percent: '31.58' } },
      });
      const months = `{ usage(workspaceId: "workspace-123") { totals { messages } outcomes { outcome messages } } }`;
      const now = await new Api(url, token('ana')).data<{ usage: { outcomes: { messages: number }[] } }>(
        months,
      );
      expect(now.usage.outcomes.slice(0, 4).every(({ messages }) => messages >= 0)).toBe(true);
    } finally {
      terminal.type('\u0003');
      expect(await terminal.ended).toBe(0);
    }
  },
  240_000,
);

longForm('keeps what was saved over a second start, and makes no second demo', async () => {
  const first = await startServer([], environment());
  const token = /ctm_svc_[0-9A-Za-z]{36}/.exec(first.output())?.[0];
  const input = {
    workspaceId: 'workspace-123',
    phoneNumber: '393331234567',
    response: 'ok',
    idempotencyKey: 'kept',
  };
  await new Api(first.url, token).data<SaveData>(SAVE, { input });
  await first.stop();
  const second = await startServer([], environment());
  try {
    expect(second.output()).not.toMatch(/ctm_/);
    // Every start prints how to get a link.
    expect(second.output()).toMatch(
      /"dashboardLink":"[^"]*token create --kind client --name owner --workspace ID"/,
    );
    const again = await new Api(second.url, token).data<SaveData>(SAVE, { input });
    expect(again.saveMessage.replayed).toBe(true);
  } finally {
    await second.stop();
  }
});

longForm('finishes a demo that was broken off', async () => {
  const demo = [
    '--id',
    'workspace-123',
    '--name',
    'Trattoria Da Nino',
    '--time-zone',
    'Europe/Rome',
    '--currency',
    'EUR',
  ];
  await runCommand(['migrate', '--create'], environment());
  await runCommand(['workspace', 'create', ...demo], environment());
  const server = await startServer([], environment());
  try {
    const token = /ctm_cli_[0-9A-Za-z]{36}/.exec(server.output())?.[0];
    const query = `{ usage(workspaceId: "workspace-123", period: { month: "2025-01" }) { totals { messages } } }`;
    expect(await new Api(server.url, token).data(query)).toEqual({ usage: { totals: { messages: 25 } } });
  } finally {
    await server.stop();
  }
});

longForm('serves again after kill -9 of the server', async () => {
  await folder.remove();
  folder = await aMadeFolder();
  const first = await startServer(['--no-demo'], environment());
  await first.stop('SIGKILL');
  const second = await startServer(['--no-demo'], environment());
  try {
    const ready = await fetch(`${second.url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([200, expect.objectContaining({ status: 'ok' })]);
  } finally {
    expect(await second.stop()).toBe(0);
  }
});

it("makes no demo when told so, and a second server on the folder is told why it can't start", async () => {
  await folder.remove();
  folder = await aMadeFolder();
  const server = await startServer(['--no-demo'], environment());
  try {
    expect(server.output()).not.toMatch(/ctm_|workspace-123/);
    await expect(startServer(['--no-demo'], environment())).rejects.toThrow(/already|another|running/i);
  } finally {
    await server.stop();
  }
});

it.each([
  ['workspace', 'list'],
  ['demo'],
  ['migrate'],
  ['verify'],
  ['token', 'create', '--kind', 'service', '--name', 'n8n', '--workspace', 'shop'],
])('%s %s makes no database by accident, and says where it looked', async (...args) => {
  const ran = await runCommand(args, environment());
  expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining(`${folder.path} (DATA_DIR)`)]);
  expect(ran.stderr).toContain('DATABASE_URL is not set');
  expect(existsSync(folder.path)).toBe(false);
});

it('commands work without a server, on a database that they start and stop', async () => {
  expect(await runCommand(['migrate', '--create'], environment())).toMatchObject({ code: 0, stderr: '' });
  const made = await runCommand(
    [
      'workspace',
      'create',
      '--id',
      'shop',
      '--name',
      'Shop',
      '--time-zone',
      'UTC',
      '--currency',
      'EUR',
      '--json',
    ],
    environment(),
  );
  expect([made.code, JSON.parse(made.stdout)]).toEqual([0, expect.objectContaining({ id: 'shop' })]);
  const listed = await runCommand(['workspace', 'list'], environment());
  expect(listed.stdout).toMatch(/^shop /m);
});
