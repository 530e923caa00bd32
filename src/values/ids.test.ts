import { isUuid, newId } from './ids';

const millisecondsOf = (id: string): number => Number.parseInt(id.replace('-', '').slice(0, 12), 16);
const NOW = Date.parse('2025-01-06T13:00:05.123Z');
/** Later than every id that another test of this file has made: one process's time never goes back. */
let later = Date.now() + 3_600_000;
const afterAllOthers = (): number => {
  later += 3_600_000;
  return later;
};

describe('a new id', () => {
  it('is a UUID of version 7 and of the variant of RFC 9562', () => {
    for (let count = 0; count < 1_000; count += 1)
      expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('starts with its milliseconds', () => {
    const at = afterAllOthers();
    expect(millisecondsOf(newId(at))).toBe(at);
    expect(millisecondsOf(newId(at + 1))).toBe(at + 1);
  });

  it('is larger than the one before, within a millisecond and when the clock goes back', () => {
    const at = afterAllOthers();
    const ids = Array.from({ length: 3_000 }, (_, index) => newId(index % 2 === 0 ? at : NOW));
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(3_000);
    expect(new Set(ids.map(millisecondsOf))).toEqual(new Set([at]));
  });

  it('uses the next millisecond when a millisecond has no numbers left, and keeps rising', () => {
    const at = afterAllOthers();
    const ids = Array.from({ length: 10_000 }, () => newId(at));
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(10_000);
    // The first count starts below 1024 of 4096, each other one at 0.
    expect(ids.map(millisecondsOf).filter((ms) => ms === at).length).toBeGreaterThan(3_072);
    expect(ids.map(millisecondsOf).filter((ms) => ms === at + 1)).toHaveLength(4_096);
    expect(millisecondsOf(ids.at(-1) ?? '')).toBe(at + 2);
  });

  it('starts each millisecond at a random number that is low enough to leave room', () => {
    const at = afterAllOthers();
    const first = Array.from({ length: 1_000 }, (_, index) =>
      Number.parseInt(newId(at + index).slice(15, 18), 16),
    );
    expect(Math.max(...first)).toBeLessThan(1_024);
    expect(new Set(first).size).toBeGreaterThan(500);
  });

  it('shares no random part with any of the thousands before it', () => {
    const parts = Array.from({ length: 5_000 }, () => newId().slice(19));
    expect(new Set(parts).size).toBe(5_000);
  });
});

it.each([
  ['0198c0de-0000-7000-8000-000000000000', true],
  ['0198C0DE-0000-7000-8000-00000000ABCD', true],
  ['00000000-0000-0000-0000-000000000000', true],
  ['0198c0de-0000-7000-8000-00000000000', false],
  ['0198c0de-0000-7000-8000-0000000000000', false],
  ['00198c0de-0000-7000-8000-000000000000', false],
  ['0198c0de000070008000000000000000', false],
  ['g198c0de-0000-7000-8000-000000000000', false],
  ['', false],
])('%j is a UUID: %p', (text, expected) => {
  expect(isUuid(text)).toBe(expected);
});
