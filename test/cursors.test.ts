// Cursors are input like any other: any content, even with a valid seal, is answered or refused with 400.
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { SAVE } from './support/operations';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
  shop = await aWorkspace(app);
  for (let index = 0; index < 3; index += 1) {
    const phoneNumber = `+39333123456${index}`;
    await aCustomer(app, shop, { name: `C${index}`, phoneNumber });
    await app.api.as(shop.service).data(SAVE, { input: aTurn(shop, { phoneNumber }) });
  }
});
afterAll(() => app.stop());

/** As anybody can who has read the source. */
const forge = (value: unknown): string => {
  const body = typeof value === 'string' ? value : JSON.stringify(value);
  const seal = createHash('sha256').update(`cursor 1 ${body}`).digest('hex').slice(0, 12);
  return Buffer.from(`${seal}${body}`).toString('base64url');
};

const LISTS = {
  usageRecords:
    'usageRecords(workspaceId: $id, first: 2, after: $after) { pageInfo { endCursor } totalCount }',
  messages: 'messages(workspaceId: $id, first: 2, after: $after) { pageInfo { endCursor } totalCount }',
  customers: 'customers(workspaceId: $id, first: 2, after: $after) { pageInfo { endCursor } totalCount }',
  clients:
    'usage(workspaceId: $id) { clients(first: 2, after: $after) { pageInfo { endCursor } totalCount } }',
};

const ask = async (list: keyof typeof LISTS, after: string): Promise<string> => {
  const { status, body } = await app.api
    .as(shop.analyst)
    .send(`query ($id: ID!, $after: String) { ${LISTS[list]} }`, { id: shop.id, after });
  return status === 200 ? 'ok' : `${status} ${body.errors?.[0]?.extensions.code}`;
};

const realCursor = async (list: keyof typeof LISTS): Promise<string> => {
  const { body } = await app.api
    .as(shop.analyst)
    .send(`query ($id: ID!, $after: String) { ${LISTS[list]} }`, { id: shop.id });
  return /"endCursor":"([^"]+)"/.exec(JSON.stringify(body))?.[1] ?? '';
};

describe.each(['usageRecords', 'messages', 'customers', 'clients'] as const)('a cursor of %s', (list) => {
  it('gives the next page', async () => {
    expect(await ask(list, await realCursor(list))).toBe('ok');
  });

  it('with one sign changed is refused', async () => {
    const cursor = await realCursor(list);
    for (let at = 0; at < cursor.length; at += 9) {
      const mangled = cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1);

      expect(await ask(list, mangled)).toBe('400 BAD_USER_INPUT');
    }
  });

  it.each([
    ['no JSON', 'ciao'],
    ['null', null],
    ['nothing', []],
    ['no arguments', [list, 'ID', null, {}, []]],
    ['arguments that are no text', [list, 'ID', { customerId: { a: 1 } }, {}, ['x', 'y']]],
    ['a position that is none', [list, 'ID', {}, {}, 'xy']],
    ['a position of nonsense', [list, 'ID', {}, {}, ['x', 'y']]],
    ['a longer position of nonsense', [list, 'ID', {}, {}, ['x', 'y', 'z']]],
    ['a position with a NUL', [list, 'ID', {}, {}, ['\u0000', '0190d2b4-0000-7000-8000-000000000000']]],
    ['no period', [list, 'ID', {}, {}, ['2026-03-01T00:00:00.000Z', '0190d2b4-0000-7000-8000-00000000000g']]],
    [
      'a customer that is none',
      [
        list,
        'ID',
        { customerId: "' OR 1=1 --", search: '\u0000' },
        { from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z' },
        ['2026-03-01T00:00:00Z', 'y'],
      ],
    ],
  ])('with a right seal and %s is refused', async (_, value) => {
    const own = JSON.parse(JSON.stringify(value).replaceAll('"ID"', JSON.stringify(shop.id)));

    expect(await ask(list, forge(own))).toBe('400 BAD_USER_INPUT');
  });

  it('changed in any place and sealed anew is answered or refused, never 500', async () => {
    const plain = Buffer.from(await realCursor(list), 'base64url')
      .toString('utf8')
      .slice(12);
    const sealed: unknown[] = JSON.parse(plain);
    const nonsense = fc.oneof(
      fc.string(),
      fc.constantFrom('\u0000', '', '9'.repeat(30), '9999-99-99'),
      fc.jsonValue(),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(40), nonsense, async (place, value) => {
        const answer = await ask(list, forge(replaced(sealed, place, value)));

        expect(['ok', '400 BAD_USER_INPUT', '403 FORBIDDEN']).toContain(answer);
      }),
      { numRuns: 60 },
    );
  });

  it('with nonsense arguments is answered or refused, never 500', async () => {
    const position = ['2026-03-01T00:00:00.000Z', '0190d2b4-0000-7000-8000-000000000000'];
    const resolved = { from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z', timeZone: '\u0000' };
    for (const text of ['', '\u0000', "'", '%', '\ud800', 'x'.repeat(1_000)]) {
      for (const name of ['customerId', 'outcome', 'search', 'timeZone', 'orderBy', 'period', 'from']) {
        const places = list === 'clients' ? ['5', ...position.slice(1), position[1]] : position;
        const cursor = forge([list, shop.id, { [name]: text }, { ...resolved, [name]: text }, places]);

        expect(await ask(list, cursor)).toMatch(/^(ok|400 BAD_USER_INPUT)$/);
      }
    }
  });

  it('of another workspace is refused', async () => {
    const other = await aWorkspace(app);
    const cursor = await realCursor(list);
    const { status } = await app.api
      .as(other.analyst)
      .send(`query ($id: ID!, $after: String) { ${LISTS[list]} }`, { id: other.id, after: cursor });

    expect(status).toBe(400);
  });
});

it.each([
  ['from 1970 to 2200', '1970-01-01T00:00:00Z', '2200-01-01T00:00:00Z', 'is longer than 20 years'],
  ['before 1970', '0001-01-01T00:00:00Z', '0002-01-01T00:00:00Z', 'lies outside the years 1970 to 2200'],
  ['that ends before it starts', '2026-03-02T00:00:00Z', '2026-03-01T00:00:00Z', 'ends before it starts'],
])('a forged cursor asks for no period %s', async (_, from, to, words) => {
  for (const list of ['usageRecords', 'messages'] as const) {
    const position = [from.replace('Z', '.000Z'), '0190d2b4-0000-7000-8000-000000000000'];
    const after = forge([list, shop.id, {}, { from, to, timeZone: 'UTC' }, position]);
    const [error] = await app.api
      .as(shop.analyst)
      .errors(`query ($id: ID!, $after: String) { ${LISTS[list]} }`, { id: shop.id, after });

    expect(error?.message).toContain(words);
  }
});

it.each([
  ['9223372036854775807', 'ok'],
  ['-9223372036854775808', 'ok'],
  ['1000000000000000000', 'ok'],
  ['9223372036854775808', '400 BAD_USER_INPUT'],
  ['-9223372036854775809', '400 BAD_USER_INPUT'],
  ['99999999999999999999', '400 BAD_USER_INPUT'],
])('a position of clients at %s is answered: %s', async (measure, expected) => {
  const [list, id, args, resolved, [, ...rest]] = JSON.parse(
    Buffer.from(await realCursor('clients'), 'base64url')
      .toString('utf8')
      .slice(12),
  );

  expect(await ask('clients', forge([list, id, args, resolved, [measure, ...rest]]))).toBe(expected);
});

/** The same with the leaf of this number replaced. */
function replaced(tree: unknown, place: number, value: unknown): unknown {
  let at = -1;
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node === 'object' && node !== null)
      return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, walk(inner)]));
    at += 1;
    return at === place % 8 ? value : node;
  };
  return walk(tree);
}
