// Who is looked at when: within a second whoever this process charged, each minute all that was charged by anybody.
import type { Database } from '../../database/database';
import { Lease } from '../../database/lease';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { lowestIdAt } from '../../values/ids';
import type { Clock } from '../../values/time';
import type { Settlement } from '../turns/saved-message';
import { findWorkspace } from '../workspaces/workspaces';
import { listBudgets } from './budgets';
import { findDue, isEmpty, type Sight, tell } from './look';

/** What a process charged in one workspace since it looked last. */
interface Mark {
  customerIds: Set<string>;
  /** When the earliest of these turns happened. */
  since: Date;
}

/** Beyond it the sweep finds them: a database that is away must not fill the memory. */
const MARKED_MAX = 100_000;
/** A row that a server took is due again after this time, should the server be gone. */
const TAKEN_FOR_MS = 30_000;
const TAKEN_AT_ONCE = 100;
/** How much earlier than its COMMIT a charge got its id, clocks that differ included. What is older is found hourly. */
const MARGIN_MS = 2 * 60_000;
/** All customers are looked at so often, whatever was charged: forecasts grow ripe, and nothing is lost for longer. */
const WHOLE_EVERY_MS = 3_600_000;

export class BudgetWatch {
  private marks = new Map<string, Mark>();
  private marked = 0;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Called after the COMMIT of each turn: costs no statement. */
  settled(settlement: Settlement): void {
    if (!('ok' in settlement) || settlement.ok.replayed) return;
    const { message } = settlement.ok;
    if (message.charge && message.customer)
      this.mark(message.workspace.id, message.customer.id, message.occurredAt);
  }

  private mark(workspaceId: string, customerId: string, occurredAt: Date): void {
    const mark = this.marks.get(workspaceId);
    if (!mark) {
      if (this.marked >= MARKED_MAX) return;
      this.marks.set(workspaceId, { customerIds: new Set([customerId]), since: occurredAt });
      this.marked += 1;
      return;
    }
    if (occurredAt < mark.since) mark.since = occurredAt;
    if (this.marked >= MARKED_MAX || mark.customerIds.has(customerId)) return;
    mark.customerIds.add(customerId);
    this.marked += 1;
  }

  /** Looks at the workspaces and customers that this process charged since the last look. */
  async look(): Promise<void> {
    if (this.marks.size === 0) return;
    const marks = this.marks;
    this.marks = new Map();
    this.marked = 0;
    try {
      await this.lookAt(marks);
    } catch (error) {
      for (const [workspaceId, { customerIds, since }] of marks)
        for (const customerId of customerIds) this.mark(workspaceId, customerId, since);
      throw error;
    }
  }

  private async lookAt(marks: ReadonlyMap<string, Mark>): Promise<void> {
    const found = await this.reading(async (sql) => {
      const withBudgets = await sql.query<{ workspace_id: string }>(
        'budgets_of_marked',
        'SELECT s.workspace_id FROM budget_sweeps s WHERE s.workspace_id = ANY ($1::text[])',
        [[...marks.keys()]],
      );
      const all = [];
      for (const { workspace_id: id } of withBudgets) {
        const mark = marks.get(id);
        const sight = mark && (await this.sightOf(sql, id, [...mark.customerIds], mark.since));
        if (sight) all.push({ sight, due: await findDue(sql, sight) });
      }
      return all;
    });
    for (const { sight, due } of found)
      if (!isEmpty(due)) await inTransaction(this.database, (sql) => tell(sql, sight, due));
  }

  private async reading<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const lease = await Lease.take(this.database);
    try {
      return await work(lease);
    } finally {
      await lease.release();
    }
  }

  private async sightOf(
    sql: Sql,
    workspaceId: string,
    customerIds: readonly string[] | undefined,
    since?: Date,
  ): Promise<Sight | undefined> {
    const now = this.clock();
    const workspace = await findWorkspace(sql, workspaceId, now);
    const budgets = await listBudgets(sql, workspaceId);
    return workspace && budgets.length > 0 ? { workspace, budgets, now, customerIds, since } : undefined;
  }

  /**
   * Looks at every workspace whose sweep is due, each by one server. Stops between two when `signal` is aborted; what is
   * left stays due.
   */
  async sweep(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const taken = await inTransaction(this.database, (sql) => this.take(sql));
      if (taken.length === 0) return;
      for (const workspaceId of taken) {
        if (signal?.aborted) return;
        await inTransaction(this.database, (sql) => this.sweepOne(sql, workspaceId));
      }
    }
  }

  /** Workspaces that were charged since their last sweep, or are to be looked at whole; the others are put off here. */
  private async take(sql: Sql): Promise<string[]> {
    const now = this.clock();
    const rows = await sql.query<SweepRow & { pending: boolean; zone_changed: boolean }>(
      'take_sweeps',
      `UPDATE budget_sweeps s SET due_at = $2 FROM (
         SELECT d.workspace_id FROM budget_sweeps d WHERE d.due_at <= $1
         ORDER BY d.due_at LIMIT ${TAKEN_AT_ONCE} FOR UPDATE SKIP LOCKED) d
       WHERE s.workspace_id = d.workspace_id
       RETURNING s.workspace_id, s.looked_to, s.whole_at,
         EXISTS (SELECT FROM budgets b WHERE b.workspace_id = s.workspace_id AND b.forecast_seen_at IS NOT NULL) AS pending,
         s.whole_zone IS DISTINCT FROM (SELECT w.time_zone FROM workspaces w WHERE w.id = s.workspace_id) AS zone_changed`,
      [now, new Date(now.getTime() + TAKEN_FOR_MS)],
    );
    const charged = await sql.query<{ workspace_id: string }>(
      'charged_since_sweep',
      `SELECT i.workspace_id FROM unnest($1::text[], $2::uuid[]) AS i (workspace_id, since)
       WHERE EXISTS (SELECT FROM charges c WHERE c.workspace_id = i.workspace_id AND c.id >= i.since)`,
      [rows.map((row) => row.workspace_id), rows.map((row) => lowestIdAt(marginBefore(row.looked_to)))],
    );
    const changed = new Set(charged.map((row) => row.workspace_id));
    return rows
      .filter(
        (row) => row.pending || row.zone_changed || isWholeDue(row, now) || changed.has(row.workspace_id),
      )
      .map((row) => row.workspace_id);
  }

  /** Holds the sweep's row: a budget that is set waits, and is looked at by the next one. */
  private async sweepOne(sql: Sql, workspaceId: string): Promise<void> {
    const startedAt = this.clock();
    const [row] = await sql.query<SweepRow & { whole_zone: string | null }>(
      'lock_sweep',
      `SELECT s.workspace_id, s.looked_to, s.whole_at, s.whole_zone FROM budget_sweeps s
       WHERE s.workspace_id = $1 FOR UPDATE`,
      [workspaceId],
    );
    if (!row) return;
    const everybody = await this.sightOf(sql, workspaceId, undefined);
    if (!everybody) {
      await sql.query('end_sweep', 'DELETE FROM budget_sweeps WHERE workspace_id = $1', [workspaceId]);
      return;
    }
    const { timeZone } = everybody.workspace;
    const whole = isWholeDue(row, startedAt) || row.whole_zone !== timeZone;
    const sight = whole
      ? everybody
      : { ...everybody, customerIds: await chargedSince(sql, workspaceId, row.looked_to) };
    const found = await findDue(sql, sight);
    if (!isEmpty(found)) await tell(sql, sight, found);
    // What one look leaves is due at once.
    if (found.more) {
      await sql.query('sweep_again', 'UPDATE budget_sweeps SET due_at = $2 WHERE workspace_id = $1', [
        workspaceId,
        startedAt,
      ]);
      return;
    }
    await sql.query(
      'swept',
      `UPDATE budget_sweeps SET looked_to = $2, whole_at = CASE WHEN $3 THEN $2 ELSE whole_at END,
         whole_zone = $4 WHERE workspace_id = $1`,
      [workspaceId, startedAt, whole, timeZone],
    );
  }
}

interface SweepRow {
  workspace_id: string;
  looked_to: Date;
  whole_at: Date | null;
}

const isWholeDue = ({ whole_at }: Pick<SweepRow, 'whole_at'>, now: Date): boolean =>
  whole_at === null || Math.abs(now.getTime() - whole_at.getTime()) >= WHOLE_EVERY_MS;

const marginBefore = (at: Date): Date => new Date(at.getTime() - MARGIN_MS);

/** Whose turns were charged, or taken back, since then: ids are in the order of time. */
async function chargedSince(sql: Sql, workspaceId: string, lookedTo: Date): Promise<string[]> {
  const rows = await sql.query<{ customer_id: string }>(
    'customers_charged_since',
    'SELECT DISTINCT c.customer_id FROM charges c WHERE c.workspace_id = $1 AND c.id >= $2',
    [workspaceId, lowestIdAt(marginBefore(lookedTo))],
  );
  return rows.map((row) => row.customer_id);
}
