// How many turns were saved with each verdict: what was charged, what was not, and why?
import type { Sql } from '../../database/sql';
import { TRACKING_OUTCOMES, type TrackingOutcome } from '../turns/tracking';
import { coverWithSlots } from './cover';
import type { UsageScope } from './scope';

export interface OutcomeCount {
  outcome: TrackingOutcome;
  messages: bigint;
}

const STATEMENT = `
  SELECT 'TRACKED' AS outcome, sum(u.messages)::bigint AS messages,
    sum(u.no_response)::bigint AS no_response, sum(u.unknown_customer)::bigint AS unknown_customer,
    sum(u.inactive_customer)::bigint AS inactive_customer
  FROM usage_slots u WHERE u.workspace_id = $1 AND u.slot_at >= $2 AND u.slot_at < $3
  UNION ALL
  SELECT m.outcome, count(*), 0, 0, 0
  FROM unnest($4::timestamptz[], $5::timestamptz[]) AS p (since, until)
  CROSS JOIN LATERAL (
    SELECT s.outcome FROM messages s
    WHERE s.workspace_id = $1 AND s.occurred_at >= p.since AND s.occurred_at < p.until OFFSET 0
  ) m
  WHERE m.outcome NOT IN ('DEFERRED', 'VOIDED') GROUP BY m.outcome
  UNION ALL
  SELECT o.outcome, (SELECT count(*) FROM messages m WHERE m.workspace_id = $1 AND m.outcome = o.outcome
    AND m.outcome <> 'TRACKED' AND m.occurred_at >= $6 AND m.occurred_at < $7), 0, 0, 0
  FROM unnest(ARRAY['DEFERRED', 'VOIDED']) AS o (outcome)`;

interface Row {
  outcome: TrackingOutcome;
  messages: bigint | null;
  no_response: bigint | null;
  unknown_customer: bigint | null;
  inactive_customer: bigint | null;
}

/**
 * All verdicts, in the enum's order. DEFERRED and VOIDED are counted from their few messages: no roll-up counts a turn
 * whose charge is still to be made, or was taken back.
 */
export async function findOutcomes(sql: Sql, scope: UsageScope): Promise<OutcomeCount[]> {
  const { period } = scope;
  const { slots, edges } = coverWithSlots(period);
  const rows = await sql.query<Row>('outcomes', STATEMENT, [
    scope.workspace.id,
    slots?.from ?? period.from,
    slots?.to ?? period.from,
    edges.map(({ from }) => from),
    edges.map(({ to }) => to),
    period.from,
    period.to,
  ]);
  const counts = new Map<TrackingOutcome, bigint>();
  const add = (outcome: TrackingOutcome, messages: bigint | null) =>
    counts.set(outcome, (counts.get(outcome) ?? 0n) + (messages ?? 0n));
  for (const row of rows) {
    add(row.outcome, row.messages);
    add('NO_RESPONSE', row.no_response);
    add('UNKNOWN_CUSTOMER', row.unknown_customer);
    add('INACTIVE_CUSTOMER', row.inactive_customer);
  }
  return TRACKING_OUTCOMES.map((outcome) => ({ outcome, messages: counts.get(outcome) ?? 0n }));
}
