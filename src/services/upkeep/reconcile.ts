// Charges made later: turns whose message was saved while their charge failed (DEFERRED).
import type { Logger } from 'pino';
import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { isTransient } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { codeOf } from '../../values/error-code';
import { newId } from '../../values/ids';
import type { Clock } from '../../values/time';
import { dimensionUpsert } from '../roll-ups/dimensions';
import { rollUpKeys, rollUpUpserts } from '../roll-ups/roll-ups';
import { shareWorkspaces } from '../workspaces/workspaces';

export interface Reconciliation {
  charged: number;
  /** Turns that are still DEFERRED: their charge failed again. */
  failed: number;
}

const BATCH = 500;
const SHARD = 0;

interface DeferredRow {
  workspace_id: string;
  id: string;
  occurred_at: Date;
}

const FIND = `
  SELECT m.workspace_id, m.id, m.occurred_at FROM messages m
  WHERE m.outcome = 'DEFERRED' AND (m.workspace_id, m.id) > ($1::text, $2::uuid)
  ORDER BY m.workspace_id, m.id LIMIT ${BATCH}`;

/**
 * The customer and the price were frozen when the message was saved. Charge, outcome and roll-ups change in one
 * transaction. Turns that another server has locked are skipped: that server charges them.
 */
const CHARGE = `
  WITH input AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::date[], $6::date[], $9::int[])
      AS i (workspace_id, id, charge_id, slot_at, day, month, epoch)
  ),
  before AS MATERIALIZED (
    SELECT m.workspace_id, m.id, m.customer_id, m.deferred_price_micros AS price_micros, m.occurred_at,
      m.workflow_number, m.channel_number
    FROM messages m JOIN input i ON i.workspace_id = m.workspace_id AND i.id = m.id
    WHERE m.outcome = 'DEFERRED' ORDER BY m.workspace_id, m.id FOR NO KEY UPDATE OF m SKIP LOCKED
  ),
  settled AS (
    UPDATE messages m SET outcome = 'TRACKED', deferred_price_micros = NULL
    FROM before b WHERE m.workspace_id = b.workspace_id AND m.id = b.id
    RETURNING m.workspace_id, m.id
  ),
  counted AS MATERIALIZED (
    SELECT b.workspace_id, b.id, b.customer_id, 'TRACKED' AS outcome, b.occurred_at, i.charge_id, b.price_micros,
      i.slot_at, i.day, i.month, i.epoch, b.workflow_number, b.channel_number
    FROM settled s
    JOIN before b ON b.workspace_id = s.workspace_id AND b.id = s.id
    JOIN input i ON i.workspace_id = s.workspace_id AND i.id = s.id
  ),
  charged AS (
    INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at, epoch,
      month)
    SELECT c.workspace_id, c.charge_id, c.id, c.customer_id, c.price_micros, c.occurred_at, $7, c.epoch, c.month
    FROM counted c ORDER BY c.workspace_id, c.charge_id
  ),
  ${rollUpUpserts('counted', '$8::smallint')}, ${dimensionUpsert('counted', '$8::smallint')}
  SELECT count(*) AS charged FROM counted`;

export class Reconciler {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** Told of each workspace after a COMMIT. */
    private readonly changed: (workspaceId: string) => void,
  ) {}

  /**
   * Charges every DEFERRED turn that no other server is charging. A turn that fails again is logged and left; it doesn't
   * hold up the others. Stops between two batches when `signal` is aborted.
   */
  async run(signal?: AbortSignal): Promise<Reconciliation> {
    const result: Reconciliation = { charged: 0, failed: 0 };
    let position: readonly [string, string] = ['', '00000000-0000-0000-0000-000000000000'];
    for (;;) {
      const rows = await inTransaction(this.database, (sql) =>
        sql.query<DeferredRow>('find_deferred', FIND, position),
      );
      const last = rows.at(-1);
      if (!last || signal?.aborted) return result;
      await this.charge(rows, result);
      position = [last.workspace_id, last.id];
    }
  }

  private async charge(rows: readonly DeferredRow[], result: Reconciliation): Promise<void> {
    try {
      result.charged += await inTransaction(this.database, (sql) => this.chargeAll(sql, rows));
      for (const workspaceId of new Set(rows.map((row) => row.workspace_id))) this.changed(workspaceId);
    } catch (error) {
      if (isTransient(error)) throw error;
      if (rows.length > 1) {
        const middle = Math.ceil(rows.length / 2);
        await this.charge(rows.slice(0, middle), result);
        await this.charge(rows.slice(middle), result);
        return;
      }
      result.failed += rows.length;
      this.logger.error(
        { code: codeOf(error), workspaceId: rows[0]?.workspace_id, messageId: rows[0]?.id },
        'a deferred turn still could not be charged',
      );
    }
  }

  private async chargeAll(sql: Sql, rows: readonly DeferredRow[]): Promise<number> {
    // Neither the zone nor the epoch can change between reading and charging.
    const workspaces = await shareWorkspaces(
      sql,
      rows.map((row) => row.workspace_id),
    );
    const now = this.clock();
    const keys = rows.map((row) => {
      const workspace = workspaces.get(row.workspace_id);
      if (!workspace) throw new Error(`The workspace ${row.workspace_id} is gone.`);
      return { ...rollUpKeys(row.occurred_at, workspace.timeZone), epoch: workspace.epoch };
    });
    const [done] = await sql.query<{ charged: bigint }>('charge_deferred', CHARGE, [
      rows.map((row) => row.workspace_id),
      rows.map((row) => row.id),
      rows.map(() => newId(now.getTime())),
      keys.map((key) => key.slotAt),
      keys.map((key) => key.day),
      keys.map((key) => key.month),
      now,
      SHARD,
      keys.map((key) => key.epoch),
    ]);
    return Number(done?.charged ?? 0n);
  }
}
