// centesimo backup and restore: complete or not at all, from one embedded database into another.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { BackupReader } from '../src/cli/backup-file';
import { aFolder, type Ran, runCommand, startServer } from './support/command';
import { longForm } from './support/long-form';
import { aMadeFolder } from './support/made-folder';

jest.setTimeout(240_000);

let old: Awaited<ReturnType<typeof aFolder>>;
let file: string;
beforeAll(async () => {
  old = await aMadeFolder('demo');
  file = join(dirname(old.path), 'centesimo.backup');
  const name = ['--name', 'Riga\u2028e\ttab \\. "virgolette"', '--phone', '+393339999999'];
  await run(old.path, 'customer', 'add', '--workspace', 'workspace-123', ...name);
  await run(old.path, 'statement', 'close', '--workspace', 'workspace-123', '--through', '2025-01', '--yes');
  const made = await run(old.path, 'backup', file);
  expect([made.code, made.stderr]).toEqual([0, '']);
});
afterAll(() => old.remove());

const run = (dataDir: string, ...args: string[]): Promise<Ran> => runCommand(args, { DATA_DIR: dataDir });

const figures = async (dataDir: string) => {
  // The commands join it, so that the database starts once and not for each of them.
  const server = await startServer(['--no-demo'], { DATA_DIR: dataDir });
  try {
    return await figuresOf(dataDir);
  } finally {
    await server.stop();
  }
};

const figuresOf = async (dataDir: string) => {
  const ask = async (...args: string[]) => JSON.parse((await run(dataDir, ...args, '--json')).stdout);
  return {
    report: await ask('report', '--workspace', 'workspace-123', '--month', '2025-01'),
    customers: await ask('customer', 'list', '--workspace', 'workspace-123'),
    tokens: await ask('token', 'list'),
    audit: await ask('audit', '--limit', '1000'),
    prices: await ask('price', 'list', '--workspace', 'workspace-123'),
    statements: await ask('statement', 'list', '--workspace', 'workspace-123'),
    export: (await run(dataDir, 'export', '--workspace', 'workspace-123', '--month', '2025-01')).stdout,
  };
};

it('brings everything back, verified, and goes on counting; the file is for its owner alone', async () => {
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(dirname(file)).filter((name) => name.endsWith('.part'))).toEqual([]);
  const fresh = await aFolder();
  try {
    const restored = await run(fresh.path, 'restore', file);
    expect([restored.code, restored.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^Restored \d{5,} rows of \d+ tables\. All roll-ups and statements agree with the records\.\n$/,
      ),
    ]);
    expect(await figures(fresh.path)).toEqual(await figures(old.path));
    expect((await run(fresh.path, 'verify')).code).toBe(0);
    const price = ['--workspace', 'workspace-123', '--amount', '0.006'];
    expect((await run(fresh.path, 'price', 'set', ...price)).code).toBe(0);
    const again = await run(fresh.path, 'restore', file);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('has workspaces already')]);
  } finally {
    await fresh.remove();
  }
});

it('reports a statement that differs from the ledger', async () => {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n');
  const row = lines.findIndex((line) => line.includes('"table":"statement_lines"')) + 1;
  expect(lines[row]).toMatch(/^workspace-123\t.*\t\d+$/);
  lines[row] += '1';
  const changed = join(dirname(old.path), 'changed.backup');
  writeFileSync(changed, gzipSync(lines.join('\n')));
  const fresh = await aMadeFolder();
  try {
    const restored = await run(fresh.path, 'restore', changed);
    expect([restored.code, restored.stdout]).toEqual([1, expect.stringContaining('1 differences')]);
    const { stdout } = await run(fresh.path, 'verify');
    expect(stdout).toContain('  statements 1\n    records:   0 lines differ\n    statement: 1 lines differ');
  } finally {
    await fresh.remove();
  }
});

describe('a file that is not a complete backup', () => {
  const text = () => gunzipSync(readFileSync(file));
  const lines = () => text().toString('utf8').split('\n');
  const withMigrations = (change: (migrations: string[]) => string[]): Buffer => {
    const [head = '', ...rest] = lines();
    const { migrations, ...other } = JSON.parse(head);
    return gzipSync([JSON.stringify({ ...other, migrations: change(migrations) }), ...rest].join('\n'));
  };
  const OTHER_VERSION =
    /^The backup is of another version \(its newest migration is (\w+), this database's is (?!\1)\w+\)\. Restore it with the version that made it, then upgrade\. Nothing was written\.\n$/;
  const NOT_WHOLE = /is not a complete backup of Centesimo.*Nothing was written\.\n$/;
  const broken: [string, () => Buffer, RegExp][] = [
    ['without its end', () => gzipSync(lines().slice(0, -2).join('\n')), NOT_WHOLE],
    ['of another kind', () => Buffer.from('PGDMP'), NOT_WHOLE],
    [
      'with a row less than it says',
      () => {
        const all = lines();
        all.splice(all.findIndex((line) => line.includes('"charges"')) + 1, 1);
        return gzipSync(all.join('\n'));
      },
      /doesn't have as many rows as its last line says\. Nothing was written\.\n$/,
    ],
    ['of an older version', () => withMigrations((all) => all.slice(0, -1)), OTHER_VERSION],
    ['of a newer version', () => withMigrations((all) => [...all, 'Newer1900000000000']), OTHER_VERSION],
  ];

  it('cut off is refused, and nothing is written', () =>
    isRefused(() => readFileSync(file).subarray(0, 20_000), NOT_WHOLE));

  longForm.each(broken)('%s is refused, and nothing is written', (_, make, words) => isRefused(make, words));

  const isRefused = async (make: () => Buffer, words: RegExp): Promise<void> => {
    const fresh = await aMadeFolder();
    const bad = join(dirname(fresh.path), 'bad.backup');
    writeFileSync(bad, make());
    try {
      const ran = await run(fresh.path, 'restore', bad);
      expect([ran.code, ran.stderr]).toEqual([2, expect.stringMatching(words)]);
      expect((await run(fresh.path, 'workspace', 'list')).stdout).toBe('No workspaces.\n');
    } finally {
      await fresh.remove();
    }
  };

  it('is also refused by a reader who starts late', async () => {
    const bad = join(dirname(file), 'late.backup');
    writeFileSync(bad, 'PGDMP');
    const reader = new BackupReader(bad);
    // As long as another reader needs to detect it.
    await expect(new BackupReader(bad).head()).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await new Promise((resolve) => setImmediate(resolve));
    await expect(reader.head()).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('is not left by a backup that fails', async () => {
    const nowhere = join(dirname(old.path), 'nowhere', 'x.backup');
    const ran = await run(old.path, 'backup', nowhere);
    expect(ran.code).not.toBe(0);
    expect(existsSync(dirname(nowhere))).toBe(false);
  });
});
