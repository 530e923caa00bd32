// HTTP: every answer is JSON with a correct status, and every refusal has an errors array.
import { connect } from 'node:net';
import { auditServer } from 'graphql-http';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { createDatabase } from './support/database';
import { digester, storedDigests } from './support/keys';
import { SAVE, type SaveData } from './support/operations';

const VIEWER = '{ viewer { name } }';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp({
    config: {
      failedLoginsPerMinute: 1_000_000,
      corsOrigins: ['https://shop.example'],
      requestTimeoutMs: 2_000,
    },
  });
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
});
afterAll(() => app.stop());

/** Sends bytes unchanged; returns everything that came until the connection was closed. */
const raw = (text: string, at: TestApp = app): Promise<string> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(at.url);
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('error', () => resolve(answer));
    socket.on('close', () => resolve(answer));
  });

interface Health {
  status: string;
  checks: Record<string, string>;
  errors?: object[];
}

const jsonOf = async (answer: Response): Promise<Health> => JSON.parse(await answer.text());

/** Why a caller got no answer: after 'ECONNREFUSED' nothing was accepted, anything else is a failure. */
const causeOf = (outcome: PromiseSettledResult<unknown>): string[] => {
  if (outcome.status === 'fulfilled') return [];
  const { cause } = outcome.reason;
  return [String(cause?.code ?? cause ?? outcome.reason)];
};

const expectRefusal = (text: string, code: string): void => {
  const { errors } = JSON.parse(text.slice(text.indexOf('{')));

  expect(errors).toHaveLength(1);
  expect(errors[0]).toEqual({
    message: expect.stringMatching(new RegExp(`^\\[${code}\\] \\S`)),
    extensions: expect.objectContaining({ code }),
  });
};

describe('GraphQL over HTTP', () => {
  it('follows the specification: 61 checks, no error, at least 55 ok', async () => {
    const fetchFn = (url: string, init: RequestInit = {}) =>
      fetch(url, {
        ...init,
        headers: { ...Object.fromEntries(new Headers(init.headers)), authorization: `Bearer ${shop.client}` },
      });
    const results = await auditServer({ url: `${app.url}/graphql`, fetchFn });
    const of = (status: string) =>
      results.filter((result) => result.status === status).map(({ name }) => name);
    const musts = results.filter(({ name }) => name.startsWith('MUST'));

    expect(of('error')).toEqual([]);
    expect(results).toHaveLength(61);
    expect(musts).toHaveLength(13);
    expect(musts.filter(({ status }) => status === 'ok')).toHaveLength(13);
    expect(of('ok').length).toBeGreaterThanOrEqual(55);
  });

  it('accepts a query by GET, and never a mutation', async () => {
    const get = (query: string, token: string) =>
      app.api
        .as(token)
        .get(`/graphql?query=${encodeURIComponent(query)}`, { 'apollo-require-preflight': '1' });
    const mutation = await get(
      'mutation { saveMessages(workspaceId: "x", items: []) { error { code } } }',
      shop.service,
    );

    expect(await (await get(VIEWER, shop.client)).json()).toEqual({
      data: { viewer: { name: 'test client' } },
    });
    expect(mutation.status).toBe(405);
    expect(mutation.headers.get('allow')).toBe('POST');
  });

  it('answers the allowed part of a query, and says what is missing', async () => {
    await app.api.as(shop.service).data(SAVE, { input: aTurn(shop) });
    const query =
      'query ($id: ID!) { usageRecords(workspaceId: $id) { totalCount nodes { message { id } } } }';
    const { status, body } = await app.api.as(shop.client).send(query, { id: shop.id });

    expect(status).toBe(200);
    expect(body.data).toEqual({ usageRecords: { totalCount: 1, nodes: [{ message: null }] } });
    expect(body.errors).toMatchObject([
      { path: ['usageRecords', 'nodes', 0, 'message'], extensions: { code: 'FORBIDDEN' } },
    ]);
  });
});

describe('a workflow', () => {
  it('may leave out missing values, as null or as empty text', async () => {
    const save = (input: Record<string, unknown>) =>
      app.api.as(shop.service).data<SaveData>(SAVE, { input: aTurn(shop, input) });
    const { message } = (
      await save({ phoneNumber: '', whatsappUserId: 'u-1', message: '', response: '', occurredAt: null })
    ).saveMessage;
    const spaces = await save({ phoneNumber: ' ', whatsappUserId: 'u-1', message: null, response: null });
    const byPhone = await save({ whatsappUserId: '' });

    expect(message).toMatchObject({ phoneNumber: null, whatsappUserId: 'u-1', message: '' });
    expect(spaces.saveMessage.message.phoneNumber).toBeNull();
    expect(byPhone.saveMessage.message).toMatchObject({ phoneNumber: '+393331234567', whatsappUserId: null });
  });

  it('must still give a contact', async () => {
    const errors = await app.api
      .as(shop.service)
      .errors(SAVE, { input: aTurn(shop, { phoneNumber: '', whatsappUserId: '' }) });

    expect(errors.map(({ message }) => message)).toEqual([
      '[BAD_USER_INPUT] A turn needs a contact: give phoneNumber or whatsappUserId.',
    ]);
  });

  it('is told which field is wrong, as a variable and as a literal', async () => {
    const input = { ...aTurn(shop), occurredAt: '2025-01-06 13:00' };
    const [variable] = await app.api.as(shop.service).errors(SAVE, { input });
    const [literal] = await app.api
      .as(shop.service)
      .errors(
        `mutation { saveMessage(input: { workspaceId: "${shop.id}", idempotencyKey: "k", phoneNumber: "12" }) { replayed } }`,
      );

    expect(variable?.message).toMatch(/^\[BAD_USER_INPUT\] The variable \$input.occurredAt is not valid: /);
    expect(literal?.message).toMatch(/^\[BAD_USER_INPUT\] A phone number has /);
  });

  it('may send many requests over one connection, and one after another without waiting', async () => {
    const body = JSON.stringify({ query: VIEWER, operationName: null });
    const request = (close: boolean) =>
      `POST /graphql HTTP/1.1\r\nHost: x\r\n${close ? 'Connection: close\r\n' : ''}Authorization: Bearer ${shop.client}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const answers = await raw(request(false) + request(false) + request(true));

    expect(answers.match(/HTTP\/1.1 200 /g)).toHaveLength(3);
    expect(answers.match(/"name":"test client"/g)).toHaveLength(3);
  });
});

describe('a body', () => {
  const post = async (body: string, headers: Record<string, string> = {}) => {
    const answer = await app.api.as(shop.client).post(body, headers);
    return [
      answer.status,
      answer.body.errors?.[0]?.extensions.code,
      answer.body.errors?.[0]?.message,
    ] as const;
  };

  it.each([
    ['that is no JSON', '{"query": "ciao', 400, 'BAD_USER_INPUT', 'The body is not JSON'],
    ['that is empty', '', 400, 'BAD_USER_INPUT', 'The body is not JSON'],
    ['that is a number', '7', 400, 'BAD_REQUEST', ''],
    [
      'that reaches for a prototype',
      '{"__proto__": {"query": "x"}}',
      400,
      'BAD_USER_INPUT',
      'The body is not JSON',
    ],
    ['without a query', '{"variables": {}}', 400, 'BAD_REQUEST', 'non-empty'],
    ['with broken GraphQL', '{"query": "{ viewer {"}', 400, 'GRAPHQL_PARSE_FAILED', 'Syntax Error'],
    [
      'with an unknown field',
      '{"query": "{ nothing }"}',
      400,
      'GRAPHQL_VALIDATION_FAILED',
      'Cannot query field "nothing"',
    ],
    [
      'with an unknown operation',
      '{"query": "query A { viewer { name } }", "operationName": "B"}',
      400,
      'OPERATION_RESOLUTION_FAILURE',
      '',
    ],
  ])('%s is told so', async (_, body, status, code, words) => {
    const [foundStatus, foundCode, message] = await post(body);

    expect([foundStatus, foundCode]).toEqual([status, code]);
    expect(message).toMatch(new RegExp(`^\\[${code}\\] .*${words}`));
  });

  it("of n8n's first version (application/graphql) is told what to set", async () => {
    const [status, code, message] = await post(VIEWER, { 'content-type': 'application/graphql' });

    expect([status, code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(message).toContain('set Request Format to JSON');
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'nonsense',
  ])('as %s is not taken', async (type) => {
    expect((await post(JSON.stringify({ query: VIEWER }), { 'content-type': type })).slice(0, 2)).toEqual([
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ]);
  });

  it.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON'])(
    'as %s is',
    async (type) => {
      expect((await post(JSON.stringify({ query: VIEWER }), { 'content-type': type }))[0]).toBe(200);
    },
  );

  it('of 10 MB is 413, and one just within the limit is read', async () => {
    const body = (bytes: number) =>
      JSON.stringify({ query: VIEWER, extensions: { padding: 'x'.repeat(bytes) } });

    expect((await post(body(10_000_000))).slice(0, 2)).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    expect((await post(body(4_190_000)))[0]).toBe(200);
  });

  it('over the limit is always answered, never with a broken connection', async () => {
    const body = Buffer.alloc(6_000_000, 'x');
    const { hostname, port } = new URL(app.url);
    /** As n8n sends: a connection of its own, and the whole body before the answer is read. */
    const sendOnce = (): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(Number(port), hostname);
        let answer = '';
        socket.on('data', (data) => {
          answer += String(data);
          if (answer.endsWith('}]}')) socket.end();
        });
        socket.on('error', ({ message }) => resolve(message));
        socket.on('close', () => resolve(answer.slice(0, 12)));
        socket.write(
          `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${shop.service}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
        );
        socket.write(body);
      });
    const answers = new Map<string, number>();
    for (let tries = 0; tries < 200; tries += 1) {
      const answer = await sendOnce();
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }

    expect([...answers]).toEqual([['HTTP/1.1 413', 200]]);
  });

  it('of a caller without a token is not read', async () => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n',
    );
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(String(data))),
    );
    socket.destroy();

    expect(answer).toMatch(/^HTTP\/1.1 401 /);
  });

  it('that is broken gives a caller without a token no details', async () => {
    expect((await app.api.post('{"query": "ciao')).status).toBe(401);
  });
});

describe('a request', () => {
  it.each([
    ['for nothing we have', 'GET', '/nothing', 404],
    ['for nothing, with a query', 'GET', '/wp-login.php?a=b', 404],
    ['for GraphQL elsewhere', 'POST', '/graphql/', 404],
    ['with another method', 'PUT', '/graphql', 404],
    ['with another method', 'DELETE', '/graphql', 404],
    ['for the start page by a program', 'GET', '/', 404],
    ['for the start page with an operation in it', 'GET', '/?query=%7B__typename%7D', 404],
  ])('%s: %s %s', async (_, method, path, status) => {
    const answer = await fetch(app.url + path, {
      method,
      redirect: 'manual',
      headers: { 'apollo-require-preflight': '1' },
    });

    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expectRefusal(await answer.text(), 'NOT_FOUND');
  });

  it.each([
    [
      'whose path is broken',
      'GET /% HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      '400',
      'BAD_USER_INPUT',
    ],
    ['that is no HTTP', 'ciao\r\n\r\n', '400', 'BAD_USER_INPUT'],
    [
      'with huge headers',
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`,
      '431',
      'BAD_USER_INPUT',
    ],
    ['without a Host', 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n', '400', 'BAD_USER_INPUT'],
    [
      'for nothing we have, without a Host',
      'GET /x HTTP/1.1\r\nConnection: close\r\n\r\n',
      '400',
      'BAD_USER_INPUT',
    ],
    [
      'that expects what we do not know',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nExpect: fish\r\nContent-Length: 2\r\n\r\n{}',
      '417',
      'BAD_USER_INPUT',
    ],
    ['that takes us for a proxy', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', '405', 'BAD_USER_INPUT'],
    ['that never ends', 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-', '408', 'BAD_USER_INPUT'],
    [
      'of two lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      '400',
      'BAD_USER_INPUT',
    ],
  ])('%s', async (_, text, status, code) => {
    const answer = await raw(text);

    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expectRefusal(answer, code);
  });

  it('that asks first whether its body is wanted (Expect: 100-continue) is answered', async () => {
    const body = JSON.stringify({ query: VIEWER });
    const answer = await raw(
      `POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nAuthorization: Bearer ${shop.client}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );

    expect(answer).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
  });

  it('of HTTP/1.0 needs no Host unless the answer contains an address', async () => {
    expect(await raw('GET /health/live HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 /);
  });

  it.each(['', 'Host: a b[\r\n', 'Host: \r\n'])(
    'with the host %j is answered, and not with 500',
    async (host) => {
      const body = JSON.stringify({ query: VIEWER });
      const answer = await raw(
        `POST /graphql HTTP/1.${host === '' ? '0' : '1'}\r\n${host}Connection: close\r\nAuthorization: Bearer ${shop.client}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );

      expect(answer).toMatch(/^HTTP\/1.1 400 /);
      expectRefusal(answer, 'BAD_USER_INPUT');
    },
  );

  it('whose body does not arrive is ended', async () => {
    const answer = await raw(
      `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${shop.client}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
    );

    expect(answer).toMatch(/^HTTP\/1.1 408 /);
  });

  it('has an id of its own, in the answer and in the log: one line each', async () => {
    const answer = await app.api.as(shop.client).send('query Who { viewer { name } }');
    const id = answer.headers.get('x-request-id') ?? '';
    const lines = app
      .logs()
      .split('\n')
      .filter((line) => line.includes(id));

    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      ...{ method: 'POST', path: '/graphql', status: 200, kind: 'CLIENT', msg: 'request' },
      ...{ operationName: 'Who', operationType: 'query' },
    });
  });

  it('leaves no words, variables or tokens in the log', async () => {
    const words = ['parole-segrete', 'risposta-segreta', '393339998877'];
    const input = aTurn(shop, { message: words[0], response: words[1], phoneNumber: words[2] });
    await app.api.as(shop.service).data(SAVE, { input });
    await app.api.as(shop.service).send(SAVE, { input: { ...input, message: { a: words[0] } } });
    await app.api.as(shop.service).send(SAVE, { input: { ...input, message: 'altre parole-segrete' } });
    await app.api.as(shop.service).send(`mutation { saveMessage(input: "${words[0]}") { replayed } }`);
    await app.api.as(`ctm_svc_${words[0]}`).send(VIEWER);

    for (const secret of [...words, shop.service, shop.service.slice(8)])
      expect(app.logs()).not.toContain(secret);
  });
});

describe('web pages', () => {
  const preflight = (origin: string) =>
    fetch(`${app.url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });

  it.each(['https://shop.example', 'https://studio.apollographql.com'])('of %s may call', async (origin) => {
    const { status, headers } = await preflight(origin);

    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('access-control-allow-headers')).toContain('authorization');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  it.each([
    'https://evil.example',
    'https://shop.example.evil.example',
    'http://shop.example',
    'null',
    'https://SHOP.example',
  ])('of %s may not: neither * nor what they say', async (origin) => {
    const answer = await app.api.as(shop.client).post(JSON.stringify({ query: VIEWER }), { origin });

    expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(answer.headers.get('vary')).toContain('Origin');
  });

  it('may read refusals: they have the CORS headers too', async () => {
    const answer = await app.api.post(JSON.stringify({ query: VIEWER }), { origin: 'https://shop.example' });

    expect(answer.status).toBe(401);
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  });

  it("can't make a browser send an operation without a preflight", async () => {
    const simple = await app.api.as(shop.client).get(`/graphql?query=${encodeURIComponent(VIEWER)}`);

    expect(simple.status).toBe(400);
    expectRefusal(await simple.text(), 'BAD_REQUEST');
  });

  it('never get a cookie', async () => {
    for (const path of ['/', '/graphql', '/health/ready', '/nothing']) {
      const answer = await fetch(app.url + path, { headers: { accept: 'text/html' } });
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
  });
});

describe('Apollo Sandbox', () => {
  const open = (at: TestApp, path: string) =>
    fetch(at.url + path, { headers: { accept: 'text/html,*/*;q=0.8' } });

  it('is linked from /, beside the dashboard and the health', async () => {
    const answer = await open(app, '/');
    const html = await answer.text();

    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, link]) => link);
    // GraphiQL is there where it is built: test/browser/offline.browser.ts.
    expect(links.filter((link) => link !== '/graphiql')).toEqual(['/dashboard', '/graphql', '/health/ready']);
  });

  it('opens in a browser at /graphql, with the examples in it', async () => {
    const answer = await open(app, '/graphql');
    const html = await answer.text();

    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(html).toContain('EmbeddedSandbox');
    expect(html).toContain('MonthlyBill');
    expect(html).toContain('workspace-123');
  });

  it('runs nothing that is in its address', async () => {
    const answer = await fetch(`${app.url}/graphql?query=%7B__schema%7BqueryType%7Bname%7D%7D%7D`, {
      headers: { accept: 'text/html', 'apollo-require-preflight': '1' },
    });

    expect(answer.status).toBe(401);
  });

  it('can be switched off', async () => {
    const plain = await startApp({ config: { sandbox: false } });
    const [root, graphql] = [await open(plain, '/'), await open(plain, '/graphql')];
    const html = await root.text();
    const cross = await fetch(`${plain.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin: 'https://studio.apollographql.com', 'access-control-request-method': 'POST' },
    });
    await plain.stop();

    expect([root.status, graphql.status]).toEqual([200, 401]);
    expect(html).not.toContain('href="/graphql"');
    expect(cross.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('rate limits', () => {
  it('too many reads of one token: 429 with the time to wait; other tokens and saves continue', async () => {
    const strict = await startApp({ config: { readPointsPerSecond: 70 } });
    const there = await aWorkspace(strict);
    const read = (token: string) => strict.api.as(token).send(VIEWER);
    const answers = await Promise.all(Array.from({ length: 6 }, () => read(there.client)));
    const other = await read(there.analyst);
    const saves = await Promise.all(
      Array.from({ length: 20 }, () => strict.api.as(there.service).send(SAVE, { input: aTurn(there) })),
    );
    await strict.stop();
    const refused = answers.filter(({ status }) => status === 429);

    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429, 429]);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeLessThanOrEqual(5);
    expect(refused[0]?.body.errors?.[0]).toMatchObject({
      message: expect.stringMatching(
        /^\[RATE_LIMITED\] This token's reads cost more than 70 points a second\. Try again in \d s\.$/,
      ),
      extensions: { code: 'RATE_LIMITED' },
    });
    expect(other.status).toBe(200);
    expect(new Set(saves.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('too many refused tokens of one address: 429, while valid tokens of that address still work', async () => {
    const strict = await startApp({ config: { failedLoginsPerMinute: 3 } });
    const there = await aWorkspace(strict);
    const statuses = [];
    for (let index = 0; index < 5; index += 1)
      statuses.push((await strict.api.as('wrong').send(VIEWER)).status);
    const answer = await strict.api.as('wrong').send(VIEWER);
    const good = await strict.api.as(there.client).send(VIEWER);
    await strict.stop();

    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(good.status).toBe(200);
  });

  it.each([
    [false, [401, 429]],
    [true, [401, 401]],
  ])('the address is taken from X-Forwarded-For only behind a proxy (%s)', async (trustProxy, expected) => {
    const strict = await startApp({ config: { failedLoginsPerMinute: 1, trustProxy } });
    const statuses = [];
    for (const from of ['198.51.100.1', '198.51.100.2']) {
      statuses.push((await strict.api.as('wrong').post('{}', { 'x-forwarded-for': from })).status);
    }
    await strict.stop();

    expect(statuses).toEqual(expected);
  });
});

it("a caller behind a proxy can't pretend to have another address", async () => {
  const strict = await startApp({ config: { failedLoginsPerMinute: 1, trustProxy: true } });
  const statuses = [];
  for (const claimed of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
    const header = { 'x-forwarded-for': `${claimed}, 198.51.100.7` };
    statuses.push((await strict.api.as('wrong').post('{}', header)).status);
  }
  await strict.stop();

  expect(statuses).toEqual([401, 429, 429]);
});

describe('health', () => {
  it('is public: alive and ready', async () => {
    const [live, ready] = [await app.api.get('/health/live'), await app.api.get('/health/ready')];

    expect([live.status, await live.json()]).toEqual([200, { status: 'ok' }]);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      {
        status: 'ok',
        checks: {
          database: 'ok',
          migrations: 'ok',
          writeQueue: 'ok',
          server: 'ok',
          clock: expect.any(String),
        },
      },
    ]);
  });

  it('names what is not ready: migrations that were not run, a database that is gone', async () => {
    const behind = await startApp();
    await behind.database.sql('DELETE FROM migrations WHERE id = (SELECT max(id) FROM migrations)');
    const pending = await behind.api.get('/health/ready');
    const told = await jsonOf(pending);
    await behind.database.drop();
    const gone = await behind.api.get('/health/ready');
    const live = await behind.api.get('/health/live');
    await behind.stop();

    expect([pending.status, told.checks]).toEqual([
      503,
      expect.objectContaining({ database: 'ok', migrations: '1 to run', writeQueue: 'ok', server: 'ok' }),
    ]);
    expect(told.errors).toEqual([
      { message: '[SERVICE_UNAVAILABLE] migrations: 1 to run', extensions: { code: 'SERVICE_UNAVAILABLE' } },
    ]);
    expect([gone.status, (await jsonOf(gone)).checks.database]).toEqual([503, 'not reachable']);
    expect(live.status).toBe(200);
  });

  it('asks the database once for all simultaneous callers', async () => {
    await Promise.all(Array.from({ length: 50 }, () => app.api.get('/health/ready')));
    const [activity] = await app.database.sql<{ n: number }>(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'centesimo'",
    );

    expect(activity?.n).toBeLessThan(8);
  });
});

describe('stopping', () => {
  it('finishes running requests and loses nothing that it acknowledged', async () => {
    const database = await createDatabase();
    const ending = await startApp({ database });
    const there = await aWorkspace(ending);
    await aCustomer(ending, there, { phoneNumber: '+393331234567' });
    const keys: string[] = [];
    const saves = Array.from({ length: 50 }, async () => {
      const input = aTurn(there);
      const { status } = await ending.api.as(there.service).send(SAVE, { input });
      if (status === 200) keys.push(String(input.idempotencyKey));
    });
    await Promise.race(saves);
    const [outcomes] = await Promise.all([Promise.allSettled(saves), ending.stop()]);
    const stored = await storedDigests(database, there.id);
    const digest = await digester(database, there.id);
    await database.drop();

    expect(keys.length).toBeGreaterThan(0);
    // Callers without an answer were not accepted: nothing of theirs is stored.
    expect(stored).toEqual(keys.map(digest).sort());
    const turnedAway = ['ECONNREFUSED', 'ECONNRESET'];
    expect(outcomes.flatMap(causeOf).filter((code) => !turnedAway.includes(code))).toEqual([]);
    await expect(fetch(`${ending.url}/health/live`)).rejects.toThrow();
  });

  it('tells callers on open connections to close them', async () => {
    const ending = await startApp({ config: { shutdownTimeoutMs: 1_000 } });
    const there = await aWorkspace(ending);
    const body = JSON.stringify({ query: VIEWER });
    const head = `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${there.client}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const { hostname, port } = new URL(ending.url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    // Half a request keeps the connection busy while the server stops.
    socket.write(head + body.slice(0, 3));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const stopped = ending.stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.write(body.slice(3));
    await closed;
    await stopped;

    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer).toMatch(/^connection: close\r$/im);
    expect(answer).toContain('"viewer"');
  });

  it('does not wait for ever for callers who never finish', async () => {
    const ending = await startApp({ config: { shutdownTimeoutMs: 1_000, requestTimeoutMs: 600_000 } });
    const there = await aWorkspace(ending);
    const hanging = raw(
      `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${there.client}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
      ending,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    await ending.stop();

    // The connection was closed: the request's own time-out is longer than this test's.
    expect(await hanging).toBe('');
  });
});
