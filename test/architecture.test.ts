// The layout that docs/architecture.md describes, held by machine.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ROOT_FIELDS } from '../src/auth/permissions';
import { DEFAULT_SCOPES, SCOPES, TOKEN_KINDS } from '../src/auth/principal';

const ROOT = join(__dirname, '..');
const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => join('src', name));

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Code without comments, so that words about a thing are not the thing. */
const codeOf = (path: string): string =>
  read(path)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '$1');

/** Relative imports of a file, as paths from the root without the ending. */
const importsOf = (path: string): string[] =>
  [...read(path).matchAll(/^(?:import|export)[^;]*?from '(\.[^']*)'/gm)].map(([, target = '']) =>
    relative(ROOT, join(ROOT, dirname(path), target)),
  );

const VALUES = [
  'errors',
  ...['money', 'iso-4217', 'time', 'period', 'phone', 'text', 'ids', 'pace', 'error-code', 'base-url'].map(
    (name) => `values/${name}`,
  ),
].map((name) => `src/${name}`);

/** What each room may import, besides itself and the value modules. */
const ROOMS: Record<string, string[]> = {
  'src/entities/': [],
  'src/migrations/': [],
  'src/embedded/': [],
  'src/database/': ['src/entities/', 'src/migrations/', 'src/embedded/', 'src/config'],
  'src/auth/': [],
  'src/services/': ['src/database/', 'src/auth/'],
  'src/resolvers/': ['src/services/', 'src/auth/', 'src/database/'],
  'src/graphql/': ['src/resolvers/', 'src/services/', 'src/auth/'],
  'src/http/': [
    'src/project-folder',
    'src/graphql/',
    'src/resolvers/',
    'src/services/',
    'src/auth/',
    'src/database/',
    'src/config',
  ],
};

it.each(Object.entries(ROOMS))('%s imports only what is to its right', (room, allowed) => {
  const files = sources.filter((path) => path.startsWith(room));
  expect(files.length).toBeGreaterThan(0);
  const strays = files.flatMap((path) =>
    importsOf(path)
      .filter(
        (target) =>
          ![room, ...allowed].some((prefix) => `${target}/`.startsWith(prefix) || target.startsWith(prefix)),
      )
      .filter((target) => !VALUES.includes(target))
      .map((target) => `${path} -> ${target}`),
  );
  expect(strays).toEqual([]);
});

it('value modules import nothing of ours but each other', () => {
  const strays = VALUES.flatMap((name) =>
    importsOf(`${name}.ts`)
      .filter((target) => !VALUES.includes(target))
      .map((target) => `${name} -> ${target}`),
  );
  expect(strays).toEqual([]);
});

const where = (pattern: RegExp, paths: readonly string[]): string[] =>
  paths.filter((path) => pattern.test(codeOf(path)));

it('services and resolvers take no present time: the clock is given to them', () => {
  const rooms = sources.filter((path) => /^src\/(services|resolvers|graphql)\//.test(path));
  expect(where(/new Date\(\)|Date\.now\(\)|DateTime\.(now|local|utc)\(/, rooms)).toEqual([]);
});

it('services are made in one place', () => {
  expect(
    where(
      /new (WorkspaceService|CustomerService|SaveMessageService|TokenService|Reconciler|WriteQueue)\(/,
      sources,
    ),
  ).toEqual(['src/app.ts']);
});

it('the environment is read by the command line alone', () => {
  const strays = where(/process\.env/, sources).filter((path) => !/^src\/(cli\/|main|embedded\/)/.test(path));
  expect(strays).toEqual([]);
});

it('SQL knows no zone by name', () => {
  expect(where(/AT TIME ZONE/i, sources)).toEqual([]);
});

it('nothing imports ormconfig.ts', () => {
  expect(sources.filter((path) => importsOf(path).some((target) => target.endsWith('ormconfig')))).toEqual(
    [],
  );
});

it('every path that docs/architecture.md names exists', () => {
  const named = [...read('docs/architecture.md').matchAll(/(?:src|test)\/[\w./-]+\.(?:ts|txt)/g)].map(
    ([path]) => path,
  );
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

describe('the documents', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].concat(
    readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name)),
  );
  const anchorOf = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .trim()
      .replace(/\s/g, '-');

  it.each(pages)('%s links only to what is there', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
    const broken = links.flatMap(([link, path = '', anchor]) => {
      const target = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
      if (!existsSync(join(ROOT, target))) return [link];
      if (anchor === undefined || !target.endsWith('.md')) return [];
      const headings = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
      return headings.includes(anchor) ? [] : [link];
    });
    expect(broken).toEqual([]);
  });

  it('the table of scopes in docs/security.md says what the code gives each kind of token', () => {
    const rows = [...read('docs/security.md').matchAll(/^\| `(\w+:\w+)` \| (.*) \| (.*) \|$/gm)];
    expect(rows.map(([, scope]) => scope)).toEqual([...SCOPES]);
    for (const [, scope, opens = '', kinds = ''] of rows) {
      const usual = kinds.split(/[,;] /).filter((kind) => !kind.includes('when claimed'));
      expect([scope, usual]).toEqual([
        scope,
        TOKEN_KINDS.filter((kind) => DEFAULT_SCOPES[kind].some((given) => given === scope)),
      ]);
      const fields = Object.values(ROOT_FIELDS).flatMap((type) =>
        Object.entries(type).flatMap(([field, rule]) => (rule.scope === scope ? [field] : [])),
      );
      expect(fields.filter((field) => !new RegExp(`\\b${field}\\b`).test(opens))).toEqual([]);
    }
  });

  it("the code's own pointers into the documents are right", () => {
    const broken = sources.flatMap((path) =>
      [...read(path).matchAll(/(docs\/[\w/-]+\.md)(?:#([\w-]+))?/g)].flatMap(
        ([pointer, page = '', anchor]) => {
          if (!existsSync(join(ROOT, page))) return [`${path}: ${pointer}`];
          const headings = [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
            anchorOf(heading),
          );
          return anchor === undefined || headings.includes(anchor) ? [] : [`${path}: ${pointer}`];
        },
      ),
    );
    expect(broken).toEqual([]);
  });
});
