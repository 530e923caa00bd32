// Databases that are made once a run: a file that asks for one gets a copy, which takes a tenth of a second.
import { closeTemplate } from './citus';
import { citusNodes, onServer, testServer, urlOf } from './database';

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
    const nodes = citusNodes();
    const onEach = async (statement: string): Promise<void> => {
      for (const node of nodes ?? [url]) await onServer(node, (there) => there.query(statement));
    };
    await onEach(`DROP DATABASE IF EXISTS ${half} WITH (FORCE)`);
    await onEach(`CREATE DATABASE ${half} TEMPLATE ${from}`);
    await fill(urlOf(url, half));
    if (nodes) await closeTemplate(nodes, half);
    await onEach(`ALTER DATABASE ${half} RENAME TO ${name}`);
  });
  return name;
}
