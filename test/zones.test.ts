// Every zone around every change of its clock since 2009, with many turns near each change. Intl alone, asked for each
// turn separately, is compared with all figures. ZONES=all takes all zones; otherwise three hard ones and two random
// ones, which the tests' names show.
import { Snapshot } from '../src/database/snapshot';
import { findHeatmap } from '../src/services/analytics/heatmap';
import { scopeOf, type UsageScope } from '../src/services/analytics/scope';
import { findTimeline, findTimelineClients } from '../src/services/analytics/timeline';
import { findTotals } from '../src/services/analytics/totals';
import { getWorkspace } from '../src/services/workspaces/workspaces';
import type { TimelineInterval } from '../src/values/period';
import { aCustomer, aWorkspace, startApp, type TestApp } from './support/app';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SINCE = Date.UTC(2009, 0, 1);
const UNTIL = Date.UTC(2026, 2, 15);
/** Seconds are of Newfoundland and Casey, whose clocks were changed at 00:01. */
const AROUND = [
  -25 * HOUR,
  -HOUR,
  -15 * MINUTE,
  -MINUTE - 1,
  -MINUTE,
  -1,
  0,
  1,
  59_000,
  MINUTE,
  14 * MINUTE,
].concat([59 * MINUTE, HOUR, 61 * MINUTE, 2 * HOUR + 59 * MINUTE, 3 * HOUR, 23 * HOUR]);

const ALL = Intl.supportedValuesOf('timeZone');
const HARD = ['America/St_Johns', 'America/Goose_Bay', 'Antarctica/Casey'];
const byChance = (): string => ALL[Math.floor(Math.random() * ALL.length)] ?? 'UTC';
const CHOSEN = process.env.ZONES === 'all' ? ALL : [...new Set([...HARD, byChance(), byChance()])];

/** What the clock on the wall shows, by Intl: milliseconds that read as UTC. */
function oracleOf(zone: string) {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  const shown = (ms: number): number => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(ms)) part[type] = Number(value);
    const { year = 0, month = 1, day, hour, minute, second } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) + (ms % 1_000);
  };
  const changes: number[] = [];
  for (let at = SINCE - 2 * DAY; at < UNTIL; at += DAY) {
    const offset = shown(at) - at;
    if (shown(at + DAY) - at - DAY === offset) continue;
    let [before, after] = [at, at + DAY];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (shown(middle) - middle === offset) before = middle;
      else after = middle;
    }
    changes.push(after);
  }
  const dateOf = (ms: number): string => new Date(shown(ms)).toISOString().slice(0, 10);
  /** A day begins when its date first appears, and goes on when the clock is put back over midnight. */
  const dayOf = (ms: number): string =>
    changes
      .filter((change) => ms - 4 * HOUR < change && change <= ms)
      .map((change) => dateOf(change - 1))
      .concat(dateOf(ms))
      .sort()
      .at(-1) ?? '';
  return { changes, dayOf, hourOf: (ms: number): number => new Date(shown(ms)).getUTCHours() };
}

const weekdayOf = (date: string): number => ((new Date(date).getUTCDay() + 6) % 7) + 1;

interface Turn {
  at: number;
  customer: string;
}

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

async function aShopWith(zone: string, changes: readonly number[]): Promise<{ id: string; turns: Turn[] }> {
  const shop = await aWorkspace(app, { timeZone: zone });
  for (const n of [1, 2]) await aCustomer(app, shop, { phoneNumber: `+39333123456${n}` });
  const instants = changes
    .concat(SINCE + 40 * DAY)
    .flatMap((change) => AROUND.map((by) => change + by))
    .filter((at) => at >= SINCE && at < UNTIL);
  for (let from = 0; from < instants.length; from += 500) {
    const results = await app.services.saveMessages.saveAll(
      shop.id,
      instants.slice(from, from + 500).map((at, index) => ({
        ...{ message: 'ciao', response: 'Ciao!', idempotencyKey: `k${from + index}` },
        phoneNumber: `+39333123456${1 + (index % 3 === 0 ? 1 : 0)}`,
        occurredAt: new Date(at).toISOString(),
      })),
    );
    expect(results.filter((result) => !('ok' in result))).toEqual([]);
  }
  const turns = await app.database.sql<Turn>(
    `SELECT (extract(epoch FROM occurred_at) * 1000)::float8 AS at, customer_id AS customer FROM charges
     WHERE workspace_id = $1 ORDER BY occurred_at`,
    [shop.id],
  );
  expect(turns).toHaveLength(instants.length);
  return { id: shop.id, turns };
}

const count = <T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
};

describe.each(CHOSEN)('%s', (zone) => {
  it('is exact around each change of its clock: hours, days, months, cells, clients', async () => {
    const own = oracleOf(zone);
    const { id, turns } = await aShopWith(zone, own.changes);
    const snapshot = new Snapshot(app.database, app.clock.now());
    try {
      const workspace = await getWorkspace(snapshot, id, app.clock.now());
      const scope = (from: number, to: number, timeZone: string): UsageScope =>
        scopeOf(workspace, { period: { from: new Date(from), to: new Date(to) }, timeZone }, app.clock.now());
      const within = ({ period }: UsageScope): Turn[] =>
        turns.filter(({ at }) => period.from.getTime() <= at && at < period.to.getTime());

      /** Each point by what the oracle calls its first turn, with its turns; a name twice: once more with a mark. */
      const check = async (asked: UsageScope, interval: TimelineInterval, nameOf: (at: number) => string) => {
        const points = (await findTimeline(snapshot, asked, interval)).filter(
          ({ messages }) => messages > 0n,
        );
        const named = points.map((point) => {
          const held = turns.filter(({ at }) => point.from.getTime() <= at && at < point.to.getTime());
          const names = [...new Set(held.map(({ at }) => nameOf(at)))];
          expect([asked.period.timeZone, interval, point.from, names]).toEqual([
            ...[asked.period.timeZone, interval, point.from],
            [expect.any(String)],
          ]);
          return { name: names[0], held: held.length, told: Number(point.messages) };
        });
        expect(named.map(({ told }) => told)).toEqual(named.map(({ held }) => held));
        const sums: Record<string, number> = {};
        for (const { name = '', told } of named) sums[name] = (sums[name] ?? 0) + told;
        expect(sums).toEqual(count(within(asked), ({ at }) => nameOf(at)));
        if (interval === 'HOUR') return;
        const clients = (await findTimelineClients(snapshot, asked, interval)) ?? [];
        const all = await findTimeline(snapshot, asked, interval);
        expect(clients.map(Number)).toEqual(
          all.map(
            ({ from, to }) =>
              new Set(
                turns
                  .filter(({ at }) => from.getTime() <= at && at < to.getTime())
                  .map(({ customer }) => customer),
              ).size,
          ),
        );
      };

      for (const [timeZone, oracle] of [
        [zone, own],
        ['America/St_Johns', oracleOf('America/St_Johns')],
      ] as const) {
        const whole = scope(SINCE, UNTIL, timeZone);
        await check(whole, 'MONTH', (at) => oracle.dayOf(at).slice(0, 7));
        expect((await findTotals(snapshot, whole)).messages).toBe(BigInt(turns.length));
        const cells = (await findHeatmap(snapshot, whole)).filter(({ messages }) => messages > 0n);
        expect(
          Object.fromEntries(
            cells.map(({ weekday, hour, messages }) => [`${weekday} ${hour}h`, Number(messages)]),
          ),
        ).toEqual(count(turns, ({ at }) => `${weekdayOf(oracle.dayOf(at))} ${oracle.hourOf(at)}h`));
      }
      for (const change of own.changes.filter((at) => at > SINCE + 3 * DAY)) {
        const asked = scope(change - 36 * HOUR - 7, change + 36 * HOUR + 7, zone);
        await check(asked, 'DAY', own.dayOf);
        await check(asked, 'HOUR', (at) => {
          const since = own.changes.filter((other) => other <= at).length;
          return `${own.dayOf(at)} ${own.hourOf(at)}h, after change ${since}`;
        });
      }
    } finally {
      await snapshot.end();
    }
  }, 300_000);
});

it.each(['HOUR', 'DAY'])(
  'Monrovia in 1971, 44 minutes and 30 seconds behind, answers by %s',
  async (interval) => {
    const shop = await aWorkspace(app, { timeZone: 'Africa/Monrovia' });
    const { usage } = await app.api.as(shop.client).data<{ usage: { timeline: { from: string }[] } }>(
      `query ($id: ID!) { usage(workspaceId: $id, period: { from: "1972-01-05T00:44:30Z", to: "1972-01-08T00:00:00Z" }) {
      timeline(interval: ${interval}) { from } heatmap { messages } } }`,
      { id: shop.id },
    );
    const starts = usage.timeline.map(({ from }) => from);
    expect(starts.slice(0, 3)).toEqual(
      interval === 'DAY'
        ? ['1972-01-05T00:44:30.000Z', '1972-01-06T00:44:30.000Z', '1972-01-07T00:44:30.000Z']
        : ['1972-01-05T00:44:30.000Z', '1972-01-05T01:44:30.000Z', '1972-01-05T02:44:30.000Z'],
    );
  },
);
