// What scripts/ensure-built.mjs prints while it builds, in a project of one file with a stand-in for the compiler.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasTerminal } from './support/terminal';

const SCRIPT = 'scripts/ensure-built.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'centesimo-build-'));
  for (const path of ['src', 'scripts', 'node_modules/.bin'])
    mkdirSync(join(folder, path), { recursive: true });
  copyFileSync(join(__dirname, '..', SCRIPT), join(folder, SCRIPT));
  writeFileSync(join(folder, 'scripts/bundle.mjs'), '');
  writeFileSync(join(folder, 'src/main.ts'), '');
  const compiler = join(folder, 'node_modules/.bin/swc');
  // swc src ormconfig.ts -d FOLDER …
  writeFileSync(compiler, '#!/bin/sh\nmkdir -p "$4"\n');
  chmodSync(compiler, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const options = (): { cwd: string; encoding: 'utf8' } => ({ cwd: folder, encoding: 'utf8' });

it('prints nothing into a pipe', () => {
  const ran = spawnSync(process.execPath, [SCRIPT, 'dist'], options());
  expect([ran.status, ran.stdout, ran.stderr]).toEqual([0, '', '']);
});

(hasTerminal ? it : it.skip)('says in a terminal what it builds, and nothing when all is built', () => {
  const shown = () =>
    spawnSync('script', ['-q', '-e', '-c', `"${process.execPath}" ${SCRIPT} dist`, '/dev/null'], {
      ...options(),
      // script reads a terminal's keys: here, none.
      input: '',
    }).stdout.trim();
  expect(shown()).toBe('building the server…');
  expect(shown()).toBe('');
});
