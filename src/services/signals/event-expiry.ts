// What is too old is ended: events, what was reported of budgets, and deliveries that nobody can be told.
import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { DAY_MS } from '../../values/duration';
import type { Clock } from '../../values/time';
import { failHeld, findHeld, HELD_DAYS } from './webhook-deliveries';

/** How long events and budgets' reports are kept. */
export const KEPT_DAYS = 400;
/** Rows that are found at once, over all workspaces, and those of one workspace that one transaction ends. */
const FOUND_AT_ONCE = 10_000;
const BATCH = 1_000;

/** Rows of one kind: found over all workspaces, and ended workspace by workspace. */
interface Kind<Row extends { workspace_id: string }> {
  days: number;
  /** The oldest rows from before then, at most so many. */
  find(sql: Sql, before: Date, limit: number): Promise<Row[]>;
  /** Ends these rows of one workspace; returns how many there still were. */
  end(sql: Sql, workspaceId: string, rows: readonly Row[], before: Date): Promise<number>;
}

export class EventExpiry {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Deletes events and reports older than 400 days, and ends deliveries that were held for 30, a few rows of one
   * workspace per transaction, until none is left or `signal` is aborted.
   */
  async run(signal?: AbortSignal): Promise<number> {
    return (
      (await this.endOld({ days: HELD_DAYS, find: findHeld, end: failHeld }, signal)) +
      (await this.endOld({ days: KEPT_DAYS, find: findOldEvents, end: deleteEvents }, signal)) +
      (await this.endOld({ days: KEPT_DAYS, find: findOldReports, end: deleteReports }, signal))
    );
  }

  /** When two servers find the same rows, the second one ends none of them, and goes on at its next run. */
  private async endOld<Row extends { workspace_id: string }>(
    { days, find, end }: Kind<Row>,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const before = new Date(this.clock().getTime() - days * DAY_MS);
    let ended = 0;
    for (;;) {
      const found = await inTransaction(this.database, (sql) => find(sql, before, FOUND_AT_ONCE));
      let now = 0;
      for (const { workspaceId, rows } of batchesOf(found)) {
        if (signal?.aborted) return ended + now;
        now += await inTransaction(this.database, (sql) => end(sql, workspaceId, rows, before));
      }
      ended += now;
      if (found.length < FOUND_AT_ONCE || now === 0) return ended;
    }
  }
}

/** Each of one workspace. */
function batchesOf<Row extends { workspace_id: string }>(
  rows: readonly Row[],
): { workspaceId: string; rows: Row[] }[] {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const those = found.get(row.workspace_id) ?? [];
    those.push(row);
    found.set(row.workspace_id, those);
  }
  return [...found].flatMap(([workspaceId, all]) =>
    Array.from({ length: Math.ceil(all.length / BATCH) }, (_, index) => ({
      workspaceId,
      rows: all.slice(index * BATCH, (index + 1) * BATCH),
    })),
  );
}

interface OldEvent {
  workspace_id: string;
  id: string;
}

const findOldEvents = (sql: Sql, before: Date, limit: number): Promise<OldEvent[]> =>
  sql.query(
    'find_old_events',
    'SELECT e.workspace_id, e.id FROM events e WHERE e.occurred_at < $1 ORDER BY e.occurred_at LIMIT $2',
    [before, limit],
  );

/** With their deliveries. */
async function deleteEvents(sql: Sql, workspaceId: string, events: readonly OldEvent[]): Promise<number> {
  const ids = events.map(({ id }) => id);
  await sql.query(
    'delete_old_deliveries',
    'DELETE FROM webhook_deliveries d WHERE d.workspace_id = $1 AND d.event_id = ANY ($2::uuid[])',
    [workspaceId, ids],
  );
  const rows = await sql.query(
    'delete_old_events',
    'DELETE FROM events e WHERE e.workspace_id = $1 AND e.id = ANY ($2::uuid[]) RETURNING e.id',
    [workspaceId, ids],
  );
  return rows.length;
}

interface OldReport {
  workspace_id: string;
  budget_id: string;
  version: number;
  period_start: string;
  threshold: number;
  subject: string;
}

const findOldReports = (sql: Sql, before: Date, limit: number): Promise<OldReport[]> =>
  sql.query(
    'find_old_firings',
    `SELECT f.workspace_id, f.budget_id, f.version, f.period_start::text, f.threshold, f.subject
     FROM budget_firings f WHERE f.fired_at < $1 ORDER BY f.fired_at LIMIT $2`,
    [before, limit],
  );

async function deleteReports(sql: Sql, workspaceId: string, reports: readonly OldReport[]): Promise<number> {
  const rows = await sql.query(
    'delete_old_firings',
    `DELETE FROM budget_firings f
     USING unnest($2::uuid[], $3::int[], $4::date[], $5::int[], $6::text[])
       AS i (budget_id, version, period_start, threshold, subject)
     WHERE f.workspace_id = $1 AND f.budget_id = i.budget_id AND f.version = i.version
       AND f.period_start = i.period_start AND f.threshold = i.threshold AND f.subject = i.subject
     RETURNING f.budget_id`,
    [
      workspaceId,
      reports.map(({ budget_id }) => budget_id),
      reports.map(({ version }) => version),
      reports.map(({ period_start }) => period_start),
      reports.map(({ threshold }) => threshold),
      reports.map(({ subject }) => subject),
    ],
  );
  return rows.length;
}
