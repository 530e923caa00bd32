// How large a document may be: each limit accepts n and refuses n + 1 with 400, before anything runs.
import { getOperationAST, Kind, parse, validate } from 'graphql';
import { costOf } from '../src/graphql/cost';
import { LIMITS, limitSize } from '../src/graphql/limits';
import { bareSchema } from '../src/graphql/schema';
import { ANSWER_TEXT_BYTES } from '../src/resolvers/texts';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '393331234567' });
});
afterAll(() => app.stop());

const send = async (query: string, variables: Record<string, unknown> = {}): Promise<string> => {
  app.statements();
  const { status, body } = await app.api.as(shop.analyst).send(query, { id: shop.id, ...variables });
  const read = app.statements().some((name) => name === 'begin_snapshot');
  if (status !== 200 && read) throw new Error(`something was read before ${query} was refused`);
  return status === 200 && !body.errors ? 'ok' : `${status} ${body.errors?.[0]?.message}`;
};

const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

const refused = (what: string) =>
  expect.stringMatching(new RegExp(`^400 \\[GRAPHQL_VALIDATION_FAILED\\] .*${what}`));

describe('the depth', () => {
  /** usageRecords > nodes > message > tracking > usage > message > … > __typename */
  const nested = (levels: number): string => {
    const between = Array.from(
      { length: levels - 3 },
      (_, index) => ['message', 'tracking', 'usage'][index % 3],
    );
    const inner = between.reduceRight((below, field) => `${field} { ${below} }`, '__typename');
    return `query ($id: ID!) { usageRecords(workspaceId: $id) { nodes { ${inner} } } }`;
  };

  it(`of ${LIMITS.depth} levels is answered, and of more is refused`, async () => {
    expect(await send(nested(LIMITS.depth))).toBe('ok');
    expect(await send(nested(LIMITS.depth + 1))).toEqual(refused('9 levels'));
  });

  it('is counted through fragments', async () => {
    const query = `query ($id: ID!) { usageRecords(workspaceId: $id) { nodes { ...a } } }
      fragment a on UsageRecord { message { ...b } }
      fragment b on Message { tracking { usage { ... on UsageRecord { ...c } } } }
      fragment c on UsageRecord { message { tracking { usage { id } } } }`;

    expect(await send(query)).toEqual(refused('9 levels'));
  });

  it("is enough for Apollo Sandbox's introspection", async () => {
    const { getIntrospectionQuery } = await import('graphql');

    expect(await send(getIntrospectionQuery())).toBe('ok');
  });
});

describe('aliases', () => {
  it.each(['name', '__typename'])(`of %s: ${LIMITS.aliases} are answered`, async (field) => {
    const query = (count: number) => `{ viewer { ${times(count, (index) => `a${index}: ${field}`)} } }`;

    expect(await send(query(LIMITS.aliases))).toBe('ok');
    expect(await send(query(LIMITS.aliases + 1))).toEqual(refused('16 aliases'));
  });

  it('are counted as often as their fragment is spread', async () => {
    const query =
      '{ viewer { ...f } v: viewer { ...f } w: viewer { ...f } } fragment f on Viewer { a: name b: name c: name d: name e: name }';

    expect(await send(query)).toEqual(refused('17 aliases'));
  });
});

it(`${LIMITS.directives} directives are answered, on the operation, fields and fragments`, async () => {
  const query = (count: number) =>
    `query ($yes: Boolean!) { viewer { ${times(count - 2, (index) => `a${index}: name @include(if: $yes)`)} ... @include(if: $yes) { ...f @skip(if: $yes) } } } fragment f on Viewer { kind }`;

  expect(await send(query(LIMITS.directives), { yes: true })).toBe('ok');
  expect(await send(query(LIMITS.directives + 1), { yes: true })).toEqual(refused('11 directives'));
});

it(`${LIMITS.rootFields} root fields are answered, also from fragments`, async () => {
  const query = (count: number) =>
    `{ ${times(count - 2, (index) => `a${index}: viewer { name }`)} ...f } fragment f on Query { x: viewer { name } y: viewer { name } }`;

  expect(await send(query(LIMITS.rootFields))).toBe('ok');
  expect(await send(query(LIMITS.rootFields + 1))).toEqual(refused('6 root fields'));
});

it(`${LIMITS.tokens} tokens are parsed`, async () => {
  // Operations of 8 words and signs each, of which one is run.
  const run = (query: string) =>
    app.api.as(shop.analyst).post(JSON.stringify({ query, operationName: 'Q0' }));
  const query = times(LIMITS.tokens / 8, (index) => `query Q${index} { viewer { name } }`);
  const tooLong = await run(query.replace('name', 'name kind'));

  expect((await run(query)).status).toBe(200);
  expect([tooLong.status, tooLong.body.errors?.[0]?.extensions.code]).toEqual([400, 'GRAPHQL_PARSE_FAILED']);
});

describe('fragments', () => {
  const bomb = (levels: number): string =>
    `{ ...f0 } ${times(levels, (index) => `fragment f${index} on Query { ${index === levels - 1 ? 'viewer { name }' : `...f${index + 1} ...f${index + 1}`} }`)}`;

  it.each([5, 12, 60])('that double %i times are refused', async (levels) => {
    // Expanded, the largest would be 2^60 fields: an answer at all says that it was not.
    expect(await send(bomb(levels))).toMatch(/^400 /);
  });

  it('that spread the next one many times are looked at a few times each', () => {
    // As many spreads as pass: 3^13 ways lead to the last fragment.
    const levels = times(13, (index) => `fragment f${index} on Query { ${`...f${index + 1} `.repeat(3)} }`);
    const document = parse(`{ ...f0 } ${levels} fragment f13 on Query { viewer { name } }`);
    let looks = 0;
    for (const node of document.definitions) {
      if (node.kind !== Kind.FRAGMENT_DEFINITION) continue;
      const { selections } = node.selectionSet;
      Object.defineProperty(node.selectionSet, 'selections', {
        get() {
          looks += 1;
          return selections;
        },
      });
    }
    const [error] = validate(bareSchema, document, [limitSize]);

    expect(error?.message).toBe(`The operation has ${3 ** 13} root fields; at most 5 are answered.`);
    expect(looks).toBeLessThanOrEqual(10 * 14);
  });

  it('that contain themselves are refused', async () => {
    expect(await send('{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }')).toMatch(/^400 /);
  });
});

const NOW = new Date('2026-03-15T12:00:00Z');

const costOfQuery = (query: string, variables: Record<string, unknown> = {}) => {
  const document = parse(query);
  const operation = getOperationAST(document);
  if (!operation) throw new Error(`no operation: ${query}`);
  return costOf(bareSchema, document, operation, { id: 'x', ...variables }, { now: NOW, workspaces: 3 });
};

describe('the points', () => {
  const rows = 'query ($id: ID!, $n: Int) { customers(workspaceId: $id, first: $n) { nodes { FIELDS } } }';
  const cost = (variables: Record<string, unknown>, fields = 'name phoneNumber whatsappUserId') =>
    costOfQuery(rows.replace('FIELDS', fields), variables).points;

  it("are the page's length times the points of its row, also when the length is a variable", () => {
    // 1 for the page, 1 for nodes, n × 3 values
    expect(cost({ n: 1 })).toBe(2 + 1 * 3);
    expect(cost({ n: 20 })).toBe(2 + 20 * 3);
  });

  it.each([[{}], [{ n: null }]])('count the default when the length is not given: %j', (variables) => {
    expect(cost(variables)).toBe(2 + 50 * 3);
  });

  it('count a page as 1 to 100 rows, whatever length is asked for', () => {
    expect(cost({ n: 2_000_000_000 })).toBe(2 + 100 * 3);
    expect(cost({ n: -5 })).toBe(2 + 1 * 3);
  });

  it('count a page once when it is asked for with edges, nodes and other fields', () => {
    const query =
      '{ customers(workspaceId: "x", first: 10) { nodes { id } edges { node { id } } pageInfo { hasNextPage } } }';
    expect(costOfQuery(query).points).toBe(1 + (1 + 10) + (1 + 10 * 2) + 2);
  });

  it('leave out skipped fields', () => {
    const query = 'query ($yes: Boolean!) { viewer { name @skip(if: $yes) kind @include(if: $yes) } }';
    expect(costOfQuery(query, { yes: true }).points).toBe(2);
  });

  it("count a token's workspaces", () => {
    expect(costOfQuery('{ workspaces { id name } }').points).toBe(1 + 3 * 2);
  });

  it(`above ${LIMITS.points} are refused before anything is read`, async () => {
    const query = `query ($id: ID!, $n: Int) {
      ${times(5, (index) => `u${index}: usage(workspaceId: $id) { a: clients(first: $n) { nodes { ...c } edges { node { ...c } } } b: clients(first: $n) { edges { node { ...c } } nodes { ...c } } } `)}
    }
    fragment c on ClientUsage { rank messages share lastAt cost { amount currency } customer { id name phoneNumber createdAt } }`;

    expect(await send(query, { n: 10 })).toBe('ok');
    expect(await send(query, { n: 100 })).toEqual(refused('costs 2\\d\\d\\d\\d points; at most 20000'));
  });

  it('leave wrong variables to the validation, which says what is wrong', async () => {
    expect(await send(rows.replace('FIELDS', 'name'), { n: 'many' })).toBe(
      '400 [BAD_USER_INPUT] The variable $n is not valid: Int cannot represent non-integer value.',
    );
    expect(
      await send('query ($yes: Boolean = true) { viewer { name @include(if: $yes) } }', { yes: null }),
    ).toMatch(/^400 \[BAD_USER_INPUT\]/);
  });
});

describe('a timeline', () => {
  /** Points of the timeline alone, with one value each. */
  const points = (period: string, interval: string, field = 'messages') => {
    const query = (inner: string) => `{ usage(workspaceId: "x", ${period}) { ${inner} } }`;
    const empty = costOfQuery(query('timeline { __typename @skip(if: true) }')).points;
    return costOfQuery(query(`timeline(interval: ${interval}) { ${field} }`)).points - empty;
  };

  it.each([
    ['period: { month: "2026-01" }', 'DAY', 31],
    ['period: { month: "2026-02" }, timeZone: "Asia/Kathmandu"', 'DAY', 28],
    ['period: { month: "2026-01" }', 'HOUR', 744],
    // Up to the present: 15 March at noon.
    ['period: { preset: THIS_MONTH }', 'DAY', 15],
    ['period: { preset: THIS_YEAR }', 'MONTH', 3],
    ['period: { preset: LAST_YEAR }', 'WEEK', 53],
    ['period: { from: "2021-01-01T00:00:00Z", to: "2025-12-31T00:00:00Z" }', 'DAY', 1825],
    ['period: { from: "2006-01-01T00:00:00Z", to: "2025-12-31T00:00:00Z" }', 'MONTH', 240],
    // More than are answered: the service says so.
    ['period: { from: "2006-01-01T00:00:00Z", to: "2025-12-31T00:00:00Z" }', 'DAY', 2000],
    ['period: { preset: TODAY, month: "2026-01" }', 'DAY', 1],
  ])('of %s by %s costs its %i points', (period, interval, expected) => {
    expect(points(period, interval)).toBe(expected);
  });

  it('counts the clients of each point, which PostgreSQL counts separately', () => {
    const month = 'period: { month: "2026-01" }';
    expect(points(month, 'DAY', 'activeClients')).toBe(31 * 26);
    expect(points(month, 'HOUR', 'activeClients')).toBe(744);
  });

  it('counts the outcomes of all points as one question, and each outcome as a value', () => {
    const month = 'period: { month: "2026-01" }';
    const question = 10 + 8;
    expect(points(month, 'DAY', 'outcomes { messages }')).toBe(31 + question + 31 * 6);
    expect(points(month, 'HOUR', 'outcomes { messages }')).toBe(744 + question + 744 * 6);
  });

  const years = 'period: { from: "2021-01-01T00:00:00Z", to: "2025-12-31T00:00:00Z" }';
  it.each([
    ['five years of days with their clients', years, 'a: timeline { activeClients }'],
    [
      'fifteen times 83 days of hours',
      'period: { from: "2025-01-01T00:00:00Z", to: "2025-03-24T00:00:00Z" }',
      times(15, (index) => `a${index}: timeline(interval: HOUR) { from to messages cost { amount } }`),
    ],
    [
      'fifteen heatmaps',
      years,
      times(15, (index) => `a${index}: heatmap { weekday hour messages cost { amount currency } }`),
    ],
    [
      'twelve heatmaps of twenty years',
      'period: { from: "2006-01-01T00:00:00Z", to: "2025-12-31T00:00:00Z" }',
      times(12, (index) => `a${index}: heatmap { hour }`),
    ],
  ])('%s are refused', async (_, period, inner) => {
    const query = `query ($id: ID!) { usage(workspaceId: $id, ${period}, timeZone: "Asia/Kathmandu") { ${inner} } }`;
    expect(await send(query)).toEqual(refused('points; at most 20000'));
  });

  it.each([
    ['five years of days', years, 'timeline { from to messages cost { amount currency } }'],
    [
      'a year of days with their clients',
      'period: { preset: LAST_YEAR }',
      'timeline { from to messages cost { amount currency } activeClients }',
    ],
    [
      '83 days of hours',
      'period: { from: "2025-01-01T00:00:00Z", to: "2025-03-24T00:00:00Z" }',
      'timeline(interval: HOUR) { from to messages cost { amount currency } activeClients }',
    ],
  ])('%s are answered', async (_, period, inner) => {
    expect(await send(`query ($id: ID!) { usage(workspaceId: $id, ${period}) { ${inner} } }`)).toBe('ok');
  });
});

describe('a question about each customer of a page', () => {
  const cost = (field: string) =>
    costOfQuery(`query ($id: ID!) { customers(workspaceId: $id, first: 10) { nodes { ${field} } } }`).points -
    2;

  it.each([
    // The question, its points with one value each.
    ['timeline { messages }', 1 + 5 + 366 / 40 + 12],
    ['timeline(interval: null, period: null) { messages }', 1 + 5 + 366 / 40 + 12],
    ['timeline(interval: DAY, period: { month: "2026-01" }) { messages }', 1 + 5 + 31 / 40 + 31],
    ['outcomes(period: { month: "2026-01" }) { outcome messages }', 1 + 5 + 31 / 10 + 6 * 2],
  ])('%s costs it for each', (field, each) => {
    expect(cost(field)).toBe(Math.ceil(10 * each));
  });
});

it('cohorts cost their months, each with the months after it', () => {
  const cost = (from: string, to: string) =>
    costOfQuery(`{ retention(workspaceId: "x", from: "${from}", to: "${to}") { month clients retained } }`)
      .points;
  expect(cost('2026-01', '2026-10')).toBe(301 + 10 * (3 + 5));
  expect(cost('1970-01', '2200-12')).toBe(301 + 60 * (3 + 30));
});

it('questions about every client grow with the months of their period', () => {
  const points = (part: string, period = 'month: "2026-01"') => {
    const report = (fields: string) => `{ usage(workspaceId: "x", period: { ${period} }) { ${fields} } }`;
    return costOfQuery(report(part)).points - costOfQuery(report('asOf')).points + 1;
  };
  const year = 'firstDay: "2025-01-01", lastDay: "2025-12-31"';
  expect(points('clientMovement { new lost }')).toBe(Math.ceil(1 + 40 + 12 * (31 / 30) + 2));
  expect(points('clientMovement { new lost }', year)).toBe(Math.ceil(1 + 40 + 12 * (365 / 30) + 2));
  expect(points('distribution { p50 mean }')).toBe(Math.ceil(1 + 20 + 5 * (31 / 30) + 2));
  expect(points('topClients(limit: 3) { rank }', year)).toBe(Math.ceil(1 + 20 + 10 * (365 / 30) + 3));
  expect(points('clients { totalCount }')).toBe(Math.ceil(2 * (1 + 20 + 10 * (31 / 30))));
});

it("earlier figures cost once for a list, plus each client's value", () => {
  const points = (part: string) =>
    costOfQuery(`{ usage(workspaceId: "x") { clientsIn(segment: NEW, first: 10) { ${part} } } }`).points;
  const previous = 30 + 10 * (1 + 1 + 1);
  expect(points('nodes { rank previous { messages } }') - points('nodes { rank }')).toBe(previous);
  expect(points('edges { node { rank previous { messages } } }') - points('edges { node { rank } }')).toBe(
    previous,
  );
});

it('the report of each workspace of a token costs as much as that report alone', () => {
  const report =
    'usage(period: { month: "2026-01" }) { totals { messages } heatmap { outcomes { messages } } }';
  const alone = 1 + (1 + 18 + 1) + (1 + 18 + 168 * (1 + 6) + 18);
  expect(costOfQuery(`{ workspaces { ${report} } }`).points).toBe(1 + 3 * alone);
});

describe('the texts of an answer', () => {
  /** The longest that can be saved, and a byte more than half of what an answer holds of 32 rows. */
  const longest = `${'x'.repeat(65_535)}à`;
  const rowBytes = 2 * Buffer.byteLength(longest);
  const most = Math.floor(ANSWER_TEXT_BYTES / rowBytes);
  let wordy: TestWorkspace;
  beforeAll(async () => {
    wordy = await aWorkspace(app);
    await aCustomer(app, wordy, { phoneNumber: '393331234567' });
    for (let saved = 0; saved < most + 1; saved += 11) {
      const items = Array.from({ length: 11 }, () => {
        const { workspaceId: _, ...item } = aTurn(wordy, { message: longest, response: longest });
        return item;
      });
      await app.api
        .as(wordy.service)
        .data(
          'mutation ($id: ID!, $items: [SaveMessageItem!]!) { saveMessages(workspaceId: $id, items: $items) { error { code } } }',
          { id: wordy.id, items },
        );
    }
  });

  interface Texts {
    message: string;
    response: string | null;
  }
  const ask = async (query: string, variables: Record<string, unknown> = {}) => {
    app.statements();
    const { status, body } = await app.api
      .as(wordy.analyst)
      .send<{ messages: { nodes: Texts[] } }>(query, { id: wordy.id, ...variables });
    const read = app.statements().filter((name) => name.endsWith('_texts'));
    return { status, errors: body.errors ?? [], nodes: body.data?.messages?.nodes ?? [], read };
  };
  const page = (fields: string) =>
    `query ($id: ID!, $n: Int) { messages(workspaceId: $id, first: $n) { nodes { ${fields} } } }`;
  const sentence = `[BAD_USER_INPUT] The messages and responses of this answer have more than ${ANSWER_TEXT_BYTES} bytes. Ask for shorter pages (first), or for each text once.`;

  it('are complete up to the limit, read in statements of a few texts each', async () => {
    const { nodes, read } = await ask(page('id message response'), { n: most });
    expect(nodes).toHaveLength(most);
    expect(nodes.every(({ message, response }) => message === longest && response === longest)).toBe(true);
    // Of 65 536 bytes three fit into one.
    expect(read).toHaveLength(2 * Math.ceil(most / 3));
  });

  it.each([
    ['of a row more', page('id message response'), most + 1],
    ['that are all responses, which may be missing', page('a: response b: response'), most + 1],
    ['under fifteen aliases', page(times(15, (index) => `a${index}: message`)), 10],
    [
      'through edges and nodes',
      'query ($id: ID!, $n: Int) { messages(workspaceId: $id, first: $n) { nodes { message response } edges { node { message } } } }',
      most,
    ],
  ])('are refused in one sentence before any is read when they are more: %s', async (_, query, n) => {
    const { status, errors, read } = await ask(query, { n });
    expect([status, errors.map(({ message }) => message)]).toEqual([400, [sentence]]);
    expect(read).toEqual([]);
  });

  it('are refused in the same sentence through charges, where parts may be read before the limit is met', async () => {
    const query =
      'query ($id: ID!, $n: Int) { usageRecords(workspaceId: $id, first: $n) { nodes { message { message tracking { usage { message { response } } } } } } }';
    const { status, errors, read } = await ask(query, { n: most + 1 });
    expect([status, errors.map(({ message }) => message)]).toEqual([400, [sentence]]);
    expect(read.length).toBeLessThanOrEqual(2 * Math.ceil(most / 3));
  });

  it('are not read for those who ask for none', async () => {
    const { nodes, read } = await ask(page('id occurredAt tracking { outcome }'), { n: 100 });
    expect(nodes.length).toBeGreaterThan(most);
    expect(read).toEqual([]);
  });

  it('may be read for a hundred rows at once when they are of ordinary length', async () => {
    const chatty = await aWorkspace(app);
    // As long as WhatsApp sends, in letters of three bytes.
    const text = 'क'.repeat(4_096);
    const items = Array.from({ length: 100 }, () => {
      const { workspaceId: _, ...item } = aTurn(chatty, { message: text, response: text });
      return item;
    });
    await app.api
      .as(chatty.service)
      .data(
        'mutation ($id: ID!, $items: [SaveMessageItem!]!) { saveMessages(workspaceId: $id, items: $items) { error { code } } }',
        { id: chatty.id, items },
      );
    const { status, body } = await app.api
      .as(chatty.analyst)
      .send<{ messages: { nodes: Texts[] } }>(page('id message response'), { id: chatty.id, n: 100 });
    expect(status).toBe(200);
    expect(body.data?.messages.nodes.filter(({ response }) => response === text)).toHaveLength(100);
  });

  it('distinguish an empty message from a missing response', async () => {
    const quiet = await aWorkspace(app);
    const { workspaceId: _, response: __, ...turn } = aTurn(quiet, { message: '' });
    await app.api
      .as(quiet.service)
      .data(
        'mutation ($id: ID!, $items: [SaveMessageItem!]!) { saveMessages(workspaceId: $id, items: $items) { error { code } } }',
        { id: quiet.id, items: [turn] },
      );
    const { messages } = await app.api
      .as(quiet.analyst)
      .data<{ messages: { nodes: Texts[] } }>(page('message response'), { id: quiet.id, n: 1 });
    expect(messages.nodes).toEqual([{ message: '', response: null }]);
  });

  it('are bounded for saves too, before anything is saved', async () => {
    const save = (fields: string, count: number) =>
      app.api
        .as(shop.service)
        .send(
          `mutation ($id: ID!, $items: [SaveMessageItem!]!) { saveMessages(workspaceId: $id, items: $items) { payload { message { ${fields} } } } }`,
          {
            id: shop.id,
            items: Array.from({ length: count }, () => {
              const { workspaceId: _, ...item } = aTurn(shop);
              return item;
            }),
          },
        );
    const stored = async () =>
      (await app.database.sql<{ n: number }>('SELECT count(*)::int AS n FROM messages'))[0]?.n;
    const before = await stored();
    const answer = await save('id message response', 500);
    expect([answer.status, answer.body.errors?.[0]?.message]).toEqual([
      400,
      expect.stringContaining('characters'),
    ]);
    expect(await stored()).toBe(before);
    expect((await save('id', 500)).status).toBe(200);
    expect((await save('id message response', 100)).status).toBe(200);
  });
});

describe('the variables', () => {
  it(`of ${LIMITS.values} values are read, more are refused`, async () => {
    const query = '{ viewer { name } }';
    // One for the list, one for the id that every test sends.
    const values = (count: number) => ({ unused: Array(count - 2).fill(1) });

    expect(await send(query, values(LIMITS.values))).toBe('ok');
    expect(await send(query, values(LIMITS.values + 1))).toEqual(refused('more than 10000 values'));
  });

  it.each([9_000, 100_000])('with %i unknown fields in one input are refused', async (count) => {
    const query =
      'query ($id: ID!, $period: PeriodInput) { usage(workspaceId: $id, period: $period) { asOf } }';
    const period = Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, 1]));

    expect(await send(query, { period })).toMatch(/^400 /);
  });

  it.each(['[', '{"a":'])('nested a hundred thousand times are refused: %s', async (sign) => {
    const deep = `${sign.repeat(100_000)}1${(sign === '[' ? ']' : '}').repeat(100_000)}`;
    const { status } = await app.api
      .as(shop.analyst)
      .post(`{"query":"query ($n: Int) { viewer { name } }","variables":{"n":${deep}}}`);

    expect(status).toBe(400);
  });
});

it('the whole dashboard in one query is well within the limits', async () => {
  const dashboard = `query ($id: ID!) { usage(workspaceId: $id) {
    totals { cost { amount currency } messages activeClients averageCostPerClient { amount } firstAt lastAt }
    growth { comparedTo { from to } cost { current { amount } previous { amount } change { amount } percent } messages { percent } }
    topClients(limit: 100) { rank customer { id name phoneNumber } messages cost { amount } share lastAt }
    peakHours { hour label messages cost { amount } share }
    heatmap { weekday hour messages cost { amount } }
    timeline { from to messages cost { amount } activeClients }
    outcomes { outcome messages } forecast { cost { amount } messages } } }`;

  expect(await send(dashboard)).toBe('ok');
  expect(costOfQuery(dashboard).points).toBeLessThan(LIMITS.points / 4);
});

it.each([
  ['a batch', '[{"query":"{ viewer { name } }"}]'],
  ['a persisted query', '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"x"}}}'],
  ['no query', '{"query":""}'],
  ['a query that is no text', '{"query":{"kind":"Document"}}'],
  ['variables as text', '{"query":"{ viewer { name } }","variables":"{}"}'],
  ['a subscription', '{"query":"subscription { viewer { name } }"}'],
])('%s is refused with 400', async (_, body) => {
  const answer = await app.api.as(shop.analyst).post(body);

  expect(answer.status).toBe(400);
  expect(answer.body.errors?.[0]?.message).toMatch(/^\[[A-Z_]+\] ./);
});
