// Tests that run the real n8n: npm run test:n8n.
const base = require('../../jest.config.cjs');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  globalSetup: '<rootDir>/test/n8n/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/n8n/support/global-teardown.ts',
  testMatch: ['<rootDir>/test/n8n/**/*.n8n.ts'],
  // Each file has an n8n of its own, and one n8n keeps a processor busy.
  maxWorkers: 1,
  // A bound against hanging only.
  testTimeout: 300_000,
};
