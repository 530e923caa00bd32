// A property test that runs for each of a thousand changes takes few examples, the same ones each time: the score of
// one state of the code is one number.
require('fast-check').configureGlobal({ numRuns: 20, seed: 4217 });
