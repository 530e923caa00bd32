// Webhooks as they are stored: addresses that are told of events.
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';
import { isUuid } from '../../values/ids';
import type { EventType } from './event-types';
import type { SecretBox } from './webhook-secrets';

export const WEBHOOK_STATES = ['ACTIVE', 'PAUSED', 'DISABLED'] as const;
export type WebhookState = (typeof WEBHOOK_STATES)[number];

export const WEBHOOKS_LIMIT = 20;

export interface Webhook {
  workspaceId: string;
  id: string;
  url: string;
  events: EventType[];
  state: WebhookState;
  /** When the first call failed since which none succeeded; null: the last one succeeded, or there was none. */
  failingSince: Date | null;
}

export const WEBHOOK_COLUMNS = `w.workspace_id, w.id, w.sealed_url, w.sealed_secret, w.sealed_old_secret,
  w.old_secret_until, w.events, w.state, w.failing_since`;

export interface WebhookRow {
  workspace_id: string;
  id: string;
  sealed_url: Buffer;
  sealed_secret: Buffer;
  sealed_old_secret: Buffer | null;
  old_secret_until: Date | null;
  events: EventType[];
  state: WebhookState;
  failing_since: Date | null;
}

/** Throws CONFLICT without the SECRETS_KEY that it was sealed with. */
export const toWebhook = (row: WebhookRow, box: SecretBox): Webhook => ({
  ...{ workspaceId: row.workspace_id, id: row.id, events: row.events, state: row.state },
  url: box.open(row.sealed_url, 'url', { workspaceId: row.workspace_id, id: row.id }),
  failingSince: row.failing_since,
});

/** A workspace's webhooks, oldest first. Throws CONFLICT without the SECRETS_KEY that they were sealed with. */
export async function listWebhooks(sql: Sql, box: SecretBox, workspaceId: string): Promise<Webhook[]> {
  const rows = await sql.query<WebhookRow>(
    'list_webhooks',
    `SELECT ${WEBHOOK_COLUMNS} FROM webhooks w WHERE w.workspace_id = $1 ORDER BY w.id`,
    [workspaceId],
  );
  return rows.map((row) => toWebhook(row, box));
}

/** Throws BAD_USER_INPUT. */
export function checkWebhookId(id: string): void {
  if (!isUuid(id)) throw badInput('id is not the id of a webhook: a UUID, as webhooks lists it.');
}

/** Throws BAD_USER_INPUT when there is none of this id. */
export async function getWebhook(sql: Sql, workspaceId: string, id: string): Promise<WebhookRow> {
  checkWebhookId(id);
  const [row] = await sql.query<WebhookRow>(
    'find_webhook',
    `SELECT ${WEBHOOK_COLUMNS} FROM webhooks w WHERE w.workspace_id = $1 AND w.id = $2`,
    [workspaceId, id],
  );
  if (row) return row;
  throw badInput(`There is no webhook ${id} in the workspace ${JSON.stringify(workspaceId)}.`);
}

/** How webhooks stand, over all workspaces: for the metrics. */
export interface WebhookStanding {
  /** Webhooks that nothing gets through to now, and those that were disabled for it. */
  failing: number;
  /** When the oldest delivery that nobody has tried yet fell due; null: nothing is overdue. */
  oldestDueAt: Date | null;
}

export async function findWebhookStanding(sql: Sql, now: Date): Promise<WebhookStanding> {
  const [row] = await sql.query<{ failing: bigint; oldest_due_at: Date | null }>(
    'webhook_standing',
    `SELECT count(*) FILTER (WHERE w.failing_since IS NOT NULL) AS failing, min(d.due_at) AS oldest_due_at
     FROM webhooks w LEFT JOIN LATERAL (
       SELECT d.due_at FROM webhook_deliveries d
       WHERE d.workspace_id = w.workspace_id AND d.webhook_id = w.id AND d.state = 'PENDING' AND d.due_at <= $1
         AND w.state = 'ACTIVE'
       ORDER BY d.due_at LIMIT 1
     ) d ON true`,
    [now],
  );
  return { failing: Number(row?.failing ?? 0n), oldestDueAt: row?.oldest_due_at ?? null };
}
