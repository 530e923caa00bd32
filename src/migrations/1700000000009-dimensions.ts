import { MigrationInterface, QueryRunner } from 'typeorm';
import {
  DIGEST_NEVER_CHANGED,
  keepsRawKeys,
  messagesOnlyRemoved,
  RAW_KEY_ONLY_REMOVED,
} from './1700000000006-people';

/** What goes together with the words of a turn, beside the columns of People1700000000006. */
export const REMOVED_WITH_TEXTS = ['failure'];

/**
 * By what a turn is broken down (workflow, channel), and why it has no response (failure).
 *
 * It expands only: an older server saves turns without them, which is their meaning. What an older server takes back or
 * charges late is missing in dimension_days until the roll-ups are rebuilt (docs/operations.md). A trigger empties
 * `failure` where an older server removes the words of a turn.
 *
 * Both tables are small and found by their primary keys: a workspace has at most 200 values a dimension. On Citus they
 * are distributed by workspace_id, beside their messages.
 *
 * One table's lock at a time, so without a transaction, as Ledger1700000000004: each statement may be run again.
 */
export class Dimensions1700000000009 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE messages
      ADD COLUMN IF NOT EXISTS failure text,
      ADD COLUMN IF NOT EXISTS workflow_number smallint,
      ADD COLUMN IF NOT EXISTS channel_number smallint`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS dimension_values (
        workspace_id text NOT NULL,
        dimension text NOT NULL,
        number smallint NOT NULL,
        value text NOT NULL,
        CONSTRAINT dimension_values_pkey PRIMARY KEY (workspace_id, dimension, number),
        CONSTRAINT dimension_values_unique UNIQUE (workspace_id, dimension, value),
        CONSTRAINT dimension_values_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT dimension_values_number_range CHECK (number BETWEEN 1 AND 200)
      )`);
    // A number never changes its meaning. They go with a workspace that never had a turn.
    await runner.query(`CREATE OR REPLACE TRIGGER dimension_values_append_only BEFORE UPDATE OR DELETE ON dimension_values
      FOR EACH ROW WHEN (OLD.workspace_id IS DISTINCT FROM current_setting('centesimo.deleting_workspace', true))
      EXECUTE FUNCTION refuse_change()`);
    // Number 0: a value beyond the 200. Split over shards like usage_slots, since most turns have the same value.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS dimension_days (
        workspace_id text NOT NULL,
        dimension text NOT NULL,
        day date NOT NULL,
        number smallint NOT NULL,
        shard smallint NOT NULL,
        messages bigint NOT NULL,
        cost_micros bigint NOT NULL,
        CONSTRAINT dimension_days_pkey PRIMARY KEY (workspace_id, dimension, day, number, shard),
        CONSTRAINT dimension_days_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT dimension_days_shard_range CHECK (shard BETWEEN 0 AND 7)
      ) WITH (fillfactor = 80)`);
    await runner.query(`
      CREATE OR REPLACE FUNCTION empty_failure() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.failure = NULL;
        RETURN NEW;
      END $$`);
    // By its name it comes before messages_only_removed.
    await runner.query(`CREATE OR REPLACE TRIGGER messages_empty_failure BEFORE UPDATE ON messages
      FOR EACH ROW WHEN (NEW.text_removed_at IS NOT NULL AND NEW.failure IS NOT NULL) EXECUTE FUNCTION empty_failure()`);
    await runner.query(messagesOnlyRemoved(await keysRule(runner), REMOVED_WITH_TEXTS));
  }

  /** Why it can't be taken back; undefined: it can. */
  async obstacleToDown(runner: QueryRunner): Promise<string | undefined> {
    const [used]: { used: boolean }[] = await runner.query(
      `SELECT EXISTS (SELECT FROM dimension_values)
         OR EXISTS (SELECT FROM messages m WHERE m.outcome <> 'TRACKED' AND m.failure IS NOT NULL) AS used`,
    );
    return used?.used
      ? 'Turns have a workflow, a channel or a failure, which would be lost: this step is not undone.'
      : undefined;
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER IF EXISTS messages_empty_failure ON messages');
    await runner.query('DROP FUNCTION IF EXISTS empty_failure()');
    await runner.query(messagesOnlyRemoved(await keysRule(runner)));
    await runner.query(`ALTER TABLE messages
      DROP COLUMN IF EXISTS failure,
      DROP COLUMN IF EXISTS workflow_number,
      DROP COLUMN IF EXISTS channel_number`);
    await runner.query('DROP TABLE IF EXISTS dimension_days, dimension_values');
  }
}

const keysRule = async (runner: QueryRunner): Promise<string> =>
  (await keepsRawKeys(runner)) ? RAW_KEY_ONLY_REMOVED : DIGEST_NEVER_CHANGED;
