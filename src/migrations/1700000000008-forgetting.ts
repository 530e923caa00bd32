import { MigrationInterface, QueryRunner } from 'typeorm';
import { buildIndexes } from './beside-saves';

/**
 * Who was forgotten. It expands only: an older server neither reads nor writes this table, and People1700000000006 made
 * room in those that it does.
 *
 * On Citus it is distributed by workspace_id. Only two statements look across workspaces: what is due, and what one token
 * asked for in a day.
 *
 * One table's lock at a time, so without a transaction, as Ledger1700000000004: each statement may be run again.
 */
export class Forgetting1700000000008 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await this.erasures(runner);
    // A reason may name a person, and goes with them; nothing else of it ever changes.
    await runner.query(`CREATE OR REPLACE TRIGGER voids_only_emptied BEFORE UPDATE ON voids
      FOR EACH ROW WHEN (NEW.reason <> 'erased'
        OR ROW(NEW.workspace_id, NEW.charge_id, NEW.reversal_id, NEW.actor, NEW.actor_name, NEW.voided_at)
          IS DISTINCT FROM ROW(OLD.workspace_id, OLD.charge_id, OLD.reversal_id, OLD.actor, OLD.actor_name, OLD.voided_at))
      EXECUTE FUNCTION refuse_change()`);
    await buildIndexes(runner, [
      // How many there are, for the next one's number: few.
      { name: 'customers_erased', on: 'customers (workspace_id, erased_at) WHERE erased_at IS NOT NULL' },
    ]);
  }

  /**
   * One row an erasure, from its beginning on: what a killed server left is found here. It never holds a contact, only
   * HMACs of contacts by the workspace's key_pads. Without customers and contacts, it asked for somebody of whom
   * nothing is kept; that counts for the caller's limit.
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
    // How many a token asked for in a day.
    await runner.query('CREATE INDEX IF NOT EXISTS erasures_by_actor ON erasures (actor, requested_at)');
    await runner.query(`CREATE OR REPLACE TRIGGER erasures_frozen BEFORE UPDATE ON erasures
      FOR EACH ROW WHEN (OLD.finished_at IS NOT NULL) EXECUTE FUNCTION refuse_change()`);
    // They go with a workspace that never had a turn (services/workspaces/workspace-service.ts).
    await runner.query(`CREATE OR REPLACE TRIGGER erasures_append_only BEFORE DELETE ON erasures
      FOR EACH ROW WHEN (OLD.workspace_id IS DISTINCT FROM current_setting('centesimo.deleting_workspace', true))
      EXECUTE FUNCTION refuse_change()`);
  }

  /** Why it can't be taken back; undefined: it can. */
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
