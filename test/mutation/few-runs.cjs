// A property test runs for each of a thousand changes, so it gets few examples, always the same ones: the same code
// always has the same score.
require('fast-check').configureGlobal({ numRuns: 20, seed: 4217 });
