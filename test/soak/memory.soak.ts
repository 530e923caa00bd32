// The memory of a server that runs for months must not grow with each answer.
import { readFileSync } from 'node:fs';
import { Api } from '../support/api';
import { runCommand, startServer } from '../support/command';
import { aMadeFolder } from '../support/made-folder';
import { SAVE, type SaveData } from '../support/operations';

const ROUNDS = Number(process.env.SOAK_MEMORY_ROUNDS ?? 6);
const SAVES = 600;
const MB = 1_048_576;

jest.setTimeout(120_000 + ROUNDS * 60_000);

const REPORT = /* GraphQL */ `
  query ($workspaceId: ID!) {
    usage(workspaceId: $workspaceId, period: { preset: THIS_MONTH }) {
      totals { messages } growth { messages { percent } } topClients(limit: 10) { messages }
      peakHours { messages } heatmap { messages } timeline { messages }
    }
  }`;

const onLinux = process.platform === 'linux' ? it : it.skip;

onLinux('stays as large as it is while it saves and reads', async () => {
  const folder = await aMadeFolder();
  const environment = { DATA_DIR: folder.path, LOG_LEVEL: 'error', READ_POINTS_PER_SECOND: '1000000000' };
  const server = await startServer(['--no-demo'], environment);
  try {
    const command = async (...args: string[]) => {
      const { code, stdout, stderr } = await runCommand([...args, '--json'], environment);
      if (code !== 0) throw new Error(stderr);
      return JSON.parse(stdout);
    };
    const zone = ['--time-zone', 'Europe/Rome', '--currency', 'EUR'];
    await command('workspace', 'create', '--id', 'shop', '--name', 'Shop', ...zone);
    const token = async (kind: string): Promise<string> =>
      (await command('token', 'create', '--kind', kind, '--name', kind, '--workspace', 'shop')).token;
    const writer = new Api(server.url, await token('service'));
    const reader = new Api(server.url, await token('client'));
    const residentBytes = (): number =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) * 1_024;

    let sent = 0;
    const caller = async (saves: number): Promise<void> => {
      for (let made = 0; made < saves; made += 1) {
        sent += 1;
        const input = {
          ...{ workspaceId: 'shop', phoneNumber: '+393331234567', message: 'ciao', response: 'Ciao!' },
          idempotencyKey: `memory.${sent}`,
        };
        await writer.data<SaveData>(SAVE, { input });
        if (made % 10 === 0) await reader.data(REPORT, { workspaceId: 'shop' });
        // Refused requests must not leave anything in memory either.
        if (made % 10 === 5) await reader.send(`{ nothing${sent} }`);
      }
    };
    const sizes: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await Promise.all(Array.from({ length: 10 }, () => caller(SAVES / 10)));
      sizes.push(residentBytes());
    }
    const half = Math.ceil(sizes.length / 2);
    const early = Math.max(...sizes.slice(0, half));
    const late = Math.max(...sizes.slice(half));
    console.info(
      `${sent} saves: ${sizes.map((bytes) => (bytes / MB).toFixed(0)).join(', ')} MB after each ${SAVES}`,
    );
    expect(late).toBeLessThan(early + 48 * MB);
  } finally {
    await server.stop();
    await folder.remove();
  }
});
