// Builds everything that is not built, is older than its sources, or was built by another version of Node (whose code
// cache V8 refuses). So `npm start` is one command and a second start is quick. Several may run at once (a server and
// commands beside it): each builds into a folder of its own and renames it.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);

/** The newest change below these files and folders, in milliseconds; 0 when there are none. */
function newest(paths) {
  let found = 0;
  for (const path of paths) {
    const stat = statSync(join(root, path), { throwIfNoEntry: false });
    if (!stat) continue;
    found = Math.max(found, stat.mtimeMs);
    if (!stat.isDirectory()) continue;
    found = Math.max(found, newest(readdirSync(join(root, path)).map((name) => join(path, name))));
  }
  return found;
}

/** Replaces `output` by the result of `build`, which gets an empty folder. */
function buildInto({ output, name, build }) {
  // The first start takes half a minute: a person is told about it, a script is not.
  if (process.stderr.isTTY) process.stderr.write(`building ${name}…\n`);
  const fresh = `${output}.new-${process.pid}`;
  const old = `${output}.old-${process.pid}`;
  try {
    build(fresh);
    writeFileSync(join(root, fresh, '.built'), process.version);
    if (existsSync(join(root, output))) renameSync(join(root, output), join(root, old));
    renameSync(join(root, fresh), join(root, output));
  } finally {
    for (const folder of [fresh, old]) rmSync(join(root, folder), { recursive: true, force: true });
  }
}

const run = (command, args) =>
  execFileSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });

const vite = (workspace, folder) =>
  run('npm', [
    ...['run', '--silent', 'build', '--workspace', workspace, '--'],
    ...['--outDir', join(root, folder), '--emptyOutDir'],
  ]);

const targets = [
  {
    output: 'dist',
    name: 'the server',
    sources: ['src', 'ormconfig.ts', '.swcrc', 'package.json', 'scripts/bundle.mjs'],
    build: (folder) => {
      run(bin('swc'), ['src', 'ormconfig.ts', '-d', folder, '--ignore', '**/*.test.ts', '--quiet']);
      run(process.execPath, ['scripts/bundle.mjs', folder]);
    },
  },
  {
    output: 'dashboard/dist',
    name: 'the dashboard',
    sources: [
      'dashboard/src',
      'dashboard/public',
      'dashboard/index.html',
      'dashboard/vite.config.ts',
      'dashboard/package.json',
      'schema.graphql',
    ],
    build: (folder) => vite('dashboard', folder),
  },
  {
    output: 'graphiql/dist',
    name: 'GraphiQL',
    sources: ['graphiql/src', 'graphiql/index.html', 'graphiql/vite.config.ts', 'graphiql/package.json'],
    build: (folder) => vite('graphiql', folder),
  },
];

const force = process.argv.includes('--force');
const only = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
for (const target of targets) {
  const { output, sources } = target;
  if (only.length > 0 && !only.includes(output)) continue;
  const changed = newest(sources);
  const marker = join(root, output, '.built');
  const isOurs = existsSync(marker) && readFileSync(marker, 'utf8') === process.version;
  const built = isOurs ? statSync(marker).mtimeMs : 0;
  // Without its sources (a production image) there is nothing to build.
  const hasSources = existsSync(join(root, sources[0]));
  if (hasSources && changed > 0 && (force || built < changed)) buildInto(target);
}
