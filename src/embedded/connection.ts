// Short connections that check PostgreSQL: is it ready, is it ours, does the database exist?
import { Client } from 'pg';
import { codeOf } from '../values/error-code';
import { StartError } from './start-error';

export const DATABASE = 'centesimo';
export const USER = 'centesimo';

export const urlOf = (port: number, password: string): string =>
  `postgres://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${DATABASE}`;

/** True: it answers, is the one of this folder, and has our database. False: not yet. */
export async function makeReady(port: number, password: string, clusterDir: string): Promise<boolean> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: USER,
    password,
    database: 'postgres',
    ssl: false,
    connectionTimeoutMillis: 5_000,
    application_name: 'centesimo start',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await checkFolder(client, port, clusterDir);
    const there = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (there.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
    return true;
  } catch (error) {
    if (codeOf(error) === '28P01') {
      throw new StartError(
        `The embedded database in ${clusterDir} does not accept the password of its data folder: restore the file postgres-password that belongs to it.`,
      );
    }
    if (isNotYet(error)) return false;
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function checkFolder(client: Client, port: number, clusterDir: string): Promise<void> {
  const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
  const folder = rows[0]?.data_directory;
  if (folder === clusterDir) return;
  throw new StartError(
    `The PostgreSQL on port ${port} works in ${folder}, not in ${clusterDir} (was the project moved while it ran?): stop it, then start again.`,
  );
}

/** Starting up, shutting down, or gone while we asked. */
function isNotYet(error: unknown): boolean {
  const code = codeOf(error);
  const passing = ['57P01', '57P02', '57P03', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'];
  if (code !== undefined) return passing.includes(code);
  return error instanceof Error && /terminated|timeout/i.test(error.message); // pg's own, without a code
}
