// Charges made later: turns whose message was saved while their charge failed (DEFERRED).
import type { Logger } from 'pino';
import type { Database } from '../../database/database';
import type { Lease } from '../../database/lease';
import { isTransient } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { codeOf } from '../../values/error-code';
import { newId } from '../../values/ids';
import type { Clock } from '../../values/time';
import { countTurns } from '../roll-ups/count-turns';
import { rollUpKeys } from '../roll-ups/roll-ups';
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
 * The customer and the price were frozen when the message was saved. Turns that another server has locked are skipped:
 * that server charges them.
 */
const HOLD = `
  SELECT m.id, m.customer_id, m.deferred_price_micros AS price_micros, m.occurred_at, m.workflow_number, m.channel_number,
    m.model_number, m.input_tokens, m.cached_input_tokens, m.output_tokens, m.llm_cost_nanos, m.channel_cost_micros
  FROM messages m WHERE m.workspace_id = $1 AND m.id = ANY ($2::uuid[]) AND m.outcome = 'DEFERRED'
  ORDER BY m.id FOR NO KEY UPDATE OF m SKIP LOCKED`;

const SETTLE = `
  UPDATE messages m SET outcome = 'TRACKED', deferred_price_micros = NULL
  WHERE m.workspace_id = $1 AND m.id = ANY ($2::uuid[])`;

interface HeldRow {
  id: string;
  customer_id: string;
  price_micros: bigint;
  occurred_at: Date;
  workflow_number: number | null;
  channel_number: number | null;
  model_number: number | null;
  input_tokens: number | null;
  cached_input_tokens: number | null;
  output_tokens: number | null;
  llm_cost_nanos: bigint | null;
  channel_cost_micros: bigint | null;
}

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
      // A workspace at a time: on Citus its rows lie on one node.
      for (const [workspaceId, own] of byWorkspace(rows)) await this.charge(workspaceId, own, result);
      position = [last.workspace_id, last.id];
    }
  }

  private async charge(
    workspaceId: string,
    rows: readonly DeferredRow[],
    result: Reconciliation,
  ): Promise<void> {
    try {
      result.charged += await inTransaction(this.database, (lease) =>
        this.chargeAll(lease, workspaceId, rows),
      );
      this.changed(workspaceId);
    } catch (error) {
      if (isTransient(error)) throw error;
      if (rows.length > 1) {
        const middle = Math.ceil(rows.length / 2);
        await this.charge(workspaceId, rows.slice(0, middle), result);
        await this.charge(workspaceId, rows.slice(middle), result);
        return;
      }
      result.failed += rows.length;
      this.logger.error(
        { code: codeOf(error), workspaceId, messageId: rows[0]?.id },
        'a deferred turn still could not be charged',
      );
    }
  }

  /** Charge, outcome and roll-ups change in one transaction. */
  private async chargeAll(lease: Lease, workspaceId: string, rows: readonly DeferredRow[]): Promise<number> {
    // Neither the zone nor the epoch can change between reading and charging.
    const workspace = (await shareWorkspaces(lease, [workspaceId])).get(workspaceId);
    if (!workspace) throw new Error(`The workspace ${workspaceId} is gone.`);
    const held = await lease.query<HeldRow>('hold_deferred', HOLD, [workspaceId, rows.map(({ id }) => id)]);
    if (held.length === 0) return 0;
    await lease.query('settle_deferred', SETTLE, [workspaceId, held.map(({ id }) => id)]);
    const now = this.clock();
    const turns = held.map((row) => ({
      ...{ id: row.id, outcome: 'TRACKED', occurredAt: row.occurred_at },
      keys: rollUpKeys(row.occurred_at, workspace.timeZone),
      values: { WORKFLOW: row.workflow_number, CHANNEL: row.channel_number, MODEL: row.model_number },
      costs:
        row.model_number === null && row.channel_cost_micros === null
          ? null
          : {
              customerId: row.customer_id,
              inputTokens: row.input_tokens,
              cachedInputTokens: row.cached_input_tokens,
              outputTokens: row.output_tokens,
              llmNanos: row.llm_cost_nanos,
              channelMicros: row.channel_cost_micros,
            },
      charge: {
        ...{ id: newId(now.getTime()), customerId: row.customer_id, priceMicros: row.price_micros },
        savedAt: now,
      },
    }));
    await countTurns(lease, workspaceId, turns, SHARD);
    return turns.length;
  }
}

function byWorkspace(rows: readonly DeferredRow[]): Map<string, DeferredRow[]> {
  const groups = new Map<string, DeferredRow[]>();
  for (const row of rows) {
    const group = groups.get(row.workspace_id);
    if (group) group.push(row);
    else groups.set(row.workspace_id, [row]);
  }
  return groups;
}
