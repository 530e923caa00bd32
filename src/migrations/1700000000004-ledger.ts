import { MigrationInterface, QueryRunner } from 'typeorm';
import { buildIndexes } from './beside-saves';

/**
 * Charges that are taken back (voids), and months that are closed (usage statements).
 *
 * It only expands, so a server of the version before can still run. That server writes charges without epoch and month:
 * a trigger sets the epoch, and servers of this version fill in the month, also in older rows. `centesimo migrate
 * --contract` ends this (ledger-contraction.ts).
 *
 * It locks one table at a time, so it has no transaction: a reader holds several tables in any order, and a transaction
 * with several locks could cause a deadlock. Therefore each statement can be run again.
 */
export class Ledger1700000000004 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE workspaces ADD COLUMN IF NOT EXISTS epoch integer NOT NULL DEFAULT 1');
    await runner.query(`ALTER TABLE charges
      ADD COLUMN IF NOT EXISTS epoch integer,
      ADD COLUMN IF NOT EXISTS month date,
      DROP CONSTRAINT IF EXISTS charges_reversals_not_positive,
      ADD CONSTRAINT charges_reversals_not_positive CHECK (NOT reversal OR amount_micros <= 0) NOT VALID`);
    await runner.query(`ALTER TABLE messages
      DROP CONSTRAINT IF EXISTS messages_outcome_known,
      ADD CONSTRAINT messages_outcome_known CHECK (outcome IN
        ('TRACKED', 'NO_RESPONSE', 'UNKNOWN_CUSTOMER', 'INACTIVE_CUSTOMER', 'DEFERRED', 'VOIDED')) NOT VALID`);
    await this.chargeTriggers(runner);
    await this.indexes(runner);
    await this.voids(runner);
    await this.statements(runner);
  }

  private async chargeTriggers(runner: QueryRunner): Promise<void> {
    // The workspace's row is held until the charge is committed, so no closing can come between.
    await runner.query(`
      CREATE OR REPLACE FUNCTION stamp_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        SELECT w.epoch INTO NEW.epoch FROM workspaces w WHERE w.id = NEW.workspace_id FOR SHARE;
        RETURN NEW;
      END $$`);
    await runner.query(`CREATE OR REPLACE TRIGGER charges_stamp_epoch BEFORE INSERT ON charges
      FOR EACH ROW WHEN (NEW.epoch IS NULL) EXECUTE FUNCTION stamp_epoch()`);
    // A missing value may be filled in once. Nothing else of a charge changes.
    await runner.query(`CREATE OR REPLACE TRIGGER charges_only_filled BEFORE UPDATE ON charges
      FOR EACH ROW WHEN (OLD.month IS NOT NULL OR NEW.month IS NULL OR NEW.epoch IS NULL
        OR NEW.epoch <> coalesce(OLD.epoch, NEW.epoch)
        OR ROW(NEW.workspace_id, NEW.id, NEW.message_id, NEW.customer_id, NEW.amount_micros, NEW.reversal,
          NEW.occurred_at, NEW.saved_at)
        IS DISTINCT FROM ROW(OLD.workspace_id, OLD.id, OLD.message_id, OLD.customer_id, OLD.amount_micros,
          OLD.reversal, OLD.occurred_at, OLD.saved_at))
      EXECUTE FUNCTION refuse_change()`);
    await runner.query(`CREATE OR REPLACE TRIGGER charges_append_only BEFORE DELETE ON charges
      FOR EACH ROW EXECUTE FUNCTION refuse_change()`);
  }

  private indexes(runner: QueryRunner): Promise<void> {
    return buildIndexes(runner, [
      // One reversal per charge. It also finds the turns that were taken back, which are few.
      { name: 'charges_one_reversal', unique: true, on: 'charges (workspace_id, message_id) WHERE reversal' },
      // Finds a statement's own lines by month, and lines carried from earlier months by epoch.
      { name: 'charges_by_epoch', on: 'charges (workspace_id, epoch, month)' },
      // Rows that are still to be filled. It is empty when all are filled; the contraction drops it.
      { name: 'charges_unfilled', on: 'charges (workspace_id, id) WHERE month IS NULL' },
    ]);
  }

  private async voids(runner: QueryRunner): Promise<void> {
    // It is a separate table, since a reason may name a person: the ledger's lines hold no personal data.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS voids (
        workspace_id text NOT NULL,
        charge_id uuid NOT NULL,
        reversal_id uuid NOT NULL,
        reason text NOT NULL,
        actor text NOT NULL,
        actor_name text NOT NULL,
        voided_at timestamptz NOT NULL,
        CONSTRAINT voids_pkey PRIMARY KEY (workspace_id, charge_id),
        CONSTRAINT voids_reversal_unique UNIQUE (workspace_id, reversal_id),
        CONSTRAINT voids_charge_fkey FOREIGN KEY (workspace_id, charge_id) REFERENCES charges (workspace_id, id),
        CONSTRAINT voids_reversal_fkey FOREIGN KEY (workspace_id, reversal_id) REFERENCES charges (workspace_id, id)
      )`);
  }

  private async statements(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS statements (
        workspace_id text NOT NULL,
        number integer NOT NULL,
        month date NOT NULL,
        epoch integer NOT NULL,
        time_zone text NOT NULL,
        from_at timestamptz NOT NULL,
        to_at timestamptz NOT NULL,
        closed_at timestamptz NOT NULL,
        closed_by text NOT NULL,
        messages bigint,
        total_micros bigint,
        carried_micros bigint,
        ledger_lines bigint,
        prices jsonb,
        sha256 text,
        sealed_at timestamptz,
        CONSTRAINT statements_pkey PRIMARY KEY (workspace_id, number),
        CONSTRAINT statements_one_per_month UNIQUE (workspace_id, month),
        CONSTRAINT statements_one_per_epoch UNIQUE (workspace_id, epoch),
        CONSTRAINT statements_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT statements_sealed_whole CHECK (num_nulls(messages, total_micros, carried_micros, ledger_lines,
          prices, sha256, sealed_at) IN (0, 7))
      )`);
    // Closed months whose lines are still to be written, after a server was killed.
    await runner.query(
      'CREATE INDEX IF NOT EXISTS statements_unsealed ON statements (closed_at) WHERE sealed_at IS NULL',
    );
    await runner.query(`
      CREATE TABLE IF NOT EXISTS statement_lines (
        workspace_id text NOT NULL,
        number integer NOT NULL,
        month date NOT NULL,
        customer_id uuid NOT NULL,
        messages bigint NOT NULL,
        amount_micros bigint NOT NULL,
        CONSTRAINT statement_lines_pkey PRIMARY KEY (workspace_id, number, month, customer_id),
        CONSTRAINT statement_lines_statement_fkey FOREIGN KEY (workspace_id, number)
          REFERENCES statements (workspace_id, number),
        CONSTRAINT statement_lines_customer_fkey FOREIGN KEY (workspace_id, customer_id)
          REFERENCES customers (workspace_id, id)
      )`);
    // The order in which a statement is read: its own month first, then the largest amounts.
    await runner.query(`CREATE INDEX IF NOT EXISTS statement_lines_by_amount ON statement_lines
      (workspace_id, number, month, amount_micros, customer_id)`);
    await runner.query(
      'CREATE INDEX IF NOT EXISTS statement_lines_by_customer ON statement_lines (workspace_id, customer_id)',
    );
    await runner.query(`
      CREATE TABLE IF NOT EXISTS closing_schedules (
        workspace_id text NOT NULL,
        close_day smallint NOT NULL,
        due_at timestamptz NOT NULL,
        CONSTRAINT closing_schedules_pkey PRIMARY KEY (workspace_id),
        CONSTRAINT closing_schedules_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT closing_schedules_day_range CHECK (close_day BETWEEN 1 AND 28)
      )`);
    await runner.query('CREATE INDEX IF NOT EXISTS closing_schedules_due ON closing_schedules (due_at)');
    // A sealed statement never changes. Before that, only sealing may change it.
    await runner.query(`CREATE OR REPLACE TRIGGER statements_frozen BEFORE UPDATE ON statements
      FOR EACH ROW WHEN (OLD.sealed_at IS NOT NULL
        OR ROW(NEW.workspace_id, NEW.number, NEW.month, NEW.epoch, NEW.time_zone, NEW.from_at, NEW.to_at,
          NEW.closed_at, NEW.closed_by)
        IS DISTINCT FROM ROW(OLD.workspace_id, OLD.number, OLD.month, OLD.epoch, OLD.time_zone, OLD.from_at,
          OLD.to_at, OLD.closed_at, OLD.closed_by))
      EXECUTE FUNCTION refuse_change()`);
    // Empty statements are deleted with a workspace that was never charged (services/workspaces/workspace-service.ts).
    await runner.query(`CREATE OR REPLACE TRIGGER statements_append_only BEFORE DELETE ON statements
      FOR EACH ROW WHEN (OLD.workspace_id IS DISTINCT FROM current_setting('centesimo.deleting_workspace', true))
      EXECUTE FUNCTION refuse_change()`);
    await runner.query(`CREATE OR REPLACE TRIGGER statement_lines_append_only BEFORE UPDATE OR DELETE ON statement_lines
      FOR EACH ROW EXECUTE FUNCTION refuse_change()`);
    for (const table of ['statements', 'statement_lines']) {
      await runner.query(`CREATE OR REPLACE TRIGGER ${table}_never_truncated BEFORE TRUNCATE ON ${table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`);
    }
  }

  /** Why the migration can't be reverted; undefined: it can. */
  async obstacleToDown(runner: QueryRunner): Promise<string | undefined> {
    const [used]: { voids: boolean; statements: boolean }[] = await runner.query(
      'SELECT EXISTS (SELECT FROM voids) AS voids, EXISTS (SELECT FROM statements) AS statements',
    );
    if (used?.voids)
      return 'Charges were taken back, which the version before cannot read: this step is not undone.';
    if (used?.statements)
      return 'Months were closed, and their statements would be lost: this step is not undone.';
    return undefined;
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS closing_schedules, statement_lines, statements, voids');
    await runner.query('DROP TRIGGER IF EXISTS charges_stamp_epoch ON charges');
    await runner.query('DROP TRIGGER IF EXISTS charges_only_filled ON charges');
    await runner.query('DROP FUNCTION IF EXISTS stamp_epoch()');
    await runner.query(`CREATE OR REPLACE TRIGGER charges_append_only BEFORE UPDATE OR DELETE ON charges
      FOR EACH ROW EXECUTE FUNCTION refuse_change()`);
    // Dropping the columns drops their indexes on charges; this index uses neither column.
    await runner.query('DROP INDEX IF EXISTS charges_one_reversal');
    await runner.query(`ALTER TABLE charges DROP CONSTRAINT IF EXISTS charges_reversals_not_positive,
      DROP COLUMN IF EXISTS month, DROP COLUMN IF EXISTS epoch`);
    await runner.query(`ALTER TABLE messages
      DROP CONSTRAINT IF EXISTS messages_outcome_known,
      ADD CONSTRAINT messages_outcome_known CHECK (outcome IN
        ('TRACKED', 'NO_RESPONSE', 'UNKNOWN_CUSTOMER', 'INACTIVE_CUSTOMER', 'DEFERRED'))`);
    await runner.query('ALTER TABLE workspaces DROP COLUMN IF EXISTS epoch');
  }
}
