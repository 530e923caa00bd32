// WEB_CONCURRENCY: several processes behind one port, on one embedded database that keeps running when one of them
// ends.
import { readdirSync, readFileSync } from 'node:fs';
import { Api } from './support/api';
import { type RunningServer, runCommand, startServer } from './support/command';
import { longForm } from './support/long-form';
import { aMadeFolder } from './support/made-folder';
import { SAVE, type SaveData } from './support/operations';

let folder: Awaited<ReturnType<typeof aMadeFolder>>;
let server: RunningServer;
beforeAll(async () => {
  folder = await aMadeFolder();
  server = await startServer(['--no-demo'], settings());
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

const settings = () => ({ DATA_DIR: folder.path, WEB_CONCURRENCY: '2', LOG_LEVEL: 'error' });

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await runCommand([...args, '--json'], settings());
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

/** The processes of this test's server, found by the environment that their primary gave them. */
const workers = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        return environment.includes('CENTESIMO_WORKER=') && environment.includes(folder.path);
      } catch {
        return false;
      }
    });

/** A connection that was kept to an ended process breaks once; callers send the request again. */
async function untilAnswered(send: () => Promise<unknown>, tries = 10): Promise<unknown> {
  return send().catch(async (error: unknown) => {
    if (!String(error).includes('fetch failed') || tries === 1) throw error;
    await new Promise((next) => setTimeout(next, 50));
    return untilAnswered(send, tries - 1);
  });
}

it('opens in each process what a command sealed with the key of the data folder', async () => {
  const zone = ['--time-zone', 'Europe/Rome', '--currency', 'EUR'];
  await json('workspace', 'create', '--id', 'hooks', '--name', 'Hooks', ...zone);
  const { token } = await json<{ token: string }>(
    ...['token', 'create', '--kind', 'client', '--name', 'hooks', '--workspace', 'hooks'],
    ...['--scope', 'webhooks:write'],
  );
  const url = 'https://hooks.example.com/centesimo';
  // Nothing happens in this workspace: the URL is never called.
  await json('webhook', 'add', '--workspace', 'hooks', '--url', url);
  for (let asked = 0; asked < 6; asked += 1)
    expect(await new Api(server.url, token).data('{ webhooks(workspaceId: "hooks") { url } }')).toEqual({
      webhooks: [{ url }],
    });
});

const onLinux = process.platform === 'linux' ? longForm : it.skip;

onLinux('serves from as many processes as told, goes on without one of them, and stops clean', async () => {
  const zone = ['--time-zone', 'Europe/Rome', '--currency', 'EUR'];
  await json('workspace', 'create', '--id', 'shop', '--name', 'Shop', ...zone);
  const made = await json<{ token: string }>(
    ...['token', 'create', '--kind', 'service', '--name', 'n8n', '--workspace', 'shop'],
  );
  let sent = 0;
  const save = async (count: number): Promise<void> => {
    await Promise.all(
      Array.from({ length: count }, async () => {
        sent += 1;
        const input = {
          ...{ workspaceId: 'shop', phoneNumber: '+393331234567', message: 'ciao', response: 'Ciao!' },
          idempotencyKey: `wamid.${sent}`,
        };
        await untilAnswered(() => new Api(server.url, made.token).data<SaveData>(SAVE, { input }));
      }),
    );
  };
  await save(40);
  const before = workers();
  expect(before).toHaveLength(2);
  const [first = 0, second = 0] = before;
  process.kill(first, 'SIGKILL');
  while (workers().includes(first)) await new Promise((next) => setTimeout(next, 20));
  await save(40);
  while (workers().length < 2) await new Promise((next) => setTimeout(next, 50));
  expect(workers()).toContain(second);
  expect(await json('verify')).toMatchObject({ differences: '0' });
  expect(await server.stop()).toBe(0);
  expect(workers()).toEqual([]);
  // When it is back, everything that was acknowledged is there.
  server = await startServer(['--no-demo'], settings());
  expect(await json('verify')).toMatchObject({ differences: '0' });
});
