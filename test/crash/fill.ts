// Beside a running server on an embedded database: makes the workspace and customers of the load. Prints the token and
// the database's address, which stay the same after each kill.

import pino from 'pino';
import { createServices } from '../../src/app';
import { loadConfig } from '../../src/config';
import { openDatabase } from '../../src/database/open';
import { describeEmbedded } from '../../src/embedded/embedded';
import { PHONES, WORKSPACE } from './record';

const ACTOR = { name: 'test' };

async function fill(): Promise<void> {
  const config = loadConfig(process.env);
  const surroundings = { clock: () => new Date(), logger: pino({ level: 'silent' }) };
  const database = await openDatabase(config, 'command', surroundings);
  const services = createServices(database, config, surroundings);
  await services.workspaces.create(
    { id: WORKSPACE, name: 'Crash', timeZone: 'Europe/Rome', currency: 'EUR' },
    ACTOR,
  );
  for (const phoneNumber of PHONES)
    await services.customers.register(WORKSPACE, { name: 'Mario Rossi', phoneNumber }, ACTOR);
  const made = await services.tokens.create(
    { name: 'crash', kind: 'service', workspaceIds: [WORKSPACE] },
    ACTOR,
  );
  const { running } = await describeEmbedded(config.dataDir);
  await services.drain();
  await services.tokens.close();
  await database.close();
  process.stdout.write(`${JSON.stringify({ token: made.token, databaseUrl: running?.url })}\n`);
}

void fill();
