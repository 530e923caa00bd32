// Prints the ten slowest files of a run: node scripts/slowest.mjs RESULTS.json (of jest --json --outputFile).
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const slowest = testResults
  .map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1_000 }))
  .sort((a, b) => b.seconds - a.seconds)
  .slice(0, 10);
for (const { name, seconds } of slowest)
  process.stdout.write(`${seconds.toFixed(1).padStart(6)}  ${relative(process.cwd(), name)}\n`);
