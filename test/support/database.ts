// Each test file gets a database of its own: a copy of the migrated template.
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** The run's databases: their server, and the template that is copied. */
export const testServer = (): { url: string; template: string } => ({
  url: required('CENTESIMO_TEST_URL'),
  template: required('CENTESIMO_TEST_TEMPLATE'),
});

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with npm test.`);
  return value;
}

/** The nodes of a Citus, the coordinator first; undefined: the run has none. Known before any test is declared. */
export const citusNodes = (): string[] | undefined => {
  const nodes = process.env.CENTESIMO_TEST_CITUS_NODES;
  return nodes === undefined || nodes === '' ? undefined : nodes.split(' ');
};

/** The server's major version, known before any test is declared. */
export const serverMajor = (): number => Number(required('CENTESIMO_TEST_SERVER_MAJOR'));

export interface TestDatabase {
  url: string;
  name: string;
  /** Runs one statement without the product, to read rows or to break something on purpose. */
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** A migrated database; with `empty`, one without any table; with `copyOf`, a copy of that one. */
export async function createDatabase(
  options: { empty?: boolean; copyOf?: string } = {},
): Promise<TestDatabase> {
  const { url: server, template } = testServer();
  const name = `test_${randomBytes(6).toString('hex')}`;
  const source = options.empty ? 'template1' : (options.copyOf ?? template);
  // Each node of a Citus copies its own: the shards of the copy are named as those of the source, and are of its own.
  const nodes = citusNodes() ?? [server];
  await Promise.all(nodes.map((node) => run(node, `CREATE DATABASE ${name} TEMPLATE ${source}`)));
  const url = urlOf(server, name);
  return {
    url,
    name,
    sql: (text, values) =>
      onServer(url, async (client) => {
        // Tests break things by triggers of their own, which Citus wants to be asked for.
        if (citusNodes()) await client.query('SET citus.enable_unsafe_triggers = on');
        return (await client.query(text, values)).rows;
      }),
    drop: async () => {
      await Promise.all(nodes.map((node) => run(node, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)));
    },
  };
}

const run = <Row extends object>(url: string, text: string, values?: unknown[]): Promise<Row[]> =>
  onServer(url, async (client) => (await client.query<Row>(text, values)).rows);

/** Works on a connection of its own. */
export async function onServer<Result>(
  url: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The same server, another database. */
export function urlOf(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.toString();
}
