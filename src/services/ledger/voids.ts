// How a charge is taken back: by a reversal beside it. The charge itself is never touched.

import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { badInput } from '../../errors';
import { isUuid, newId } from '../../values/ids';
import { formatMicros } from '../../values/money';
import { cleanText } from '../../values/text';
import { type Clock, formatInstant, localDate } from '../../values/time';
import { findUsageRecord, type UsageRecordRow } from '../analytics/records';
import { type Actor, recordAudit } from '../audit';
import { takeOffDimensions } from '../roll-ups/dimensions';
import { writeEvents } from '../signals/events';
import { lockCallersWorkspace, lockWorkspace, type Workspace } from '../workspaces/workspaces';
import { fillCharges } from './filling';
import { recountAround } from './recount';

export const REASON_LIMIT = 500;
/** Charges per transaction: the workspace's saves wait for each transaction. */
const BATCH = 100;

export interface VoidResult {
  record: UsageRecordRow;
  /** True when it had been taken back before: nothing was written again. */
  replayed: boolean;
}

/** Which charges are taken back together: those of turns that happened in [from, to). */
export interface VoidRange {
  from: Date;
  to: Date;
  customerId?: string | undefined;
}

export interface ManyVoided {
  voided: number;
  amountMicros: bigint;
}

export type VoidProgress = (done: number, of: number) => void;

export class VoidService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    /** Told of the workspace after a COMMIT. */
    private readonly changed: (workspaceId: string) => void,
  ) {}

  /**
   * Takes one charge back; a second call returns the result of the first. The caller has checked that the workspace may
   * be written. Throws BAD_USER_INPUT.
   */
  async void(
    workspaceId: string,
    input: { usageRecordId: string; reason: string },
    actor: Actor,
  ): Promise<VoidResult> {
    const reason = checkReason(input.reason);
    const id = checkId('usageRecordId', input.usageRecordId);
    const result = await inTransaction(this.database, async (sql) => {
      const workspace = await lockCallersWorkspace(sql, workspaceId, this.clock());
      const charges = await findOpenCharges(sql, workspace.id, [id]);
      if (charges.length > 0) await this.reverse(sql, workspace, charges, reason, actor);
      const record = await findUsageRecord(sql, workspace.id, id);
      if (!record)
        throw badInput(
          `There is no charge ${id} in the workspace ${JSON.stringify(workspace.id)}. Give the id of a usageRecord.`,
        );
      return { record, replayed: charges.length === 0 };
    });
    if (!result.replayed) this.changed(workspaceId);
    return result;
  }

  /** What `voidMany` would take back now. */
  async count(workspaceId: string, range: VoidRange): Promise<ManyVoided> {
    checkRange(range);
    return inTransaction(this.database, (sql) => countOpen(sql, workspaceId, range));
  }

  /**
   * Takes back every charge of the range, the oldest first, a few in each transaction. Charges that were taken back
   * before are left out, so the same call continues an interrupted one. Throws BAD_USER_INPUT.
   */
  async voidMany(
    workspaceId: string,
    range: VoidRange,
    given: string,
    actor: Actor,
    progress: VoidProgress,
  ): Promise<ManyVoided> {
    const reason = checkReason(given);
    checkRange(range);
    const open = await this.count(workspaceId, range);
    const result: ManyVoided = { voided: 0, amountMicros: 0n };
    for (;;) {
      const done = await inTransaction(this.database, async (sql) => {
        const workspace = await lockWorkspace(sql, workspaceId, this.clock());
        const charges = await findOpenOfRange(sql, workspace.id, range);
        await this.reverse(sql, workspace, charges, reason, actor);
        return charges;
      });
      if (done.length === 0) return result;
      result.voided += done.length;
      result.amountMicros += done.reduce((sum, { amount_micros }) => sum + amount_micros, 0n);
      progress(result.voided, Math.max(open.voided, result.voided));
    }
  }

  /** The caller holds the workspace's row; none of the charges has a reversal yet. */
  private async reverse(
    sql: Sql,
    workspace: Workspace,
    charges: readonly OpenCharge[],
    reason: string,
    actor: Actor,
  ): Promise<void> {
    if (charges.length === 0) return;
    const now = this.clock();
    // The reversal copies the month.
    await fillCharges(
      sql,
      workspace,
      charges.filter(({ month }) => month === null),
    );
    const made = charges.map((charge) => ({
      charge,
      reversalId: newId(now.getTime()),
    }));
    const ids = made.map(({ charge }) => charge.id);
    await sql.query('insert_reversals', REVERSALS, [
      workspace.id,
      ids,
      made.map(({ reversalId }) => reversalId),
      now,
    ]);
    await sql.query(
      'insert_voids',
      `INSERT INTO voids (workspace_id, charge_id, reversal_id, reason, actor, actor_name, voided_at)
       SELECT $1, i.charge_id, i.reversal_id, $4, $5, $6, $7 FROM unnest($2::uuid[], $3::uuid[]) AS i (charge_id, reversal_id)`,
      [
        ...[workspace.id, ids, made.map(({ reversalId }) => reversalId)],
        ...[reason, actor.name, actor.called ?? actor.name, now],
      ],
    );
    await sql.query(
      'mark_voided',
      `UPDATE messages SET outcome = 'VOIDED' WHERE workspace_id = $1 AND id = ANY ($2::uuid[])`,
      [workspace.id, charges.map(({ message_id }) => message_id)],
    );
    await recountAround(
      sql,
      workspace,
      charges.map((charge) => ({ customerId: charge.customer_id, occurredAt: charge.occurred_at })),
    );
    await takeOffDimensions(
      sql,
      workspace.id,
      charges.map((charge) => ({
        messageId: charge.message_id,
        day: localDate(charge.occurred_at, workspace.timeZone),
        amountMicros: charge.amount_micros,
      })),
    );
    for (const { charge, reversalId } of made) {
      // The reason is left out: it may name a person.
      await recordAudit(sql, {
        at: now,
        actor,
        action: 'usage.voided',
        workspaceId: workspace.id,
        subject: charge.id,
        before: null,
        after: { reversalId, customerId: charge.customer_id, amountMicros: String(-charge.amount_micros) },
      });
    }
    await writeEvents(
      sql,
      workspace.id,
      made.map(({ charge, reversalId }) => ({
        type: 'USAGE_VOIDED',
        data: {
          ...{ usageRecordId: charge.id, reversalId, customerId: charge.customer_id },
          amount: formatMicros(-charge.amount_micros, workspace.currency),
          ...{ currency: workspace.currency, occurredAt: formatInstant(charge.occurred_at) },
        },
      })),
      now,
    );
  }
}

interface OpenCharge {
  id: string;
  message_id: string;
  customer_id: string;
  amount_micros: bigint;
  occurred_at: Date;
  month: string | null;
}

const REVERSALS = `
  INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, reversal, occurred_at, saved_at,
    epoch, month)
  SELECT c.workspace_id, i.reversal_id, c.message_id, c.customer_id, -c.amount_micros, true, c.occurred_at, $4,
    w.epoch, c.month
  FROM unnest($2::uuid[], $3::uuid[]) AS i (charge_id, reversal_id)
  JOIN charges c ON c.workspace_id = $1 AND c.id = i.charge_id
  JOIN workspaces w ON w.id = $1`;

/** SQL: the charges that are not taken back. A reversal is no charge. */
const OPEN = `FROM charges c WHERE c.workspace_id = $1 AND NOT c.reversal AND NOT EXISTS (
    SELECT FROM charges r WHERE r.workspace_id = $1 AND r.message_id = c.message_id AND r.reversal)`;
const OPEN_OF_RANGE = `${OPEN} AND c.occurred_at >= $2 AND c.occurred_at < $3
    AND ($4::uuid IS NULL OR c.customer_id = $4)`;
const COLUMNS = 'c.id, c.message_id, c.customer_id, c.amount_micros, c.occurred_at, c.month';

const findOpenCharges = (sql: Sql, workspaceId: string, ids: readonly string[]): Promise<OpenCharge[]> =>
  sql.query<OpenCharge>('find_open_charges', `SELECT ${COLUMNS} ${OPEN} AND c.id = ANY ($2::uuid[])`, [
    workspaceId,
    ids,
  ]);

const findOpenOfRange = (sql: Sql, workspaceId: string, range: VoidRange): Promise<OpenCharge[]> =>
  sql.query<OpenCharge>(
    'find_open_of_range',
    `SELECT ${COLUMNS} ${OPEN_OF_RANGE} ORDER BY c.occurred_at, c.id LIMIT ${BATCH}`,
    [workspaceId, range.from, range.to, range.customerId ?? null],
  );

async function countOpen(sql: Sql, workspaceId: string, range: VoidRange): Promise<ManyVoided> {
  const [found] = await sql.query<{ rows: bigint; micros: bigint }>(
    'count_open_of_range',
    `SELECT count(*) AS rows, coalesce(sum(c.amount_micros), 0)::bigint AS micros ${OPEN_OF_RANGE}`,
    [workspaceId, range.from, range.to, range.customerId ?? null],
  );
  return { voided: Number(found?.rows ?? 0n), amountMicros: found?.micros ?? 0n };
}

/** Throws BAD_USER_INPUT. */
export function checkReason(text: string): string {
  const reason = cleanText(text).trim();
  if (reason === '' || reason.length > REASON_LIMIT) {
    throw badInput(
      `reason must have 1 to ${REASON_LIMIT} characters, not only white space; this one has ${reason.length}.`,
    );
  }
  return reason;
}

function checkId(name: string, id: string): string {
  if (!isUuid(id)) throw badInput(`${name} is not the id of a charge: a UUID, as usageRecords lists it.`);
  return id.toLowerCase();
}

function checkRange({ from, to, customerId }: VoidRange): void {
  if (to <= from)
    throw badInput('The range ends before it starts. to is excluded, so it must lie after from.');
  if (customerId !== undefined && !isUuid(customerId))
    throw badInput('customer is not the id of a customer.');
}
