// The settings: which values are accepted and refused, and that all mistakes are reported at once.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, describeSettings, loadConfig, printSettings, settingsAsMarkdown } from '../src/config';

function mistakes(environment: Record<string, string>): readonly string[] {
  try {
    loadConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

it('has a default for everything, and cannot be changed', () => {
  const config = loadConfig({});

  expect(config).toMatchObject({ host: '127.0.0.1', port: 3001, dataDir: '.data', sandbox: true });
  expect(config.databaseUrl).toBeUndefined();
  expect(Object.isFrozen(config)).toBe(true);
});

it('treats an empty variable as not set', () => {
  expect(loadConfig({ PORT: '', DATABASE_URL: '  ', SANDBOX: '' })).toEqual(loadConfig({}));
});

it.each([
  ['PORT', '0', { port: 0 }],
  ['PORT', ' 8080 ', { port: 8080 }],
  ['SANDBOX', 'false', { sandbox: false }],
  ['SANDBOX', '0', { sandbox: false }],
  ['MIGRATE_AT_START', 'no', { migrateAtStart: false }],
  [
    'CORS_ORIGINS',
    'https://a.example, http://localhost:5173,',
    { corsOrigins: ['https://a.example', 'http://localhost:5173'] },
  ],
  [
    'DATABASE_URL',
    'postgres://u:p%40ss@db.example:5432/c',
    { databaseUrl: 'postgres://u:p%40ss@db.example:5432/c' },
  ],
  ['JWT_ALGORITHMS', 'ES256,RS256', { jwtAlgorithms: ['ES256', 'RS256'] }],
])('%s=%j is taken', (name, value, expected) => {
  expect(loadConfig({ [name]: value })).toMatchObject(expected);
});

it.each([
  ['PORT', '65536', 'a whole number from 0 to 65535 is expected'],
  ['PORT', '3e3', 'a whole number'],
  ['PORT', '-1', 'a whole number'],
  ['PORT', '0x10', 'a whole number'],
  ['SANDBOX', 'maybe', 'true or false is expected'],
  ['LOG_LEVEL', 'loud', 'one of fatal, error, warn, info, debug, trace, silent is expected'],
  ['DATABASE_URL', 'mysql://db/x', 'a URL such as postgres://'],
  ['DATABASE_SSL', 'on', 'one of off, require, verify-full is expected'],
  ['CORS_ORIGINS', '*', '* is refused'],
  ['CORS_ORIGINS', 'https://*.example.com', 'origins such as'],
  ['CORS_ORIGINS', 'https://a.example/', 'origins such as'],
  ['JWT_ALGORITHMS', 'HS256', 'asymmetric algorithms'],
  ['JWT_ALGORITHMS', 'none', 'asymmetric algorithms'],
  ['JWT_JWKS_URL', 'file:///etc/passwd', 'a URL such as'],
  ['TOKEN_CACHE_MS', '5001', 'a whole number from 0 to 5000'],
])('%s=%j is refused by name', (name, value, words) => {
  const found = mistakes({ [name]: value });

  expect(found[0]).toMatch(new RegExp(`^${name}\\b`));
  expect(found[0]).toContain(words);
});

it('reports all mistakes at once', () => {
  const found = mistakes({ PORT: 'x', LOG_LEVEL: 'y', CORS_ORIGINS: '*', WRITE_LANES: '0' });

  expect(found.map((mistake) => mistake.split('=')[0]).sort()).toEqual([
    'CORS_ORIGINS',
    'LOG_LEVEL',
    'PORT',
    'WRITE_LANES',
  ]);
});

it('refuses contradictory settings', () => {
  expect(mistakes({ JWT_JWKS_URL: 'https://login.example.com/jwks' })).toEqual([
    'JWT_JWKS_URL, JWT_ISSUER, JWT_AUDIENCE: all three or none are expected',
  ]);
  expect(mistakes({ DATABASE_SSL: 'require' })).toEqual([
    'DATABASE_SSL: it is for DATABASE_URL, which is not set',
  ]);
  expect(mistakes({ DATABASE_POOL_SIZE: '4', WRITE_LANES: '8' })[0]).toContain('WRITE_LANES + 2');
});

it('never prints a secret', () => {
  const url = 'postgres://u:hunter2@db.example/c';

  expect(JSON.stringify(describeSettings(loadConfig({ DATABASE_URL: url })))).not.toContain('hunter2');
  expect(mistakes({ DATABASE_URL: 'mysql://u:hunter2@db/c' }).join()).not.toContain('hunter2');
});

it('leaves Apollo Sandbox off in production, unless it is asked for', () => {
  expect(loadConfig({ NODE_ENV: 'production' }).sandbox).toBe(false);
  expect(loadConfig({ NODE_ENV: 'production', SANDBOX: 'true' }).sandbox).toBe(true);
  expect(loadConfig({ NODE_ENV: 'development' }).sandbox).toBe(true);
});

it('lists every setting with its meaning', () => {
  for (const { name, meaning } of describeSettings()) {
    expect(printSettings()).toContain(`${name} (default: `);
    expect([name, meaning]).toEqual([name, expect.stringMatching(/^\S.*\.$/)]);
  }
});

it('is what docs/configuration.md says; npm run -s cli -- config --markdown prints the table', () => {
  const page = readFileSync(join(__dirname, '../docs/configuration.md'), 'utf8');
  // The formatter aligns the columns.
  const bare = (table: string) =>
    table
      .trim()
      .replace(/ *\| */g, '|')
      .replace(/-{3,}/g, '---');

  expect(bare(page.slice(page.search(/^\| setting/m)))).toBe(bare(settingsAsMarkdown()));
});

it.each([[{ PORT: '4001', METRICS_PORT: '4001' }], [{ INTERNAL_PORT: '4002', METRICS_PORT: '4002' }]])(
  'wants a port for the metrics that nothing else has: %j',
  (environment) => {
    expect(mistakes(environment)).toEqual([expect.stringMatching(/^METRICS_PORT=\d+: another port/)]);
    expect(mistakes({ ...environment, METRICS_PORT: '0' })).toEqual([]);
  },
);
