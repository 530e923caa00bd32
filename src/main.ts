#!/usr/bin/env node
// Runs the command line from its bundle: one file with all modules and libraries, beside V8's code cache. Without the
// bundle, finding, reading and compiling some 1 500 files took more than half of a command's time. scripts/bundle.mjs
// makes both files.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, wrap } from 'node:module';
import { dirname, join } from 'node:path';
import { constants, Script } from 'node:vm';
import type * as CommandLine from './cli/command-line';

type Run = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: Partial<typeof CommandLine> },
  file: string,
  folder: string,
) => void;

const FILE = join(__dirname, '../centesimo.js');
/** Of one version of Node: V8 refuses that of another, and compiles as it would without one. */
const CACHE = join(__dirname, '../centesimo.cache');

/** `script` can write the cache of what was compiled by then. */
export function loadBundle(): { script: Script; commandLine: Partial<typeof CommandLine> } {
  const cached = existsSync(CACHE) ? { cachedData: readFileSync(CACHE) } : {};
  const script = new Script(wrap(readFileSync(FILE, 'utf8')), {
    ...cached,
    // The cache keeps the name that it was made with.
    filename: 'dist/centesimo.js',
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const run: Run = script.runInThisContext();
  const module: { exports: Partial<typeof CommandLine> } = { exports: {} };
  run(module.exports, createRequire(FILE), module, FILE, dirname(FILE));
  return { script, commandLine: module.exports };
}

if (require.main === module) void loadBundle().commandLine.main?.();
