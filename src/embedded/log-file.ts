// postgres.log in the data folder: PostgreSQL appends to it. We keep it small, and read its end when something fails.
import { copyFile, open, stat, truncate } from 'node:fs/promises';

const MAX_BYTES = 5_000_000;
const TAIL_BYTES = 16_384;

export async function logSize(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

/**
 * Over 5 MB the log moves to `.1`. It is copied and truncated, since a running PostgreSQL has it open (for appending).
 */
export async function rotateLog(file: string): Promise<void> {
  if ((await logSize(file)) <= MAX_BYTES) return;
  await copyFile(file, `${file}.1`);
  await truncate(file, 0);
}

/** The text behind that position, at most its last 16 kB. */
export async function readLog(file: string, fromByte: number): Promise<string> {
  const size = await logSize(file);
  const start = Math.max(fromByte > size ? 0 : fromByte, size - TAIL_BYTES);
  const handle = await open(file, 'r');
  try {
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
