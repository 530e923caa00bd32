// The files of examples/deploy, as far as they can be tried without a container engine.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..');
const deploy = (name: string): string => join(ROOT, 'examples/deploy', name);

it('the image has all that a server reads at run time', () => {
  const [, image = ''] = readFileSync(deploy('Dockerfile'), 'utf8').split(/^FROM .*(?<!AS build)$/m);
  const copied = [...image.matchAll(/^COPY (--from=build )?(.+) (\S+)$/gm)].flatMap(
    ([, built, sources = '', to = '']) =>
      sources.split(' ').map((source) => ({ built: built !== undefined, source, to })),
  );
  expect(copied.filter(({ built }) => built).map(({ source, to }) => [source, to])).toEqual([
    ['/app/dist', './dist'],
    ['/app/dashboard/dist', './dashboard/dist'],
  ]);
  const fromHere = copied.filter(({ built }) => !built).map(({ source }) => source);
  expect(fromHere).toEqual(['package.json', 'package-lock.json', 'examples/operations']);
  for (const source of fromHere) expect(existsSync(join(ROOT, source))).toBe(true);
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
const withSystemd = hasSystemd ? it : it.skip;

withSystemd('systemd finds nothing wrong with the unit (skipped without systemd-analyze)', async () => {
  const { stdout, stderr } = await promisify(execFile)('systemd-analyze', [
    'verify',
    deploy('centesimo.service'),
  ]);
  // It tells an unknown setting, and calls that a success; other units of the machine are not ours to judge.
  expect(`${stdout}${stderr}`).not.toMatch(/centesimo\.service/);
});
