import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inWorker } from './in-worker';

const folder = mkdtempSync(join(tmpdir(), 'centesimo-thread-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const thread = (code: string): string => {
  files += 1;
  const file = join(folder, `thread-${files}.cjs`);
  writeFileSync(file, `const { parentPort, workerData } = require('node:worker_threads');\n${code}`);
  return file;
};
const limits = { withinMs: 100_000, memoryMb: 64 };

it('answers with the first message', async () => {
  const file = thread(
    'parentPort.postMessage(workerData.map((value) => value * 2n)); parentPort.postMessage(0);',
  );
  expect(await inWorker(file, [1n, 2n], limits)).toEqual([2n, 4n]);
});

it.each([
  ['throws', 'throw new Error("broken");', 'broken'],
  ['rejects', 'Promise.reject(new Error("broken later"));', 'broken later'],
  ['ends', 'process.exit(3);', 'ended with 3'],
  ['does nothing', '', 'ended with 0'],
  ['takes all memory', 'const all = []; for (;;) all.push(new Array(1e5).fill(all.length));', 'memory'],
  ['cannot be read', 'this is no program', 'Unexpected identifier'],
])('rejects when the thread %s', async (_what, code, words) => {
  await expect(inWorker(thread(code), [], limits)).rejects.toThrow(words);
});

it('rejects when there is no such file', async () => {
  await expect(inWorker(join(folder, 'missing.cjs'), [], limits)).rejects.toThrow('missing.cjs');
});

it('ends a thread that never answers', async () => {
  const file = thread('for (;;);');
  await expect(inWorker(file, [], { ...limits, withinMs: 200 })).rejects.toThrow('within 200 ms');
});

it('ends the thread of a caller who has gone', async () => {
  const gone = new AbortController();
  const waiting = inWorker(thread('for (;;);'), [], { ...limits, signal: gone.signal });
  gone.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  await expect(inWorker(thread(''), [], { ...limits, signal: gone.signal })).rejects.toThrow('gone');
});
