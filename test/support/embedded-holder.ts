// Runs as a process of its own (embedded-project.ts compiles it next to the embedded database's code): starts the
// database, says so in JSON lines, and stops it when its standard input says "stop".
import { createInterface } from 'node:readline';
import type { startEmbedded } from '../../src/embedded/embedded';

type StartEmbedded = typeof startEmbedded;

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function main(): Promise<void> {
  const { startEmbedded: start }: { startEmbedded: StartEmbedded } = require('./embedded.js');
  const [dataDir = '', role] = process.argv.slice(2);
  const log = (message: string, details?: object): void => say({ event: 'log', message, ...details });
  try {
    const database = await start({ dataDir, role: role === 'server' ? 'server' : 'command', log });
    say({ event: 'ready', url: database.url, created: database.created });
    // Keeps the process alive as well: the embedded database itself does not.
    createInterface({ input: process.stdin }).on('line', async () => {
      await database.stop();
      say({ event: 'stopped' });
      process.exit(0);
    });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: 'none', message: String(error) };
    say({ event: 'error', name, message });
    process.exit(1);
  }
}

void main();
