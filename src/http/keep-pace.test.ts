import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { keepPace, LEAST_BYTES_PER_SECOND, LONGEST_MS, WINDOW_MS } from './keep-pace';

const server = createServer();
let response: ServerResponse;
let reader: Socket;

beforeEach(async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port }: AddressInfo = Object(server.address());
  reader = connect(port, '127.0.0.1');
  reader.on('error', () => undefined);
  reader.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  [, response] = await once(server, 'request');
  keepPace(response);
});
afterEach(async () => {
  jest.useRealTimers();
  reader.destroy();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const PIECE = Buffer.alloc(65_536);

/** Until the kernel takes no more: the reader is not reading. */
async function fill(): Promise<void> {
  reader.pause();
  for (;;) {
    const drained = once(response, 'drain').then(() => true);
    if (response.write(PIECE)) continue;
    const stuck = new Promise<boolean>((resolve) => {
      let turns = 0;
      const look = () => (turns++ > 200 ? resolve(false) : setImmediate(look));
      look();
    });
    if (!(await Promise.race([drained, stuck]))) return;
  }
}

it('closes the connection of a reader who is slower than the lowest rate over a window', async () => {
  await fill();
  jest.advanceTimersByTime(WINDOW_MS);
  jest.advanceTimersByTime(WINDOW_MS);
  expect(response.destroyed).toBe(true);
});

it('keeps the connection of a reader who reads enough in each window', async () => {
  await fill();
  jest.advanceTimersByTime(WINDOW_MS);
  const enough = (LEAST_BYTES_PER_SECOND * WINDOW_MS) / 1_000;
  reader.resume();
  for (let sent = 0; sent <= enough; sent += PIECE.length) {
    if (response.writableNeedDrain) await once(response, 'drain');
    response.write(PIECE);
  }
  await fill();
  jest.advanceTimersByTime(WINDOW_MS);
  expect(response.destroyed).toBe(false);
});

it('does not close the connection when the file itself is late', () => {
  jest.advanceTimersByTime(10 * WINDOW_MS);
  expect(response.destroyed).toBe(false);
});

it('ends every export after the longest time, even for a fast reader', () => {
  jest.advanceTimersByTime(LONGEST_MS);
  expect(response.destroyed).toBe(true);
});
