// What a caller may know of an error: its code, what to do, an id; never SQL, hosts, stacks or anybody's words.
import * as fc from 'fast-check';
import { GraphQLError, getVariableValues, Kind, parse } from 'graphql';
import { DatabaseError } from 'pg';
import pino from 'pino';
import { AppError, ERROR_CODES, inField } from '../src/errors';
import { bareSchema } from '../src/graphql/schema';
import { maskGraphQLError, statusOf, toPublicError } from '../src/http/mask-error';
import { parseAmount } from '../src/values/money';
import {
  aCustomer,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { hasLongForms } from './support/long-form';
import { SAVE, TOTALS } from './support/operations';

const SECRET = 'parola-segreta';

/** Collects what is logged. */
function aLog(): { logger: pino.Logger; text(): string; clear(): void } {
  const lines: string[] = [];
  return {
    logger: pino({ level: 'debug' }, { write: (line: string) => lines.push(line) }),
    text: () => lines.join(''),
    clear: () => lines.splice(0),
  };
}

describe('masking', () => {
  const log = aLog();
  beforeEach(() => log.clear());

  const databaseError = (code: string): DatabaseError => {
    const error = new DatabaseError(`value "${SECRET}" in SELECT * FROM tokens`, 1, 'error');
    return Object.assign(error, {
      code,
      detail: `Key (phone)=(${SECRET}) exists`,
      constraint: 'some_constraint',
    });
  };
  const connectionError = (code: string): Error =>
    Object.assign(new Error(`connect ${code} 10.1.2.3:5432 ${SECRET}`), { code });

  it.each([
    '08006',
    '08003',
    '57P01',
    '57P02',
    '57P03',
    '53100',
    '53200',
    '53300',
    '40001',
    '40P01',
    '57014',
    '55P03',
  ])('the passing failure %s of the database is 503 with a time to wait', (code) => {
    const told = toPublicError(databaseError(code), log.logger);

    expect(told).toEqual({
      message: '[SERVICE_UNAVAILABLE] The database is not available at the moment. Try again shortly.',
      extensions: { code: 'SERVICE_UNAVAILABLE', retryAfterSeconds: 1 },
    });
    expect(log.text()).not.toContain(SECRET);
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'])(
    'the lost connection %s is 503',
    (code) => {
      expect(toPublicError(connectionError(code), log.logger).extensions.code).toBe('SERVICE_UNAVAILABLE');
    },
  );

  it.each([
    ['an error of the database', () => databaseError('42P01')],
    ['a broken constraint', () => databaseError('23505')],
    ['a mistake in our code', () => new TypeError("Cannot read properties of undefined (reading 'x')")],
    ['something that is no error', () => `${SECRET} at /srv/app/x.ts`],
    ['nothing', () => undefined],
  ])('%s becomes an id, which the log has once', (_, make) => {
    const { message, extensions } = toPublicError(make(), log.logger);

    expect(message).toBe(
      `[INTERNAL_SERVER_ERROR] Something went wrong on our side. Quote this id: ${extensions.errorId}.`,
    );
    expect(extensions.errorId).toMatch(/^[0-9a-f-]{36}$/);
    expect(log.text().split(String(extensions.errorId))).toHaveLength(2);
    expect(log.text()).not.toContain(SECRET);
  });

  it('keeps the place where our own code failed, for the log', () => {
    toPublicError(databaseError('42P01'), log.logger);

    expect(log.text()).toContain('"code":"42P01"');
    expect(log.text()).toMatch(/errors\.test/);
  });

  it.each(Object.entries(ERROR_CODES))('%s keeps its own message and status', (code, { status }) => {
    const known = Object.keys(ERROR_CODES).find((name): name is keyof typeof ERROR_CODES => name === code);
    if (!known) throw new Error(code);
    const told = maskGraphQLError(
      { message: 'x', path: ['a', 0] },
      new GraphQLError('x', { originalError: new AppError(known, 'What to do.') }),
      log.logger,
    );

    expect(told).toEqual({ message: `[${code}] What to do.`, path: ['a', 0], extensions: { code } });
    expect(statusOf(code)).toBe(status);
  });

  it('names the wrong field of an input, where the check knows it', () => {
    const check = () => inField('limit', () => parseAmount('x'));
    expect(check).toThrow(AppError);
    try {
      check();
    } catch (error) {
      expect(toPublicError(error, log.logger).extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'limit' });
    }
    const other = new Error('of ours');
    expect(() =>
      inField('limit', () => {
        throw other;
      }),
    ).toThrow(other);
  });

  it('reveals nothing in thousands of errors of every kind', () => {
    const secrets = [SECRET, '10.1.2.3', 'SELECT', '/srv/app', 'node_modules', 'tokens'];
    const messages = [
      `${SECRET} at /srv/app/node_modules/x.js:1`,
      'SELECT * FROM tokens WHERE host = 10.1.2.3',
      `duplicate key (${SECRET})`,
    ];
    const codes = [
      '23505',
      '42601',
      '22P02',
      'XX000',
      'ENOENT',
      'ERR_ASSERTION',
      'GRAPHQL_VALIDATION_FAILED',
      'BAD_USER_INPUT',
      '57P01',
      '40001',
    ];
    const leaks: string[] = [];
    for (let index = 0; index < (hasLongForms ? 10_000 : 2_000); index += 1) {
      const message = messages[index % messages.length] ?? '';
      const code = codes[index % codes.length] ?? '';
      const error =
        index % 2 ? databaseError(code) : Object.assign(new Error(message), { code, extensions: { code } });
      const wrapped = index % 3 ? new GraphQLError(message, { originalError: error }) : error;
      const told = JSON.stringify(maskGraphQLError({ message, extensions: { code } }, wrapped, log.logger));
      if (secrets.some((secret) => told.includes(secret))) leaks.push(told);
    }

    expect(leaks).toEqual([]);
  });
});

describe('a wrong variable', () => {
  const log = aLog();
  const mask = (definition: string, value: unknown): string[] => {
    const [operation] = parse(`query ($input: ${definition}) { viewer { name } }`).definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('an operation is expected');
    const { errors } = getVariableValues(bareSchema, operation.variableDefinitions ?? [], { input: value });
    return (errors ?? []).map((error) => maskGraphQLError(error.toJSON(), error, log.logger).message);
  };

  it.each([
    [
      'SaveMessageInput!',
      { workspaceId: 'a', idempotencyKey: 'k', phoneNumber: SECRET },
      '$input.phoneNumber is not valid: A phone number has',
    ],
    [
      'SaveMessageInput!',
      { workspaceId: 'a', idempotencyKey: 'k', message: [SECRET] },
      '$input.message is not valid: String cannot represent a non string value.',
    ],
    [
      'SaveMessageInput!',
      { workspaceId: 'a' },
      '$input is not valid: Field "idempotencyKey" of required type "String!" was not provided.',
    ],
    ['SaveMessageInput!', SECRET, '$input is not valid: Expected type "SaveMessageInput" to be an object.'],
    [
      '[SaveMessageItem!]!',
      [{ idempotencyKey: 'k' }, { message: 7 }],
      '$input[1].message is not valid: String cannot',
    ],
    ['TrackingOutcome', SECRET, '$input is not valid: This value does not exist in "TrackingOutcome" enum.'],
    ['Int', SECRET, '$input is not valid: Int cannot represent non-integer value.'],
    ['ID!', { a: SECRET }, '$input is not valid: ID cannot represent value.'],
    ['Boolean', SECRET, '$input is not valid: Boolean cannot represent a non boolean value.'],
    ['SaveMessageInput!', null, 'Variable "$input" of non-null type "SaveMessageInput!" must not be null.'],
  ])('of type %s: %j', (definition, value, words) => {
    const told = mask(definition, value).join('\n');

    expect(told).toContain(words);
    expect(told).toMatch(/^\[BAD_USER_INPUT\] /);
    expect(told).not.toContain(SECRET);
  });

  it('is refused without repeating its value, whatever it is', () => {
    const leaf = fc.oneof(
      fc.string().map((text) => `${text}${SECRET}${text}`),
      fc.constantFrom(`${SECRET}"; at "input.x"`, `"; ${SECRET}`, ` at "${SECRET}"; x`, `\n${SECRET}\u0000`),
      fc.integer(),
      fc.constant(null),
    );
    const fields = ['workspaceId', 'phoneNumber', 'whatsappUserId', 'message', 'response', 'idempotencyKey'];
    const value = fc.oneof(
      leaf,
      fc.array(leaf),
      fc.dictionary(
        fc.constantFrom(...fields, 'other'),
        fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.constant('x'), leaf)),
      ),
    );
    fc.assert(
      fc.property(value, (input) => {
        for (const message of mask('SaveMessageInput!', input)) {
          expect(message).not.toContain(SECRET);
          expect(message).toMatch(/^\[BAD_USER_INPUT\] (The variable \$input|Variable "\$input")/);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('over HTTP', () => {
  let app: TestApp;
  let shop: TestWorkspace;
  beforeAll(async () => {
    app = await startApp({ config: { statementTimeoutMs: 500, databasePoolSize: 6 } });
    shop = await aWorkspace(app);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    await app.api.as(shop.service).data(SAVE, { input: aTurn(shop) });
  });
  afterAll(() => app.stop());

  const totals = () => app.api.as(shop.client).send(TOTALS, { workspaceId: shop.id });

  it('a literal is refused without repeating its text', async () => {
    const { body, status } = await app.api
      .as(shop.analyst)
      .send(
        `{ messages(workspaceId: "${shop.id}", outcome: ${SECRET.replace('-', '_')}, first: "${SECRET}") { totalCount } }`,
      );

    expect(status).toBe(400);
    expect(JSON.stringify(body)).not.toMatch(/parola/);
  });

  it.each([
    `mutation { saveMessage(input: { message: "${SECRET}" "x }) { replayed } }`,
    `{ viewer(x: "${SECRET}"} }`,
  ])('GraphQL that is broken around words is refused without them: %s', async (query) => {
    const { body, status } = await app.api.as(shop.service).send(query);

    expect([status, body.errors?.[0]?.extensions.code]).toEqual([400, 'GRAPHQL_PARSE_FAILED']);
    expect(JSON.stringify(body)).not.toContain(SECRET);
  });

  it('an unexpected error is 500 with an id that the log has, in two lines', async () => {
    await app.database.sql('ALTER TABLE workspaces RENAME TO elsewhere');
    const { status, body } = await totals();
    await app.database.sql('ALTER TABLE elsewhere RENAME TO workspaces');
    const errorId = body.errors?.[0]?.extensions.errorId ?? '';
    const lines = app
      .logs()
      .split('\n')
      .filter((line) => line.includes(errorId));

    expect(status).toBe(500);
    expect(body.data).toBeNull();
    expect(JSON.stringify(body)).not.toMatch(/elsewhere|workspaces|relation|SELECT/);
    expect(lines.map((line) => JSON.parse(line).msg).sort()).toEqual(['request', 'unexpected error']);
    expect(lines.join()).toContain('42P01');
  });

  it('a statement that takes too long, and a connection that is cut, are 503', async () => {
    const lock = await blocking(app, 'usage_slots');
    const late = await totals();
    const cut = totals();
    await waitForLock(app);
    await app.database.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    const answers = [late, await cut];
    await lock.end();

    for (const { status, headers, body } of answers) {
      expect([status, body.errors?.[0]?.extensions.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
      expect(headers.get('retry-after')).toBe('1');
    }
    expect((await totals()).status).toBe(200);
  });

  it('a read that fails after the commit of a save makes the whole answer 503; the same again replays', async () => {
    const token = await aToken(app, {
      kind: 'service',
      workspaceIds: [shop.id],
      scopes: ['messages:write', 'usage:read'],
    });
    const send = (input: Record<string, unknown>) =>
      app.api
        .as(token)
        .send<{ saveMessage: { replayed: boolean } }>(
          'mutation ($input: SaveMessageInput!) { saveMessage(input: $input) { replayed message { id customer { usage { messages } } } } }',
          { input },
        );
    const input = aTurn(shop);
    // The token's check is remembered, and the lane's connection is open.
    expect((await send(aTurn(shop))).status).toBe(200);
    const taken = await allConnections(app, 5);
    const failed = await send(input);
    for (const runner of taken) await runner.release();
    const again = await send(input);

    expect(failed.status).toBe(503);
    expect(failed.headers.get('retry-after')).toBe('1');
    expect(failed.body.data).toBeNull();
    expect(failed.body.errors?.[0]?.message).toMatch(/^\[SERVICE_UNAVAILABLE\] .*same idempotencyKey/);
    expect(again.body.data?.saveMessage.replayed).toBe(true);
  });

  it('an error in arguments below a save says that the turn was saved', async () => {
    const token = await aToken(app, {
      kind: 'service',
      workspaceIds: [shop.id],
      scopes: ['messages:write', 'usage:read'],
    });
    const { status, body } = await app.api.as(token).send(
      `mutation ($input: SaveMessageInput!) { saveMessage(input: $input) {
         message { customer { usage(period: { preset: TODAY, month: "2025-01" }) { messages } } } } }`,
      { input: aTurn(shop) },
    );

    expect([status, body.data]).toEqual([400, null]);
    expect(body.errors?.[0]?.message).toMatch(/^\[BAD_USER_INPUT\] .* The write itself was done\.$/);
  });

  it('a caller who goes away gives its connection back', async () => {
    const lock = await blocking(app, 'usage_slots');
    const gone = new AbortController();
    const asking = Array.from({ length: 6 }, () =>
      fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${shop.client}` },
        body: JSON.stringify({ query: TOTALS, variables: { workspaceId: shop.id } }),
        signal: gone.signal,
      }).catch(() => undefined),
    );
    await waitForLock(app);
    gone.abort();
    await Promise.all(asking);
    await lock.end();

    expect((await totals()).status).toBe(200);
  });
});

/** Somebody else's transaction that holds a table. */
async function blocking(app: TestApp, table: string): Promise<{ end(): Promise<void> }> {
  const { Client } = await import('pg');
  const client = new Client({ connectionString: app.database.url });
  await client.connect();
  await client.query(`BEGIN; LOCK TABLE ${table}`);
  return { end: () => client.end() };
}

async function waitForLock(app: TestApp): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const [found] = await app.database.sql<{ n: number }>(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    if (found && found.n > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('nobody waits for the lock');
}

const allConnections = (app: TestApp, count: number) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const runner = app.database.dataSource.createQueryRunner();
      await runner.connect();
      return runner;
    }),
  );
