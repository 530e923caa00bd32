// How a person is erased: the identity at once, the turns in batches. If a server is killed, another one continues.
import type { Database } from '../../database/database';
import { instantText, type Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { AppError, badInput, unavailable } from '../../errors';
import { DAY_MS } from '../../values/duration';
import { newId } from '../../values/ids';
import { pause } from '../../values/pace';
import type { Clock } from '../../values/time';
import { type Actor, recordAudit } from '../audit';
import { isErased, toCustomer } from '../customers/customers';
import { checkReason } from '../ledger/voids';
import { lockCallersWorkspace, lockWorkspace } from '../workspaces/workspaces';
import {
  checkKeysFilled,
  clearCustomers,
  forgetBesideTurns,
  forgetNext,
  hmacsOf,
  isAnythingLeft,
  type Known,
  type WalkPosition,
} from './forgetting';
import { findPerson, type PersonQuery } from './personal-data';
import {
  findFirstReceipt,
  RECEIPT_COLUMNS,
  type Receipt,
  type ReceiptRow,
  restoreReceipts,
  toReceipt,
} from './receipts';

export interface ErasureInput extends PersonQuery {
  /** The reason, for the audit trail; no personal data. */
  reason: string;
}

export interface Erased {
  receipt: Receipt;
  currency: string;
  /** True when nothing was left: the receipt is that of the first erasure. */
  replayed: boolean;
}

/** Erasures over the API are limited, since they can't be undone. */
export const ERASURES_A_DAY = 20;
/** How long a caller over the API waits; after that the server continues without the caller. */
const ANSWER_WITHIN_MS = 10_000;
/** How long a server may work on an erasure before another one takes it over. */
const TAKEN_FOR_MS = 60_000;
/** An arbitrary fixed number, as GATES. */
const DAILY = 0x63746d05;

/** An erasure that was begun now, or found. */
interface Begun {
  id: string;
  contactHmacs: readonly Buffer[];
  currency: string;
  first?: Receipt;
}

interface Row extends Omit<ReceiptRow, 'finished_at'> {
  finished_at: Date | null;
  actor: string;
  reason: string;
  walked_at: string | null;
  walked_id: string | null;
}

export class Eraser {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly answerWithinMs = ANSWER_WITHIN_MS,
  ) {}

  /**
   * Erases a person for a caller with a token, at most 20 a day. Throws BAD_USER_INPUT, RATE_LIMITED, and
   * SERVICE_UNAVAILABLE while older turns are being filled in, or when there are so many turns that the server
   * continues without the caller: a later call returns the receipt.
   */
  async eraseFor(workspaceId: string, input: ErasureInput, actor: Actor): Promise<Erased> {
    const begun = await this.begin(workspaceId, input, actor, ERASURES_A_DAY);
    const until = performance.now() + this.answerWithinMs;
    return this.answer(
      workspaceId,
      begun,
      await this.walk(workspaceId, begun, () => performance.now() >= until),
    );
  }

  /** The same for the operator, without limits; `progress` gets the number of erased turns. */
  async erase(
    workspaceId: string,
    input: ErasureInput,
    actor: Actor,
    progress: (messages: number) => void = () => undefined,
  ): Promise<Erased> {
    const begun = await this.begin(workspaceId, input, actor);
    return this.answer(workspaceId, begun, await this.walk(workspaceId, begun, () => false, progress));
  }

  /** Finishes erasures that killed servers left, or whose callers no longer wait. */
  async runDue(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const taken = await inTransaction(this.database, (sql) => this.take(sql));
      if (!taken) return;
      const begun = { id: taken.id, contactHmacs: [], currency: '' };
      await this.walk(taken.workspace_id, begun, () => signal?.aborted === true);
      if (signal?.aborted) return;
    }
  }

  /**
   * Erases everybody with a receipt again, after a backup was restored: up to each receipt's instant, so that later
   * turns stay. Can be run again. Throws BAD_USER_INPUT, SERVICE_UNAVAILABLE.
   */
  async eraseAgain(
    workspaceId: string,
    receipts: readonly Receipt[],
    actor: Actor,
    progress: (messages: number) => void = () => undefined,
  ): Promise<{ customers: number; messages: number }> {
    const known = knownBy(receipts);
    const ids = known.customers.map(({ id }) => id);
    const customers = await inTransaction(this.database, async (sql) => {
      await lockWorkspace(sql, workspaceId, this.clock());
      await checkKeysFilled(sql, workspaceId);
      const there = await sql.query<{ id: string }>(
        'customers_erased_before',
        `SELECT c.id FROM customers c WHERE c.workspace_id = $1 AND c.id = ANY ($2::uuid[]) AND c.erased_at IS NULL
         ORDER BY c.id FOR NO KEY UPDATE`,
        [workspaceId, ids],
      );
      const open = new Set(there.map(({ id }) => id));
      await clearCustomers(
        sql,
        workspaceId,
        ids.filter((id) => open.has(id)),
        this.clock(),
      );
      return open.size;
    });
    let messages = 0;
    for (let position: WalkPosition; ; ) {
      const begun = performance.now();
      const page = await inTransaction(this.database, (sql) =>
        forgetNext(sql, workspaceId, known, position, this.clock()),
      );
      if (!page) break;
      messages += page.removed;
      position = page.position;
      progress(messages);
      await pause(performance.now() - begun);
    }
    await inTransaction(this.database, async (sql) => {
      await forgetBesideTurns(sql, workspaceId, ids);
      // Written last: a stored receipt means that everything is done.
      await restoreReceipts(sql, receipts, actor.name);
      await recordAudit(sql, {
        ...{ at: this.clock(), actor, action: 'customers.erased-again', workspaceId, subject: workspaceId },
        ...{ before: null, after: { receipts: receipts.length, customers, messages } },
      });
    });
    return { customers, messages };
  }

  /** Clears the identity, and stores what is still to be done. */
  private begin(workspaceId: string, input: ErasureInput, actor: Actor, aDay?: number): Promise<Begun> {
    const reason = checkReason(input.reason);
    return inTransaction(this.database, async (sql) => {
      const now = this.clock();
      const { currency } = await lockCallersWorkspace(sql, workspaceId, now);
      await checkKeysFilled(sql, workspaceId);
      const person = await findPerson(sql, workspaceId, input, 'FOR NO KEY UPDATE');
      const customers = person.customers.map(toCustomer);
      const contactHmacs = await hmacsOf(sql, workspaceId, person);
      const open = customers.filter((customer) => !isErased(customer)).map(({ id }) => id);
      const customerIds = customers.map(({ id }) => id);
      if (open.length === 0) {
        const running = await this.findRunning(sql, workspaceId, customerIds, contactHmacs);
        if (running !== undefined) return { id: running, contactHmacs, currency };
      }
      const [erased] = open.length === 0 ? customerIds : [];
      if (erased !== undefined && !(await isAnythingLeft(sql, workspaceId, erased))) {
        const first = await findFirstReceipt(sql, workspaceId, [erased], []);
        if (first) return { id: first.id, contactHmacs, currency, first };
      }
      if (aDay !== undefined) await checkDay(sql, actor, aDay, now);
      await clearCustomers(sql, workspaceId, open, now);
      const id = newId(now.getTime());
      await sql.query('begin_erasure', BEGIN, [
        ...[workspaceId, id, customerIds, contactHmacs, actor.name, reason, now, this.heldTo()],
      ]);
      return { id, contactHmacs, currency };
    });
  }

  private async findRunning(
    sql: Sql,
    workspaceId: string,
    customerIds: readonly string[],
    contactHmacs: readonly Buffer[],
  ): Promise<string | undefined> {
    const [row] = await sql.query<{ id: string }>(
      'running_erasure',
      `SELECT e.id FROM erasures e WHERE e.workspace_id = $1 AND e.finished_at IS NULL
         AND (e.customer_ids && $2::uuid[] OR e.contact_hmacs && $3::bytea[]) LIMIT 1`,
      [workspaceId, customerIds, contactHmacs],
    );
    return row?.id;
  }

  /** True when it is done; false when `isOver` returned true before that. */
  private async walk(
    workspaceId: string,
    { id, first }: Begun,
    isOver: () => boolean,
    progress: (messages: number) => void = () => undefined,
  ): Promise<boolean> {
    if (first) return true;
    for (;;) {
      const begun = performance.now();
      const messages = await inTransaction(this.database, (sql) => this.step(sql, workspaceId, id));
      if (messages === undefined) return true;
      progress(messages);
      if (isOver()) return false;
      // Pauses for as long as the batch took, so that saves come first.
      await pause(performance.now() - begun);
    }
  }

  /** One transaction's work: returns the number of turns erased so far; undefined: everything is done. */
  private async step(sql: Sql, workspaceId: string, id: string): Promise<number | undefined> {
    // The row is locked: of two servers, one continues where the other stopped.
    const [row] = await sql.query<Row>('hold_erasure', HOLD, [workspaceId, id]);
    if (!row || row.finished_at !== null) return undefined;
    const known: Known = {
      customers: row.customer_ids.map((customer) => ({ id: customer, before: null })),
      contacts: row.contact_hmacs.map((hmac) => ({ hmac, before: null })),
    };
    const position: WalkPosition =
      row.walked_at === null || row.walked_id === null ? undefined : [row.walked_at, row.walked_id];
    const page = await forgetNext(sql, workspaceId, known, position, this.clock());
    if (!page) {
      await this.finish(sql, row);
      return undefined;
    }
    await sql.query(
      'walked_on',
      `UPDATE erasures SET messages = messages + $3, walked_at = $4::timestamptz, walked_id = $5, due_at = $6
       WHERE workspace_id = $1 AND id = $2`,
      [workspaceId, id, page.removed, ...page.position, this.heldTo()],
    );
    return Number(row.messages) + page.removed;
  }

  private async finish(sql: Sql, row: Row): Promise<void> {
    const now = this.clock();
    await forgetBesideTurns(sql, row.workspace_id, row.customer_ids);
    const isNobody = row.customer_ids.length === 0 && row.messages === 0n;
    // If nothing was stored about the person, the row keeps nothing either; it only counts for the limit.
    await sql.query('finish_erasure', isNobody ? FINISH_EMPTY : FINISH, [row.workspace_id, row.id, now]);
    if (isNobody) return;
    for (const subject of row.customer_ids.length === 0 ? [row.id] : row.customer_ids)
      await recordAudit(sql, {
        ...{ at: now, actor: { name: row.actor }, action: 'customer.erased', subject },
        ...{ workspaceId: row.workspace_id, before: null },
        after: { erasureId: row.id, messages: String(row.messages), reason: row.reason },
      });
  }

  private async answer(workspaceId: string, begun: Begun, isDone: boolean): Promise<Erased> {
    const { currency } = begun;
    if (begun.first) return { receipt: begun.first, currency, replayed: true };
    if (!isDone)
      throw unavailable(
        'The name and the contacts are removed. There are many turns, so the server goes on in the background. Send the same request again to get the receipt.',
        undefined,
        30,
      );
    return inTransaction(this.database, async (sql) => {
      const [row] = await sql.query<ReceiptRow>(
        'find_receipt',
        `SELECT ${RECEIPT_COLUMNS} FROM erasures e WHERE e.workspace_id = $1 AND e.id = $2`,
        [workspaceId, begun.id],
      );
      const made = row && toReceipt(row);
      if (made && made.customerIds.length + made.contactHmacs.length > 0)
        return { receipt: made, currency, replayed: false };
      const first = await findFirstReceipt(sql, workspaceId, [], begun.contactHmacs);
      if (!first) throw badInput('Nothing is stored about this contact, so there is nobody to erase.');
      return { receipt: first, currency, replayed: true };
    });
  }

  /** One that no other server took. Looked for among all workspaces, taken in its own: Citus locks on one node alone. */
  private async take(sql: Sql): Promise<Taken | undefined> {
    const now = this.clock();
    for (const one of await sql.query<Taken>('due_erasures', DUE, [now])) {
      const [taken] = await sql.query<Taken>('take_erasure', TAKE, [
        ...[one.workspace_id, one.id, now, this.heldTo()],
      ]);
      if (taken) return taken;
    }
    return undefined;
  }

  private heldTo(): Date {
    return new Date(this.clock().getTime() + TAKEN_FOR_MS);
  }
}

/** Each once, up to its latest receipt, in the order of the receipts: that order numbers the erased customers. */
function knownBy(receipts: readonly Receipt[]): Known {
  const customers = new Map<string, Date>();
  const contacts = new Map<string, Date>();
  for (const receipt of [...receipts].sort((a, b) => a.erasedAt.getTime() - b.erasedAt.getTime())) {
    for (const id of receipt.customerIds) customers.set(id, receipt.erasedAt);
    for (const hmac of receipt.contactHmacs) contacts.set(hmac.toString('hex'), receipt.erasedAt);
  }
  return {
    customers: [...customers].map(([id, before]) => ({ id, before })),
    contacts: [...contacts].map(([hex, before]) => ({ hmac: Buffer.from(hex, 'hex'), before })),
  };
}

/** Counts two calls of one token one after the other, even for different workspaces. */
async function checkDay(sql: Sql, actor: Actor, limit: number, now: Date): Promise<void> {
  await sql.query('count_one_by_one', 'SELECT pg_advisory_xact_lock($1, hashtext($2))', [DAILY, actor.name]);
  const [row] = await sql.query<{ requests: bigint; oldest: Date | null }>(
    'erasures_of_day',
    `SELECT count(*) AS requests, min(e.requested_at) AS oldest FROM erasures e
     WHERE e.actor = $1 AND e.requested_at > $2`,
    [actor.name, new Date(now.getTime() - DAY_MS)],
  );
  if (!row?.oldest || row.requests < BigInt(limit)) return;
  throw new AppError(
    'RATE_LIMITED',
    `This token has asked for ${limit} erasures within a day, and may go on at ${new Date(row.oldest.getTime() + DAY_MS).toISOString()}. The operator can erase more: centesimo customer erase.`,
    Math.ceil((row.oldest.getTime() + DAY_MS - now.getTime()) / 1_000),
  );
}

const BEGIN = `
  INSERT INTO erasures (workspace_id, id, customer_ids, contact_hmacs, actor, reason, requested_at, due_at, messages,
    charges, amount_micros)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0)`;

const HOLD = `
  SELECT ${RECEIPT_COLUMNS}, e.actor, e.reason, ${instantText('e.walked_at')} AS walked_at, e.walked_id FROM erasures e
  WHERE e.workspace_id = $1 AND e.id = $2 FOR UPDATE`;

interface Taken {
  workspace_id: string;
  id: string;
}

const DUE = `
  SELECT e.workspace_id, e.id FROM erasures e WHERE e.finished_at IS NULL AND e.due_at <= $1
  ORDER BY e.due_at LIMIT 20`;

const TAKE = `
  UPDATE erasures e SET due_at = $4
  WHERE e.workspace_id = $1 AND e.id = $2 AND e.finished_at IS NULL AND e.due_at <= $3
  RETURNING e.workspace_id, e.id`;

const FINISH = `
  UPDATE erasures e SET finished_at = $3, charges = l.charges, amount_micros = l.amount_micros
  FROM (
    SELECT count(*) FILTER (WHERE NOT c.reversal) - count(*) FILTER (WHERE c.reversal) AS charges,
      coalesce(sum(c.amount_micros), 0)::bigint AS amount_micros
    FROM charges c WHERE c.workspace_id = $1 AND c.customer_id = ANY (
      SELECT unnest(o.customer_ids) FROM erasures o WHERE o.workspace_id = $1 AND o.id = $2)) l
  WHERE e.workspace_id = $1 AND e.id = $2`;

const FINISH_EMPTY = `
  UPDATE erasures SET finished_at = $3, contact_hmacs = '{}', reason = '' WHERE workspace_id = $1 AND id = $2`;
