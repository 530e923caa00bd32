// Installs once what test/n8n needs: n8n outside the checkout (about 3 GB, some minutes), and the tools that build our
// node. CENTESIMO_N8N_CACHE says where (default ~/.cache/centesimo-n8n). Prints the folder; test/n8n/support/n8n.ts
// finds it by the same rule.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED_GB = 4;
const AT_MOST_MINUTES = Number(process.env.CENTESIMO_N8N_INSTALL_MINUTES ?? 30);

const wanted = join(dirname(fileURLToPath(import.meta.url)), '../test/n8n/installation');
const cache = process.env.CENTESIMO_N8N_CACHE || join(homedir(), '.cache/centesimo-n8n');
const version = createHash('sha256')
  .update(readFileSync(join(wanted, 'package-lock.json')))
  .digest('hex')
  .slice(0, 12);
const folder = join(cache, version);

/** Exits with a message that says what a person can do. */
function giveUp(why) {
  console.error(`n8n is not installed: ${why}`);
  process.exit(1);
}

/**
 * No package may run a script: the two packages of n8n that want to build something (sqlite3, isolated-vm) are not
 * used.
 */
function npmCi(folder) {
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: AT_MOST_MINUTES * 60_000,
  });
}

function install(into) {
  const { bavail, bsize } = statfsSync(into);
  const freeGb = (bavail * bsize) / 1e9;
  if (freeGb < NEEDED_GB)
    giveUp(`${into} has ${freeGb.toFixed(1)} GB free, and ${NEEDED_GB} are needed. Set CENTESIMO_N8N_CACHE.`);
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(join(wanted, file), join(into, file));
  npmCi(into);
}

const explain = (error) =>
  giveUp(error.code === 'ETIMEDOUT' ? `npm took more than ${AT_MOST_MINUTES} minutes` : error.message);

if (!existsSync(folder)) {
  const fresh = `${folder}.new-${process.pid}`;
  console.error(`Installing n8n into ${folder} ...`);
  try {
    mkdirSync(fresh, { recursive: true });
    install(fresh);
    // Another process may have been quicker.
    if (!existsSync(folder)) renameSync(fresh, folder);
  } catch (error) {
    explain(error);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
// The tools that build our node.
const node = join(wanted, '../../../integrations/n8n');
if (!existsSync(join(node, 'node_modules/.package-lock.json'))) {
  try {
    npmCi(node);
  } catch (error) {
    explain(error);
  }
}
console.log(folder);
