// How did single customers' usage run over time? One statement for a whole list.
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';
import {
  buckets,
  choiceTexts,
  lastMonths,
  type Period,
  type PeriodChoice,
  resolvePeriod,
  type TimelineInterval,
} from '../../values/period';
import { localDate } from '../../values/time';
import { countsStill } from '../roll-ups/roll-ups';
import type { Workspace } from '../workspaces/workspaces';
import { coverWithCustomerDays, coverWithDays } from './cover';
import { POINTS_LIMIT, type TimelinePoint, untilNow } from './timeline';

export interface CustomerTimelineChoice {
  /** Default: the last 12 months. */
  period: PeriodChoice | null | undefined;
  interval: TimelineInterval;
}

const DEFAULT_MONTHS = 12;

/** `zone` is the workspace's: days are its. Throws BAD_USER_INPUT. */
export function customerTimelinePeriod(
  choice: PeriodChoice | null | undefined,
  zone: string,
  now: Date,
): Period {
  const given = Object.values(choiceTexts(choice)).some((text) => text !== null && text !== undefined);
  return given ? resolvePeriod(choice, zone, now) : lastMonths(DEFAULT_MONTHS, zone, now);
}

/**
 * Gapless points of each customer, in the order of their ids; they end as a report's timeline does. Months are read as
 * months, days and weeks as days, and single charges at ragged ends. Throws BAD_USER_INPUT.
 */
export async function findCustomerTimelines(
  sql: Sql,
  workspace: Workspace,
  choice: CustomerTimelineChoice,
  asOf: Date,
  customerIds: readonly string[],
): Promise<TimelinePoint[][]> {
  const { interval } = choice;
  if (interval === 'HOUR')
    throw badInput("A customer's timeline is by DAY, WEEK or MONTH. Ask for one of them.");
  const zone = workspace.timeZone;
  const period = customerTimelinePeriod(choice.period, zone, asOf);
  const bounds = buckets(period, interval, zone, POINTS_LIMIT);
  const starts = bounds.slice(0, -1);
  const cover =
    interval === 'MONTH'
      ? coverWithCustomerDays(period, zone)
      : { months: [], ...coverWithDays(period, zone) };
  const rows = await sql.query<{ customer_id: string; point: number; messages: bigint; cost_micros: bigint }>(
    'customer_timelines',
    STATEMENT,
    [
      ...[workspace.id, customerIds, starts.map((at) => localDate(at, zone)), starts],
      cover.months.map(({ month }) => month),
      ...[cover.days.map(({ from }) => from), cover.days.map(({ to }) => to)],
      ...[cover.edges.map(({ from }) => from), cover.edges.map(({ to }) => to)],
    ],
  );
  const found = new Map(rows.map((row) => [`${row.customer_id} ${row.point}`, row]));
  return customerIds.map((id) =>
    untilNow(
      starts.map((from, index) => {
        const row = found.get(`${id} ${index + 1}`);
        const to = bounds[index + 1] ?? period.to;
        return { from, to, messages: row?.messages ?? 0n, costMicros: row?.cost_micros ?? 0n };
      }),
      asOf,
    ),
  );
}

/**
 * $1 the workspace, $2 the customers, $3 and $4 the points' first days and instants, $5 months, $6 and $7 stretches of
 * days, $8 and $9 of records. OFFSET 0 as in parts.ts: without it the servers' plans, made without knowing values, read
 * all rows of a customer (50 customers of a million charges, a month with ragged ends: 139 ms, and 33 with it).
 */
const STATEMENT = `
  SELECT t.customer_id, t.point, sum(t.messages)::bigint AS messages, sum(t.cost_micros)::bigint AS cost_micros
  FROM unnest($2::uuid[]) AS i (id)
  CROSS JOIN LATERAL (
    SELECT m.customer_id, width_bucket(m.month, $3::date[]) AS point, m.messages, m.cost_micros
    FROM customer_months m WHERE m.workspace_id = $1 AND m.customer_id = i.id AND m.month = ANY ($5::date[])
    UNION ALL
    SELECT d.customer_id, width_bucket(d.day, $3::date[]), d.messages, d.cost_micros
    FROM unnest($6::date[], $7::date[]) AS p (since, until)
    CROSS JOIN LATERAL (
      SELECT s.customer_id, s.day, s.messages, s.cost_micros FROM customer_days s
      WHERE s.workspace_id = $1 AND s.customer_id = i.id AND s.day >= p.since AND s.day < p.until OFFSET 0
    ) d
    UNION ALL
    SELECT c.customer_id, width_bucket(c.occurred_at, $4::timestamptz[]), 1, c.amount_micros
    FROM unnest($8::timestamptz[], $9::timestamptz[]) AS p (since, until)
    CROSS JOIN LATERAL (
      SELECT s.customer_id, s.occurred_at, s.amount_micros FROM charges s
      WHERE s.workspace_id = $1 AND s.customer_id = i.id AND s.occurred_at >= p.since AND s.occurred_at < p.until
        AND ${countsStill('s')} OFFSET 0
    ) c
    OFFSET 0
  ) t
  GROUP BY t.customer_id, t.point`;
