// Instants, zones and slots. Luxon on Node's own zone data is the one truth about zones: SQL is given instants and
// offsets, never a zone's name.
import { DateTime, IANAZone } from 'luxon';
import { badInput } from './errors';

/** Gives the present instant. Injected, so that tests decide what time it is. */
export type Clock = () => Date;

/** 15 minutes: every zone's offset since 2009 is a multiple of it. */
export const SLOT_MS = 900_000;

const canonical = new Map<string, string>();

/** An IANA zone in IANA's spelling. Throws BAD_USER_INPUT for anything else, offsets like +02:00 included. */
export function assertZone(zone: string): string {
  const known = canonical.get(zone);
  if (known !== undefined) return known;
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]*$/.test(zone) || !IANAZone.isValidZone(zone)) {
    throw badInput(
      `${JSON.stringify(zone.slice(0, 64))} is not an IANA time zone. Write one such as Europe/Rome or UTC.`,
    );
  }
  const spelled = spellings().get(zone.toLowerCase()) ?? zone;
  if (canonical.size > 2_000) canonical.clear();
  canonical.set(zone, spelled);
  return spelled;
}

let spelled: ReadonlyMap<string, string> | undefined;

function spellings(): ReadonlyMap<string, string> {
  spelled ??= new Map(
    [...Intl.supportedValuesOf('timeZone'), 'UTC'].map((zone) => [zone.toLowerCase(), zone]),
  );
  return spelled;
}

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;

/** RFC 3339 with an offset -> an instant; finer than a millisecond is cut off. Throws BAD_USER_INPUT. */
export function parseInstant(text: string): Date {
  const match = RFC3339.exec(text.trim());
  const shown = JSON.stringify(text.slice(0, 64));
  if (!match) {
    throw badInput(
      `${shown} is not an instant. Write RFC 3339 with an offset: 2025-01-06T14:00:05+01:00 or 2025-01-06T13:00:05Z.`,
    );
  }
  const [, year, month, day, hour, minute, second, fraction = '', offset = 'Z'] = match;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const at = DateTime.fromISO(`${local}.${fraction.padEnd(3, '0').slice(0, 3)}${offset.toUpperCase()}`, {
    setZone: true,
  });
  if (!at.isValid || hour === '24')
    throw badInput(`${shown} is not an instant: there is no such date or time.`);
  return at.toJSDate();
}

/** RFC 3339 in UTC with milliseconds. */
export const formatInstant = (at: Date): string => at.toISOString();

export const floorSlot = (at: Date): Date => new Date(Math.floor(at.getTime() / SLOT_MS) * SLOT_MS);

export const ceilSlot = (at: Date): Date => new Date(Math.ceil(at.getTime() / SLOT_MS) * SLOT_MS);

const DAYS_KEPT = 50_000;
const dayOf = new Map<string, string>();

/** The local date 'YYYY-MM-DD' of an instant. Kept by slot, since a local day never begins inside one. */
export function localDate(at: Date, zone: string): string {
  const key = `${Math.floor(at.getTime() / SLOT_MS)} ${zone}`;
  const known = dayOf.get(key);
  if (known !== undefined) return known;
  const date = DateTime.fromJSDate(at, { zone }).toFormat('yyyy-MM-dd');
  if (dayOf.size >= DAYS_KEPT) dayOf.clear();
  dayOf.set(key, date);
  return date;
}

/** Minutes that a zone is ahead of UTC at an instant. */
export const offsetAt = (ms: number, zone: string): number => IANAZone.create(zone).offset(ms);

export interface OffsetSegment {
  from: Date;
  /** Minutes ahead of UTC. */
  offsetMinutes: number;
}

const STEP_MS = 14 * 86_400_000;

/** The stretches of constant offset that cover [from, to), in order; the first begins at `from`. */
export function offsetSegments(from: Date, to: Date, zone: string): OffsetSegment[] {
  let offset = offsetAt(from.getTime(), zone);
  const segments: OffsetSegment[] = [{ from, offsetMinutes: offset }];
  // No zone has changed its clock and changed it back within two weeks (Ramadan in Morocco takes four).
  for (let ms = from.getTime(); ms < to.getTime(); ms += STEP_MS) {
    const end = Math.min(ms + STEP_MS, to.getTime());
    if (offsetAt(end, zone) === offset) continue;
    const at = firstWithout(offset, ms, end, zone);
    offset = offsetAt(end, zone);
    if (at < to.getTime()) segments.push({ from: new Date(at), offsetMinutes: offset });
  }
  return segments;
}

/** The first instant after `low` whose offset is another one; `high` has another one. To the millisecond. */
function firstWithout(offset: number, low: number, high: number, zone: string): number {
  let before = low;
  let after = high;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle, zone) === offset) before = middle;
    else after = middle;
  }
  return after;
}
