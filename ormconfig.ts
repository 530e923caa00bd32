// The DataSource for TypeORM's own command line, such as: npm run typeorm -- migration:show
// Nothing in src imports it. It reads the same settings as the server; without DATABASE_URL it joins the embedded
// PostgreSQL of DATA_DIR, or starts it for as long as the command takes.
import type { DataSource } from 'typeorm';
import { environment } from './src/cli/environment';
import { loadConfig } from './src/config';
import { createDataSource } from './src/database/data-source';
import { tlsOf } from './src/database/tls';
import { startEmbedded } from './src/embedded/embedded';

export const dataSource: Promise<DataSource> = openDataSource();

async function openDataSource(): Promise<DataSource> {
  const config = loadConfig(environment);
  if (config.databaseUrl !== undefined) {
    return createDataSource({ url: config.databaseUrl, poolSize: 2, ...tlsOf(config) });
  }
  const embedded = await startEmbedded({ dataDir: config.dataDir, role: 'command', log: () => undefined });
  const source = createDataSource({ url: embedded.url, poolSize: 2 });
  // Every command of TypeORM ends with destroy(), and some with process.exit right after it.
  const destroy = source.destroy.bind(source);
  source.destroy = async () => {
    await destroy();
    await embedded.stop();
  };
  return source;
}
