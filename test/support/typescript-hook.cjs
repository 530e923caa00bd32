// Lets a test's child process run its TypeScript as it is: node -r <this file> script.ts. What it requires of src/ is
// taken from dist/, which the run has built: compiling the product anew took half of each child's start.
const { readFileSync } = require('node:fs');
const { join, sep } = require('node:path');
const Module = require('node:module');

const ROOT = join(__dirname, '..', '..');
const SOURCES = join(ROOT, 'src') + sep;

Module._extensions['.ts'] = (module, filename) => {
  const { transformSync } = require('@swc/core');
  const { code } = transformSync(readFileSync(filename, 'utf8'), { filename });
  module._compile(code, filename);
};

const resolve = Module._resolveFilename;
Module._resolveFilename = (...args) => {
  const filename = resolve(...args);
  if (!filename.startsWith(SOURCES)) return filename;
  return join(ROOT, 'dist', 'src', filename.slice(SOURCES.length).replace(/\.ts$/, '.js'));
};
