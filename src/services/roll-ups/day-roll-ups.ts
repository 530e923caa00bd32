// Days and months of the workspace's zone made anew from the records: when it changes its zone, and by the rebuild.
import { liftTimeLimit, type Sql } from '../../database/sql';
import { DAY_MS } from '../../values/duration';
import { type LocalStretch, localDays } from '../../values/period';
import { COST_DAYS, CUSTOMER_COST_DAYS } from './costs';
import { DIMENSION_DAYS } from './dimensions';
import { countsStill } from './roll-ups';

/** Longer than any local day: one of 25 hours, or more where a zone went back over the date line. */
const MARGIN_MS = 2 * DAY_MS;

/** The local days from the one that holds `first` to the one that holds `last`, each with its first instant. */
export function daysOf(first: Date, last: Date, timeZone: string): LocalStretch[] {
  const margin = { from: new Date(first.getTime() - MARGIN_MS), to: new Date(last.getTime() + MARGIN_MS) };
  return localDays(margin, timeZone).filter((day) => day.to > first && day.from <= last);
}

/**
 * Makes the days and months of a workspace's customers, and the days of its dimensions and costs, cut by this zone. The caller
 * holds the workspace's row FOR UPDATE: no save can write a day of the old zone behind it.
 */
export async function rebuildDayRollUps(sql: Sql, workspaceId: string, timeZone: string): Promise<void> {
  await liftTimeLimit(sql);
  await sql.query('clear_customer_days', 'DELETE FROM customer_days WHERE workspace_id = $1', [workspaceId]);
  await sql.query('clear_customer_months', 'DELETE FROM customer_months WHERE workspace_id = $1', [
    workspaceId,
  ]);
  await sql.query('clear_dimension_days', 'DELETE FROM dimension_days WHERE workspace_id = $1', [
    workspaceId,
  ]);
  const [costs] = await sql.query<{ any: boolean }>(
    'costs_exist',
    'SELECT EXISTS (SELECT FROM cost_days WHERE workspace_id = $1) AS any',
    [workspaceId],
  );
  const span = await findSpan(sql, workspaceId);
  if (!span) return;
  const days = daysOf(span.first, span.last, timeZone);
  const bounds = [days.map(({ from }) => from), days.map(({ date }) => date)];
  const range = [span.first, new Date(span.last.getTime() + 1)];
  await sql.query('rebuild_customer_days', CUSTOMER_DAYS, [workspaceId, ...bounds, ...range]);
  await sql.query('rebuild_dimension_days', DIMENSION_DAYS, [workspaceId, ...bounds, ...range]);
  await sql.query('rebuild_customer_months', CUSTOMER_MONTHS, [workspaceId, '-infinity', 'infinity']);
  // Looks at each turn of the workspace, so not for nothing.
  if (!costs?.any) return;
  await sql.query('clear_cost_days', 'DELETE FROM cost_days WHERE workspace_id = $1', [workspaceId]);
  await sql.query('clear_customer_cost_days', 'DELETE FROM customer_cost_days WHERE workspace_id = $1', [
    workspaceId,
  ]);
  await sql.query('rebuild_cost_days', COST_DAYS, [workspaceId, ...bounds, ...range]);
  await sql.query('rebuild_customer_cost_days', CUSTOMER_COST_DAYS, [workspaceId, ...bounds, ...range]);
}

export interface Span {
  first: Date;
  last: Date;
}

/** Of all turns: costs are also of those that were not charged. */
export async function findSpan(sql: Sql, workspaceId: string): Promise<Span | undefined> {
  return toSpan(
    await sql.query<SpanRow>(
      'span_of_turns',
      'SELECT min(m.occurred_at) AS first, max(m.occurred_at) AS last FROM messages m WHERE m.workspace_id = $1',
      [workspaceId],
    ),
  );
}

export interface SpanRow {
  first: Date | null;
  last: Date | null;
}

export const toSpan = ([row]: readonly SpanRow[]): Span | undefined =>
  row?.first && row.last ? { first: row.first, last: row.last } : undefined;

/** $1 the workspace, $2 the days' first instants, $3 their dates, $4 and $5 the records' range. */
export const CUSTOMER_DAYS = `
  INSERT INTO customer_days (workspace_id, day, customer_id, messages, cost_micros, first_at, last_at)
  SELECT c.workspace_id, ($3::date[])[width_bucket(c.occurred_at, $2::timestamptz[])] AS day, c.customer_id,
    count(*), sum(c.amount_micros)::bigint, min(c.occurred_at), max(c.occurred_at)
  FROM charges c
  WHERE c.workspace_id = $1 AND c.occurred_at >= $4 AND c.occurred_at < $5 AND ${countsStill('c')}
  GROUP BY c.workspace_id, 2, c.customer_id`;

/** $1 the workspace, $2 and $3 the days' range. A date's month is a matter of the calendar, not of a zone. */
export const CUSTOMER_MONTHS = `
  INSERT INTO customer_months (workspace_id, month, customer_id, messages, cost_micros, first_at, last_at)
  SELECT d.workspace_id, date_trunc('month', d.day::timestamp)::date AS month, d.customer_id,
    sum(d.messages)::bigint, sum(d.cost_micros)::bigint, min(d.first_at), max(d.last_at)
  FROM customer_days d WHERE d.workspace_id = $1 AND d.day >= $2::date AND d.day < $3::date
  GROUP BY d.workspace_id, 2, d.customer_id`;
