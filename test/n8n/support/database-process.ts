// A process that holds a PostgreSQL of its own, brings it back when it is killed, and ends with SIGTERM.
import { startEmbedded } from '../../../src/embedded/embedded';

async function main(): Promise<void> {
  const [dataDir = ''] = process.argv.slice(2);
  const database = await startEmbedded({ dataDir, role: 'server', log: () => undefined });
  // The database alone does not keep a process alive.
  const alive = setInterval(() => undefined, 60_000);
  process.once('SIGTERM', () => {
    clearInterval(alive);
    void database.stop();
  });
  console.log(`ready ${database.url}`);
}

void main();
