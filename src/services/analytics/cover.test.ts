import fc from 'fast-check';
import { DAY_MS } from '../../values/duration';
import { localDate, type Range } from '../../values/time';
import {
  type CustomerCover,
  coverWithCustomerDays,
  coverWithSlots,
  cutInsideSlots,
  netCoverWithCustomerDays,
} from './cover';

const ZONES = [
  ...['UTC', 'Europe/Rome', 'Asia/Kathmandu', 'America/St_Johns', 'Australia/Lord_Howe'],
  ...['Pacific/Apia', 'America/New_York', 'Africa/Cairo'],
];
const zone = fc.constantFrom(...ZONES);
/** Clock changes, leap days and Apia's missing 30 December 2011 lie in it. */
const instant = fc
  .integer({ min: Date.parse('2011-06-01T00:00:00Z'), max: Date.parse('2013-06-01T00:00:00Z') })
  .map((ms) => new Date(ms));
const range = fc
  .tuple(instant, fc.integer({ min: 1, max: 150 * DAY_MS }))
  .map(([from, length]): Range => ({ from, to: new Date(from.getTime() + length) }));

/** Instants where a mistake would show: the range's ends, what is a moment, a day or a month away, and any. */
const probes = ({ from, to }: Range, more: readonly Date[]): Date[] => [
  ...[from, to].flatMap((end) =>
    [0, -1, 1, -DAY_MS, DAY_MS, -20 * DAY_MS, 20 * DAY_MS].map((by) => new Date(end.getTime() + by)),
  ),
  ...more,
];

const holds = (part: Range, at: Date): boolean => part.from <= at && at < part.to;

/** How often the cover counts a turn of this instant. */
function countOf({ months, days, edges }: CustomerCover, at: Date, timeZone: string): number {
  const date = localDate(at, timeZone);
  const signs = [
    ...months.filter(({ month }) => month.slice(0, 7) === date.slice(0, 7)),
    ...days.filter(({ from, to }) => from <= date && date < to),
    ...edges.filter((edge) => holds(edge, at)),
  ].map(({ sign }) => sign);
  return signs.reduce<number>((sum, sign) => sum + sign, 0);
}

const daysOf = ({ days }: CustomerCover): number =>
  days.reduce((sum, { from, to }) => sum + (Date.parse(to) - Date.parse(from)) / DAY_MS, 0);

describe.each([
  ['pieces', coverWithCustomerDays],
  ['pieces in sum', netCoverWithCustomerDays],
])('the %s of a range', (_, coverOf) => {
  it('cover every instant of the range exactly once and no other, in every zone', () => {
    fc.assert(
      fc.property(range, zone, fc.array(instant, { maxLength: 20 }), (part, timeZone, more) => {
        const cover = coverOf(part, timeZone);
        for (const at of probes(part, more))
          expect([at, countOf(cover, at, timeZone)]).toEqual([at, holds(part, at) ? 1 : 0]);
      }),
    );
  });
});

it('the cover for sums reads at most half a month of days at either end', () => {
  fc.assert(
    fc.property(range, zone, (part, timeZone) => {
      expect(daysOf(netCoverWithCustomerDays(part, timeZone))).toBeLessThanOrEqual(2 * 16);
    }),
  );
  const almost = { from: new Date('2013-01-01T00:00:00Z'), to: new Date('2013-01-30T00:00:00Z') };
  expect(netCoverWithCustomerDays(almost, 'UTC')).toEqual({
    months: [{ month: '2013-01-01', sign: 1 }],
    days: [{ from: '2013-01-30', to: '2013-02-01', sign: -1 }],
    edges: [],
  });
});

it('slots and records cover every instant of a range exactly once', () => {
  fc.assert(
    fc.property(range, fc.array(instant, { maxLength: 20 }), (part, more) => {
      const { slots, edges } = coverWithSlots(part);
      const pieces = [...(slots ? [slots] : []), ...edges];
      for (const at of probes(part, more))
        expect(pieces.filter((piece) => holds(piece, at))).toHaveLength(holds(part, at) ? 1 : 0);
    }),
  );
});

it('a range without a whole slot is read from records alone', () => {
  const around = { from: new Date('2025-01-06T10:05:00Z'), to: new Date('2025-01-06T10:20:00Z') };
  expect(coverWithSlots(around)).toEqual({ slots: undefined, edges: [around] });
});

it('a range with whole slots at both ends has no records', () => {
  const whole = { from: new Date('2025-01-06T10:00:00Z'), to: new Date('2025-01-06T11:00:00Z') };
  expect(coverWithSlots(whole)).toEqual({ slots: whole, edges: [] });
});

it('the cover for sums takes the shorter way: half a month is taken off, less than half is added', () => {
  const until = (to: string) =>
    netCoverWithCustomerDays({ from: new Date('2013-04-01T00:00:00Z'), to: new Date(to) }, 'UTC');
  expect(until('2013-04-16T00:00:00Z')).toEqual({
    months: [{ month: '2013-04-01', sign: 1 }],
    days: [{ from: '2013-04-16', to: '2013-05-01', sign: -1 }],
    edges: [],
  });
  expect(until('2013-04-15T00:00:00Z')).toEqual({
    months: [],
    days: [{ from: '2013-04-01', to: '2013-04-15', sign: 1 }],
    edges: [],
  });
});

it('the cover for sums of a whole month is that month', () => {
  const april = { from: new Date('2013-03-31T22:00:00Z'), to: new Date('2013-04-30T22:00:00Z') };
  expect(netCoverWithCustomerDays(april, 'Europe/Rome')).toEqual({
    months: [{ month: '2013-04-01', sign: 1 }],
    days: [],
    edges: [],
  });
});

it('a cover by days has the sign that is asked for, plus by default', () => {
  const part = { from: new Date('2013-04-01T12:00:00Z'), to: new Date('2013-04-03T06:00:00Z') };
  const second = new Date('2013-04-02T00:00:00Z');
  const third = new Date('2013-04-03T00:00:00Z');
  const signed = (sign: 1 | -1) => ({
    months: [],
    days: [{ from: '2013-04-02', to: '2013-04-03', sign }],
    edges: [
      { from: part.from, to: second, sign },
      { from: third, to: part.to, sign },
    ],
  });
  expect(coverWithCustomerDays(part, 'UTC')).toEqual(signed(1));
  expect(coverWithCustomerDays(part, 'UTC', -1)).toEqual(signed(-1));
});

it('a part of one day is read from records', () => {
  const hours = { from: new Date('2013-04-01T12:00:00Z'), to: new Date('2013-04-01T18:00:00Z') };
  expect(coverWithCustomerDays(hours, 'UTC')).toEqual({
    months: [],
    days: [],
    edges: [{ ...hours, sign: 1 }],
  });
});

describe('a range in several parts', () => {
  const at = (time: string): Date => new Date(`2025-01-06T${time}:00Z`);
  const parts = (from: string, to: string, ...cuts: string[]): string[] =>
    cutInsideSlots({ from: at(from), to: at(to) }, cuts.map(at)).map(
      (part) => `${part.from.toISOString().slice(11, 16)} ${part.to.toISOString().slice(11, 16)}`,
    );

  it('reads records where a part begins inside a slot, but not where it begins with a slot', () => {
    expect(parts('10:00', '12:00')).toEqual(['10:00 12:00']);
    expect(parts('10:00', '12:00', '11:00', '11:15')).toEqual(['10:00 12:00']);
    expect(parts('10:00', '12:00', '10:01', '11:15', '11:20')).toEqual([
      '10:00 10:01',
      '10:01 11:20',
      '11:20 12:00',
    ]);
  });

  it('is not cut at its own ends or outside itself', () => {
    expect(parts('10:01', '12:01', '09:59', '10:01', '12:01', '12:02')).toEqual(['10:01 12:01']);
  });
});
