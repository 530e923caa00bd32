// How a webhook is made, changed and removed, and how an event is sent again.
import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { badInput, conflict } from '../../errors';
import { DAY_MS } from '../../values/duration';
import { isUuid, newId } from '../../values/ids';
import type { Clock } from '../../values/time';
import { type Actor, recordAudit } from '../audit';
import { getCallersWorkspace } from '../workspaces/workspaces';
import { EVENT_TYPES, type EventType } from './event-types';
import { holdEvents } from './events';
import { type Delivery, offerAgain } from './webhook-deliveries';
import { newSecret, type SecretBox } from './webhook-secrets';
import type { WebhookAddresses } from './webhook-url';
import {
  checkWebhookId,
  getWebhook,
  toWebhook,
  WEBHOOKS_LIMIT,
  type Webhook,
  type WebhookState,
} from './webhooks';

export interface NewWebhook {
  url: string;
  events: readonly EventType[];
}

export interface WebhookChange {
  url?: string | null | undefined;
  events?: readonly EventType[] | null | undefined;
  /** ACTIVE or PAUSED; DISABLED is the server's own. */
  state?: WebhookState | null | undefined;
}

export interface WithSecret {
  webhook: Webhook;
  /** whsec_…: it is shown this once. */
  secret: string;
}

/** How long the old secret signs beside the new one. */
const OLD_SECRET_MS = DAY_MS;
/** Deliveries that one transaction deletes. */
const BATCH = 5_000;

export class WebhookService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    readonly box: SecretBox,
    private readonly addresses: WebhookAddresses,
  ) {}

  /** Throws BAD_USER_INPUT; CONFLICT without SECRETS_KEY and for an archived workspace. */
  create(workspaceId: string, input: NewWebhook, actor: Actor): Promise<WithSecret> {
    const url = this.addresses.check(input.url);
    const events = checkEvents(input.events);
    return inTransaction(this.database, async (sql) => {
      const now = this.clock();
      const { archivedAt } = await getCallersWorkspace(sql, workspaceId, now);
      if (archivedAt)
        throw conflict(
          `The workspace ${JSON.stringify(workspaceId)} is archived: nothing happens in it any more.`,
        );
      await holdEvents(sql, workspaceId);
      await checkRoom(sql, workspaceId);
      const of = { workspaceId, id: newId(now.getTime()) };
      const secret = newSecret();
      const webhook: Webhook = { ...of, url, events, state: 'ACTIVE', failingSince: null };
      await sql.query(
        'insert_webhook',
        `INSERT INTO webhooks (workspace_id, id, sealed_url, sealed_secret, events, state, active_since)
         VALUES ($1, $2, $3, $4, $5, 'ACTIVE', $6)`,
        [
          ...[of.workspaceId, of.id, this.box.seal(url, 'url', of), this.box.seal(secret, 'secret', of)],
          ...[JSON.stringify(events), now],
        ],
      );
      await recordAudit(sql, {
        ...{ at: now, actor, action: 'webhook.created', workspaceId, subject: of.id, before: null },
        after: describe(webhook),
      });
      return { webhook, secret };
    });
  }

  /**
   * Changes what is given. What becomes ACTIVE is offered all that was held. Throws BAD_USER_INPUT; CONFLICT without
   * SECRETS_KEY.
   */
  update(workspaceId: string, id: string, change: WebhookChange, actor: Actor): Promise<Webhook> {
    const url = given(change.url, (text) => this.addresses.check(text));
    const events = given(change.events, checkEvents);
    const state = given(change.state, checkState);
    return this.change(workspaceId, id, async (sql, now) => {
      const before = toWebhook(await getWebhook(sql, workspaceId, id), this.box);
      const after: Webhook = {
        ...before,
        ...(url === undefined ? {} : { url }),
        ...(events === undefined ? {} : { events }),
        ...(state === undefined ? {} : { state }),
      };
      const isBack = after.state === 'ACTIVE' && before.state !== 'ACTIVE';
      if (isBack) after.failingSince = null;
      await sql.query(
        'update_webhook',
        `UPDATE webhooks SET sealed_url = $3, events = $4, state = $5, failing_since = $6,
           active_since = CASE WHEN $7 THEN $8 ELSE active_since END,
           not_before = CASE WHEN $7 THEN NULL ELSE not_before END
         WHERE workspace_id = $1 AND id = $2`,
        [
          ...[workspaceId, before.id, this.box.seal(after.url, 'url', before), JSON.stringify(after.events)],
          ...[after.state, after.failingSince, isBack, now],
        ],
      );
      await recordAudit(sql, {
        ...{ at: now, actor, action: 'webhook.updated', workspaceId, subject: before.id },
        ...{ before: describe(before), after: describe(after) },
      });
      return after;
    });
  }

  /** A new secret; the old one signs beside it for a day. Throws BAD_USER_INPUT; CONFLICT without SECRETS_KEY. */
  rotate(workspaceId: string, id: string, actor: Actor): Promise<WithSecret> {
    return this.change(workspaceId, id, async (sql, now) => {
      const webhook = toWebhook(await getWebhook(sql, workspaceId, id), this.box);
      const secret = newSecret();
      await sql.query(
        'rotate_webhook_secret',
        `UPDATE webhooks SET sealed_old_secret = sealed_secret, sealed_secret = $3, old_secret_until = $4
         WHERE workspace_id = $1 AND id = $2`,
        [
          ...[workspaceId, webhook.id, this.box.seal(secret, 'secret', webhook)],
          new Date(now.getTime() + OLD_SECRET_MS),
        ],
      );
      await recordAudit(sql, {
        ...{ at: now, actor, action: 'webhook.secret-rotated', workspaceId, subject: webhook.id },
        ...{ before: null, after: null },
      });
      return { webhook, secret };
    });
  }

  /** Removes a webhook with its deliveries; events stay. Returns false when the webhook does not exist. */
  async remove(workspaceId: string, id: string, actor: Actor): Promise<boolean> {
    const found = await this.change(workspaceId, id, (sql) =>
      // From now on it is told nothing: then its deliveries go, a few at a time.
      sql.query(
        'end_webhook',
        `UPDATE webhooks SET state = 'DISABLED', events = '[]' WHERE workspace_id = $1 AND id = $2 RETURNING id`,
        [workspaceId, id],
      ),
    );
    if (found.length === 0) return false;
    for (;;) {
      const deleted = await inTransaction(this.database, (sql) =>
        sql.query('delete_deliveries', DELETE_DELIVERIES, [workspaceId, id]),
      );
      if (deleted.length < BATCH) break;
    }
    return this.change(workspaceId, id, async (sql, now) => {
      await sql.query('delete_deliveries', DELETE_DELIVERIES, [workspaceId, id]);
      const gone = await sql.query(
        'delete_webhook',
        'DELETE FROM webhooks WHERE workspace_id = $1 AND id = $2 RETURNING id',
        [workspaceId, id],
      );
      if (gone.length === 0) return false;
      await recordAudit(sql, {
        ...{ at: now, actor, action: 'webhook.removed', workspaceId, subject: id },
        ...{ before: null, after: null },
      });
      return true;
    });
  }

  /** Sends one event again to one webhook: same id, same body. Throws BAD_USER_INPUT. */
  redeliver(workspaceId: string, webhookId: string, eventId: string, actor: Actor): Promise<Delivery> {
    if (!isUuid(eventId)) throw badInput('eventId is not the id of an event: a UUID, as events lists it.');
    return this.change(workspaceId, webhookId, async (sql, now) => {
      const { id, state } = await getWebhook(sql, workspaceId, webhookId);
      const delivery = await offerAgain(sql, { workspaceId, id, state }, eventId, now);
      if (!delivery)
        throw badInput(
          `There is no event ${eventId} in the workspace ${JSON.stringify(workspaceId)}. Its id is that of events.`,
        );
      await recordAudit(sql, {
        ...{ at: now, actor, action: 'webhook.redelivered', workspaceId, subject: id },
        ...{ before: null, after: { eventId } },
      });
      return delivery;
    });
  }

  private change<T>(workspaceId: string, id: string, work: (sql: Sql, now: Date) => Promise<T>): Promise<T> {
    return inTransaction(this.database, async (sql) => {
      const now = this.clock();
      await getCallersWorkspace(sql, workspaceId, now);
      checkWebhookId(id);
      await holdEvents(sql, workspaceId);
      return work(sql, now);
    });
  }
}

/**
 * The rows are found again by their whole key. By the webhook alone PostgreSQL compared each of its deliveries with each
 * of the batch (500 000 deliveries: longer than a statement may take).
 */
const DELETE_DELIVERIES = `
  WITH old AS MATERIALIZED (
    SELECT o.event_id, o.webhook_id FROM webhook_deliveries o WHERE o.workspace_id = $1 AND o.webhook_id = $2
    ORDER BY o.state, o.sequence LIMIT ${BATCH}
  )
  DELETE FROM webhook_deliveries d USING old
  WHERE d.workspace_id = $1 AND d.event_id = old.event_id AND d.webhook_id = old.webhook_id RETURNING d.event_id`;

const given = <From, To>(value: From | null | undefined, check: (value: From) => To): To | undefined =>
  value === null || value === undefined ? undefined : check(value);

function checkEvents(types: readonly EventType[]): EventType[] {
  if (types.length === 0)
    throw badInput(`events is empty: name at least one type: ${EVENT_TYPES.join(', ')}.`);
  return EVENT_TYPES.filter((type) => types.includes(type));
}

function checkState(state: WebhookState): WebhookState {
  if (state === 'DISABLED')
    throw badInput('The server itself makes a webhook DISABLED. Give PAUSED to stop it for now.');
  return state;
}

async function checkRoom(sql: Sql, workspaceId: string): Promise<void> {
  const [row] = await sql.query<{ webhooks: bigint }>(
    'count_webhooks',
    'SELECT count(*) AS webhooks FROM webhooks w WHERE w.workspace_id = $1',
    [workspaceId],
  );
  if ((row?.webhooks ?? 0n) >= BigInt(WEBHOOKS_LIMIT))
    throw badInput(`A workspace has at most ${WEBHOOKS_LIMIT} webhooks. Remove one first.`);
}

/** For the audit trail, which never holds a secret: of the URL the host alone. */
const describe = ({ url, events, state }: Webhook): Record<string, unknown> => ({
  ...{ host: new URL(url).host, events, state },
});
