// How many turns were saved with each outcome: what was charged, what was not, why, and when?
import type { Sql } from '../../database/sql';
import type { TimelineInterval } from '../../values/period';
import type { Range } from '../../values/time';
import { TRACKING_OUTCOMES, type TrackingOutcome } from '../turns/tracking';
import { coverWithSlots, cutInsideSlots } from './cover';
import { HOURS_OF_WEEK, hourCellOf } from './hour-cells';
import { bounds, type Parts } from './parts';
import { perScope, perScopeAnd, type UsageScope } from './scope';
import { findTimeline } from './timeline';

export interface OutcomeCount {
  outcome: TrackingOutcome;
  messages: bigint;
}

/** All outcomes of the scope's period, in the enum's order. */
export async function findOutcomes(sql: Sql, scope: UsageScope): Promise<OutcomeCount[]> {
  const parts = outcomeParts([scope.period]);
  const found = await countBy(sql, 'outcomes', scope, parts, { sql: '1', values: [] });
  return outcomesAt(found, 1);
}

/** The outcomes of each point of the same timeline. */
export const findTimelineOutcomes = perScopeAnd(countTimelineOutcomes);

async function countTimelineOutcomes(
  sql: Sql,
  scope: UsageScope,
  interval: TimelineInterval,
): Promise<OutcomeCount[][]> {
  const points = await findTimeline(sql, scope, interval);
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last) return [];
  const cuts = [...points.map(({ from }) => from), last.to];
  const parts = outcomeParts(cutInsideSlots({ from: first.from, to: last.to }, cuts));
  const found = await countBy(sql, 'timeline_outcomes', scope, parts, {
    sql: `width_bucket(t.at, $${parts.values.length + 2}::timestamptz[])`,
    values: [cuts],
  });
  return points.map((_, index) => outcomesAt(found, index + 1));
}

/** The outcomes of the heatmap's 168 cells, Monday 0h first. */
export const findHeatmapOutcomes = perScope(
  async (sql: Sql, scope: UsageScope): Promise<OutcomeCount[][]> => {
    const cells = hourCellOf(scope.period);
    const parts = outcomeParts(cells.pieces);
    const found = await countBy(sql, 'heatmap_outcomes', scope, parts, {
      sql: cells.sql('t.at', parts.values.length + 2),
      values: cells.values,
    });
    return Array.from({ length: HOURS_OF_WEEK }, (_, cell) => outcomesAt(found, cell));
  },
);

/**
 * Rows (at, tracked, no_response, unknown_customer, inactive_customer, deferred, voided). DEFERRED and VOIDED are
 * counted from their few messages: no roll-up counts a turn whose charge is missing or was taken back.
 */
function outcomeParts(ranges: readonly Range[]): Parts {
  const covers = ranges.map(coverWithSlots);
  const slots = covers.flatMap((cover) => (cover.slots ? [cover.slots] : []));
  const edges = covers.flatMap((cover) => cover.edges);
  return { sql: OUTCOME_ROWS, values: [...bounds(slots), ...bounds(edges), ...bounds(ranges)] };
}

const OUTCOME_ROWS = `(
    SELECT u.slot_at, u.messages, u.no_response, u.unknown_customer, u.inactive_customer, 0::bigint, 0::bigint
    FROM unnest($2::timestamptz[], $3::timestamptz[]) AS p (since, until)
    CROSS JOIN LATERAL (
      SELECT s.slot_at, s.messages, s.no_response, s.unknown_customer, s.inactive_customer FROM usage_slots s
      WHERE s.workspace_id = $1 AND s.slot_at >= p.since AND s.slot_at < p.until OFFSET 0
    ) u
    UNION ALL
    SELECT m.occurred_at, (m.outcome = 'TRACKED')::int, (m.outcome = 'NO_RESPONSE')::int,
      (m.outcome = 'UNKNOWN_CUSTOMER')::int, (m.outcome = 'INACTIVE_CUSTOMER')::int, 0, 0
    FROM unnest($4::timestamptz[], $5::timestamptz[]) AS p (since, until)
    CROSS JOIN LATERAL (
      SELECT s.outcome, s.occurred_at FROM messages s
      WHERE s.workspace_id = $1 AND s.occurred_at >= p.since AND s.occurred_at < p.until OFFSET 0
    ) m
    UNION ALL
    SELECT m.occurred_at, 0, 0, 0, 0, (o.outcome = 'DEFERRED')::int, (o.outcome = 'VOIDED')::int
    FROM unnest(ARRAY['DEFERRED', 'VOIDED']) AS o (outcome)
    CROSS JOIN unnest($6::timestamptz[], $7::timestamptz[]) AS p (since, until)
    CROSS JOIN LATERAL (
      SELECT s.occurred_at FROM messages s
      WHERE s.workspace_id = $1 AND s.outcome = o.outcome AND s.outcome <> 'TRACKED'
        AND s.occurred_at >= p.since AND s.occurred_at < p.until OFFSET 0
    ) m
  )`;

interface Row {
  part: number;
  tracked: bigint;
  no_response: bigint;
  unknown_customer: bigint;
  inactive_customer: bigint;
  deferred: bigint;
  voided: bigint;
}

/** The counts of each group that has any turn, by its number. `group` is an expression over t.at. */
async function countBy(
  sql: Sql,
  name: string,
  scope: UsageScope,
  parts: Parts,
  group: { sql: string; values: readonly unknown[] },
): Promise<Map<number, Row>> {
  const rows = await sql.query<Row>(
    name,
    `SELECT ${group.sql} AS part, sum(t.tracked)::bigint AS tracked, sum(t.no_response)::bigint AS no_response,
       sum(t.unknown_customer)::bigint AS unknown_customer, sum(t.inactive_customer)::bigint AS inactive_customer,
       sum(t.deferred)::bigint AS deferred, sum(t.voided)::bigint AS voided
     FROM ${parts.sql} AS t (at, tracked, no_response, unknown_customer, inactive_customer, deferred, voided)
     GROUP BY 1`,
    [scope.workspace.id, ...parts.values, ...group.values],
  );
  return new Map(rows.map((row) => [row.part, row]));
}

const COLUMN_OF = {
  TRACKED: 'tracked',
  NO_RESPONSE: 'no_response',
  UNKNOWN_CUSTOMER: 'unknown_customer',
  INACTIVE_CUSTOMER: 'inactive_customer',
  DEFERRED: 'deferred',
  VOIDED: 'voided',
} as const satisfies Record<TrackingOutcome, keyof Row>;

const outcomesAt = (found: ReadonlyMap<number, Row>, part: number): OutcomeCount[] =>
  allOutcomes((outcome) => found.get(part)?.[COLUMN_OF[outcome]]);

/** All outcomes of each of these customers that saved a turn in the scope's period, by id: one statement for a list. */
export async function findOutcomesByCustomer(
  sql: Sql,
  scope: UsageScope,
  customerIds: readonly string[],
): Promise<Map<string, OutcomeCount[]>> {
  const { period } = scope;
  const rows = await sql.query<{ customer_id: string; outcome: TrackingOutcome; messages: bigint }>(
    'outcomes_by_customer',
    `SELECT m.customer_id, m.outcome, count(*) AS messages FROM unnest($2::uuid[]) AS i (id)
     CROSS JOIN LATERAL (
       SELECT s.customer_id, s.outcome FROM messages s
       WHERE s.workspace_id = $1 AND s.customer_id = i.id AND s.occurred_at >= $3 AND s.occurred_at < $4 OFFSET 0
     ) m GROUP BY m.customer_id, m.outcome`,
    [scope.workspace.id, customerIds, period.from, period.to],
  );
  const counts = new Map<string, Map<TrackingOutcome, bigint>>();
  for (const { customer_id, outcome, messages } of rows)
    counts.set(customer_id, (counts.get(customer_id) ?? new Map()).set(outcome, messages));
  return new Map([...counts].map(([id, found]) => [id, allOutcomes((outcome) => found.get(outcome))]));
}

function allOutcomes(count: (outcome: TrackingOutcome) => bigint | undefined): OutcomeCount[] {
  return TRACKING_OUTCOMES.map((outcome) => ({ outcome, messages: count(outcome) ?? 0n }));
}

/** No turn of any outcome. */
export const NO_TURNS: readonly OutcomeCount[] = allOutcomes(() => 0n);
