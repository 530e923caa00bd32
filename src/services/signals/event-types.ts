// What events there are, and what one is.
export const EVENT_TYPES = [
  'BUDGET_THRESHOLD',
  'BUDGET_FORECAST',
  'STATEMENT_CLOSED',
  'USAGE_VOIDED',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export interface EventRow {
  id: string;
  sequence: bigint;
  type: EventType;
  occurredAt: Date;
  /** JSON, as it is sent: ids, figures and instants alone. */
  body: string;
}
