import { MigrationInterface, QueryRunner } from 'typeorm';
import { buildIndexes } from './beside-saves';

/**
 * Erasures and their receipts. It only expands: an older server neither reads nor writes this table, and
 * People1700000000006 prepared the tables that it does use.
 *
 * On Citus it is distributed by workspace_id. Only two statements read across workspaces: which erasures are due, and
 * how many one token asked for in a day.
 *
 * It locks one table at a time, so it has no transaction, as Ledger1700000000004: each statement can be run again.
 */
export class Forgetting1700000000008 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await this.erasures(runner);
    // A reason may name a person, so it is removed with that person. Nothing else of a void ever changes.
    await runner.query(`CREATE OR REPLACE TRIGGER voids_only_emptied BEFORE UPDATE ON voids
      FOR EACH ROW WHEN (NEW.reason <> 'erased'
        OR ROW(NEW.workspace_id, NEW.charge_id, NEW.reversal_id, NEW.actor, NEW.actor_name, NEW.voided_at)
          IS DISTINCT FROM ROW(OLD.workspace_id, OLD.charge_id, OLD.reversal_id, OLD.actor, OLD.actor_name, OLD.voided_at))
      EXECUTE FUNCTION refuse_change()`);
    await buildIndexes(runner, [
      // Counts the erased customers, to number the next one. They are few.
      { name: 'customers_erased', on: 'customers (workspace_id, erased_at) WHERE erased_at IS NOT NULL' },
    ]);
  }

  /**
   * One row per erasure, written when it begins, so that another server can finish it. It never holds a contact, only
   * HMACs of contacts, computed with the workspace's key_pads. A row without customers and contacts is a request about
   * a person of whom nothing was stored: it counts for the caller's limit.
   */
  private async erasures(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS erasures (
        workspace_id text NOT NULL,
        id uuid NOT NULL,
        customer_ids uuid[] NOT NULL,
        contact_hmacs bytea[] NOT NULL,
        actor text NOT NULL,
        reason text NOT NULL,
        requested_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        walked_at timestamptz,
        walked_id uuid,
        messages bigint NOT NULL,
        charges bigint NOT NULL,
        amount_micros bigint NOT NULL,
        finished_at timestamptz,
        CONSTRAINT erasures_pkey PRIMARY KEY (workspace_id, id),
        CONSTRAINT erasures_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
      )`);
    await runner.query(
      'CREATE INDEX IF NOT EXISTS erasures_due ON erasures (due_at) WHERE finished_at IS NULL',
    );
    // Counts how many erasures a token asked for in a day.
    await runner.query('CREATE INDEX IF NOT EXISTS erasures_by_actor ON erasures (actor, requested_at)');
    await runner.query(`CREATE OR REPLACE TRIGGER erasures_frozen BEFORE UPDATE ON erasures
      FOR EACH ROW WHEN (OLD.finished_at IS NOT NULL) EXECUTE FUNCTION refuse_change()`);
    // Deleted only with a workspace that never had a turn (services/workspaces/workspace-service.ts).
    await runner.query(`CREATE OR REPLACE TRIGGER erasures_append_only BEFORE DELETE ON erasures
      FOR EACH ROW WHEN (OLD.workspace_id IS DISTINCT FROM current_setting('centesimo.deleting_workspace', true))
      EXECUTE FUNCTION refuse_change()`);
  }

  /** Why the migration can't be reverted; undefined: it can. */
  async obstacleToDown(runner: QueryRunner): Promise<string | undefined> {
    const [used]: { erased: boolean }[] = await runner.query(
      'SELECT EXISTS (SELECT FROM erasures) AS erased',
    );
    return used?.erased
      ? 'People were erased, and the receipts would be lost: this step is not undone.'
      : undefined;
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS erasures');
    await runner.query('DROP TRIGGER IF EXISTS voids_only_emptied ON voids');
    await runner.query('DROP INDEX IF EXISTS customers_erased');
  }
}
