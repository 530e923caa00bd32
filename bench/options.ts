// The options of a run: size, duration, rounds.
import { parseArgs } from 'node:util';

export interface Options {
  /** Charges of the large workspace; the small one has a tenth of them. */
  size: number;
  /** Seconds of each measurement of saves. */
  seconds: number;
  /** How often each measurement is repeated, alternating with what it is compared with. */
  rounds: number;
  /** A folder to keep the data set in, and to find it in next time. Default: a temporary one, removed at the end. */
  data: string | undefined;
  seed: number;
  /**
   * Only the groups of rows named: writes, reads, export, start, storage, shield, closing, filling, retention, budgets,
   * live.
   */
  only: string[];
}

export const HELP = `npm run bench -- [options]

  --size N       charges of the large workspace (default 1000000)
  --seconds N    length of each measured stretch of saves (default 3)
  --rounds N     times each is measured, in turns (default 5)
  --data DIR     keep the data set here and use it again (default: a temporary folder)
  --seed N       another data set (default 1)
  --only A,B     these groups only: writes, reads, insights, export, start, storage, shield, closing,
                 filling, retention, budgets, webhooks, live
`;

export function readOptions(argv: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      size: { type: 'string', default: '1000000' },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '5' },
      data: { type: 'string' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: 'storage,reads,insights,export,writes,start' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    size: whole('size', values.size, 1_000, 100_000_000),
    seconds: whole('seconds', values.seconds, 1, 60),
    rounds: whole('rounds', values.rounds, 1, 50),
    data: values.data,
    seed: whole('seed', values.seed, 1, 1_000_000),
    only: values.only.split(','),
  };
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new Error(`--${name} is ${text}: a whole number from ${min} to ${max} is expected.`);
  }
  return value;
}
