// Which customers are looked at when: those that this process charged, within a second; those that any server charged,
// each minute.
import type { Database } from '../../database/database';
import { Lease } from '../../database/lease';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { HOUR_MS, MINUTE_MS } from '../../values/duration';
import { lowestIdAt } from '../../values/ids';
import type { Clock } from '../../values/time';
import type { Settlement } from '../turns/saved-message';
import { findWorkspace } from '../workspaces/workspaces';
import { listBudgets, ownersOf, Periods } from './budgets';
import { findDue, findDueOfCustomers, isEmpty, type Sight, ToldBudgets, tell } from './look';

/** What a process charged in one workspace since its last look. */
interface Mark {
  customerIds: Set<string>;
  /** When the earliest of these turns happened. */
  since: Date;
}

/** Memory must not fill up while the database is away; the sweep finds what is not marked. */
const MARKED_MAX = 100_000;
/** A row that a server took is due again after this time, in case the server is gone. */
const TAKEN_FOR_MS = 30_000;
const TAKEN_AT_ONCE = 100;
/** Customers per transaction of a sweep: some tens of milliseconds for each budget's period. */
const SLICE = 5_000;
/**
 * How much older than its COMMIT a charge's id may be, with clocks that differ. The hourly look finds even older ones.
 */
const MARGIN_MS = 2 * MINUTE_MS;
/** How often all customers are looked at, whatever was charged. */
const WHOLE_EVERY_MS = HOUR_MS;

export class BudgetWatch {
  private marks = new Map<string, Mark>();
  private marked = 0;
  private readonly told = new ToldBudgets();

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
    customerIds: readonly string[],
    since?: Date,
  ): Promise<Sight | undefined> {
    const now = this.clock();
    const workspace = await findWorkspace(sql, workspaceId, now);
    const budgets = await listBudgets(sql, workspaceId);
    if (!workspace || budgets.length === 0) return undefined;
    const periods = new Periods(workspace.timeZone, now);
    return { workspace, budgets, now, periods, told: this.told, customerIds, since };
  }

  /**
   * Looks at every workspace whose sweep is due, each by one server. Stops between two slices of customers when `signal`
   * is aborted; what is left stays due.
   */
  async sweep(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const taken = await inTransaction(this.database, (sql) => this.take(sql));
      if (taken.length === 0) return;
      for (const sweep of taken) {
        let next: Sweep | undefined = sweep;
        while (next) {
          if (signal?.aborted) return;
          const slice: Sweep = next;
          next = await inTransaction(this.database, (sql) => this.sweepSlice(sql, slice));
        }
      }
    }
  }

  /** Workspaces that were charged since their last sweep, or whose customers are all due; postpones the others. */
  private async take(sql: Sql): Promise<Sweep[]> {
    const now = this.clock();
    const heldTo = heldFrom(now);
    // Found first, taken then: Citus locks rows of several nodes by no one statement.
    const found = await sql.query<{ workspace_id: string }>(
      'due_sweeps',
      `SELECT d.workspace_id FROM budget_sweeps d WHERE d.due_at <= $1 ORDER BY d.due_at LIMIT ${TAKEN_AT_ONCE}`,
      [now],
    );
    if (found.length === 0) return [];
    const taken = await sql.query<{ workspace_id: string }>(
      'take_sweeps',
      `UPDATE budget_sweeps s SET due_at = $2 WHERE s.workspace_id = ANY ($3::text[]) AND s.due_at <= $1
       RETURNING s.workspace_id`,
      [now, heldTo, found.map((row) => row.workspace_id)],
    );
    const rows = await sql.query<SweepRow & { pending: boolean; zone_changed: boolean }>(
      'taken_sweeps',
      `SELECT s.workspace_id, s.looked_to, s.whole_at,
         EXISTS (SELECT FROM budgets b WHERE b.workspace_id = s.workspace_id AND b.forecast_seen_at IS NOT NULL) AS pending,
         s.whole_zone IS DISTINCT FROM w.time_zone AS zone_changed
       FROM budget_sweeps s JOIN workspaces w ON w.id = s.workspace_id WHERE s.workspace_id = ANY ($1::text[])`,
      [taken.map((row) => row.workspace_id)],
    );
    const charged = await sql.query<{ workspace_id: string }>(
      'charged_since_sweep',
      `SELECT w.id AS workspace_id FROM workspaces w
       JOIN unnest($1::text[], $2::uuid[]) AS i (workspace_id, since) ON i.workspace_id = w.id
       WHERE EXISTS (SELECT FROM charges c WHERE c.workspace_id = w.id AND c.id >= i.since)`,
      [rows.map((row) => row.workspace_id), rows.map((row) => lowestIdAt(marginBefore(row.looked_to)))],
    );
    const changed = new Set(charged.map((row) => row.workspace_id));
    return rows
      .filter(
        (row) => row.pending || row.zone_changed || isWholeDue(row, now) || changed.has(row.workspace_id),
      )
      .map((row) => ({ workspaceId: row.workspace_id, heldTo, begun: undefined, after: FIRST_ID }));
  }

  /**
   * Looks at the next customers and returns what is left. Another server that takes the workspace, or a change of its
   * budgets, sets another `due_at`: then this sweep stops, and the other one looks at all customers again.
   */
  private async sweepSlice(sql: Sql, sweep: Sweep): Promise<Sweep | undefined> {
    const { workspaceId } = sweep;
    const now = this.clock();
    const heldTo = heldFrom(now);
    const [row] = await sql.query<SweepRow & { whole_zone: string | null }>(
      'hold_sweep',
      `UPDATE budget_sweeps s SET due_at = $3 WHERE s.workspace_id = $1 AND s.due_at = $2
       RETURNING s.workspace_id, s.looked_to, s.whole_at, s.whole_zone`,
      [workspaceId, sweep.heldTo, heldTo],
    );
    if (!row) return undefined;
    const everything = await this.sightOf(sql, workspaceId, []);
    if (!everything) {
      await sql.query('end_sweep', 'DELETE FROM budget_sweeps WHERE workspace_id = $1', [workspaceId]);
      return undefined;
    }
    const { timeZone } = everything.workspace;
    const begun = sweep.begun ?? {
      ...{ at: now, timeZone },
      isWhole: isWholeDue(row, now) || row.whole_zone !== timeZone,
    };
    // Other days: the next sweep begins anew.
    if (begun.timeZone !== timeZone) return undefined;
    const each = everything.budgets.some(({ subject }) => subject === 'EACH_CUSTOMER');
    const customerIds = !each
      ? ownersOf(everything.budgets)
      : begun.isWhole
        ? await customersAfter(sql, workspaceId, sweep.after)
        : await chargedSince(sql, workspaceId, row.looked_to, sweep.after);
    const sight = { ...everything, customerIds };
    const isFirst = sweep.after === FIRST_ID;
    const found = isFirst ? await findDue(sql, sight) : await findDueOfCustomers(sql, sight);
    if (!isEmpty(found)) await tell(sql, sight, found);
    if (found.more) return { ...sweep, heldTo, begun };
    const last = customerIds[SLICE - 1];
    if (last !== undefined) return { workspaceId, heldTo, begun, after: last };
    await sql.query(
      'swept',
      `UPDATE budget_sweeps SET looked_to = $2, whole_at = CASE WHEN $3 THEN $2 ELSE whole_at END,
         whole_zone = $4 WHERE workspace_id = $1`,
      [workspaceId, begun.at, begun.isWhole, timeZone],
    );
    return undefined;
  }
}

/** A workspace's sweep, slice by slice of its customers. */
interface Sweep {
  workspaceId: string;
  /** The row's `due_at` as this server set it: another value means that another server is looking. */
  heldTo: Date;
  /** Undefined before the first slice. */
  begun: { at: Date; timeZone: string; isWhole: boolean } | undefined;
  /** The last customer that was looked at. */
  after: string;
}

/** Lower than every customer's id. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

const heldFrom = (now: Date): Date => new Date(now.getTime() + TAKEN_FOR_MS);

interface SweepRow {
  workspace_id: string;
  looked_to: Date;
  whole_at: Date | null;
}

const isWholeDue = ({ whole_at }: Pick<SweepRow, 'whole_at'>, now: Date): boolean =>
  whole_at === null || Math.abs(now.getTime() - whole_at.getTime()) >= WHOLE_EVERY_MS;

const marginBefore = (at: Date): Date => new Date(at.getTime() - MARGIN_MS);

/** The next customers, in the order of their ids. */
async function customersAfter(sql: Sql, workspaceId: string, after: string): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    'customers_after',
    `SELECT c.id FROM customers c WHERE c.workspace_id = $1 AND c.id > $2 ORDER BY c.id LIMIT ${SLICE}`,
    [workspaceId, after],
  );
  return rows.map((row) => row.id);
}

/**
 * The same for customers whose turns were charged, or taken back, since then: charges' ids are in the order of time.
 * OFFSET 0: otherwise PostgreSQL walks all charges by customer, in the order of the answer (a million: 75 ms instead of
 * 2).
 */
async function chargedSince(sql: Sql, workspaceId: string, lookedTo: Date, after: string): Promise<string[]> {
  const rows = await sql.query<{ customer_id: string }>(
    'customers_charged_since',
    `SELECT DISTINCT r.customer_id FROM (
       SELECT c.customer_id FROM charges c WHERE c.workspace_id = $1 AND c.id >= $2 OFFSET 0
     ) r WHERE r.customer_id > $3 ORDER BY r.customer_id LIMIT ${SLICE}`,
    [workspaceId, lowestIdAt(marginBefore(lookedTo)), after],
  );
  return rows.map((row) => row.customer_id);
}
