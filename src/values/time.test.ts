import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { DAY_MS, HOUR_MS } from './duration';
import {
  assertZone,
  ceilSlot,
  daySegments,
  firstInstantAt,
  floorSlot,
  formatInstant,
  localClock,
  localDate,
  offsetAt,
  offsetSegments,
  parseInstant,
  SLOT_MS,
  startOfLocalDay,
  zoneHistory,
} from './time';

const ALL_ZONES = Intl.supportedValuesOf('timeZone');
/** Zones that skip a day, or put their clocks back over midnight or by half an hour. */
const HARD_ZONES = [
  ...['Antarctica/Casey', 'America/St_Johns', 'America/Havana', 'Atlantic/Azores', 'Pacific/Apia'],
  ...['Australia/Lord_Howe', 'Africa/Cairo', 'Asia/Pyongyang', 'Pacific/Kiritimati'],
];
/** All zones with ZONES=all, as test:soak sets it; else the hard ones and a random sample of sixty. */
const SOME_ZONES =
  process.env.ZONES === 'all'
    ? ALL_ZONES
    : [
        ...HARD_ZONES,
        ...Array.from({ length: 60 }, () => ALL_ZONES[Math.floor(Math.random() * ALL_ZONES.length)] ?? 'UTC'),
      ];
const SINCE = new Date('2009-01-01T00:00:00Z');
const UNTIL = new Date('2036-01-01T00:00:00Z');

const zone = fc.constantFrom(
  'Europe/Rome',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/New_York',
  'UTC',
  'Pacific/Apia',
  'Atlantic/Azores',
  'America/Havana',
  'Antarctica/Casey',
  'America/St_Johns',
);
const instant = fc.date({ min: SINCE, max: UNTIL, noInvalidDate: true });
const at = (text: string): Date => new Date(text);
const refused = expect.objectContaining({ code: 'BAD_USER_INPUT' });

describe('assertZone', () => {
  test.each([
    ['Europe/Rome', 'Europe/Rome'],
    ['europe/rome', 'Europe/Rome'],
    ['EUROPE/ROME', 'Europe/Rome'],
    ['utc', 'UTC'],
    ['Etc/UTC', 'Etc/UTC'],
    ['etc/gmt+5', 'Etc/GMT+5'],
    ['asia/kolkata', 'Asia/Kolkata'],
    ['Asia/Kathmandu', 'Asia/Kathmandu'],
    ['europe/kyiv', 'Europe/Kyiv'],
    ['america/port_of_spain', 'America/Port_of_Spain'],
    ['AMERICA/PORT-AU-PRINCE', 'America/Port-au-Prince'],
    ['america/argentina/buenos_aires', 'America/Argentina/Buenos_Aires'],
    ['antarctica/dumontdurville', 'Antarctica/DumontDUrville'],
    ['us/pacific', 'US/Pacific'],
    ['nz-chat', 'NZ-CHAT'],
    ['est5edt', 'EST5EDT'],
    // Older names, which Node knows and does not list.
    ['africa/asmera', 'Africa/Asmera'],
    ['america/indianapolis', 'America/Indianapolis'],
    ['america/argentina/comodrivadavia', 'America/Argentina/ComodRivadavia'],
    ['us/east-indiana', 'US/East-Indiana'],
    ['etc/uct', 'Etc/UCT'],
    ['etc/utc', 'Etc/UTC'],
    ['etc/gmt-14', 'Etc/GMT-14'],
    ['australia/act', 'Australia/ACT'],
    ['australia/nsw', 'Australia/NSW'],
    ['australia/lhi', 'Australia/LHI'],
    ['brazil/denoronha', 'Brazil/DeNoronha'],
    ['chile/easterisland', 'Chile/EasterIsland'],
  ])("takes %s and gives it in IANA's spelling, %s", (given, expected) => {
    expect(assertZone(given)).toBe(expected);
  });

  test.each([
    '',
    ' ',
    'Europe/Rom',
    'Europe/Rome ',
    '+02:00',
    '-05',
    'UTC+1',
    'UTC+01:00',
    'local',
    'system',
    'default',
    'Z',
    'Europe/',
    'Etc/Unknown',
    'SystemV/PST8',
    '../Europe/Rome',
  ])('refuses %j, quotes it and names an example', (given) => {
    expect(() => assertZone(given)).toThrow(refused);
    expect(() => assertZone(given)).toThrow(
      `${JSON.stringify(given)} is not an IANA time zone. Write one such as Europe/Rome`,
    );
  });

  test('quotes at most 64 characters of a wrong zone', () => {
    expect(() => assertZone('x'.repeat(65))).toThrow(`"${'x'.repeat(64)}" is not an IANA time zone.`);
  });

  test.each(['BST', 'IST', 'JST', 'ACT'])("refuses %s, an abbreviation that is not IANA's", (given) => {
    // ICU takes BST for Bangladesh and IST for India.
    expect(() => assertZone(given)).toThrow(refused);
  });

  test('accepts every zone that Node knows, unchanged', () => {
    expect(ALL_ZONES.map(assertZone)).toEqual(ALL_ZONES);
  });
});

describe('parseInstant', () => {
  test.each([
    ['2025-01-06T14:00:05+01:00', '2025-01-06T13:00:05.000Z'],
    ['2025-01-06T13:00:05Z', '2025-01-06T13:00:05.000Z'],
    ['2025-01-06t13:00:05z', '2025-01-06T13:00:05.000Z'],
    ['2025-01-06 13:00:05.1Z', '2025-01-06T13:00:05.100Z'],
    ['2025-01-06T13:00:05.123999999Z', '2025-01-06T13:00:05.123Z'],
    ['2025-01-06T18:45:05+05:45', '2025-01-06T13:00:05.000Z'],
    ['2024-12-31T23:30:00-12:00', '2025-01-01T11:30:00.000Z'],
    ['2024-02-29T00:00:00-00:00', '2024-02-29T00:00:00.000Z'],
    [' 2025-01-06T13:00:05Z ', '2025-01-06T13:00:05.000Z'],
  ])('reads %s as %s', (text, expected) => {
    expect(formatInstant(parseInstant(text))).toBe(expected);
  });

  test.each([
    '2025-01-06T13:00:05',
    '2025-01-06',
    '2025-01-06T13:00Z',
    'now',
    '',
    '2025-1-6T13:00:05Z',
    '+012025-01-06T13:00:05Z',
    '2025-01-06T24:00:00Z',
    '2025-01-06T13:00:05+24:00',
    '2025-01-06T13:00:05+01:60',
    '2025-01-06T13:00:05[Europe/Rome]',
    '2025-01-06T13:00:05Z2025-01-06T13:00:05Z',
    '2025-01-06T13:00:05.Z',
    '2025-01-06T13:00:05.1234567890Z',
    '12345678',
    '17361684050',
    '17361684050000',
    'x1736168405',
    '1736168405x',
    'x1736168405000',
    '1736168405000x',
  ])('refuses %j, asks for RFC 3339 with an offset', (text) => {
    expect(() => parseInstant(text)).toThrow(refused);
    expect(() => parseInstant(text)).toThrow(`${JSON.stringify(text)} is not an instant. Write RFC 3339`);
  });

  test.each([
    ['1736168405', 'seconds', 'fromSeconds'],
    ['999999999', 'seconds', 'fromSeconds'],
    ['173616840500', 'milliseconds', 'fromMillis'],
    ['1736168405000', 'milliseconds', 'fromMillis'],
    [' 1736168405 ', 'seconds', 'fromSeconds'],
  ])('refuses %j, says that it looks like Unix %s', (text, unit, method) => {
    const told = `"${text}" looks like Unix ${unit}: use DateTime.${method}(Number(…)).toISO()`;
    expect(() => parseInstant(text)).toThrow(told);
  });

  test('quotes at most 64 characters of what is not an instant', () => {
    expect(() => parseInstant('x'.repeat(65))).toThrow(`"${'x'.repeat(64)}" is not an instant.`);
  });

  test.each([
    ['0001-01-01T00:00:00Z', -62_135_596_800_000],
    ['9999-12-31T23:59:59.999Z', 253_402_300_799_999],
  ])('reads %s, at the end of the years that it accepts', (text, ms) => {
    expect(parseInstant(text).getTime()).toBe(ms);
  });

  test.each([
    '2025-02-29T00:00:00Z',
    '2025-13-01T00:00:00Z',
    '2025-04-31T00:00:00Z',
    '2025-01-06T13:60:00Z',
    '2016-12-31T23:59:60Z',
    '0000-06-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
  ])('refuses %s: there is no such date or time', (text) => {
    expect(() => parseInstant(text)).toThrow(/is not an instant: there is no such date or time/);
  });

  test('reads back what formatInstant prints, to the millisecond, and the same instant at any offset', () => {
    const minutes = fc.integer({ min: -23 * 60, max: 23 * 60 });
    fc.assert(
      fc.property(instant, minutes, (date, offset) => {
        expect(parseInstant(formatInstant(date))).toEqual(date);
        const sign = offset < 0 ? '-' : '+';
        const [hours, rest] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
        const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
        const written = `${local}${sign}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
        expect(parseInstant(written)).toEqual(date);
      }),
    );
  });
});

describe('slots', () => {
  test('are quarters of an hour: floor at or before, ceil at or after, less than a slot away', () => {
    fc.assert(
      fc.property(instant, (date) => {
        const [floor, ceil] = [floorSlot(date).getTime(), ceilSlot(date).getTime()];
        expect(floor % SLOT_MS).toBe(0);
        expect(ceil % SLOT_MS).toBe(0);
        expect(floor <= date.getTime() && date.getTime() <= ceil).toBe(true);
        expect(ceil - floor).toBe(date.getTime() % SLOT_MS === 0 ? 0 : SLOT_MS);
      }),
    );
  });

  test('fit every zone (ZONES=all; else a sample): all offsets since 2009 are multiples of 15 minutes', () => {
    const odd = SOME_ZONES.flatMap((name) =>
      offsetSegments(SINCE, UNTIL, name)
        .filter(({ offsetMinutes }) => offsetMinutes % 15 !== 0)
        .map((segment) => [name, segment]),
    );
    expect(odd).toEqual([]);
  });

  test('fit every zone: around each change of a clock since 2009, no local day begins inside a slot', () => {
    const inside = SOME_ZONES.flatMap((name) =>
      offsetSegments(SINCE, UNTIL, name)
        .slice(1)
        .flatMap(({ from }) =>
          [-1, 0, 1].map((days) => localDate(new Date(from.getTime() + days * DAY_MS), name)),
        )
        .filter((date) => startOfLocalDay(date, name).getTime() % SLOT_MS !== 0)
        .map((date) => [name, date]),
    );
    expect(inside).toEqual([]);
  });
});

describe('offsetSegments', () => {
  test('begins at from and has the changes of the clock, to the minute', () => {
    const segments = offsetSegments(at('2025-01-01T00:00:00Z'), at('2026-01-01T00:00:00Z'), 'Europe/Rome');
    expect(segments).toEqual([
      { from: at('2025-01-01T00:00:00Z'), offsetMinutes: 60 },
      { from: at('2025-03-30T01:00:00Z'), offsetMinutes: 120 },
      { from: at('2025-10-26T01:00:00Z'), offsetMinutes: 60 },
    ]);
  });

  test('is one segment where no clock is changed, however many years it spans', () => {
    const [only, ...more] = offsetSegments(SINCE, UNTIL, 'Asia/Kathmandu');
    expect([only, more]).toEqual([{ from: SINCE, offsetMinutes: 345 }, []]);
  });

  test('knows offsets with seconds (Monrovia until 1972)', () => {
    expect(offsetSegments(at('1971-06-01T00:00:00Z'), at('1973-01-01T00:00:00Z'), 'Africa/Monrovia')).toEqual(
      [
        { from: at('1971-06-01T00:00:00Z'), offsetMinutes: -44.5 },
        { from: at('1972-01-07T00:44:30Z'), offsetMinutes: 0 },
      ],
    );
  });

  test('leaves out a change at its very end and takes one at its very beginning', () => {
    const change = at('2025-03-30T01:00:00Z');
    expect(offsetSegments(at('2025-03-01T00:00:00Z'), change, 'Europe/Rome')).toHaveLength(1);
    expect(offsetSegments(change, at('2025-04-01T00:00:00Z'), 'Europe/Rome')).toEqual([
      { from: change, offsetMinutes: 120 },
    ]);
  });

  test('finds both changes of Cairo in 2010, three weeks apart', () => {
    const summer = offsetSegments(at('2010-08-01T00:00:00Z'), at('2010-09-20T00:00:00Z'), 'Africa/Cairo');
    expect(summer.map(({ offsetMinutes }) => offsetMinutes)).toEqual([180, 120, 180]);
  });

  test("agrees with the zone's offset at any instant", () => {
    fc.assert(
      fc.property(
        zone,
        instant,
        fc.integer({ min: 1, max: 3_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (name, from, days, part) => {
          const to = new Date(from.getTime() + days * DAY_MS);
          const segments = offsetSegments(from, to, name);
          const probe = from.getTime() + Math.floor(part * (days * DAY_MS - 1));
          const held = segments.findLast((segment) => segment.from.getTime() <= probe);
          expect(held?.offsetMinutes).toBe(offsetAt(probe, name));
          const starts = segments.map((segment) => segment.from.getTime());
          expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
        },
      ),
    );
  });
});

describe('the local clock', () => {
  test('shows what Luxon shows', () => {
    fc.assert(
      fc.property(zone, instant, (name, date) => {
        const shown = DateTime.fromJSDate(date, { zone: name }).toISO({ includeOffset: false });
        expect(`${shown}Z`).toBe(new Date(localClock(date, name)).toISOString());
      }),
    );
  });

  test('finds a repeated time at its first occurrence, and a skipped time at the change', () => {
    const clock = (text: string): number => Date.parse(`${text}Z`);
    expect(firstInstantAt(clock('2025-10-26T02:30'), 'Europe/Rome')).toEqual(at('2025-10-26T00:30:00Z'));
    expect(firstInstantAt(clock('2025-03-30T02:30'), 'Europe/Rome')).toEqual(at('2025-03-30T01:00:00Z'));
  });

  // Jest's own time-out can't end a loop.
  test.each(['Mars/Base', '', '+02:00'])(
    'of a zone that is none, %j, is refused and not searched for',
    (name) => {
      const noon = at('2025-01-06T12:00:00Z');
      const asks: Record<string, () => unknown> = {
        firstInstantAt: () => firstInstantAt(noon.getTime(), name),
        localClock: () => localClock(noon, name),
        localDate: () => localDate(noon, name),
        offsetSegments: () => offsetSegments(SINCE, UNTIL, name),
      };
      for (const ask of Object.values(asks))
        expect(() => runInNewContext('ask()', { ask }, { timeout: 5_000 })).toThrow(
          'is not an IANA time zone',
        );
    },
  );

  test('refuses a time that never comes without searching for it', () => {
    const ask = () => firstInstantAt(Number.NaN, 'Europe/Rome');
    expect(() => runInNewContext('ask()', { ask }, { timeout: 5_000 })).toThrow('never shows');
  });

  test('shows a time at its first instant and not a millisecond before', () => {
    fc.assert(
      fc.property(zone, instant, (name, date) => {
        const clock = date.getTime();
        const first = firstInstantAt(clock, name);
        expect(localClock(first, name)).toBeGreaterThanOrEqual(clock);
        expect(localClock(new Date(first.getTime() - 1), name)).toBeLessThan(clock);
      }),
    );
  });
});

describe('local days', () => {
  test.each([
    ['Europe/Rome', '2025-01-06', '2025-01-05T23:00:00Z'],
    ['Asia/Kathmandu', '2025-01-06', '2025-01-05T18:15:00Z'],
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00Z'],
    ['Asia/Beirut', '2022-03-27', '2022-03-26T22:00:00Z'],
    ['Africa/Cairo', '2023-04-28', '2023-04-27T22:00:00Z'],
  ])('%s %s begins at %s, also where midnight is skipped', (name, date, expected) => {
    expect(startOfLocalDay(date, name)).toEqual(at(expected));
  });

  test.each([
    ['America/Havana', '2024-11-03', '2024-11-03T04:00:00Z', 25],
    ['Atlantic/Azores', '2024-10-27', '2024-10-27T00:00:00Z', 25],
    ['Antarctica/Casey', '2010-03-05', '2010-03-04T13:00:00Z', 27],
    ['America/St_Johns', '2009-11-01', '2009-11-01T02:30:00Z', 25],
  ])('%s %s begins at the first of its two midnights, %s, and has %s hours', (name, date, start, hours) => {
    const next = new Date(Date.parse(date) + DAY_MS).toISOString().slice(0, 10);
    expect(startOfLocalDay(date, name)).toEqual(at(start));
    expect(startOfLocalDay(next, name).getTime() - Date.parse(start)).toBe(hours * HOUR_MS);
  });

  test('continue when the clock is put back over midnight: Casey shows 4 March again, and it is still 5 March', () => {
    const again = at('2010-03-04T15:30:00Z');
    expect(new Date(localClock(again, 'Antarctica/Casey')).toISOString()).toBe('2010-03-04T23:30:00.000Z');
    expect(localDate(again, 'Antarctica/Casey')).toBe('2010-03-05');
  });

  test('have segments: where Casey repeats an evening, a day more is added until midnight comes again', () => {
    const segments = daySegments(at('2010-03-04T12:00:00Z'), at('2010-03-04T18:00:00Z'), 'Antarctica/Casey');
    expect(segments).toEqual([
      { from: at('2010-03-04T12:00:00Z'), offsetMinutes: 11 * 60 },
      { from: at('2010-03-04T15:00:00Z'), offsetMinutes: (8 + 24) * 60 },
      { from: at('2010-03-04T16:00:00Z'), offsetMinutes: 8 * 60 },
    ]);
    // A range that ends before that midnight, or at it, has no segment from it on.
    const repeated = { from: at('2010-03-04T15:00:00Z'), offsetMinutes: (8 + 24) * 60 };
    expect(daySegments(repeated.from, at('2010-03-04T16:00:00Z'), 'Antarctica/Casey')).toEqual([repeated]);
    expect(daySegments(repeated.from, at('2010-03-04T15:30:00Z'), 'Antarctica/Casey')).toEqual([repeated]);
  });

  test('begin first in Kiritimati, 14 hours ahead of UTC, also at the new year', () => {
    expect(startOfLocalDay('2025-01-01', 'Pacific/Kiritimati')).toEqual(at('2024-12-31T10:00:00Z'));
    expect(startOfLocalDay('2025-01-01', 'Pacific/Pago_Pago')).toEqual(at('2025-01-01T11:00:00Z'));
  });

  test('Apia has no 30 December 2011: it begins where the 31st does', () => {
    const start = at('2011-12-30T10:00:00Z');
    expect(startOfLocalDay('2011-12-30', 'Pacific/Apia')).toEqual(start);
    expect(startOfLocalDay('2011-12-31', 'Pacific/Apia')).toEqual(start);
    expect(localDate(start, 'Pacific/Apia')).toBe('2011-12-31');
    expect(localDate(new Date(start.getTime() - 1), 'Pacific/Apia')).toBe('2011-12-29');
  });

  test('contain exactly the instants from their start to the start of the next', () => {
    fc.assert(
      fc.property(zone, instant, (name, date) => {
        const day = localDate(date, name);
        const next = new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);
        expect(startOfLocalDay(day, name).getTime()).toBeLessThanOrEqual(date.getTime());
        expect(startOfLocalDay(next, name).getTime()).toBeGreaterThan(date.getTime());
      }),
    );
  });

  test('never go back, in any zone (ZONES=all; else a sample), around any change of its clock since 2009', () => {
    const wrong = SOME_ZONES.flatMap((name) =>
      offsetSegments(SINCE, UNTIL, name)
        .slice(1)
        .filter(({ from }) => {
          const days = Array.from({ length: 33 }, (_, slot) =>
            localDate(new Date(from.getTime() + (slot - 16) * SLOT_MS), name),
          );
          return days.some((day, index) => day < (days[index - 1] ?? day));
        })
        .map(({ from }) => [name, from]),
    );
    expect(wrong).toEqual([]);
  });

  test('and hours of segments by local days agree with the day and the clock, around every change since 2009', () => {
    const wrong = SOME_ZONES.flatMap((name) =>
      offsetSegments(SINCE, UNTIL, name)
        .slice(1)
        .flatMap(({ from }) => {
          const begin = new Date(from.getTime() - 2 * HOUR_MS);
          const segments = daySegments(begin, new Date(from.getTime() + 5 * HOUR_MS), name);
          return Array.from({ length: 84 }, (_, step) => new Date(begin.getTime() + step * 300_000)).filter(
            (probe) => {
              const minutes = segments.findLast((segment) => segment.from <= probe)?.offsetMinutes ?? 0;
              const told = new Date(probe.getTime() + minutes * 60_000);
              const hour = new Date(localClock(probe, name)).getUTCHours();
              return (
                told.toISOString().slice(0, 10) !== localDate(probe, name) || told.getUTCHours() !== hour
              );
            },
          );
        })
        .map((probe) => [name, probe]),
    );
    expect(wrong).toEqual([]);
  });
});

test("a zone's history lists its offsets from 2009 up to an instant", () => {
  expect(zoneHistory('Asia/Kathmandu', UNTIL)).toEqual(['2009-01-01T00:00:00.000Z 345']);
  expect(zoneHistory('Europe/Rome', at('2009-11-01T00:00:00Z'))).toEqual([
    '2009-01-01T00:00:00.000Z 60',
    '2009-03-29T01:00:00.000Z 120',
    '2009-10-25T01:00:00.000Z 60',
  ]);
});
