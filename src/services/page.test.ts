import { createHash } from 'node:crypto';
import {
  type Asked,
  checkFirst,
  isInstant,
  isName,
  isWhole,
  PAGE_LIMIT,
  readCursor,
  toPage,
  writeCursor,
} from './page';

const asked = (change: Partial<Asked> = {}): Asked => ({
  list: 'messages',
  workspaceId: 'shop',
  args: { period: 'THIS_MONTH', customerId: null },
  ...change,
});
const POSITION = ['2025-01-06T13:00:05.000Z', 'id-1'];
const CHECKS = [isInstant, () => true];
const cursor = writeCursor(asked(), { from: '2025-01-01' }, POSITION);

const read = (text: string, change: Partial<Asked> = {}) => readCursor(text, asked(change), CHECKS);
const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'BAD_USER_INPUT', message: expect.stringMatching(message) });
const NOT_OF_THIS_LIST = refused(/^after is not a cursor of this list\. Give pageInfo\.endCursor/);

/** Seals any JSON value, as anybody who has read the source can. */
const forge = (value: unknown): string => {
  const body = typeof value === 'string' ? value : JSON.stringify(value);
  const seal = createHash('sha256').update(`cursor 1 ${body}`).digest('hex').slice(0, 12);
  return Buffer.from(`${seal}${body}`).toString('base64url');
};

describe('first', () => {
  it.each([1, 50, PAGE_LIMIT])('%p is taken', (first) => {
    expect(checkFirst(first)).toBe(first);
  });

  it.each([0, -1, PAGE_LIMIT + 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('%p is refused', (first) => {
    expect(() => checkFirst(first)).toThrow(
      refused(
        new RegExp(
          `^first must be a whole number from 1 to 100; got ${first}\\. Read further pages with after`,
        ),
      ),
    );
  });
});

describe('a cursor', () => {
  it('contains the arguments of page one, what was resolved then, and the position', () => {
    expect(read(cursor)).toEqual({
      args: { period: 'THIS_MONTH' },
      resolved: { from: '2025-01-01' },
      position: POSITION,
    });
  });

  it('contains only characters that a URL may have', () => {
    expect(cursor).toMatch(/^[\w-]+$/);
  });

  it('does not depend on the order in which arguments were given', () => {
    const one = writeCursor(asked({ args: { a: '1', b: '2' } }), {}, POSITION);
    expect(writeCursor(asked({ args: { b: '2', a: '1' } }), {}, POSITION)).toBe(one);
  });

  it.each([[{}], [{ period: null }], [{ period: undefined }], [{ period: 'THIS_MONTH' }]])(
    'is read beside %j: absent arguments come from it',
    (args) => {
      expect(read(cursor, { args }).args).toEqual({ period: 'THIS_MONTH' });
    },
  );

  it.each([
    [{ period: 'TODAY' }, 'period'],
    [{ customerId: 'mario' }, 'customerId'],
  ])('is refused beside the different argument %j, which the message names', (args, name) => {
    expect(() => read(cursor, { args })).toThrow(
      refused(new RegExp(`^after belongs to a list with another ${name}\\. Leave ${name} out`)),
    );
  });

  it.each<[string, Partial<Asked>]>([
    ['another list', { list: 'customers' }],
    ['another workspace', { workspaceId: 'other' }],
  ])('of %s is refused', (_, change) => {
    expect(() => read(cursor, change)).toThrow(NOT_OF_THIS_LIST);
  });

  it.each([
    ['with one letter changed', cursor.replace(/.$/, (letter) => (letter === 'A' ? 'B' : 'A'))],
    ['cut short', cursor.slice(0, -4)],
    ['empty', ''],
    [
      'whose position was changed behind the old seal',
      Buffer.from(Buffer.from(cursor, 'base64url').toString().replace('id-1', 'id-2')).toString('base64url'),
    ],
    ['whose seal is of another text', Buffer.from(`${'0'.repeat(12)}[]`).toString('base64url')],
  ])('%s is refused', (_, text) => {
    expect(() => read(text)).toThrow(NOT_OF_THIS_LIST);
  });

  it.each([
    ['no JSON', '{'],
    ['no list', { 0: 'messages' }],
    ['null', null],
    ['a list that is too short', ['messages', 'shop', {}, {}]],
    ['a list that is too long', ['messages', 'shop', {}, {}, POSITION, 1]],
    ['arguments that are a text', ['messages', 'shop', 'args', {}, POSITION]],
    ['arguments that are null', ['messages', 'shop', null, {}, POSITION]],
    ['an argument that is a number', ['messages', 'shop', { period: 1 }, {}, POSITION]],
    ['a number among arguments', ['messages', 'shop', { a: 'text', b: 1 }, {}, POSITION]],
    ['a resolved value that is a number', ['messages', 'shop', {}, { from: 1 }, POSITION]],
    ['resolved values that are null', ['messages', 'shop', {}, null, POSITION]],
    ['a position that is no list', ['messages', 'shop', {}, {}, POSITION[0]]],
    ['a position with a number', ['messages', 'shop', {}, {}, [POSITION[0], 7]]],
    ['a position that is too short', ['messages', 'shop', {}, {}, [POSITION[0]]]],
    ['a position that is too long', ['messages', 'shop', {}, {}, [...POSITION, 'more']]],
    ['a position that fails its check', ['messages', 'shop', {}, {}, ['yesterday', 'id-1']]],
  ])('behind a right seal that holds %s is refused', (_, value) => {
    expect(() => read(forge(value), { args: {} })).toThrow(NOT_OF_THIS_LIST);
  });
});

describe('a part of a position', () => {
  it.each([
    ['0', true],
    ['-1', true],
    ['9223372036854775807', true],
    ['9223372036854775808', false],
    ['-9223372036854775808', true],
    ['-9223372036854775809', false],
    ['12345678901234567890', false],
    ['1.5', false],
    ['1e3', false],
    [' 1', false],
    ['1 ', false],
    ['', false],
  ])('%j as a whole number of 64 bits: %p', (text, expected) => {
    expect(isWhole(text)).toBe(expected);
  });

  it.each([
    ['2025-01-06T13:00:05.000Z', true],
    ['2025-01-06T13:00:05Z', false],
    ['2025-01-06T14:00:05.000+01:00', false],
    ['yesterday', false],
  ])('%j as an instant in the form that we write: %p', (text, expected) => {
    expect(isInstant(text)).toBe(expected);
  });

  it.each([
    ['Mario', true],
    ['', true],
    ['Ma\u0000rio', false],
    ['\ud800', false],
  ])('%j as a name that is stored as it is: %p', (text, expected) => {
    expect(isName(text)).toBe(expected);
  });
});

describe('a page', () => {
  const page = (rows: number[], first: number, after = false) =>
    toPage(rows, first, { after, cursor: (row) => `c${row}`, total: async () => 99 });

  it('holds the rows that were asked for, each with its cursor', () => {
    expect(page([1, 2, 3], 2).items.map(({ cursor, node }) => [cursor, node])).toEqual([
      ['c1', 1],
      ['c2', 2],
    ]);
  });

  it('has a next page only if one more row was found than asked for', () => {
    expect(page([1, 2, 3], 2).hasNextPage).toBe(true);
    expect(page([1, 2], 2).hasNextPage).toBe(false);
    expect(page([], 2)).toMatchObject({ items: [], hasNextPage: false });
  });

  it('has a previous page if it was asked for after a cursor', () => {
    expect(page([1], 2, true).hasPreviousPage).toBe(true);
    expect(page([1], 2, false).hasPreviousPage).toBe(false);
  });

  it('counts all rows only when asked', async () => {
    expect(await page([1], 2).total()).toBe(99);
  });
});
