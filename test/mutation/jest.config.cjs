// The tests that need no database, which Stryker runs against each changed line: npm run test:mutation.
process.env.TZ = 'Pacific/Apia';
const base = require('../../jest.config.cjs');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/src/**/*.test.ts'],
  setupFiles: ['<rootDir>/test/mutation/few-runs.cjs'],
  globalSetup: undefined,
  globalTeardown: undefined,
};
