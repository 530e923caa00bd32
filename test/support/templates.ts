// Databases that are made once a run: a file that asks for one gets a copy, which takes a tenth of a second.
import { onServer, testServer, urlOf } from './database';

/**
 * The name of a database to copy. The first who asks for it makes it, a copy of `from` with what `fill` puts into it,
 * and all others wait for that.
 */
export async function madeOnce(
  what: string,
  from: string,
  fill: (databaseUrl: string) => Promise<void>,
): Promise<string> {
  const { url, template } = testServer();
  const name = `${template}_${what}`;
  await onServer(url, async (client) => {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [name]);
    const { rows } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rows.length > 0) return;
    // It gets its name when it is whole.
    const half = `${name}_half`;
    await client.query(`DROP DATABASE IF EXISTS ${half} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${half} TEMPLATE ${from}`);
    await fill(urlOf(url, half));
    await client.query(`ALTER DATABASE ${half} RENAME TO ${name}`);
  });
  return name;
}
