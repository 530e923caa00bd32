// The files of examples/deploy, as far as they can be tested without a container engine.
import { execFile, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..');
const deploy = (name: string): string => join(ROOT, 'examples/deploy', name);

/** The COPY lines of the final image. */
const copied = (): { built: boolean; source: string; to: string }[] => {
  const [, image = ''] = readFileSync(deploy('Dockerfile'), 'utf8').split(/^FROM .*(?<!AS build)$/m);
  return [...image.matchAll(/^COPY (--from=build )?(.+) (\S+)$/gm)].flatMap(
    ([, built, sources = '', to = '']) =>
      sources.split(' ').map((source) => ({ built: built !== undefined, source, to })),
  );
};

describe('the files of the image', () => {
  let app: string;
  let environment: Record<string, string>;
  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'centesimo-image-'));
    app = join(folder, 'app');
    mkdirSync(app);
    for (const { built, source, to } of copied()) {
      const from = join(ROOT, built ? source.replace('/app/', '') : source);
      // The pages need not be built for this.
      if (built && !existsSync(from)) continue;
      cpSync(
        from,
        to.endsWith('/') ? join(app, to, basename(source)) : join(app, to === './' ? basename(source) : to),
        {
          recursive: true,
        },
      );
    }
    // In the image: npm ci --omit=dev --omit=optional (supply-chain.test.ts does that).
    symlinkSync(join(ROOT, 'node_modules'), join(app, 'node_modules'));
    chmodSync(join(app, 'dist/src/main.js'), 0o755);
    symlinkSync(join(app, 'dist/src/main.js'), join(folder, 'centesimo'));
    const { PATH = '', HOME = '/' } = process.env;
    environment = { PATH: `${folder}:${PATH}`, HOME };
  });
  afterAll(() => rmSync(join(app, '..'), { recursive: true, force: true }));

  const run = (file: string, args: readonly string[], more: Record<string, string> = {}) =>
    spawnSync(file, args, { cwd: app, env: { ...environment, ...more }, encoding: 'utf8' });

  it('include what the server reads at run time', () => {
    expect(copied().map(({ source }) => source)).toEqual([
      ...[
        'package.json',
        'package-lock.json',
        'scripts/ensure-built.mjs',
        '/app/dist',
        '/app/dashboard/dist',
        '/app/graphiql/dist',
      ],
      'examples/operations',
    ]);
  });

  it.each([
    ['npm', ['run', '-s', 'cli', '--', '--version']],
    ['centesimo', ['--version']],
  ] as const)('run %s %j', (file, args) => {
    expect(run(file, args)).toMatchObject({ status: 0, stdout: '0.1.0\n' });
  });

  it('are enough for npm start to read the settings', () => {
    const { status, stderr } = run('npm', ['start'], { PORT: '30o1' });
    expect([status, stderr]).toEqual([2, expect.stringContaining('PORT="30o1"')]);
  });

  it('the unit and the commands use the same DATA_DIR: that of the .env file', () => {
    const unit = readFileSync(deploy('centesimo.service'), 'utf8');
    expect(unit).toMatch(/^WorkingDirectory=\/opt\/centesimo$/m);
    expect(unit).not.toMatch(/^(Environment=(?!NODE_ENV)|EnvironmentFile)/m);
    const [program = '', ...args] = (/^ExecStart=(.*)$/m.exec(unit)?.[1] ?? '').split(' ');
    expect(program).toBe('/usr/bin/node');
    const dataDir = join(app, 'service data');
    writeFileSync(join(app, '.env'), `DATA_DIR="${dataDir}"\nPORT=30o1\n`);
    const served = run(process.execPath, args, { NODE_ENV: 'production' });
    expect([served.status, served.stderr]).toEqual([2, expect.stringContaining('PORT="30o1"')]);
    writeFileSync(join(app, '.env'), `DATA_DIR="${dataDir}"\n`);
    const command = run('npm', ['run', '-s', 'cli', '--', 'workspace', 'list']);
    expect([command.status, command.stderr]).toEqual([2, expect.stringContaining(`${dataDir} (DATA_DIR)`)]);
  });
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
const withSystemd = hasSystemd ? it : it.skip;

withSystemd('systemd finds nothing wrong with the unit (skipped without systemd-analyze)', async () => {
  const { stdout, stderr } = await promisify(execFile)('systemd-analyze', [
    'verify',
    deploy('centesimo.service'),
  ]);
  // It reports an unknown setting and still succeeds; other units of the machine do not matter here.
  expect(`${stdout}${stderr}`).not.toMatch(/centesimo\.service/);
});
