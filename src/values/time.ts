// Instants, zones and slots. Luxon, with Node's zone data, is the only source for zones: SQL gets instants and offsets,
// never the name of a zone.
import { DateTime, IANAZone } from 'luxon';
import { badInput } from '../errors';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './duration';

/** Returns the present instant. It is injected, so that tests set the time. */
export type Clock = () => Date;

/** A half-open range of time: `from` included, `to` excluded. */
export interface Range {
  from: Date;
  to: Date;
}

/** 15 minutes: the offset of every zone has been a multiple of this since 2009. */
export const SLOT_MS = 900_000;

export const floorSlot = (at: Date): Date => new Date(Math.floor(at.getTime() / SLOT_MS) * SLOT_MS);

export const ceilSlot = (at: Date): Date => new Date(Math.ceil(at.getTime() / SLOT_MS) * SLOT_MS);

/**
 * IANA's names whose spelling follows no rule. Names without a region are checked here, since ICU knows more of them,
 * some with another meaning: its BST is Bangladesh's.
 */
const SPELLINGS = new Map(
  [
    'CET CST6CDT Cuba EET EST EST5EDT Egypt Eire GB GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST Hongkong Iceland',
    'Iran Israel Jamaica Japan Kwajalein Libya MET MST MST7MDT NZ NZ-CHAT Navajo PRC PST8PDT Poland Portugal ROC',
    'ROK Singapore Turkey UCT UTC Universal W-SU WET Zulu America/Argentina/ComodRivadavia America/Knox_IN',
    'Brazil/DeNoronha Chile/EasterIsland Mexico/BajaNorte Mexico/BajaSur',
    ...Intl.supportedValuesOf('timeZone'),
  ]
    .flatMap((names) => names.split(' '))
    .map((name) => [name.toLowerCase(), name]),
);

const ZONES_KEPT = 2_000;
const zones = new Map<string, string>();

/** Returns the zone in IANA's spelling. Throws BAD_USER_INPUT for any other text, including offsets such as +02:00. */
export function assertZone(zone: string): string {
  const known = zones.get(zone);
  if (known !== undefined) return known;
  const spelled = SPELLINGS.get(zone.toLowerCase()) ?? spellRegional(zone);
  if (spelled === undefined || !IANAZone.isValidZone(spelled)) {
    throw badInput(
      `${JSON.stringify(zone.slice(0, 64))} is not an IANA time zone. Write one such as Europe/Rome or UTC.`,
    );
  }
  if (zones.size >= ZONES_KEPT) zones.clear();
  zones.set(zone, spelled);
  return spelled;
}

/** 'america/port_of_spain' -> 'America/Port_of_Spain'. Node lists one name of each zone, without its other names. */
function spellRegional(zone: string): string | undefined {
  if (!/^[a-z]+(\/[a-z0-9_+-]+){1,2}$/i.test(zone) || /^SystemV/i.test(zone)) return undefined;
  return zone.toLowerCase().replace(/[a-z]+/g, (word) => {
    if (/^(of|es|au)$/.test(word)) return word;
    if (/^(gmt|utc|uct|us|act|nsw|lhi)$/.test(word)) return word.toUpperCase();
    return word.charAt(0).toUpperCase() + word.slice(1);
  });
}

const RFC3339 =
  /^(\d{4}-\d{2}-\d{2})[Tt ]((?:[01]\d|2[0-3]):\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Unix time, as WhatsApp and JavaScript give it: from 1973 to 2286 seconds have 9 or 10 digits, milliseconds three
 * more.
 */
const UNIX: readonly (readonly [RegExp, string, string])[] = [
  [/^\d{9,10}$/, 'seconds', 'fromSeconds'],
  [/^\d{12,13}$/, 'milliseconds', 'fromMillis'],
];

/**
 * RFC 3339 with an offset -> an instant of the years 1 to 9999. Digits beyond the millisecond are cut off. Throws
 * BAD_USER_INPUT.
 */
export function parseInstant(text: string): Date {
  const match = RFC3339.exec(text.trim());
  const shown = JSON.stringify(text.slice(0, 64));
  if (!match) {
    for (const [form, unit, method] of UNIX) {
      if (!form.test(text.trim())) continue;
      throw badInput(
        `${shown} looks like Unix ${unit}: use DateTime.${method}(Number(…)).toISO() in n8n, or write RFC 3339 with an offset.`,
      );
    }
    throw badInput(
      `${shown} is not an instant. Write RFC 3339 with an offset: 2025-01-06T14:00:05+01:00 or 2025-01-06T13:00:05Z.`,
    );
  }
  const [, date, time, fraction = '', offset = 'Z'] = match;
  const millis = fraction.slice(0, 3).padEnd(3, '0');
  const at = DateTime.fromISO(`${date}T${time}.${millis}${offset.toUpperCase()}`, { zone: 'utc' });
  if (!at.isValid || at.year < 1 || at.year > 9999) {
    throw badInput(`${shown} is not an instant: there is no such date or time in the years 1 to 9999.`);
  }
  return at.toJSDate();
}

/** RFC 3339 in UTC with milliseconds. */
export const formatInstant = (at: Date): string => at.toISOString();

/** Minutes that a zone is ahead of UTC at an instant; may be a half. */
export const offsetAt = (ms: number, zone: string): number => IANAZone.create(zone).offset(ms);

/** A range with one constant offset, within one year of UTC; it ends where the next one begins. */
interface Stretch {
  readonly from: number;
  /** Milliseconds ahead of UTC. */
  readonly offset: number;
}

/** Enough for all zones since 2009: a few megabytes. */
const YEARS_KEPT = 20_000;
const years = new Map<string, Map<number, readonly Stretch[]>>();
let yearsKept = 0;

/**
 * Each save asks for an offset, and ICU takes microseconds to compute it. So the offsets of a zone are computed for a
 * whole year and kept. Throws BAD_USER_INPUT for an unknown zone: Luxon's offset would be NaN, and every search with
 * NaN fails.
 */
function stretchesOf(year: number, zone: string): readonly Stretch[] {
  const known = years.get(zone)?.get(year);
  if (known) return known;
  if (yearsKept >= YEARS_KEPT) {
    years.clear();
    yearsKept = 0;
  }
  const made = findStretches(Date.UTC(year, 0), Date.UTC(year + 1, 0), assertZone(zone));
  const ofZone = years.get(zone) ?? new Map<number, readonly Stretch[]>();
  years.set(zone, ofZone.set(year, made));
  yearsKept += 1;
  return made;
}

/** No zone has changed its clock twice within two weeks since 1970; the closest was Cairo in 2010, with three. */
const STEP_MS = 14 * DAY_MS;

function findStretches(start: number, end: number, zone: string): Stretch[] {
  const offsetOf = (ms: number): number => offsetAt(ms, zone) * MINUTE_MS;
  let offset = offsetOf(start);
  const stretches = [{ from: start, offset }];
  for (let at = start; at < end; ) {
    let before = at;
    at = Math.min(at + STEP_MS, end);
    if (offsetOf(at) === offset) continue;
    // Clock changes fall on whole seconds: `at` becomes the first second with the other offset.
    while (at - before > SECOND_MS) {
      const middle = before + Math.floor((at - before) / 2 / SECOND_MS) * SECOND_MS;
      if (offsetOf(middle) === offset) before = middle;
      else at = middle;
    }
    offset = offsetOf(at);
    if (at < end) stretches.push({ from: at, offset });
  }
  return stretches;
}

const yearOf = (ms: number): number => new Date(ms).getUTCFullYear();

/**
 * What a clock in the zone shows at an instant, as milliseconds to be read in UTC: `new Date(localClock(at, zone))` has
 * the local date and time as its UTC parts.
 */
export function localClock(at: Date, zone: string): number {
  const ms = at.getTime();
  const offset = stretchesOf(yearOf(ms), zone).findLast((stretch) => stretch.from <= ms)?.offset ?? 0;
  return ms + offset;
}

/** No zone is more than 15 hours ahead of UTC. */
const AHEAD_MS = 15 * HOUR_MS;

/**
 * The first instant at which the zone's clock shows `clock` (see `localClock`) or later. A time that a clock change
 * repeats is found the first time; for a time that it skips, the instant of the change is found. Throws BAD_USER_INPUT
 * for an unknown zone.
 */
export function firstInstantAt(clock: number, zone: string): Date {
  const since = clock - AHEAD_MS;
  const first = yearOf(since);
  for (let year = first; year <= first + 1; year += 1) {
    const stretches = stretchesOf(year, zone);
    for (const [index, { from, offset }] of stretches.entries()) {
      const to = stretches[index + 1]?.from ?? Date.UTC(year + 1, 0);
      const at = Math.max(from, since, clock - offset);
      if (at < to) return new Date(at);
    }
  }
  throw new RangeError(`The clock of ${zone} never shows ${clock} or later.`);
}

/**
 * The first instant of a local day 'YYYY-MM-DD', also if midnight is skipped. A day begins when its date first appears.
 * If the clock is then put back over midnight, the day goes on: days have no gaps. A date that a zone leaves out (Apia,
 * 2011-12-30) begins where the next one begins.
 */
export const startOfLocalDay = (date: string, zone: string): Date => firstInstantAt(Date.parse(date), zone);

/** Casey put its clock back by three hours, the most of any zone since 1970. */
const PUT_BACK_MS = 3 * HOUR_MS;

/** The local day 'YYYY-MM-DD' of an instant: the last day that has begun. It never changes within a slot. */
export function localDate(at: Date, zone: string): string {
  const clock = localClock(at, zone);
  const next = (Math.floor(clock / DAY_MS) + 1) * DAY_MS;
  // After the clock is put back over midnight, it shows the day before for a while.
  const put = next - clock <= PUT_BACK_MS && firstInstantAt(next, zone) <= at;
  return new Date(put ? next : clock).toISOString().slice(0, 10);
}

export interface OffsetSegment {
  from: Date;
  /** Minutes ahead of UTC; may be a half: Monrovia was 44:30 behind until 1972. */
  offsetMinutes: number;
}

/** The ranges of constant offset that cover [from, to), in order; the first begins at `from`. */
export function offsetSegments(from: Date, to: Date, zone: string): OffsetSegment[] {
  const segments: OffsetSegment[] = [
    { from, offsetMinutes: (localClock(from, zone) - from.getTime()) / MINUTE_MS },
  ];
  for (let year = yearOf(from.getTime()); year <= yearOf(to.getTime()); year += 1) {
    for (const stretch of stretchesOf(year, zone)) {
      const offsetMinutes = stretch.offset / MINUTE_MS;
      if (stretch.from <= from.getTime() || stretch.from >= to.getTime()) continue;
      if (segments.at(-1)?.offsetMinutes === offsetMinutes) continue;
      segments.push({ from: new Date(stretch.from), offsetMinutes });
    }
  }
  return segments;
}

/**
 * The same by local days: an instant plus the minutes of its range has the date of its local day and the hour of the
 * clock. If the clock is put back over midnight, the day that has begun goes on, so the minutes are a day more.
 */
export function daySegments(from: Date, to: Date, zone: string): OffsetSegment[] {
  return offsetSegments(from, to, zone).flatMap((segment) => {
    const clock = localClock(segment.from, zone);
    const next = (Math.floor(clock / DAY_MS) + 1) * DAY_MS;
    if (localDate(segment.from, zone) !== new Date(next).toISOString().slice(0, 10)) return [segment];
    const midnight = new Date(segment.from.getTime() + next - clock);
    const put = { from: segment.from, offsetMinutes: segment.offsetMinutes + DAY_MS / MINUTE_MS };
    return midnight < to ? [put, { ...segment, from: midnight }] : [put];
  });
}

/** The zone's offsets since 2009 as text, in order: from when, and the minutes ahead of UTC. */
export const zoneHistory = (zone: string, until: Date): string[] =>
  offsetSegments(HISTORY_SINCE, until, zone).map(
    ({ from, offsetMinutes }) => `${formatInstant(from)} ${offsetMinutes}`,
  );

/** Earlier than any turn (docs/semantics.md#time). */
const HISTORY_SINCE = new Date('2009-01-01T00:00:00Z');
