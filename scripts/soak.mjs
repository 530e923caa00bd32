// The long forms of tests that `npm test` runs in a short form: more kills, more faults, more documents, more time.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const HELP = `npm run test:soak -- [options]

  --rounds N   kills of server, database and both (default 15: 45 kills); the rest grows with it. 1 is the short form
  --json FILE  also write Jest's results into this file
  --seed N     the same random choices again
  --install    also install the server as production does, and save a turn (needs a registry)
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    seed: { type: 'string' },
    json: { type: 'string' },
    install: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write(`--rounds is ${values.rounds}: a whole number from 1 is expected.\n`);
  process.exit(2);
}

const files = [
  'crash',
  'faults',
  'overload-throughput',
  'rolling-restart',
  'soak/memory',
  'soak/ledger',
  'error-disclosure',
  'tenant-isolation',
  'fuzz',
  ...['endings', 'first-start', 'backup-file', 'embedded', 'cluster', 'cli', 'package'],
  ...['tokens', 'errors', 'customer-import'],
  // All 400 zones take five minutes.
  ...(rounds > 1 ? ['zones', '../src/values/time'] : []),
  ...(values.install ? ['supply-chain'] : []),
];
const environment = {
  LONG_FORMS: '1',
  SOAK_CRASH_ROUNDS: String(rounds),
  SOAK_OVERLOAD_TURNS: String(200 * rounds),
  SOAK_RESTARTS: String(Math.max(4, rounds)),
  SOAK_LEDGER_ROUNDS: String(Math.max(6, rounds * 2)),
  SOAK_MEMORY_ROUNDS: String(Math.max(6, rounds * 4)),
  LEAK_RESPONSES: String(700 * rounds),
  CANARY_DOCUMENTS: String(700 * rounds),
  FUZZ_DOCUMENTS: String(1_400 * rounds),
  ZONES: 'all',
  ...(values.seed ? { SOAK_SEED: values.seed, FUZZ_SEED: values.seed } : {}),
  ...(values.install ? { SOAK: '1' } : {}),
};
const options = [
  ...['--config', 'test/soak/jest.config.cjs', '--runInBand'],
  ...(values.json ? ['--json', `--outputFile=${values.json}`] : []),
];
const { status } = spawnSync('npx', ['jest', ...options, ...files.map((name) => join('test', name))], {
  env: { ...process.env, ...environment },
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
process.exit(status ?? 1);
