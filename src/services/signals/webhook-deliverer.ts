// Tells webhooks what is due, and decides what follows from the answer.
import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import type { Database } from '../../database/database';
import { describeError } from '../../database/describe-error';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { within } from '../../database/within';
import { AppError } from '../../errors';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../values/duration';
import type { Clock } from '../../values/time';
import { CALL_TIMEOUT_MS, type Call, type CallResult, type WebhookCaller } from './webhook-call';
import type { SecretBox } from './webhook-secrets';
import { findWebhookStanding, WEBHOOK_COLUMNS, type WebhookRow } from './webhooks';

/**
 * The waits between tries that Standard Webhooks recommends: ten tries in about 75 hours. Each is varied by a tenth, so
 * that what failed together is not tried together.
 */
export const RETRY_AFTER_MS = [
  ...[5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 14 * HOUR_MS],
  ...[20 * HOUR_MS, DAY_MS],
];
const VARIED_BY = 0.1;

/** A webhook that nothing gets through to for so long is DISABLED. */
export const DISABLED_AFTER_MS = 5 * DAY_MS;

/** How long a try is left to the server that took it. After a crash another server tries again. */
export const TAKEN_FOR_MS = 4 * CALL_TIMEOUT_MS;

/**
 * Calls that one process makes at once: to all webhooks (half of them if they are failing), to one, and to one that is
 * failing.
 */
const CALLS_LIMIT = 200;
const CALLS_TO_ONE = 4;
const CALLS_TO_FAILING = 1;
const WEBHOOKS_A_LOOK = 1_000;
const CLOSED_WITHIN_MS = 1_000;

/** delivered; failed: tried again later, or no more; disabled: failed, and its webhook is off from now on. */
export type DeliveryResult = 'delivered' | 'retry' | 'failed' | 'disabled';
export const DELIVERY_RESULTS: readonly DeliveryResult[] = ['delivered', 'retry', 'failed', 'disabled'];

export interface DeliveryObserver {
  /** One call came to its end. */
  delivery(result: DeliveryResult): void;
}

interface Due {
  workspace_id: string;
  id: string;
  failing: boolean;
}

interface Taken extends WebhookRow {
  event_id: string;
  attempts: number;
  body: string;
}

/** Asks each ACTIVE webhook for what is due, by one look into the index. */
const DUE_WEBHOOKS = `
  SELECT w.workspace_id, w.id, w.failing_since IS NOT NULL AS failing FROM webhooks w
  CROSS JOIN LATERAL (
    SELECT d.due_at FROM webhook_deliveries d
    WHERE d.workspace_id = w.workspace_id AND d.webhook_id = w.id AND d.state = 'PENDING' AND d.due_at <= $1
    ORDER BY d.due_at LIMIT 1
  ) d
  WHERE w.state = 'ACTIVE' AND (w.not_before IS NULL OR w.not_before <= $1)
  ORDER BY d.due_at LIMIT ${WEBHOOKS_A_LOOK}`;

/** A try that began before the webhook became ACTIVE again does not count. */
const TAKE = `
  WITH due AS MATERIALIZED (
    SELECT d.event_id FROM webhook_deliveries d
    WHERE d.workspace_id = $1 AND d.webhook_id = $2 AND d.state = 'PENDING' AND d.due_at <= $3
    ORDER BY d.due_at LIMIT $4 FOR UPDATE SKIP LOCKED
  ), taken AS (
    UPDATE webhook_deliveries d SET due_at = $5, tried_at = $3,
      attempts = CASE WHEN d.tried_at < w.active_since THEN 1 ELSE d.attempts + 1 END
    FROM due, webhooks w
    WHERE d.workspace_id = $1 AND d.webhook_id = $2 AND d.event_id = due.event_id
      AND w.workspace_id = $1 AND w.id = $2 AND w.state = 'ACTIVE'
    RETURNING d.event_id, d.attempts
  )
  SELECT t.event_id, t.attempts, e.body, ${WEBHOOK_COLUMNS} FROM taken t
  JOIN events e ON e.workspace_id = $1 AND e.id = t.event_id
  JOIN webhooks w ON w.workspace_id = $1 AND w.id = $2`;

export class WebhookDeliverer {
  /** Calls that are being made, by webhook. */
  private readonly calls = new Map<string, number>();
  private readonly running = new Set<Promise<void>>();
  private readonly closing = new AbortController();
  private isClosing = false;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly box: SecretBox,
    private readonly caller: Pick<WebhookCaller, 'call'>,
    private readonly observer: DeliveryObserver | undefined,
    private readonly random: () => number = Math.random,
  ) {
    // Each call listens to it; Node warns of more than ten listeners.
    setMaxListeners(CALLS_LIMIT, this.closing.signal);
  }

  /**
   * Begins the calls that are due, as many as this process may make at once, and does not wait for them: a receiver that
   * hangs delays no other. Without SECRETS_KEY it does nothing.
   */
  async look(): Promise<void> {
    if (!this.box.isThere || this.isClosing) return;
    const now = this.clock();
    const due = await inTransaction(this.database, (sql) =>
      sql.query<Due>('webhooks_due', DUE_WEBHOOKS, [now]),
    );
    for (const webhook of due) await this.takeOf(webhook);
  }

  /** For the metrics: webhooks to which nothing gets through, and for how long the oldest delivery has been due. */
  async standing(): Promise<{ failing: number; overdueMs: number }> {
    const now = this.clock();
    const { failing, oldestDueAt } = await inTransaction(this.database, (sql) =>
      findWebhookStanding(sql, now),
    );
    return { failing, overdueMs: oldestDueAt ? now.getTime() - oldestDueAt.getTime() : 0 };
  }

  /** Resolves when no call is being made any more. */
  async settle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  /** Waits a moment for the calls that are being made; breaks the others off, and leaves them to other servers. */
  async close(): Promise<void> {
    this.isClosing = true;
    await within(CLOSED_WITHIN_MS, this.settle(), () => new Error('Calls are still being made.')).catch(() =>
      this.closing.abort(),
    );
    await this.settle();
  }

  private async takeOf({ workspace_id, id, failing }: Due): Promise<void> {
    const mayMake = Math.min(
      (failing ? CALLS_TO_FAILING : CALLS_TO_ONE) - (this.calls.get(id) ?? 0),
      (failing ? CALLS_LIMIT / 2 : CALLS_LIMIT) - this.running.size,
    );
    if (mayMake <= 0 || this.isClosing) return;
    const now = this.clock();
    const taken = await inTransaction(this.database, (sql) =>
      sql.query<Taken>('take_deliveries', TAKE, [
        ...[workspace_id, id, now, mayMake, new Date(now.getTime() + TAKEN_FOR_MS)],
      ]),
    );
    for (const one of taken) this.begin(one, now);
  }

  private begin(taken: Taken, now: Date): void {
    const { id } = taken;
    this.calls.set(id, (this.calls.get(id) ?? 0) + 1);
    const run = this.deliver(taken, now)
      .catch((error: unknown) => {
        // It stays due, and is tried again when its time with this server is over.
        this.logger.error(
          { webhook: id, event: taken.event_id, error: describeError(error) },
          'a delivery could not be noted',
        );
        return false;
      })
      .then(async (delivered) => {
        const left = (this.calls.get(id) ?? 1) - 1;
        if (left > 0) this.calls.set(id, left);
        else this.calls.delete(id);
        // Where one got through, the next one follows at once.
        if (delivered) await this.takeOf({ workspace_id: taken.workspace_id, id, failing: false });
      })
      .catch((error: unknown) => {
        this.logger.warn({ webhook: id, error: describeError(error) }, 'the next deliveries wait for a look');
      })
      .finally(() => this.running.delete(run));
    this.running.add(run);
  }

  /** Answers whether it was delivered. */
  private async deliver(taken: Taken, now: Date): Promise<boolean> {
    const result = await this.send(taken, now);
    const outcome = await inTransaction(this.database, async (sql) =>
      result === undefined ? void (await release(sql, taken, this.clock())) : this.note(sql, taken, result),
    );
    if (result === undefined || outcome === undefined) return false;
    this.observer?.delivery(outcome);
    const details = { workspaceId: taken.workspace_id, webhook: taken.id, event: taken.event_id };
    if (outcome === 'disabled')
      this.logger.warn({ ...details, error: result.error }, 'a webhook is off: its receiver takes nothing');
    else if (outcome === 'failed')
      this.logger.warn({ ...details, error: result.error }, 'an event was not delivered');
    return outcome === 'delivered';
  }

  /** Undefined: this server broke the call off. */
  private async send(taken: Taken, at: Date): Promise<CallResult | undefined> {
    let call: Call;
    try {
      call = { ...this.openedOf(taken, at), id: taken.event_id, body: taken.body, at };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return {
        ...{ delivered: false, status: null, answer: null, retryAfterSeconds: null },
        error: 'The webhook was sealed with another SECRETS_KEY.',
      };
    }
    return this.caller.call(call, this.closing.signal);
  }

  private openedOf(row: Taken, at: Date): Pick<Call, 'url' | 'secrets'> {
    const of = { workspaceId: row.workspace_id, id: row.id };
    const isOldInUse = row.old_secret_until !== null && row.old_secret_until > at;
    const sealed = [
      row.sealed_secret,
      ...(isOldInUse && row.sealed_old_secret ? [row.sealed_old_secret] : []),
    ];
    return {
      url: this.box.open(row.sealed_url, 'url', of),
      secrets: sealed.map((secret) => this.box.open(secret, 'secret', of)),
    };
  }

  /** Undefined: somebody else decided about the delivery meanwhile. */
  private async note(sql: Sql, taken: Taken, result: CallResult): Promise<DeliveryResult | undefined> {
    const now = this.clock();
    const { workspace_id, id, event_id, attempts } = taken;
    const [webhook] = await sql.query<{ failing_since: Date | null; state: string }>(
      'hold_webhook',
      'SELECT w.failing_since, w.state FROM webhooks w WHERE w.workspace_id = $1 AND w.id = $2 FOR NO KEY UPDATE',
      [workspace_id, id],
    );
    if (!webhook) return undefined;
    const wait = RETRY_AFTER_MS[attempts - 1];
    const retryAt =
      wait === undefined
        ? undefined
        : new Date(
            now.getTime() +
              Math.max(
                wait * (1 - VARIED_BY + 2 * VARIED_BY * this.random()),
                (result.retryAfterSeconds ?? 0) * SECOND_MS,
              ),
          );
    const isOff = !result.delivered && (result.status === GONE || isLongEnough(webhook.failing_since, now));
    const state = result.delivered ? 'DELIVERED' : retryAt === undefined && !isOff ? 'FAILED' : 'PENDING';
    const noted = await sql.query(
      'note_delivery',
      `UPDATE webhook_deliveries d SET state = $4, due_at = $5, last_status = $6, last_error = $7, last_answer = $8
       WHERE d.workspace_id = $1 AND d.webhook_id = $2 AND d.event_id = $3 AND d.state = 'PENDING' AND d.attempts = $9
       RETURNING d.event_id`,
      [
        ...[workspace_id, id, event_id, state, state === 'PENDING' ? (retryAt ?? now) : null],
        ...[result.status, result.error, result.answer, attempts],
      ],
    );
    if (noted.length === 0) return undefined;
    await sql.query(
      'note_webhook',
      `UPDATE webhooks SET failing_since = $3, state = CASE WHEN $4 AND state = 'ACTIVE' THEN 'DISABLED' ELSE state END,
         not_before = $5
       WHERE workspace_id = $1 AND id = $2 AND (failing_since IS DISTINCT FROM $3 OR $4 OR not_before IS DISTINCT FROM $5)`,
      [
        ...[workspace_id, id, result.delivered ? null : (webhook.failing_since ?? now), isOff],
        result.retryAfterSeconds === null
          ? null
          : new Date(now.getTime() + result.retryAfterSeconds * SECOND_MS),
      ],
    );
    if (result.delivered) return 'delivered';
    return isOff ? 'disabled' : state === 'FAILED' ? 'failed' : 'retry';
  }
}

/** As if it had not been taken. */
const release = (sql: Sql, { workspace_id, id, event_id, attempts }: Taken, now: Date): Promise<unknown> =>
  sql.query(
    'release_delivery',
    `UPDATE webhook_deliveries d SET due_at = $4, attempts = d.attempts - 1
     WHERE d.workspace_id = $1 AND d.webhook_id = $2 AND d.event_id = $3 AND d.state = 'PENDING' AND d.attempts = $5`,
    [workspace_id, id, event_id, now, attempts],
  );

const GONE = 410;

const isLongEnough = (failingSince: Date | null, now: Date): boolean =>
  failingSince !== null && now.getTime() - failingSince.getTime() >= DISABLED_AFTER_MS;
