// Roll-ups made anew from the records, which are the only truth.
import type { Sql } from '../database/sql';
import { buckets } from '../period';
import { localDate } from '../time';

/** More days than a workspace can have: turns lie between 2009 and now. */
const ALL_DAYS = 100_000;

/**
 * The customers' days and months of a workspace, cut by this zone. The caller holds the workspace's row FOR UPDATE:
 * no save can write a day of the old zone behind it.
 */
export async function rebuildCustomerRollUps(sql: Sql, workspaceId: string, timeZone: string): Promise<void> {
  await sql.query('clear_customer_days', 'DELETE FROM customer_days WHERE workspace_id = $1', [workspaceId]);
  await sql.query('clear_customer_months', 'DELETE FROM customer_months WHERE workspace_id = $1', [
    workspaceId,
  ]);
  const [span] = await sql.query<{ first_at: Date | null; last_at: Date | null }>(
    'span_of_charges',
    'SELECT min(c.occurred_at) AS first_at, max(c.occurred_at) AS last_at FROM charges c WHERE c.workspace_id = $1',
    [workspaceId],
  );
  if (!span?.first_at || !span.last_at) return;
  const days = dayStarts(span.first_at, span.last_at, timeZone);
  await sql.query('rebuild_customer_days', CUSTOMER_DAYS, [
    workspaceId,
    days.map(({ from }) => from),
    days.map(({ date }) => date),
  ]);
  await sql.query('rebuild_customer_months', CUSTOMER_MONTHS, [workspaceId]);
}

/** The local days from the one that holds `first` to the one that holds `last`, each with its first instant. */
export function dayStarts(first: Date, last: Date, timeZone: string): { date: string; from: Date }[] {
  const range = { from: first, to: new Date(last.getTime() + 1) };
  return buckets(range, 'DAY', timeZone, ALL_DAYS)
    .slice(0, -1)
    .map((from) => ({ date: localDate(from, timeZone), from }));
}

const CUSTOMER_DAYS = `
  INSERT INTO customer_days (workspace_id, day, customer_id, messages, cost_micros, first_at, last_at)
  SELECT c.workspace_id, ($3::date[])[width_bucket(c.occurred_at, $2::timestamptz[])] AS day, c.customer_id,
    count(*) FILTER (WHERE NOT c.reversal), sum(c.amount_micros)::bigint, min(c.occurred_at), max(c.occurred_at)
  FROM charges c WHERE c.workspace_id = $1
  GROUP BY c.workspace_id, 2, c.customer_id`;

/** A date's month is a matter of the calendar, not of a zone. */
const CUSTOMER_MONTHS = `
  INSERT INTO customer_months (workspace_id, month, customer_id, messages, cost_micros, first_at, last_at)
  SELECT d.workspace_id, date_trunc('month', d.day::timestamp)::date AS month, d.customer_id,
    sum(d.messages)::bigint, sum(d.cost_micros)::bigint, min(d.first_at), max(d.last_at)
  FROM customer_days d WHERE d.workspace_id = $1
  GROUP BY d.workspace_id, 2, d.customer_id`;
