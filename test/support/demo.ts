// The demo's workspace is made once a run: a file that asks for it gets a copy, which takes a tenth of a second.
import pino from 'pino';
import { createServices } from '../../src/app';
import { loadConfig } from '../../src/config';
import { openDatabase } from '../../src/database/open';
import { createDemo } from '../../src/services/demo/demo';
import { onServer, testServer, urlOf } from './database';

/** The name of a database with the demo as of `now`. The first who asks makes it, and all others wait for that. */
export async function demoTemplate(now: Date): Promise<string> {
  const { url, template } = testServer();
  const demo = `${template}_demo_${now.getTime()}`;
  await onServer(url, async (client) => {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [demo]);
    const { rows } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [demo]);
    if (rows.length > 0) return;
    // It gets its name when it is whole.
    const half = `${demo}_half`;
    await client.query(`DROP DATABASE IF EXISTS ${half} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${half} TEMPLATE ${template}`);
    await fill(urlOf(url, half), now);
    await client.query(`ALTER DATABASE ${half} RENAME TO ${demo}`);
  });
  return demo;
}

async function fill(databaseUrl: string, now: Date): Promise<void> {
  const config = { ...loadConfig({}), databaseUrl, migrateAtStart: false };
  const surroundings = { clock: () => now, logger: pino({ level: 'silent' }) };
  const database = await openDatabase(config, 'command', surroundings);
  const services = createServices(database, config, surroundings);
  try {
    await createDemo(services, surroundings.clock, surroundings.logger);
  } finally {
    await services.drain();
    await services.tokens.close();
    await database.close();
  }
}
