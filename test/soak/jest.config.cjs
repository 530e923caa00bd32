// npm run test:soak: the tests that need long to say anything, beside the long forms of those in `npm test`.
const base = require('../../jest.config.cjs');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  testMatch: [...base.testMatch, '<rootDir>/test/soak/*.soak.ts'],
};
