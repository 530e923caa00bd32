// A Citus for the tests: TEST_CITUS_URL is its coordinator, which knows its workers. Each test database is one on every
// node, copied there from that node's own template: so no test waits until its tables are distributed.
import { onServer, urlOf } from './database';

/** Few, since each test database copies the files of all shards. */
const SHARDS = 4;
/** Nodes in other zones than the coordinator: no answer may depend on where a row lies. */
const ZONES = ['Pacific/Apia', 'America/New_York', 'Asia/Tokyo'];

/** The servers of the coordinator and its workers, as URLs with the coordinator's user. */
export const findNodes = (coordinator: string): Promise<string[]> =>
  onServer(coordinator, async (client) => {
    const { rows } = await client.query<{ host: string; port: number }>(
      `SELECT node_name AS host, node_port::int AS port FROM citus_get_active_worker_nodes() ORDER BY 1, 2`,
    );
    if (rows.length === 0) throw new Error('TEST_CITUS_URL is a coordinator without workers.');
    return [coordinator, ...rows.map(({ host, port }) => at(coordinator, host, port))];
  });

function at(url: string, host: string, port: number): string {
  const other = new URL(url);
  other.hostname = host;
  other.port = String(port);
  return other.toString();
}

/** Makes one Citus of the databases of this name. */
export async function joinNodes(nodes: readonly string[], database: string): Promise<void> {
  for (const [index, node] of nodes.entries())
    await onServer(urlOf(node, database), async (client) => {
      await client.query('CREATE EXTENSION citus');
      await client.query(`ALTER DATABASE ${database} SET citus.shard_count = ${SHARDS}`);
      await client.query(
        `ALTER DATABASE ${database} SET timezone = '${ZONES[index % ZONES.length] ?? 'UTC'}'`,
      );
    });
  const [coordinator = '', ...workers] = nodes;
  await onServer(urlOf(coordinator, database), async (client) => {
    const { hostname, port } = new URL(coordinator);
    await client.query('SELECT citus_set_coordinator_host($1, $2::int)', [hostname, port]);
    for (const worker of workers) {
      const { hostname: host, port: number } = new URL(worker);
      await client.query('SELECT citus_add_node($1, $2::int)', [host, number]);
    }
  });
}

/** A database can be copied while nobody uses it. Citus's own process would. */
export async function closeTemplate(nodes: readonly string[], database: string): Promise<void> {
  for (const node of nodes)
    await onServer(node, async (client) => {
      await client.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`);
      await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
        database,
      ]);
    });
}
