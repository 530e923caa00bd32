// Stryker changes the pure modules line by line; a change that no test notices is listed as a survivor.
const ROOMS = [
  'src/values/!(pace|iso-4217)*.ts',
  'src/services/turns/{tracking,settle-equal-keys}.ts',
  'src/services/analytics/{cover,share}.ts',
  'src/services/page.ts',
  'src/auth/permissions.ts',
];

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
module.exports = {
  mutate: [...ROOMS, '!**/*.test.ts'],
  testRunner: 'jest',
  jest: { projectType: 'custom', configFile: 'test/mutation/jest.config.cjs' },
  coverageAnalysis: 'perTest',
  plugins: ['@stryker-mutator/jest-runner'],
  reporters: ['progress-append-only', 'clear-text', 'html', 'json'],
  htmlReporter: { fileName: 'coverage/mutation/index.html' },
  jsonReporter: { fileName: 'coverage/mutation/report.json' },
  tempDirName: 'coverage/mutation/sandbox',
  ignorePatterns: [
    'dist',
    'dist.*',
    'coverage',
    'dashboard',
    'docs',
    'integrations',
    'bench',
    'test/mutation/node_modules',
    'test/n8n',
    'test/lighthouse',
    '.data',
  ],
  concurrency: 2,
  thresholds: { high: 95, low: 90, break: 90 },
  allowConsoleColors: false,
  disableTypeChecks: false,
  // TypeScript 7 has no API by which Stryker could rewrite it; the tests are compiled without it.
  tsconfigFile: 'none',
};
