// A server with a deliberate bug: it answers before the COMMIT. The harness must detect that.

import { main } from '../../src/cli/command-line';
import type { Settlement } from '../../src/services/turns/saved-message';
import type { Turn } from '../../src/services/turns/turn';
import { BatchWriter, type Lane } from '../../src/services/turns/write-batch';

const COMMIT_AFTER_MS = 100;

const committing = new WeakMap<Lane, Promise<unknown>>();
const write = BatchWriter.prototype.write;

BatchWriter.prototype.write = async function (lane: Lane, turns: readonly Turn[]): Promise<Settlement[]> {
  await committing.get(lane);
  const connection = await lane.connection();
  await connection.query('begin', 'BEGIN').catch(() => undefined);
  const settlements = await write.call(this, lane, turns);
  committing.set(
    lane,
    new Promise((resolve) => setTimeout(resolve, COMMIT_AFTER_MS))
      .then(() => connection.query('commit', 'COMMIT'))
      .catch(() => lane.discard()),
  );
  return settlements;
};

void main();
