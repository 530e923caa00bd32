// Tests that click through the built dashboard in Chromium, and the dashboard's own pure parts: npm run test:browser
const base = require('../../jest.config.cjs');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/browser/**/*.browser.ts', '<rootDir>/dashboard/src/**/*.test.ts'],
  // Two browsers would wait for each other where a test counts seconds.
  maxWorkers: 1,
  testTimeout: 60_000,
};
