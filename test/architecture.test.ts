// Checks the layout that docs/architecture.md describes.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { ROOT_FIELDS } from '../src/auth/permissions';
import { DEFAULT_SCOPES, SCOPES, TOKEN_KINDS } from '../src/auth/principal';

const ROOT = join(__dirname, '..');
const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => join('src', name));

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Code without comments, so that a word in a comment is not taken for code. */
const codeOf = (path: string): string =>
  read(path)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '$1');

/** Relative imports of a file, as paths from the root without the ending. */
const importsOf = (path: string): string[] =>
  [...read(path).matchAll(/^(?:import|export)[^;]*?from '(\.[^']*)'/gm)].map(([, target = '']) =>
    relative(ROOT, join(ROOT, dirname(path), target)),
  );

/** A room is a folder of src, a folder or file of src/services, or a file of src. */
const roomOf = (path: string): string => {
  const [, room = '', inner = '', ...rest] = path.split('/');
  if (room === 'services') return rest.length > 0 ? `src/services/${inner}` : path;
  return inner === '' ? path : `src/${room}`;
};

/** Groups of nodes that form a circle. */
function circles(arrows: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const reached = new Map<string, Set<string>>();
  const reach = (from: string): Set<string> => {
    const known = reached.get(from);
    if (known) return known;
    const found = new Set<string>();
    const open = [from];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const target of arrows.get(next) ?? []) {
        if (!found.has(target)) open.push(target);
        found.add(target);
      }
    }
    reached.set(from, found);
    return found;
  };
  const inCircles = [...arrows.keys()].filter((node) => reach(node).has(node));
  const groups = inCircles.map((node) =>
    inCircles.filter((other) => reach(node).has(other) && reach(other).has(node)).sort(),
  );
  return [...new Map(groups.map((group) => [group.join(), group])).values()];
}

const arrowsBetween = (nodeOf: (path: string) => string): Map<string, Set<string>> => {
  const arrows = new Map<string, Set<string>>();
  for (const path of sources) {
    const targets = arrows.get(nodeOf(path)) ?? new Set<string>();
    for (const target of importsOf(path).map((name) => nodeOf(`${name}.ts`)))
      if (nodeOf(path) === path || target !== nodeOf(path)) targets.add(target);
    arrows.set(nodeOf(path), targets);
  }
  return arrows;
};

describe('the direction of imports', () => {
  interface Override {
    includes: string[];
    linter: { rules: { style?: { noRestrictedImports?: unknown } } };
  }
  const config: { vcs: object; overrides: Override[] } = JSON.parse(read('biome.json'));
  const ruled = config.overrides
    .filter(({ linter }) => linter.rules.style?.noRestrictedImports !== undefined)
    .flatMap(({ includes }) => includes);

  it('has a rule in biome.json for the folder of every file', () => {
    const free = sources.filter(
      (path) =>
        path !== 'src/main.ts' && !ruled.some((rule) => rule === path || rule === `${dirname(path)}/*.ts`),
    );
    expect(free).toEqual([]);
  });

  it.each([
    ['values', 'src/values', '../http/server'],
    ['database', 'src/database', '../services/page'],
    ['embedded', 'src/embedded', '../database/open'],
    ['auth', 'src/auth', '../services/page'],
    ['one service', 'src/services/workspaces', '../customers/customers'],
    ['one service', 'src/services/turns', '../../http/server'],
    ['roll-ups', 'src/services/roll-ups', '../turns/turn'],
    ['what services share', 'src/services', './turns/turn'],
    ['resolvers', 'src/resolvers/types', '../../graphql/schema'],
    ['graphql', 'src/graphql', '../database/open'],
    ['http', 'src/http/rest', '../../cli/cli'],
  ])('holds %s back: a file of %s that imports %s is an error', (_room, folder, target) => {
    const place = mkdtempSync(join(tmpdir(), 'centesimo-lint-'));
    try {
      mkdirSync(join(place, folder), { recursive: true });
      writeFileSync(join(place, folder, 'probe.ts'), `import { probe } from '${target}';\n\nprobe();\n`);
      writeFileSync(join(place, 'biome.json'), JSON.stringify({ ...config, vcs: undefined }));
      const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
      const { stdout, stderr, status } = spawnSync(process.execPath, [biome, 'lint', 'src'], {
        cwd: place,
        encoding: 'utf8',
      });
      expect([`${stdout}${stderr}`, status]).toEqual([expect.stringContaining('noRestrictedImports'), 1]);
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  it('src/services has, beside its rooms, only files that all rooms share', () => {
    expect(sources.filter((path) => dirname(path) === 'src/services')).toEqual([
      'src/services/audit.ts',
      'src/services/page.ts',
    ]);
  });

  it('has no circle of rooms', () => {
    expect(circles(arrowsBetween(roomOf))).toEqual([]);
  });

  it('has one circle of files: two GraphQL types that name each other', () => {
    expect(circles(arrowsBetween((path) => path))).toEqual([
      ['src/resolvers/types/message.ts', 'src/resolvers/types/usage-record.ts'],
    ]);
  });
});

/** State that a module keeps for the life of its process, with the reason. */
const MODULE_STATE: Record<string, string> = {
  'src/values/ids.ts lastMs': 'ids of one process rise in order',
  'src/values/ids.ts sequence': 'ids of one process rise in order',
  'src/values/ids.ts pool': 'random bytes are drawn for many ids at once',
  'src/values/ids.ts used': 'random bytes are drawn for many ids at once',
  'src/values/time.ts zones': 'a bounded cache of facts that never change',
  'src/values/time.ts years': 'a bounded cache of facts that never change',
  'src/values/time.ts yearsKept': 'a bounded cache of facts that never change',
  'src/database/sql.ts planNames': 'one name a text; the texts are constants of the code',
  'src/services/exports/copied-file.ts underWay': 'counts the exports of one pool; lives as long as the pool',
  'src/values/pace.ts lastSaveAt': 'the event loop is one, whatever server of the process saves',
  'src/values/pace.ts saves': 'the event loop is one, whatever server of the process saves',
  'src/values/pace.ts scheduled': 'the event loop is one, and so is the turn that work shares',
  'src/values/pace.ts used': 'the event loop is one, and so is the turn that work shares',
  'src/values/pace.ts waiting': 'the event loop is one, and so is the turn that work shares',
  'src/graphql/limits.ts within': 'a bounded cache of documents that keep the limits',
  'src/graphql/pacing.ts weights': 'lives as long as its operation',
  'src/cli/cli.ts places': 'lives as long as its error',
  'src/cli/ending.ts ending': 'a process ends once',
  'src/cli/streams.ts watched': 'the two streams of the process',
  'src/embedded/processes.ts bootId': "the machine's, which outlives the process",
  'src/graphql/limits.ts selected': 'lives as long as its parsed operation',
  'src/graphql/cost.ts lengths': 'lives as long as its schema',
};

it('only the modules listed here keep state', () => {
  const states = sources.flatMap((path) =>
    [
      ...codeOf(path).matchAll(
        /^(?:export )?(?:let (\w+)|const (\w+)[^=\n]* = (?:new (?:Weak)?(?:Map|Set)(?:<.*>)?\(\)|new LRUCache|Buffer\.alloc|\[\]|\{\}))/gm,
      ),
    ].map(([, variable, constant]) => `${path} ${variable ?? constant}`),
  );
  expect(states.sort()).toEqual(Object.keys(MODULE_STATE).sort());
});

const where = (pattern: RegExp, paths: readonly string[]): string[] =>
  paths.filter((path) => pattern.test(codeOf(path)));

it('services and resolvers never read the clock: it is injected', () => {
  const rooms = sources.filter((path) => /^src\/(services|resolvers|graphql)\//.test(path));
  expect(where(/new Date\(\)|Date\.now\(\)|DateTime\.(now|local|utc)\(/, rooms)).toEqual([]);
});

it('services are made in one place', () => {
  const services = [...read('src/app.ts').matchAll(/^ {2}readonly \w+: ([A-Z]\w+);$/gm)]
    .map(([, name = '']) => name)
    .filter((name) => !['Clock', 'Services', 'Database'].includes(name));
  expect(services.length).toBeGreaterThan(10);
  const makers = new RegExp(`new (${[...services, 'BatchWriter', 'WriteQueue', 'JobLoop'].join('|')})\\(`);
  expect(where(makers, sources)).toEqual(['src/app.ts']);
});

it.each([
  ['services know neither GraphQL nor HTTP', /^src\/(services|values|database)\//],
  ['tables are described without either', /^src\/(entities|migrations)\//],
])('%s', (_rule, rooms) => {
  const packages = /from '(graphql|type-graphql|fastify|@apollo\/[^']*|@fastify\/[^']*)'/;
  expect(
    where(
      packages,
      sources.filter((path) => rooms.test(path)),
    ),
  ).toEqual([]);
});

it('only services and the database room have SQL that reads or changes data', () => {
  const others = sources.filter((path) => !/^src\/(services|database|migrations|embedded)\//.test(path));
  expect(where(/\b(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|FROM \w+ WHERE)\b/, others)).toEqual([]);
});

it('the environment is read by the command line alone', () => {
  const strays = where(/process\.env/, sources).filter((path) => !/^src\/(cli\/|main|embedded\/)/.test(path));
  expect(strays).toEqual([]);
});

it('no SQL names a zone', () => {
  expect(where(/AT TIME ZONE/i, sources)).toEqual([]);
});

it('connections are taken by leases, by migrations, and by the commands that copy a database', () => {
  expect(where(/createQueryRunner\(|new SqlConnection\(/, sources)).toEqual([
    'src/cli/backup.ts',
    'src/cli/move.ts',
    'src/database/lease.ts',
    'src/database/migrate.ts',
  ]);
  expect(where(/new (Client|Pool)\(/, sources)).toEqual([
    'src/database/notices.ts',
    'src/embedded/connection.ts',
  ]);
  expect(where(/dataSource\.query/, sources)).toEqual(['src/database/migrate.ts', 'src/database/open.ts']);
});

it('one fragment of SQL decides the price', () => {
  expect(where(/FROM prices/, sources)).toEqual(['src/services/workspaces/pricing.ts']);
});

it('nothing imports ormconfig.ts', () => {
  expect(sources.filter((path) => importsOf(path).some((target) => target.endsWith('ormconfig')))).toEqual(
    [],
  );
});

describe('docs/architecture.md', () => {
  const page = read('docs/architecture.md');
  const indexes = [
    ...read('test/schema.txt').matchAll(
      /^index CREATE (?:UNIQUE )?INDEX (\w+) ON public\.(\w+) USING btree \((\w+)/gm,
    ),
  ].map(([, name = '', table = '', first]) => ({ name, table, first }));

  it('gives the reason of every index that is not a primary key, and of no other', () => {
    const section = page.slice(page.indexOf('## Indexes'), page.indexOf('## Tests'));
    const told = [...section.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? '');
    const there = indexes.map(({ name }) => name);
    expect(there.filter((name) => !name.endsWith('_pkey') && !told.includes(name))).toEqual([]);
    // Beside tables and columns, the document may name an index that a migration makes and its contraction drops.
    const migrations = sources
      .filter((path) => path.startsWith('src/migrations/'))
      .map(read)
      .join();
    expect(told.filter((name) => !there.includes(name) && !migrations.includes(name))).toEqual([]);
  });

  it('names the primary keys that do not start with the workspace', () => {
    const others = indexes.filter(({ name, first }) => name.endsWith('_pkey') && first !== 'workspace_id');
    expect(others.map(({ table }) => table).sort()).toEqual(['audit_entries', 'tokens', 'workspaces']);
  });

  it('says what each room owns', () => {
    const rows = [...page.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell).join();
    const rooms = [...new Set(sources.filter((path) => dirname(path) !== 'src').map(roomOf))];
    const folders = rooms.map((room) => (room.endsWith('.ts') ? dirname(room) : room));
    expect(folders.filter((room) => !rows.includes(`\`${room}\``))).toEqual([]);
    const told = [...rows.matchAll(/`(src\/[\w/-]+)`/g)].map(([, room = '']) => room);
    expect(told.filter((room) => !existsSync(join(ROOT, room)))).toEqual([]);
  });

  it('names only files that exist', () => {
    const named = [...page.matchAll(/(?:src|test)\/[\w./-]+\.(?:ts|txt)/g)].map(([path]) => path);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const bare = [...page.matchAll(/`([\w-]+\.ts)`/g)].map(([, name = '']) => name);
    expect(bare.filter((name) => !sources.some((path) => path.endsWith(`/${name}`)))).toEqual([]);
  });

  it('answers each question with one file and the name to look for in it', () => {
    const table = page.slice(page.indexOf('## Question'), page.indexOf('## Rooms'));
    const rows = [...table.matchAll(/^\| (.*\?) \| (.*) \|$/gm)];
    expect(rows.length).toBeGreaterThan(30);
    const unclear = rows.flatMap(([, question, answer = '']) => {
      const [, file = '', name] = /^([\w./-]+)(?: \(`(\w+)`\))?$/.exec(answer) ?? [];
      if (file === '' || !existsSync(join(ROOT, file))) return [question];
      const declared = new RegExp(`^(export )?(async )?(function\\*?|class|const|interface) ${name}\\b`, 'm');
      return file.endsWith('.ts') && !declared.test(read(file)) ? [question] : [];
    });
    expect(unclear).toEqual([]);
  });

  it('names only statements and settings that the code has', () => {
    const code = sources.map(codeOf).join('\n');
    const told = page.slice(page.indexOf('## How a turn is saved'), page.indexOf('## Indexes'));
    const names = [...told.matchAll(/`([a-z]+(?:_[a-z]+)+|[A-Z]+(?:_[A-Z]+)+|[A-Z]{6,})`/g)].map(
      ([, name = '']) => name,
    );
    expect(names.length).toBeGreaterThan(4);
    expect(names.filter((name) => !code.includes(name))).toEqual([]);
  });
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

  it.each(pages)('%s links only to existing targets', (page) => {
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

  it('the table of scopes in docs/security.md agrees with the scopes in the code', () => {
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

  it('every reference from the code to a document is right', () => {
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
