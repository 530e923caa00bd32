// A database of one's own for each test file: a copy of the migrated template.
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with npm test.`);
  return value;
}

/** The server's major version, known before any test is declared. */
export const serverMajor = (): number => Number(required('CENTESIMO_TEST_SERVER_MAJOR'));

export interface TestDatabase {
  url: string;
  name: string;
  /** Runs one statement past the product, to look at rows or to break something on purpose. */
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** A migrated database; with `empty`, one without any table. */
export async function createDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const server = required('CENTESIMO_TEST_URL');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const source = options.empty ? 'template1' : required('CENTESIMO_TEST_TEMPLATE');
  await run(server, `CREATE DATABASE ${name} TEMPLATE ${source}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.toString(),
    name,
    sql: (text, values) => run(url.toString(), text, values),
    drop: async () => {
      await run(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function run<Row extends object>(url: string, text: string, values?: unknown[]): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Row>(text, values);
    return rows;
  } finally {
    await client.end();
  }
}
