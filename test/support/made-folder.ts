// A data folder with a finished database: made once per run and copied, for tests that don't check how it is made.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aFolder, runCommand } from './command';
import { onServer, testServer } from './database';

const run = promisify(execFile);

/** A database without a workspace, or with the demo's as of today; it does not run. */
export async function aMadeFolder(holds: 'nothing' | 'demo' = 'nothing'): ReturnType<typeof aFolder> {
  const { url, template } = testServer();
  const made = join(tmpdir(), `${template}-folder-${holds}`);
  await onServer(url, async (client) => {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [made]);
    if (!existsSync(made)) await make(made, holds);
  });
  const folder = await aFolder();
  // Where root had to put the cluster elsewhere, a copy of the folder would share it.
  if (existsSync(join(made, 'postgres-location'))) await fill(folder.path, holds);
  // cp keeps the owner, who is the one that PostgreSQL runs as.
  else await run('cp', ['-a', made, folder.path]);
  return folder;
}

async function make(path: string, holds: 'nothing' | 'demo'): Promise<void> {
  const half = `${path}-half`;
  await rm(half, { recursive: true, force: true });
  await fill(half, holds);
  // Two copies must not use the same port.
  await rm(join(half, 'postgres-port'), { force: true });
  await rename(half, path);
}

async function fill(dataDir: string, holds: 'nothing' | 'demo'): Promise<void> {
  for (const args of [['migrate', '--create'], ...(holds === 'demo' ? [['demo']] : [])]) {
    const { code, stderr } = await runCommand(args, { DATA_DIR: dataDir });
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  }
}
