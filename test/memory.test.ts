// Callers who ask for as much as they may and read nothing: the server's memory stays limited, and saves continue.
import { connect, type Socket } from 'node:net';
import { Api } from './support/api';
import {
  aCustomer,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  TestClock,
  type TestWorkspace,
} from './support/app';
import { type RunningServer, startServer } from './support/command';
import { SAVE } from './support/operations';

/** V8's limit; above it the process ends. These callers ask for several times as much. */
const HEAP_MB = 256;
const TOKENS = 6;
const READERS = 60;
/** The longest page that is answered: 4 million characters, of two bytes each in memory. */
const ROWS = 31;
const LONGEST = `${'x'.repeat(65_535)}漢`;
const PAGE = `query ($id: ID!) { messages(workspaceId: $id, first: ${ROWS}) { nodes { message response } } }`;

let app: TestApp;
let shop: TestWorkspace;
/** Its turns are saved meanwhile: in the shop they would come before the long ones. */
let other: TestWorkspace;
let server: RunningServer;
let readers: Reader[] = [];
beforeAll(async () => {
  // The other server's clock is the machine's.
  app = await startApp({ clock: new TestClock().run() });
  shop = await aWorkspace(app);
  other = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  for (let saved = 0; saved < ROWS; saved += 1)
    await app.api
      .as(shop.service)
      .data(SAVE, { input: aTurn(shop, { message: LONGEST, response: LONGEST }) });
  server = await startServer(['--no-demo'], {
    DATABASE_URL: app.database.url,
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
  });
});
afterAll(async () => {
  for (const { socket } of readers) socket.destroy();
  await server.stop('SIGKILL');
  await app.stop();
});

interface Reader {
  socket: Socket;
  /** Answered, and not taken. */
  holds: boolean;
  refusals: string[];
}

/** What waits after the first page, which the operating system may buffer whole. */
const BEHIND = 3;

/** Asks until it gets the page, reads its beginning only, then asks for more on the same connection. */
function hostileReader(token: string): Reader {
  const { hostname, port } = new URL(server.url);
  const body = JSON.stringify({ query: PAGE, variables: { id: shop.id } });
  const ask = `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const socket = connect(Number(port), hostname, () => socket.write(ask));
  const reader: Reader = { socket, holds: false, refusals: [] };
  socket.on('error', () => undefined);
  socket.on('data', (data) => {
    const text = String(data);
    if (text.startsWith('HTTP/1.1 200')) {
      reader.holds = true;
      socket.pause();
      socket.write(ask.repeat(BEHIND));
    } else {
      reader.refusals.push(text);
      socket.write(ask);
    }
  });
  return reader;
}

const isUntaken = (refusal: string): boolean => refusal.includes('not taken yet. Read them or close');

it('stays within its heap beside readers who read nothing, saves, and answers when they are gone', async () => {
  const tokens = await Promise.all(
    Array.from({ length: TOKENS }, () => aToken(app, { kind: 'analyst', workspaceIds: [shop.id] })),
  );
  readers = tokens.flatMap((token) => Array.from({ length: READERS / TOKENS }, () => hostileReader(token)));
  const api = new Api(server.url, undefined);
  const statuses: number[] = [];
  // Each of them has a page that it doesn't read, or was told that too many answers are unread.
  while (readers.some(({ holds, refusals }) => !holds && !refusals.some(isUntaken)))
    statuses.push((await api.as(other.service).send(SAVE, { input: aTurn(other) })).status);

  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  const refusals = readers.flatMap((reader) => reader.refusals);
  expect(refusals.filter((text) => !text.startsWith('HTTP/1.1 429'))).toEqual([]);
  expect(refusals.some(isUntaken)).toBe(true);

  for (const { socket } of readers) socket.destroy();
  const answer = async () => (await api.as(shop.analyst).send(PAGE, { id: shop.id })).status;
  while ((await answer()) !== 200);
});
