// One row for each event that a webhook is to be told: how it is made, and listed.
import type { Sql } from '../../database/sql';
import { checkFirst, isWhole, type Page, readCursor, toPage, writeCursor } from '../page';
import type { EventRow, EventType } from './event-types';
import type { WebhookState } from './webhooks';

export const DELIVERY_STATES = ['PENDING', 'DELIVERED', 'FAILED', 'HELD'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];
type StoredState = Exclude<DeliveryState, 'HELD'>;

export interface Delivery {
  webhookId: string;
  event: EventRow;
  state: DeliveryState;
  attempts: number;
  lastStatus: number | null;
  /** In our own words; null when the last try succeeded, or there was none. */
  lastError: string | null;
  /** The first KB of the last answer that was no success: for the operator alone. */
  lastAnswer: string | null;
  nextAttemptAt: Date | null;
}

/**
 * Makes a delivery of each of these events for each webhook that wants its type, in the caller's transaction. The
 * caller holds the workspace's counter of events (events.ts), as everybody does who makes or removes a webhook.
 */
export async function makeDeliveries(
  sql: Sql,
  workspaceId: string,
  events: readonly { id: string; sequence: bigint; type: EventType }[],
  now: Date,
): Promise<void> {
  await sql.query(
    'make_deliveries',
    `INSERT INTO webhook_deliveries (workspace_id, event_id, webhook_id, sequence, made_at, state, attempts, due_at)
     SELECT $1, e.id, w.id, e.sequence, $5, 'PENDING', 0, $5
     FROM webhooks w JOIN unnest($2::uuid[], $3::bigint[], $4::text[]) AS e (id, sequence, type) ON w.events ? e.type
     WHERE w.workspace_id = $1`,
    [
      workspaceId,
      events.map(({ id }) => id),
      events.map(({ sequence }) => sequence),
      events.map(({ type }) => type),
      now,
    ],
  );
}

interface Row {
  webhook_id: string;
  state: StoredState;
  attempts: number;
  due_at: Date | null;
  last_status: number | null;
  last_error: string | null;
  last_answer: string | null;
  id: string;
  sequence: bigint;
  type: EventType;
  occurred_at: Date;
  body: string;
}

const COLUMNS = `d.webhook_id, d.state, d.attempts, d.due_at, d.last_status, d.last_error, d.last_answer,
  e.id, e.sequence, e.type, e.occurred_at, e.body`;
const EVENT_OF = 'JOIN events e ON e.workspace_id = $1 AND e.id = d.event_id';

/** What waits while its webhook is not ACTIVE is HELD. */
const toDelivery = (row: Row, webhook: WebhookState): Delivery => {
  const isHeld = row.state === 'PENDING' && webhook !== 'ACTIVE';
  return {
    webhookId: row.webhook_id,
    event: {
      id: row.id,
      sequence: row.sequence,
      type: row.type,
      occurredAt: row.occurred_at,
      body: row.body,
    },
    state: isHeld ? 'HELD' : row.state,
    ...{ attempts: row.attempts, lastStatus: row.last_status, lastError: row.last_error },
    ...{ lastAnswer: row.last_answer, nextAttemptAt: isHeld ? null : row.due_at },
  };
};

export interface OfWebhook {
  workspaceId: string;
  id: string;
  state: WebhookState;
}

export interface DeliveriesQuery {
  state?: DeliveryState | null | undefined;
  first: number;
  after?: string | null | undefined;
}

/** Higher than any number of an event. */
const LAST_SEQUENCE = String(2n ** 63n - 1n);

/** A webhook's deliveries, the newest event first. Throws BAD_USER_INPUT. */
export async function listDeliveries(
  sql: Sql,
  webhook: OfWebhook,
  query: DeliveriesQuery,
): Promise<Page<Delivery>> {
  const { workspaceId } = webhook;
  const first = checkFirst(query.first);
  const asked = {
    list: `webhook.deliveries ${webhook.id}`,
    workspaceId,
    args: { state: query.state ?? null },
  };
  const cursor = query.after ? readCursor(query.after, asked, [isWhole]) : undefined;
  const state = cursor ? (cursor.args.state ?? null) : asked.args.state;
  const stored = storedStates(DELIVERY_STATES.find((known) => known === state) ?? null, webhook.state);
  const rows = await sql.query<Row>(
    'list_deliveries',
    `SELECT ${COLUMNS}
     FROM unnest($3::text[]) AS s (state)
     CROSS JOIN LATERAL (
       SELECT * FROM webhook_deliveries o
       WHERE o.workspace_id = $1 AND o.webhook_id = $2 AND o.state = s.state AND o.sequence < $4
       ORDER BY o.sequence DESC LIMIT $5
     ) d ${EVENT_OF} ORDER BY d.sequence DESC LIMIT $5`,
    [workspaceId, webhook.id, stored, cursor?.position[0] ?? LAST_SEQUENCE, first + 1],
  );
  const made = { ...asked, args: { state } };
  return toPage(
    rows.map((row) => toDelivery(row, webhook.state)),
    first,
    {
      after: cursor !== undefined,
      cursor: ({ event }) => writeCursor(made, {}, [String(event.sequence)]),
      total: () => countDeliveries(sql, webhook, stored),
    },
  );
}

/** The stored states that callers see as this one; null: all. */
function storedStates(state: DeliveryState | null, webhook: WebhookState): StoredState[] {
  if (state === null) return ['PENDING', 'DELIVERED', 'FAILED'];
  if (state === 'HELD') return webhook === 'ACTIVE' ? [] : ['PENDING'];
  return state === 'PENDING' && webhook !== 'ACTIVE' ? [] : [state];
}

async function countDeliveries(
  sql: Sql,
  { workspaceId, id }: OfWebhook,
  states: readonly StoredState[],
): Promise<number> {
  const [row] = await sql.query<{ total: bigint }>(
    'count_deliveries',
    `SELECT count(*) AS total FROM webhook_deliveries d
     WHERE d.workspace_id = $1 AND d.webhook_id = $2 AND d.state = ANY ($3::text[])`,
    [workspaceId, id, states],
  );
  return Number(row?.total ?? 0n);
}

/**
 * Makes the delivery due now, as if it were new: its schedule begins anew. Makes one when there is none, since the event
 * is older than the webhook or of another type. Undefined: there is no such event.
 */
export async function offerAgain(
  sql: Sql,
  webhook: OfWebhook,
  eventId: string,
  now: Date,
): Promise<Delivery | undefined> {
  const [row] = await sql.query<Row>(
    'redeliver_event',
    `WITH d AS (
       INSERT INTO webhook_deliveries AS o
         (workspace_id, event_id, webhook_id, sequence, made_at, state, attempts, due_at)
       SELECT e.workspace_id, e.id, $3, e.sequence, $4, 'PENDING', 0, $4 FROM events e
       WHERE e.workspace_id = $1 AND e.id = $2
       ON CONFLICT ON CONSTRAINT webhook_deliveries_pkey
       DO UPDATE SET made_at = $4, state = 'PENDING', attempts = 0, due_at = $4
       RETURNING o.*
     )
     SELECT ${COLUMNS} FROM d ${EVENT_OF}`,
    [webhook.workspaceId, eventId, webhook.id, now],
  );
  return row && toDelivery(row, webhook.state);
}

/** How long a delivery waits for its webhook to become ACTIVE again. */
export const HELD_DAYS = 30;

export interface Held {
  workspace_id: string;
  event_id: string;
  webhook_id: string;
}

/** Deliveries that were made before then and whose webhook is still off, oldest first, of all workspaces. */
export const findHeld = (sql: Sql, before: Date, limit: number): Promise<Held[]> =>
  sql.query(
    'find_held_deliveries',
    `SELECT o.workspace_id, o.event_id, o.webhook_id FROM webhook_deliveries o
     JOIN webhooks w ON w.workspace_id = o.workspace_id AND w.id = o.webhook_id AND w.state <> 'ACTIVE'
     WHERE o.state = 'PENDING' AND o.made_at < $1 ORDER BY o.made_at LIMIT $2`,
    [before, limit],
  );

/** Ends those of these deliveries of one workspace that are held still. */
export async function failHeld(
  sql: Sql,
  workspaceId: string,
  held: readonly Held[],
  before: Date,
): Promise<number> {
  const rows = await sql.query(
    'fail_held_deliveries',
    `UPDATE webhook_deliveries d SET state = 'FAILED', due_at = NULL,
       last_error = 'Held for ${HELD_DAYS} days while the webhook was off.'
     FROM unnest($2::uuid[], $3::uuid[]) AS i (event_id, webhook_id)
     JOIN webhooks w ON w.workspace_id = $1 AND w.id = i.webhook_id AND w.state <> 'ACTIVE'
     WHERE d.workspace_id = $1 AND d.event_id = i.event_id AND d.webhook_id = i.webhook_id
       AND d.state = 'PENDING' AND d.made_at < $4
     RETURNING d.event_id`,
    [workspaceId, held.map(({ event_id }) => event_id), held.map(({ webhook_id }) => webhook_id), before],
  );
  return rows.length;
}
