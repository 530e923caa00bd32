import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Webhooks, and one row for each event that one of them is to be told. It expands only: an older server neither reads
 * nor writes these tables. Events that an older server writes have no deliveries; redeliverEvent makes one.
 *
 * On Citus both are distributed by workspace_id, beside the events. Three statements read across workspaces: which
 * webhooks have something due, which deliveries have waited for too long, and how webhooks stand for the metrics.
 *
 * It locks one table at a time, so it has no transaction, as Ledger1700000000004: each statement can be run again.
 */
export class Webhooks1700000000010 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    // A URL is a secret too: many receivers know their callers by it. The key is SECRETS_KEY.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS webhooks (
        workspace_id text NOT NULL,
        id uuid NOT NULL,
        sealed_url bytea NOT NULL,
        sealed_secret bytea NOT NULL,
        sealed_old_secret bytea,
        old_secret_until timestamptz,
        events jsonb NOT NULL,
        state text NOT NULL,
        failing_since timestamptz,
        active_since timestamptz NOT NULL,
        not_before timestamptz,
        CONSTRAINT webhooks_pkey PRIMARY KEY (workspace_id, id),
        CONSTRAINT webhooks_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT webhooks_state_known CHECK (state IN ('ACTIVE', 'PAUSED', 'DISABLED')),
        CONSTRAINT webhooks_old_secret_ends CHECK ((sealed_old_secret IS NULL) = (old_secret_until IS NULL))
      )`);
    // The primary key makes each event one delivery for each webhook; the foreign key of events is checked by it.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS webhook_deliveries (
        workspace_id text NOT NULL,
        event_id uuid NOT NULL,
        webhook_id uuid NOT NULL,
        sequence bigint NOT NULL,
        made_at timestamptz NOT NULL,
        state text NOT NULL,
        attempts integer NOT NULL,
        due_at timestamptz,
        tried_at timestamptz,
        last_status integer,
        last_error text,
        last_answer text,
        CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (workspace_id, event_id, webhook_id),
        CONSTRAINT webhook_deliveries_webhook_fkey FOREIGN KEY (workspace_id, webhook_id)
          REFERENCES webhooks (workspace_id, id),
        CONSTRAINT webhook_deliveries_event_fkey FOREIGN KEY (workspace_id, event_id)
          REFERENCES events (workspace_id, id),
        CONSTRAINT webhook_deliveries_state_known CHECK (state IN ('PENDING', 'DELIVERED', 'FAILED')),
        CONSTRAINT webhook_deliveries_due_while_pending CHECK ((state = 'PENDING') = (due_at IS NOT NULL))
      )`);
    // Lists those of a webhook, newest first, by state; also for the foreign key of webhooks.
    await runner.query(`CREATE INDEX IF NOT EXISTS webhook_deliveries_by_state
      ON webhook_deliveries (workspace_id, webhook_id, state, sequence)`);
    // Takes what is due of one webhook.
    await runner.query(`CREATE INDEX IF NOT EXISTS webhook_deliveries_due
      ON webhook_deliveries (workspace_id, webhook_id, due_at) WHERE state = 'PENDING'`);
    // Finds what has waited for too long.
    await runner.query(`CREATE INDEX IF NOT EXISTS webhook_deliveries_pending_by_age
      ON webhook_deliveries (made_at) WHERE state = 'PENDING'`);
  }

  /** Why it can't be taken back; undefined: it can. */
  async obstacleToDown(runner: QueryRunner): Promise<string | undefined> {
    const [used]: { used: boolean }[] = await runner.query('SELECT EXISTS (SELECT FROM webhooks) AS used');
    return used?.used
      ? 'There are webhooks, and they would be lost. Remove them first: centesimo webhook remove.'
      : undefined;
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS webhook_deliveries, webhooks');
  }
}
