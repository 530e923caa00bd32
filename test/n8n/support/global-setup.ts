// Besides the database of all tests: packs the node as it would be published, for n8n to install.
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import startCluster from '../../support/global-setup';

const PACKAGE = join(__dirname, '../../../integrations/n8n');

function npm(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd: PACKAGE,
    encoding: 'utf8',
    // In Jest's own environment, n8n's lint rules take themselves for under test.
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (status !== 0) throw new Error(`npm ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

export default async function setUp(): Promise<void> {
  npm('run', '--silent', 'lint');
  npm('run', '--silent', 'build');
  const folder = mkdtempSync(join(tmpdir(), 'centesimo-node-'));
  const tarball = npm('pack', '--silent', '--pack-destination', folder).trim();
  process.env.CENTESIMO_NODE_PACKAGE = join(folder, tarball);
  await startCluster();
}
