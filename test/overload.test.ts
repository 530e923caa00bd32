// More turns than can be saved: they are refused at once with a useful message, and no accepted turn is lost.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, Socket } from 'node:net';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { SAVE, type SaveData } from './support/operations';

const QUEUE = 20;
/** It looks like a service token, and nobody has it. */
const UNKNOWN = 'ctm_svc_000000000000000000000000000000000000';

let app: TestApp;
let shop: TestWorkspace;
beforeEach(async () => {
  app = await startApp({ config: { writeLanes: 1, writeBatchMax: 5, writeQueueMax: QUEUE } });
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
});
afterEach(() => app.stop());

const send = (input: Record<string, unknown>) => app.api.as(shop.service).send<SaveData>(SAVE, { input });
const stored = async (): Promise<number> => {
  const [row] = await app.database.sql<{ count: number }>(
    'SELECT count(*)::int FROM messages WHERE workspace_id = $1',
    [shop.id],
  );
  return row?.count ?? -1;
};

/** Blocks saves: every statement that reads a workspace's row waits. */
async function whileNothingIsSaved(work: () => Promise<void>): Promise<void> {
  const runner = app.database.dataSource.createQueryRunner();
  await runner.connect();
  await runner.query('BEGIN');
  await runner.query('LOCK TABLE messages IN ACCESS EXCLUSIVE MODE');
  try {
    await work();
  } finally {
    await runner.query('ROLLBACK');
    await runner.release();
  }
}

const settled = async <T>(promise: Promise<T>, ms: number): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const early = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return early;
};

it('answers 503 with Retry-After at once when the queue is full, and saves all accepted turns', async () => {
  const inputs = Array.from({ length: 60 }, () => aTurn(shop));
  const answers: Awaited<ReturnType<typeof send>>[] = [];
  let sending: Promise<unknown>[] = [];
  await whileNothingIsSaved(async () => {
    sending = inputs.map(async (input) => {
      answers.push(await send(input));
    });
    // A batch is in flight and the queue is full: all others hear of it while nothing moves.
    const refused = async () => {
      while (answers.length < inputs.length - QUEUE - 5) await new Promise((next) => setTimeout(next, 10));
    };
    expect(await settled(refused(), 60_000)).toBe(true);
    for (const { status, headers, body } of answers) {
      expect(status).toBe(503);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(body.errors?.[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
    }
    expect((await app.api.get('/health/ready')).status).toBe(503);
  });
  await Promise.all(sending);
  const saved = answers.filter(({ status }) => status === 200);
  expect(saved.length).toBeGreaterThanOrEqual(QUEUE);
  expect(await stored()).toBe(saved.length);
  // Refused callers send again with the same key.
  const again = await Promise.all(inputs.slice(0, 15).map(send));
  expect(again.every(({ status }) => status === 200)).toBe(true);
});

/** The answer to a request's head alone: its body never comes. */
function answerToHead(token: string): Promise<string> {
  const { hostname, port } = new URL(app.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        `POST /graphql HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${token}\r\n` +
          'content-type: application/json\r\ncontent-length: 1000\r\n\r\n',
      );
    });
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('utf8');
      if (text.includes('}]}')) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

it('refuses a save at the door when it is full, without reading body or token; reads continue', async () => {
  let sending: ReturnType<typeof send>[] = [];
  // Its token is known from here on.
  expect((await send(aTurn(shop))).status).toBe(200);
  await whileNothingIsSaved(async () => {
    sending = Array.from({ length: QUEUE + 10 }, () => send(aTurn(shop)));
    // The first refusal says that it is full.
    await Promise.any(
      sending.map(async (one) => {
        if ((await one).status !== 503) throw new Error('not refused');
      }),
    );
    app.statements();
    const head = await answerToHead(UNKNOWN);
    expect(head).toMatch(/^HTTP\/1\.1 503 /);
    expect(head).toMatch(/\r\nretry-after: 1\r\n/i);
    expect(head).toContain('{"errors":[{"message":"[SERVICE_UNAVAILABLE] Too many turns');
    expect(app.statements()).not.toContain('find_token');
    expect((await app.api.as(shop.client).send('{ viewer { name } }')).status).toBe(200);
  });
  await Promise.all(sending);
  expect((await send(aTurn(shop))).status).toBe(200);
  expect((await app.api.get('/health/ready')).status).toBe(200);
});

/** A save on a connection of its own, of which only a part is written. */
async function onItsOwnConnection(input: Record<string, unknown>): Promise<Socket> {
  const { hostname, port } = new URL(app.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  await once(socket, 'connect');
  socket.write(asHttp(input));
  return socket;
}

function asHttp(input: Record<string, unknown>, token = shop.service): string {
  const body = JSON.stringify({ query: SAVE, variables: { input } });
  return (
    `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n` +
    `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

/** The status of the answer; interim answers are skipped. */
const statusOn = async (socket: Socket): Promise<string> => {
  let text = '';
  for await (const data of socket) {
    text += String(data);
    const status = /^(?:HTTP\/1\.1 102 Processing\r\n\r\n)*HTTP\/1\.1 (?!102)(\d+) /.exec(text)?.[1];
    if (status !== undefined) return status;
  }
  return 'none';
};

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  const end = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`It never came true: ${holds}`);
    await new Promise((next) => setTimeout(next, 5));
  }
};

/** Records what the server has of each request from now on. */
function watchResponses(): { responses: ServerResponse[]; end: () => void } {
  const responses: ServerResponse[] = [];
  const add = (message: unknown) => {
    const { response }: { response: ServerResponse } = Object(message);
    responses.push(response);
  };
  subscribe('http.server.request.start', add);
  return { responses, end: () => unsubscribe('http.server.request.start', add) };
}

it('does not save for callers who went away, but saves for callers who only closed their sending side', async () => {
  const inputs = Array.from({ length: 12 }, () => aTurn(shop));
  const sockets: Socket[] = [];
  const watched = watchResponses();
  await whileNothingIsSaved(async () => {
    for (const [index, input] of inputs.entries()) {
      sockets.push(await onItsOwnConnection(input));
      // The first is in a batch; the others wait.
      await until(() => {
        const { batches, turns } = app.services.saveMessages.load;
        return batches === 1 && turns === index;
      });
    }
    for (const socket of sockets.slice(1, 5)) socket.destroy();
    for (const socket of sockets.slice(5, 8)) socket.resetAndDestroy();
    for (const socket of sockets.slice(8, 10)) socket.end();
    await until(() => watched.responses.filter(({ closed }) => closed).length >= 7);
  });
  watched.end();
  const waited = sockets.filter((_, index) => index === 0 || index >= 8);
  expect(await Promise.all(waited.map(statusOn))).toEqual(Array(5).fill('200'));
  expect(await stored()).toBe(5);
  // The caller who went away sends again with the same key: nothing was saved under it.
  const again = await send(inputs[1] ?? {});
  expect(again.body.data?.saveMessage.replayed).toBe(false);
});

it('saves for a caller who closes the sending side together with the request', async () => {
  const input = aTurn(shop);
  const { hostname, port } = new URL(app.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.end(asHttp(input));
  expect(await statusOn(socket)).toBe('200');
  expect((await send(input)).body.data?.saveMessage.replayed).toBe(true);
});

it('answers several saves on one connection in their order', async () => {
  const inputs = Array.from({ length: 4 }, () => aTurn(shop));
  const { hostname, port } = new URL(app.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.end(inputs.map((input) => asHttp(input)).join(''));
  let text = '';
  for await (const data of socket) text += String(data);
  expect(text.match(/"replayed":false/g)).toHaveLength(4);
});

it('drops all waiting saves of a broken connection, also those behind the first', async () => {
  const watched = watchResponses();
  let first = new Socket();
  const others: Socket[] = [];
  await whileNothingIsSaved(async () => {
    first = await onItsOwnConnection(aTurn(shop));
    await until(() => app.services.saveMessages.load.batches === 1);
    // With the one of the batch, all that may be under way.
    const socket = await onItsOwnConnection(aTurn(shop));
    socket.write(Array.from({ length: QUEUE + 3 }, () => asHttp({}, UNKNOWN)).join(''));
    await until(() => watched.responses.length === QUEUE + 5);
    expect((await app.api.get('/health/ready')).status).toBe(503);
    socket.resetAndDestroy();
    await until(async () => (await app.api.get('/health/ready')).status === 200);
    for (let count = 0; count < 10; count += 1) others.push(await onItsOwnConnection(aTurn(shop)));
    await until(() => app.services.saveMessages.load.turns === 1 + others.length);
  });
  watched.end();
  expect(await Promise.all([first, ...others].map(statusOn))).toEqual(Array(11).fill('200'));
  // What was sent by the broken connection is not there.
  expect(await stored()).toBe(11);
});

it('refuses saves while the process is late and many are running, and accepts them again afterwards', async () => {
  await app.stop();
  app = await startApp({
    config: { writeLanes: 1, writeBatchMax: 5, writeQueueMax: 95, overloadLagMs: 200 },
  });
  shop = await aWorkspace(app);
  const late = async (underWay: number): Promise<string> => {
    let status: Promise<string> | undefined;
    const waiting: Socket[] = [];
    await whileNothingIsSaved(async () => {
      for (let count = 1; count <= underWay; count += 1) {
        waiting.push(await onItsOwnConnection(aTurn(shop)));
        await until(() => app.services.saveMessages.load.turns >= count - 5);
      }
      const last = await onItsOwnConnection(aTurn(shop));
      status = statusOn(last);
      // It is read when the process has time again.
      const end = performance.now() + 500;
      while (performance.now() < end);
      if (underWay > 10) await status;
    });
    await Promise.all(waiting.map(statusOn));
    return status ?? '';
  };

  // Room for a hundred: a tenth of them is many.
  expect(await late(20)).toBe('503');
  expect(await late(5)).toBe('200');
  expect((await send(aTurn(shop))).status).toBe(200);
});

it('limits the waiting bytes, too', async () => {
  await app.stop();
  app = await startApp({ config: { writeLanes: 1, writeBatchMax: 1, writeQueueMaxBytes: 300_000 } });
  shop = await aWorkspace(app);
  const message = 'x'.repeat(50_000);
  let sending: ReturnType<typeof send>[] = [];
  await whileNothingIsSaved(async () => {
    sending = Array.from({ length: 10 }, () => send(aTurn(shop, { message })));
    const refused = Promise.any(
      sending.map(async (one) => {
        if ((await one).status !== 503) throw new Error('not refused');
      }),
    );
    expect(await settled(refused, 60_000)).toBe(true);
  });
  const statuses = (await Promise.all(sending)).map(({ status }) => status);
  // About 100 kB each: one is being saved, two wait.
  expect(statuses.filter((status) => status === 200)).toHaveLength(3);
});

it('takes a batch that is larger than the empty queue', async () => {
  const items = Array.from({ length: 2 * QUEUE }, () => {
    const { workspaceId: _, ...item } = aTurn(shop);
    return item;
  });
  const { saveMessages } = await app.api
    .as(shop.service)
    .data<{ saveMessages: { payload: { replayed: boolean } | null }[] }>(
      'mutation ($id: ID!, $items: [SaveMessageItem!]!) { saveMessages(workspaceId: $id, items: $items) { payload { replayed } } }',
      { id: shop.id, items },
    );
  expect(saveMessages.filter(({ payload }) => payload?.replayed === false)).toHaveLength(2 * QUEUE);
});

it('saves the waiting turns before it stops, and accepts no more', async () => {
  const saving = Array.from({ length: QUEUE }, () => send(aTurn(shop)));
  while ((await stored()) === 0) await new Promise((next) => setTimeout(next, 5));
  await app.services.drain();
  const answers = await Promise.all(saving);
  const ok = answers.filter(({ status }) => status === 200).length;
  expect(await stored()).toBe(ok);
  const late = await send(aTurn(shop));
  expect(late.status).toBe(503);
  expect(late.body.errors?.[0]?.message).toContain('stopping');
});
