// Events: what happened, for callers that ask for it. Each is written in the transaction of what it reports.
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';
import { newId } from '../../values/ids';
import { formatInstant } from '../../values/time';
import { checkFirst, isWhole, type Page, readCursor, toPage, writeCursor } from '../page';
import { EVENT_TYPES, type EventRow, type EventType } from './event-types';
import { makeDeliveries } from './webhook-deliveries';

/** An event before it has a number. */
export interface EventDraft {
  type: EventType;
  /** Ids, figures and instants; never a customer's words, name or number. */
  data: Readonly<Record<string, unknown>>;
}

/**
 * Writes events in the caller's transaction, in their order. The workspace's counter is held until the COMMIT, so that
 * readers see the numbers rise without a gap: call this last.
 */
export async function writeEvents(
  sql: Sql,
  workspaceId: string,
  drafts: readonly EventDraft[],
  occurredAt: Date,
): Promise<void> {
  if (drafts.length === 0) return;
  const [counter] = await sql.query<{ last_sequence: bigint }>(
    'number_events',
    `INSERT INTO event_counters AS c (workspace_id, last_sequence) VALUES ($1, $2)
     ON CONFLICT ON CONSTRAINT event_counters_pkey
     DO UPDATE SET last_sequence = c.last_sequence + excluded.last_sequence RETURNING c.last_sequence`,
    [workspaceId, drafts.length],
  );
  const before = (counter?.last_sequence ?? 0n) - BigInt(drafts.length);
  const numbered = drafts.map((draft, index) => ({
    ...draft,
    id: newId(occurredAt.getTime()),
    sequence: before + BigInt(index + 1),
  }));
  await sql.query(
    'insert_events',
    `INSERT INTO events (workspace_id, id, sequence, type, occurred_at, body)
     SELECT $1, i.id, i.sequence, i.type, $5, i.body
     FROM unnest($2::uuid[], $3::bigint[], $4::text[], $6::text[]) AS i (id, sequence, type, body)`,
    [
      workspaceId,
      numbered.map(({ id }) => id),
      numbered.map(({ sequence }) => sequence),
      numbered.map(({ type }) => type),
      occurredAt,
      numbered.map(({ type, sequence, data }) =>
        JSON.stringify({
          type,
          timestamp: formatInstant(occurredAt),
          workspaceId,
          sequence: Number(sequence),
          data,
        }),
      ),
    ],
  );
  await makeDeliveries(sql, workspaceId, numbered, occurredAt);
}

/**
 * Holds the workspace's counter until the transaction ends: no event is written meanwhile. Whoever makes,
 * changes or removes a webhook takes it first.
 */
export async function holdEvents(sql: Sql, workspaceId: string): Promise<void> {
  await sql.query(
    'hold_events',
    `INSERT INTO event_counters AS c (workspace_id, last_sequence) VALUES ($1, 0)
     ON CONFLICT ON CONSTRAINT event_counters_pkey DO UPDATE SET last_sequence = c.last_sequence`,
    [workspaceId],
  );
}

export interface EventsQuery {
  /** Only these types; empty: all types. */
  types?: readonly EventType[] | null | undefined;
  first: number;
  after?: string | null | undefined;
}

/** A workspace's events, newest first. Throws BAD_USER_INPUT. */
export async function listEvents(sql: Sql, workspaceId: string, query: EventsQuery): Promise<Page<EventRow>> {
  const first = checkFirst(query.first);
  const asked = {
    list: 'events',
    workspaceId,
    args: { types: query.types ? [...new Set(query.types)].sort().join(' ') : null },
  };
  const cursor = query.after ? readCursor(query.after, asked, [isWhole]) : undefined;
  const types = typesOf(cursor ? cursor.args.types : asked.args.types);
  const rows = await sql.query<{
    id: string;
    sequence: bigint;
    type: EventType;
    occurred_at: Date;
    body: string;
  }>(
    'list_events',
    `SELECT e.id, e.sequence, e.type, e.occurred_at, e.body
     FROM unnest($2::text[]) AS t (type)
     CROSS JOIN LATERAL (
       SELECT s.id, s.sequence, s.type, s.occurred_at, s.body FROM events s
       WHERE s.workspace_id = $1 AND s.type = t.type AND s.sequence < $3
       ORDER BY s.sequence DESC LIMIT $4
     ) e ORDER BY e.sequence DESC LIMIT $4`,
    [workspaceId, types, cursor?.position[0] ?? LAST_SEQUENCE, first + 1],
  );
  const events = rows.map(({ occurred_at, ...row }) => ({ ...row, occurredAt: occurred_at }));
  const made = { ...asked, args: { types: cursor ? (cursor.args.types ?? null) : asked.args.types } };
  return toPage(events, first, {
    after: cursor !== undefined,
    cursor: ({ sequence }) => writeCursor(made, {}, [String(sequence)]),
    total: () => countEvents(sql, workspaceId, types),
  });
}

/** Higher than any number of an event. */
const LAST_SEQUENCE = String(2n ** 63n - 1n);

/** A cursor is checked like any other input. */
const typesOf = (text: string | null | undefined): EventType[] =>
  text === null || text === undefined ? [...EVENT_TYPES] : text.split(' ').filter(isEventType);

const isEventType = (text: string): text is EventType => EVENT_TYPES.some((type) => type === text);

/** Throws BAD_USER_INPUT that lists the types. */
export function checkEventType(text: string): EventType {
  const type = text.toUpperCase();
  if (isEventType(type)) return type;
  throw badInput(`${JSON.stringify(text.slice(0, 64))} is not a type of event: ${EVENT_TYPES.join(', ')}.`);
}

async function countEvents(sql: Sql, workspaceId: string, types: readonly EventType[]): Promise<number> {
  const [row] = await sql.query<{ total: bigint }>(
    'count_events',
    'SELECT count(*) AS total FROM events e WHERE e.workspace_id = $1 AND e.type = ANY ($2::text[])',
    [workspaceId, types],
  );
  return Number(row?.total ?? 0n);
}
