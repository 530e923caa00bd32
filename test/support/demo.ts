// The demo's workspace, made once a run.
import pino from 'pino';
import { createServices } from '../../src/app';
import { loadConfig } from '../../src/config';
import { openDatabase } from '../../src/database/open';
import { createDemo } from '../../src/services/demo/demo';
import { testServer } from './database';
import { madeOnce } from './templates';

/** The name of a database with the demo as of `now`. */
export const demoTemplate = (now: Date): Promise<string> =>
  madeOnce(`demo_${now.getTime()}`, testServer().template, (url) => fill(url, now));

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
