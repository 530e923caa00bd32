// One cluster for the whole run and one migrated template in it; each test file gets a copy of the template.
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDataSource } from '../../src/database/data-source';
import { migrate } from '../../src/database/migrate';
import { type EmbeddedDatabase, startEmbedded } from '../../src/embedded/embedded';
import { closeTemplate, findNodes, joinNodes } from './citus';
import { citusNodes, onServer, urlOf } from './database';

export interface TestCluster {
  embedded: EmbeddedDatabase | undefined;
  folder: string | undefined;
  template: string;
  url: string;
}

declare global {
  var testCluster: TestCluster | undefined;
}

/** The data is thrown away after the run, so it need not be written safely: a busy disk then slows no test. */
const CARELESS = [
  'ALTER SYSTEM SET fsync = off',
  'ALTER SYSTEM SET full_page_writes = off',
  'SELECT pg_reload_conf()',
];

/**
 * TEST_DATABASE_URL names another server (its user must be able to create databases); default: an embedded one.
 * TEST_CITUS_URL names the coordinator of a Citus: each test database is then one of all its nodes (test/support/citus.ts).
 */
export default async function setUp(): Promise<void> {
  // No answer may depend on the process's or the session's own zone (docs/architecture.md#tests).
  process.env.TZ = 'Pacific/Apia';
  // Some tests run the product as a person does, as a process.
  execFileSync(process.execPath, ['scripts/ensure-built.mjs', 'dist'], { stdio: 'inherit' });
  const citus = process.env.TEST_CITUS_URL;
  const given = citus ?? process.env.TEST_DATABASE_URL;
  const folder = given ? undefined : await temporaryFolder();
  const embedded = folder
    ? await startEmbedded({ dataDir: folder, role: 'server', log: () => undefined })
    : undefined;
  const url = given ?? embedded?.url ?? '';
  const template = `centesimo_template_${process.pid}`;
  const nodes = citus ? await findNodes(citus) : [url];
  for (const node of nodes)
    await onServer(node, async (client) => {
      if (embedded) for (const statement of CARELESS) await client.query(statement);
      await client.query(`CREATE DATABASE ${template}`);
      await client.query(`ALTER DATABASE ${template} SET timezone = 'Pacific/Apia'`);
    });
  if (citus) await joinNodes(nodes, template);
  const dataSource = createDataSource({ url: urlOf(url, template), poolSize: 2 });
  await dataSource.initialize();
  await migrate(dataSource);
  const [version] = await dataSource.query<{ major: number }[]>(
    "SELECT current_setting('server_version_num')::int / 10000 AS major",
  );
  await dataSource.destroy();
  if (citus) await closeTemplate(nodes, template);
  process.env.CENTESIMO_TEST_SERVER_MAJOR = String(version?.major);
  process.env.CENTESIMO_TEST_URL = url;
  process.env.CENTESIMO_TEST_CITUS_NODES = citus ? nodes.join(' ') : '';
  process.env.CENTESIMO_TEST_TEMPLATE = template;
  globalThis.testCluster = { embedded, folder, template, url };
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'centesimo-test-'));
  // The database's system user must be able to enter it when the tests run as root.
  await chmod(folder, 0o755);
  return folder;
}

export async function tearDown(cluster: TestCluster): Promise<void> {
  for (const node of citusNodes() ?? [cluster.url])
    await onServer(node, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)',
        [cluster.template],
      );
      for (const { name } of rows) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    });
  await cluster.embedded?.stop();
  // Files of support/made-folder.ts.
  for (const name of await readdir(tmpdir()))
    if (name.startsWith(`${cluster.template}-folder-`))
      await rm(join(tmpdir(), name), { recursive: true, force: true });
  if (cluster.folder) await rm(cluster.folder, { recursive: true, force: true });
}
