import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import {
  buckets,
  comparison,
  GROWTH_BASES,
  isComplete,
  localDays,
  localMonths,
  PERIOD_PRESETS,
  type Period,
  type PeriodChoice,
  previousPeriod,
  resolvePeriod,
  TIMELINE_INTERVALS,
} from './period';
import { firstInstantAt, localClock, localDate, SLOT_MS } from './time';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ROME = 'Europe/Rome';
const ZONES = [
  ROME,
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/New_York',
  'UTC',
  'Pacific/Apia',
  'Atlantic/Azores',
  'America/Havana',
  'America/Sao_Paulo',
  'Antarctica/Casey',
  'America/St_Johns',
];

const at = (text: string): Date => new Date(text);
/** The instant of a local time; the first one where it is repeated. */
const local = (text: string, zone = ROME): Date => firstInstantAt(Date.parse(`${text}Z`), zone);
const range = (from: string, to: string, zone = ROME): { from: Date; to: Date } => ({
  from: local(from, zone),
  to: local(to, zone),
});
const hours = (bounds: readonly Date[]): number[] =>
  bounds.slice(1).map((bound, index) => (bound.getTime() - (bounds[index]?.getTime() ?? 0)) / HOUR_MS);
const ends = ({ from, to }: { from: Date; to: Date }): { from: Date; to: Date } => ({ from, to });

const zone = fc.constantFrom(...ZONES);
const instant = fc.date({
  min: at('2009-02-01T00:00:00Z'),
  max: at('2035-12-31T00:00:00Z'),
  noInvalidDate: true,
});
const someRange = (maxDays: number) =>
  fc.tuple(instant, fc.integer({ min: 1, max: maxDays * DAY_MS })).map(([from, length]) => ({
    from,
    to: new Date(from.getTime() + length),
  }));
const choice: fc.Arbitrary<PeriodChoice> = fc.oneof(
  fc.constantFrom(...PERIOD_PRESETS).map((preset) => ({ preset })),
  someRange(800),
);

describe('resolvePeriod', () => {
  const now = local('2025-03-12T15:00');

  test.each([
    ['TODAY', 'day', '2025-03-12T00:00', '2025-03-13T00:00'],
    ['YESTERDAY', 'day', '2025-03-11T00:00', '2025-03-12T00:00'],
    ['LAST_7_DAYS', 'days', '2025-03-06T00:00', '2025-03-13T00:00'],
    ['LAST_30_DAYS', 'days', '2025-02-11T00:00', '2025-03-13T00:00'],
    ['THIS_WEEK', 'week', '2025-03-10T00:00', '2025-03-17T00:00'],
    ['LAST_WEEK', 'week', '2025-03-03T00:00', '2025-03-10T00:00'],
    ['THIS_MONTH', 'month', '2025-03-01T00:00', '2025-04-01T00:00'],
    ['LAST_MONTH', 'month', '2025-02-01T00:00', '2025-03-01T00:00'],
    ['THIS_YEAR', 'year', '2025-01-01T00:00', '2026-01-01T00:00'],
    ['LAST_YEAR', 'year', '2024-01-01T00:00', '2025-01-01T00:00'],
  ] as const)('%s on Wednesday 12 March is the whole %s from %s to %s, local', (preset, kind, from, to) => {
    expect(resolvePeriod({ preset }, ROME, now)).toEqual({ ...range(from, to), timeZone: ROME, kind });
  });

  test('is THIS_MONTH when nothing is chosen', () => {
    const month = resolvePeriod({ preset: 'THIS_MONTH' }, ROME, now);
    for (const nothing of [undefined, null, {}, { preset: null, month: null, from: null, to: undefined }]) {
      expect(resolvePeriod(nothing, ROME, now)).toEqual(month);
    }
  });

  test('month: "2025-03" is THIS_MONTH while it runs', () => {
    expect(resolvePeriod({ month: '2025-03' }, ROME, now)).toEqual(
      resolvePeriod({ preset: 'THIS_MONTH' }, ROME, now),
    );
  });

  test("a month is the zone's own: January 2025 begins at 23:00Z in Rome and has 744 hours", () => {
    expect(ends(resolvePeriod({ month: '2025-01' }, ROME, now))).toEqual({
      from: at('2024-12-31T23:00:00Z'),
      to: at('2025-01-31T23:00:00Z'),
    });
    expect(resolvePeriod({ month: '2025-12' }, ROME, now).to).toEqual(local('2026-01-01T00:00'));
  });

  test('from and to are used unchanged', () => {
    const chosen = { from: at('2025-01-06T13:07:00.001Z'), to: at('2025-01-06T13:07:00.002Z') };
    expect(resolvePeriod(chosen, ROME, now)).toEqual({ ...chosen, timeZone: ROME, kind: 'range' });
  });

  test('a week starts on Monday, on a Monday and on a Sunday too', () => {
    for (const day of ['2025-03-10T00:00', '2025-03-16T23:59:59.999']) {
      expect(resolvePeriod({ preset: 'THIS_WEEK' }, ROME, local(day)).from).toEqual(
        local('2025-03-10T00:00'),
      );
    }
  });

  test.each([
    ['America/Havana', '2024-11-03T12:00', '2024-11-03T04:00:00Z', 25],
    ['Atlantic/Azores', '2024-10-27T12:00', '2024-10-27T00:00:00Z', 25],
    ['America/Sao_Paulo', '2018-11-04T12:00', '2018-11-04T03:00:00Z', 23],
    ['Asia/Beirut', '2022-03-27T12:00', '2022-03-26T22:00:00Z', 23],
    ['Africa/Cairo', '2023-04-28T12:00', '2023-04-27T22:00:00Z', 23],
    [ROME, '2025-03-30T12:00', '2025-03-29T23:00:00Z', 23],
    [ROME, '2025-10-26T12:00', '2025-10-25T22:00:00Z', 25],
  ])('TODAY in %s on %s begins at %s and has %s hours', (name, noon, from, length) => {
    const today = resolvePeriod({ preset: 'TODAY' }, name, local(noon, name));
    expect(today.from).toEqual(at(from));
    expect(hours([today.from, today.to])).toEqual([length]);
  });

  test('YESTERDAY in Apia on 31 December 2011 is the 29th, since there was no 30th', () => {
    const period = resolvePeriod({ preset: 'YESTERDAY' }, 'Pacific/Apia', at('2011-12-30T20:00:00Z'));
    expect(ends(period)).toEqual({ from: at('2011-12-29T10:00:00Z'), to: at('2011-12-30T10:00:00Z') });
  });

  test.each([
    [{ preset: 'TODAY', month: '2025-01' }, /Received preset, month: give only one/],
    [{ preset: 'TODAY', from: now }, /Received preset, from: give only one/],
    [{ month: '2025-01', from: now, to: now }, /Received month, from, to: give only one/],
    [{ from: at('2025-01-01T00:00:00Z') }, /only from \(2025-01-01T00:00:00.000Z\): give to as well/],
    [{ to: at('2025-01-01T00:00:00Z') }, /only to \(2025-01-01T00:00:00.000Z\): give from as well/],
    [{ from: now, to: now }, /ends before it starts.*must lie after from/],
    [{ month: '2025-13' }, /"2025-13" is not a calendar month.*such as 2025-01/],
    [{ month: '2025-1' }, /"2025-1" is not a calendar month/],
    [{ month: '' }, /"" is not a calendar month/],
    [{ month: '1969-12' }, /"1969-12" lies outside the years 1970 to 2200/],
    [{ month: '2201-01' }, /"2201-01" lies outside the years/],
    [{ from: at('1960-01-01T00:00:00Z'), to: at('1971-01-01T00:00:00Z') }, /outside the years 1970 to 2200/],
    [{ from: at('2005-01-01T00:00:00Z'), to: at('2025-01-01T00:00:00.001Z') }, /longer than 20 years/],
  ] satisfies [PeriodChoice, RegExp][])('refuses %j and says why', (chosen, message) => {
    expect(() => resolvePeriod(chosen, 'UTC', now)).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT' }),
    );
    expect(() => resolvePeriod(chosen, 'UTC', now)).toThrow(message);
  });

  // Jest's own time-out can't end a loop.
  test.each([
    ...PERIOD_PRESETS.map((preset) => ({ preset })),
    { month: '2025-01' },
    { firstDay: '2025-01-01', lastDay: '2025-01-02' },
    { from: at('2025-01-01T00:00:00Z'), to: now },
  ] satisfies PeriodChoice[])('refuses %j in a zone that is none', (chosen) => {
    const ask = () => resolvePeriod(chosen, 'Mars/Base', now);
    expect(() => runInNewContext('ask()', { ask }, { timeout: 5_000 })).toThrow('is not an IANA time zone');
  });

  test('accepts exactly 20 years, to the millisecond', () => {
    const chosen = { from: at('2005-01-01T00:00:00Z'), to: at('2025-01-01T00:00:00Z') };
    expect(ends(resolvePeriod(chosen, 'UTC', now))).toEqual(chosen);
  });

  test('accepts or refuses the same 20 years in every zone', () => {
    const from = at('2005-03-28T00:00:00Z');
    const to = at('2025-03-28T00:00:00Z');
    const later = new Date(to.getTime() + 1);
    for (const name of Intl.supportedValuesOf('timeZone')) {
      expect(ends(resolvePeriod({ from, to }, name, now))).toEqual({ from, to });
      expect(() => resolvePeriod({ from, to: later }, name, now)).toThrow('longer than 20 years');
    }
  });

  test('is never empty; TODAY and the other running ones hold now, the past ones end before or at it', () => {
    fc.assert(
      fc.property(zone, instant, fc.constantFrom(...PERIOD_PRESETS), (name, moment, preset) => {
        const { from, to } = resolvePeriod({ preset }, name, moment);
        expect(from < to).toBe(true);
        const past = ['YESTERDAY', 'LAST_WEEK', 'LAST_MONTH', 'LAST_YEAR'].includes(preset);
        expect(past ? to <= moment : from <= moment && moment < to).toBe(true);
      }),
    );
  });

  test('YESTERDAY ends where TODAY begins, and so do the week, the month and the year', () => {
    const pairs = [
      ['YESTERDAY', 'TODAY'],
      ['LAST_WEEK', 'THIS_WEEK'],
      ['LAST_MONTH', 'THIS_MONTH'],
      ['LAST_YEAR', 'THIS_YEAR'],
    ] as const;
    fc.assert(
      fc.property(zone, instant, fc.constantFrom(...pairs), (name, moment, [past, running]) => {
        const current = resolvePeriod({ preset: running }, name, moment);
        const before = resolvePeriod({ preset: past }, name, moment);
        expect(before.to).toEqual(current.from);
        expect(before).toEqual(
          resolvePeriod({ preset: running }, name, new Date(current.from.getTime() - 1)),
        );
        expect(before).toEqual(previousPeriod(current));
      }),
    );
  });
});

describe('a period', () => {
  test('is complete from its end on, and not one millisecond earlier', () => {
    const period = resolvePeriod({ month: '2025-01' }, ROME, at('2025-01-01T00:00:00Z'));
    expect(isComplete(period, period.to)).toBe(true);
    expect(isComplete(period, new Date(period.to.getTime() - 1))).toBe(false);
  });

  test('the one before a month is the calendar month before, whatever their lengths', () => {
    const march = resolvePeriod({ month: '2025-03' }, ROME, at('2025-06-01T00:00:00Z'));
    expect(ends(previousPeriod(march))).toEqual(range('2025-02-01T00:00', '2025-03-01T00:00'));
  });

  test('the one before a free range has the same physical length, also over a change of the clock', () => {
    fc.assert(
      fc.property(someRange(400), zone, (free, timeZone) => {
        const before = previousPeriod({ ...free, timeZone, kind: 'range' });
        expect(before.to).toEqual(free.from);
        expect(before.to.getTime() - before.from.getTime()).toBe(free.to.getTime() - free.from.getTime());
      }),
    );
  });

  test('the one before LAST_7_DAYS is the seven local days before it', () => {
    const days = resolvePeriod({ preset: 'LAST_7_DAYS' }, ROME, local('2025-04-02T10:00'));
    expect(ends(previousPeriod(days))).toEqual(range('2025-03-20T00:00', '2025-03-27T00:00'));
    expect(hours([days.from, days.to])).toEqual([7 * 24 - 1]);
  });
});

describe('growth compares', () => {
  const month = (text: string): Period => resolvePeriod({ month: text }, ROME, at('2025-01-01T00:00:00Z'));
  const preset = (name: (typeof PERIOD_PRESETS)[number], now: Date): Period =>
    resolvePeriod({ preset: name }, ROME, now);

  test('1 to 12 March 15:00 with 1 to 12 February 15:00', () => {
    const asOf = local('2025-03-12T15:00');
    expect(comparison(month('2025-03'), 'SAME_ELAPSED', asOf)).toEqual({
      current: { from: local('2025-03-01T00:00'), to: asOf },
      previous: range('2025-02-01T00:00', '2025-02-12T15:00'),
    });
  });

  test('the same local time, over a change of the clock', () => {
    const asOf = local('2025-04-12T15:00');
    expect(comparison(month('2025-04'), 'SAME_ELAPSED', asOf).previous).toEqual(
      range('2025-03-01T00:00', '2025-03-12T15:00'),
    );
  });

  test.each(['2025-03-29T10:00', '2025-03-30T10:00', '2025-03-31T10:00'])(
    '%s with February up to its end, since February is shorter',
    (asOf) => {
      expect(comparison(month('2025-03'), 'SAME_ELAPSED', local(asOf)).previous).toEqual(
        range('2025-02-01T00:00', '2025-03-01T00:00'),
      );
    },
  );

  test('a complete month with the whole calendar month before', () => {
    const january = month('2025-01');
    expect(comparison(january, 'SAME_ELAPSED', january.to)).toEqual({
      current: ends(january),
      previous: range('2024-12-01T00:00', '2025-01-01T00:00'),
    });
  });

  test('a complete free range with the range of equal length right before it', () => {
    const free = { from: at('2025-01-10T00:00:00Z'), to: at('2025-01-12T06:00:00Z') };
    const period = resolvePeriod(free, ROME, at('2025-02-01T00:00:00Z'));
    expect(comparison(period, 'SAME_ELAPSED', at('2025-02-01T00:00:00Z'))).toEqual({
      current: free,
      previous: { from: at('2025-01-07T18:00:00Z'), to: at('2025-01-10T00:00:00Z') },
    });
  });

  test('a running free range with the same part of the range before', () => {
    const free = { from: at('2025-03-28T00:00:00Z'), to: at('2025-04-01T00:00:00Z') };
    const asOf = at('2025-03-30T05:00:00Z');
    expect(comparison(resolvePeriod(free, ROME, asOf), 'SAME_ELAPSED', asOf)).toEqual({
      current: { from: free.from, to: asOf },
      previous: { from: at('2025-03-24T00:00:00Z'), to: at('2025-03-26T05:00:00Z') },
    });
  });

  test.each([
    ['TODAY', '2025-03-11T00:00', '2025-03-11T15:00'],
    ['THIS_WEEK', '2025-03-03T00:00', '2025-03-05T15:00'],
    ['LAST_7_DAYS', '2025-02-27T00:00', '2025-03-05T15:00'],
    ['LAST_30_DAYS', '2025-01-12T00:00', '2025-02-10T15:00'],
    ['THIS_YEAR', '2024-01-01T00:00', '2024-03-12T15:00'],
  ] as const)('%s, as of 12 March 15:00, with %s to %s', (name, from, to) => {
    const asOf = local('2025-03-12T15:00');
    expect(comparison(preset(name, asOf), 'SAME_ELAPSED', asOf).previous).toEqual(range(from, to));
  });

  test('FULL_PREVIOUS: always with the whole period before, even while the period runs', () => {
    const march = month('2025-03');
    expect(comparison(march, 'FULL_PREVIOUS', local('2025-03-12T15:00'))).toEqual({
      current: ends(march),
      previous: range('2025-02-01T00:00', '2025-03-01T00:00'),
    });
  });

  test('a period that has not begun with the whole period before', () => {
    const march = month('2025-03');
    expect(comparison(march, 'SAME_ELAPSED', local('2025-02-12T15:00')).current).toEqual(ends(march));
  });

  test.each([
    ['a complete month', month('2025-02'), '2025-06-01T00:00', '2024-02-01T00:00', '2024-03-01T00:00'],
    ['a running month', month('2025-03'), '2025-03-12T15:00', '2024-03-01T00:00', '2024-03-12T15:00'],
    ['a leap February', month('2024-02'), '2024-02-29T10:00', '2023-02-01T00:00', '2023-03-01T00:00'],
    [
      'a leap day',
      preset('TODAY', local('2024-02-29T15:00')),
      '2024-02-29T15:00',
      '2023-02-28T00:00',
      '2023-02-28T15:00',
    ],
    [
      'the day before a leap day',
      preset('TODAY', local('2025-02-28T15:00')),
      '2025-03-09T00:00',
      '2024-02-28T00:00',
      '2024-02-29T00:00',
    ],
    [
      'a week, 52 weeks on',
      preset('THIS_WEEK', local('2025-03-12T15:00')),
      '2025-03-12T15:00',
      '2024-03-11T00:00',
      '2024-03-13T15:00',
    ],
    [
      'seven days',
      preset('LAST_7_DAYS', local('2025-03-02T15:00')),
      '2025-03-02T15:00',
      '2024-02-24T00:00',
      '2024-03-01T15:00',
    ],
    [
      'a year',
      preset('THIS_YEAR', local('2024-02-29T15:00')),
      '2024-02-29T15:00',
      '2023-01-01T00:00',
      '2023-03-01T00:00',
    ],
    [
      'a free range',
      resolvePeriod(range('2025-04-01T10:00', '2025-04-03T11:00'), ROME, local('2025-05-01T00:00')),
      '2025-05-01T00:00',
      '2024-04-01T10:00',
      '2024-04-03T11:00',
    ],
  ])('YEAR_EARLIER: %s with the same one a year earlier', (_name, period, asOf, from, to) => {
    expect(comparison(period, 'YEAR_EARLIER', local(asOf)).previous).toEqual(range(from, to));
  });

  test('ranges in order: a running one ends now, and the earlier one ends at most with its period', () => {
    const bases = fc.constantFrom(...GROWTH_BASES);
    const elapsed = fc.double({ min: 0, max: 1.2, noNaN: true });
    fc.assert(
      fc.property(choice, zone, instant, bases, elapsed, (chosen, name, now, basis, share) => {
        const period = resolvePeriod(chosen, name, now);
        const length = period.to.getTime() - period.from.getTime();
        const asOf = new Date(period.from.getTime() + Math.floor(share * length));
        const { current, previous } = comparison(period, basis, asOf);
        const runs = period.from < asOf && asOf < period.to && basis !== 'FULL_PREVIOUS';
        expect(current).toEqual({ from: period.from, to: runs ? asOf : period.to });
        expect(previous.from <= previous.to).toBe(true);
        if (basis === 'YEAR_EARLIER') expect(previous.from < period.from).toBe(true);
        else expect(previous.to <= period.from).toBe(true);
      }),
    );
  });
});

describe('buckets', () => {
  test.each(ZONES)('of a year in %s are the local days, and months contain them', (name) => {
    for (const year of [2011, 2018, 2024]) {
      const whole = range(`${year}-01-01T00:00`, `${year + 1}-01-01T00:00`, name);
      const days = buckets(whole, 'DAY', name);
      const skipped = name === 'Pacific/Apia' && year === 2011;
      expect(days).toHaveLength((year % 4 === 0 ? 366 : 365) + 1 - (skipped ? 1 : 0));
      for (const [index, day] of days.entries()) {
        const before = days[index - 1];
        if (!before) continue;
        expect(localDate(new Date(day.getTime() - 1), name)).toBe(localDate(before, name));
        expect(localDate(day, name) > localDate(before, name)).toBe(true);
      }
      const months = buckets(whole, 'MONTH', name);
      expect(months).toHaveLength(13);
      expect(months.every((bound) => days.some((day) => day.getTime() === bound.getTime()))).toBe(true);
    }
  });

  test('are gapless for every interval: first = from, strictly increasing, last = to', () => {
    fc.assert(
      fc.property(zone, fc.constantFrom(...TIMELINE_INTERVALS), someRange(70), (name, interval, cut) => {
        const bounds = buckets(cut, interval, name, 5_000);
        expect([bounds[0], bounds.at(-1)]).toEqual([cut.from, cut.to]);
        expect(hours(bounds).every((length) => length > 0)).toBe(true);
      }),
    );
  });

  test('do not depend on the range: a part of a range has the same cuts inside', () => {
    fc.assert(
      fc.property(
        zone,
        fc.constantFrom(...TIMELINE_INTERVALS),
        someRange(40),
        someRange(1),
        (name, interval, cut, by) => {
          const wider = {
            from: new Date(cut.from.getTime() - (by.to.getTime() - by.from.getTime())),
            to: cut.to,
          };
          const inner = buckets(wider, interval, name, 5_000).filter((bound) => bound > cut.from);
          expect(buckets(cut, interval, name, 5_000).slice(1)).toEqual(inner);
        },
      ),
    );
  });

  test('days of 23 and 25 hours are one bucket each', () => {
    expect(hours(buckets(range('2025-03-29T00:00', '2025-04-01T00:00'), 'DAY', ROME))).toEqual([24, 23, 24]);
    expect(hours(buckets(range('2025-10-25T00:00', '2025-10-28T00:00'), 'DAY', ROME))).toEqual([24, 25, 24]);
  });

  test('ragged ends are clipped', () => {
    const bounds = buckets(range('2025-01-06T13:07', '2025-01-08T01:00'), 'DAY', ROME);
    expect(hours(bounds)).toEqual([10 + 53 / 60, 24, 1]);
  });

  test('weeks begin on Monday', () => {
    const weeks = buckets(range('2025-03-01T00:00', '2025-04-01T00:00'), 'WEEK', ROME);
    expect(weeks.map((bound) => localDate(bound, ROME))).toEqual([
      '2025-03-01',
      '2025-03-03',
      '2025-03-10',
      '2025-03-17',
      '2025-03-24',
      '2025-03-31',
      '2025-04-01',
    ]);
  });

  test('Apia has no bucket for 30 December 2011, and no empty one', () => {
    const days = buckets(
      range('2011-12-28T00:00', '2012-01-02T00:00', 'Pacific/Apia'),
      'DAY',
      'Pacific/Apia',
    );
    expect(days.slice(0, -1).map((day) => localDate(day, 'Pacific/Apia'))).toEqual([
      '2011-12-28',
      '2011-12-29',
      '2011-12-31',
      '2012-01-01',
    ]);
    expect(hours(days)).toEqual([24, 24, 24, 24]);
  });

  test.each(['America/Sao_Paulo 2018-11-04', 'Asia/Beirut 2022-03-27', 'Africa/Cairo 2023-04-28'])(
    'the day without a midnight, %s, begins at 01:00 and has 23 hours',
    (text) => {
      const [name = '', date = ''] = text.split(' ');
      const day = localDays(
        { from: new Date(Date.parse(date) - 2 * DAY_MS), to: new Date(Date.parse(date) + 3 * DAY_MS) },
        name,
      ).find((found) => found.date === date);
      expect(new Date(localClock(day?.from ?? new Date(0), name)).toISOString()).toBe(
        `${date}T01:00:00.000Z`,
      );
      expect(day && hours([day.from, day.to])).toEqual([23]);
    },
  );

  test('hours are those of the local clock: at :45 and :15 UTC in Kathmandu', () => {
    const bounds = buckets(
      range('2025-01-06T13:30', '2025-01-06T16:00', 'Asia/Kathmandu'),
      'HOUR',
      'Asia/Kathmandu',
    );
    expect(bounds.map((bound) => bound.toISOString().slice(11, 16))).toEqual([
      '07:45',
      '08:15',
      '09:15',
      '10:15',
    ]);
  });

  test('an hour continues over the UTC new year when that falls inside a local hour', () => {
    const bounds = buckets(
      { from: at('2024-12-31T22:30:00Z'), to: at('2025-01-01T01:30:00Z') },
      'HOUR',
      'Asia/Kolkata',
    );
    expect(hours(bounds)).toEqual([1, 1, 1]);
  });

  test('a repeated hour is two buckets, a skipped one none', () => {
    expect(hours(buckets(range('2025-10-26T00:00', '2025-10-27T00:00'), 'HOUR', ROME))).toEqual(
      Array(25).fill(1),
    );
    expect(hours(buckets(range('2025-03-30T00:00', '2025-03-31T00:00'), 'HOUR', ROME))).toEqual(
      Array(23).fill(1),
    );
  });

  test("Lord Howe's half hours are buckets of half an hour", () => {
    const howe = 'Australia/Lord_Howe';
    const back = buckets({ from: at('2025-04-05T14:00:00Z'), to: at('2025-04-05T16:30:00Z') }, 'HOUR', howe);
    expect(hours(back)).toEqual([1, 0.5, 1]);
    const ahead = buckets(range('2025-10-05T01:00', '2025-10-05T04:00', howe), 'HOUR', howe);
    expect(hours(ahead)).toEqual([1, 0.5, 1]);
  });

  test('each hour bucket lies within one hour of the local clock', () => {
    fc.assert(
      fc.property(zone, someRange(20), (name, cut) => {
        const bounds = buckets(cut, 'HOUR', name);
        const hourOf = (ms: number): number => Math.floor(localClock(new Date(ms), name) / HOUR_MS);
        for (const [index, bound] of bounds.slice(1).entries()) {
          expect(hourOf(bound.getTime() - 1)).toBe(hourOf(bounds[index]?.getTime() ?? 0));
        }
      }),
    );
  });

  test('are at most as many as the limit; above it the error names a coarser interval', () => {
    const days = (count: number) => ({
      from: local('2020-01-01T00:00'),
      to: new Date(local('2020-01-01T00:00').getTime() + count * DAY_MS),
    });
    expect(buckets(days(31), 'DAY', ROME, 31)).toHaveLength(32);
    expect(() => buckets(days(32), 'DAY', ROME, 31)).toThrow(
      'The period has more than 31 points by DAY. Ask for WEEK or MONTH.',
    );
    expect(() => buckets(days(100), 'HOUR', ROME)).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT' }),
    );
    expect(() => buckets(days(100), 'HOUR', ROME)).toThrow(
      /more than 2000 points by HOUR\. Ask for DAY, WEEK or MONTH/,
    );
  });

  test('do not exist for an empty range', () => {
    expect(
      buckets({ from: at('2025-01-01T00:00:00Z'), to: at('2025-01-01T00:00:00Z') }, 'DAY', ROME),
    ).toEqual([]);
  });

  test('of 20 years of days are complete', () => {
    const years = range('2006-01-01T00:00', '2026-01-01T00:00');
    expect(buckets(years, 'DAY', ROME, 10_000)).toHaveLength(7_306);
  });
});

describe('whole local days and months', () => {
  test('are those that lie wholly inside', () => {
    const part = range('2025-01-30T00:00', '2025-03-02T13:00');
    expect(localMonths(part, ROME)).toEqual([
      { date: '2025-02-01', ...range('2025-02-01T00:00', '2025-03-01T00:00') },
    ]);
    const days = localDays(part, ROME);
    expect([days.length, days[0]?.date, days.at(-1)?.date]).toEqual([31, '2025-01-30', '2025-03-01']);
    expect(localDays(range('2025-01-30T00:01', '2025-01-31T23:59'), ROME)).toEqual([]);
    expect(localMonths({ from: part.to, to: part.from }, ROME)).toEqual([]);
  });

  test.each([
    ['days', localDays, 'DAY'],
    ['months', localMonths, 'MONTH'],
  ] as const)('%s are the buckets that are not clipped, adjacent, cut at slots', (_name, whole, interval) => {
    fc.assert(
      fc.property(zone, someRange(120), (name, part) => {
        const found = whole(part, name);
        const bounds = buckets(part, interval, name).map((bound) => bound.getTime());
        for (const [index, { date, from, to }] of found.entries()) {
          expect(bounds.indexOf(to.getTime()) - bounds.indexOf(from.getTime())).toBe(1);
          expect([from.getTime() % SLOT_MS, to.getTime() % SLOT_MS]).toEqual([0, 0]);
          expect(localDate(from, name)).toBe(date);
          if (index > 0) expect(found[index - 1]?.to).toEqual(from);
        }
        expect(bounds.length - 1 - found.length).toBeLessThanOrEqual(2);
      }),
    );
  });
});
