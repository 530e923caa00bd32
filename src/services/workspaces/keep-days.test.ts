import { nextNight } from './keep-days';

it.each([
  ['Europe/Rome', '2026-01-15T12:00:00Z', '2026-01-16T02:00:00Z'],
  ['Europe/Rome', '2026-01-16T01:59:59.999Z', '2026-01-16T02:00:00Z'],
  ['Europe/Rome', '2026-01-16T02:00:00Z', '2026-01-17T02:00:00Z'],
  // 03:00 is skipped in Athens, and comes twice in Helsinki.
  ['Europe/Athens', '2026-03-28T12:00:00Z', '2026-03-29T01:00:00Z'],
  ['Europe/Helsinki', '2026-10-24T12:00:00Z', '2026-10-25T00:00:00Z'],
  ['Europe/Helsinki', '2026-10-25T00:30:00Z', '2026-10-26T01:00:00Z'],
  ['Pacific/Kiritimati', '2026-01-15T12:59:00Z', '2026-01-15T13:00:00Z'],
  ['Pacific/Pago_Pago', '2026-01-15T14:00:00Z', '2026-01-16T14:00:00Z'],
  // 30 December 2011 was left out there: its night is when the 31st begins.
  ['Pacific/Apia', '2011-12-30T09:00:00Z', '2011-12-30T10:00:00Z'],
])('the night of %s after %s begins at %s', (zone, at, night) => {
  expect(nextNight(new Date(at), zone)).toEqual(new Date(night));
});
