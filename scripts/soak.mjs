// The long forms of the tests whose short forms `npm test` has: more kills, more faults, more documents, more time.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const HELP = `npm run test:soak -- [options]

  --rounds N   kills of server, database and both (default 15: 45 kills); the rest grows with it
  --seed N     the same random choices again
  --install    also install the server as production does, and save a turn (needs a registry)
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    seed: { type: 'string' },
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
  'goodput',
  'memory',
  'leaks',
  'canary',
  'fuzz',
  'zones',
  ...(values.install ? ['supply-chain'] : []),
];
const environment = {
  SOAK_CRASH_ROUNDS: String(rounds),
  SOAK_OVERLOAD_SECONDS: String(Math.max(4, rounds)),
  SOAK_RESTARTS: String(Math.max(4, rounds)),
  SOAK_MEMORY_ROUNDS: String(rounds * 4),
  LEAK_RESPONSES: '10000',
  CANARY_DOCUMENTS: '10000',
  FUZZ_DOCUMENTS: '20000',
  ZONES: 'all',
  ...(values.seed ? { SOAK_SEED: values.seed, FUZZ_SEED: values.seed } : {}),
  ...(values.install ? { SOAK: '1' } : {}),
};
const { status } = spawnSync('npx', ['jest', '--runInBand', ...files.map((name) => `test/${name}`)], {
  env: { ...process.env, ...environment },
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
process.exit(status ?? 1);
