// Ids are made in the process, before anything is written. If a stored row has our id, our own earlier attempt committed
// it; any other id is a client's replay. Why not the package uuid: docs/dependencies.md.
import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;
/** The system is asked for random bytes once for 256 ids: asking for each id takes several times as long as the rest. */
const pool = Buffer.alloc(256 * ID_BYTES);
let used = pool.length;

let lastMs = 0;
let sequence = 0;

/**
 * A UUID version 7 (RFC 9562). It starts with the milliseconds, so rows arrive in the order of the index. The 12 bits
 * after the time count the ids of one millisecond; when they are used up, the id takes the next millisecond.
 */
export function newId(nowMs: number = Date.now()): string {
  const bytes = nextRandom();
  if (nowMs > lastMs) {
    lastMs = nowMs;
    sequence = bytes.readUInt16BE(6) & 0x3ff;
  } else if (++sequence > 0xfff) {
    lastMs += 1;
    sequence = 0;
  }
  bytes.writeUIntBE(lastMs, 0, 6);
  bytes.writeUInt16BE(0x7000 | sequence, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function nextRandom(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.subarray(used - ID_BYTES, used);
}

/** True for any UUID in its usual form. */
export const isUuid = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);

/** The lowest id of version 7 of this instant: every id that was made before is lower. */
export function lowestIdAt(at: Date): string {
  const hex = Math.max(0, at.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
