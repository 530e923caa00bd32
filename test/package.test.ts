// What `npm pack` makes: the built product and its pages, nothing of its sources and tests; and that it starts by npx.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { longForm } from './support/long-form';

const ROOT = join(__dirname, '..');
const { PATH = '', HOME = '/' } = process.env;

it('holds the bundle, the docs, the examples and the built page, and nothing that builds or tests them', () => {
  const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [packed]: { files: { path: string }[] }[] = Object.values(JSON.parse(printed));
  const paths = packed?.files.map(({ path }) => path) ?? [];
  const known =
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|schema\.graphql|dist\/(src\/(?!.*\.test\.).*\.js|centesimo\.(js|cache))|dashboard\/dist\/(?!\.).*|docs\/.*\.(md|png)|examples\/.*)$/;

  expect(paths.filter((path) => !known.test(path))).toEqual([]);
  expect(paths).toEqual(
    expect.arrayContaining([
      'package.json',
      'LICENSE',
      'dist/src/main.js',
      'dist/src/services/paper/document-worker.js',
      'dist/centesimo.js',
      'examples/operations/save-message.graphql',
      'docs/dependencies-licences.md',
    ]),
  );
});

longForm(
  'starts by npx in an empty folder: database, demo and page; commands run beside it, one with a thread',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'centesimo-package-'));
    const environment = {
      ...{ PATH, HOME, TZ: 'Pacific/Apia', PORT: '0', DATA_DIR: join(folder, 'data') },
      // Nothing is left in the cache of who runs the tests.
      npm_config_cache: join(folder, 'cache'),
    };
    try {
      execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: ROOT, stdio: 'ignore' });
      const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
      const npx = ['--yes', `./${tarball}`];
      // A group of its own: a terminal's Ctrl+C reaches npx and the server alike, and npx passes no signal on.
      const server = spawn('npx', npx, {
        cwd: folder,
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      const ended = new Promise<number | null>((resolve) => server.on('close', resolve));
      let output = '';
      const ready = new Promise<{ url: string; dashboardLink: string; demo: object }>((resolve, reject) => {
        const read = (chunk: Buffer): void => {
          output += chunk.toString();
          const line = /^\{.*"msg":"Centesimo is ready"\}$/m.exec(output)?.[0];
          if (line !== undefined) resolve(JSON.parse(line));
        };
        server.stdout.on('data', read);
        server.stderr.on('data', read);
        void ended.then((code) => reject(new Error(`npx ended with ${code}\n${output}`)));
      });
      try {
        const { url, dashboardLink, demo } = await ready;
        expect(demo).toMatchObject({ workspaceId: 'workspace-123' });
        expect(dashboardLink).toMatch(new RegExp(`^npx \\./${tarball} token create `));
        const page = await fetch(`${url}/dashboard`);
        expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<script')]);
        const run = (...words: string[]) =>
          execFileSync('npx', [...npx, ...words], { cwd: folder, env: environment, encoding: 'utf8' });
        expect(run('workspace', 'list')).toContain('workspace-123');
        const month = ['--workspace', 'workspace-123', '--month', '2024-12'];
        run('statement', 'close', ...month, '--yes');
        run('statement', 'show', ...month, '--out', 'december.pdf');
        expect(readFileSync(join(folder, 'december.pdf'), 'latin1')).toMatch(/^%PDF-/);
        expect(run('--version').trim()).toBe(
          JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version,
        );
      } finally {
        if (server.pid !== undefined) process.kill(-server.pid, 'SIGTERM');
        await ended;
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    // A bound against hanging: it installs from a registry.
  },
  600_000,
);
