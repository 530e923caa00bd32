import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Budgets, what was reported of them, and events. It only expands: an older server neither reads nor writes these
 * tables.
 *
 * On Citus all of them are distributed by workspace_id, beside the charges. Only two statements read across workspaces:
 * which sweeps are due, and which events are old.
 *
 * It locks one table at a time, so it has no transaction, as Ledger1700000000004: each statement can be run again.
 */
export class Signals1700000000007 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await this.budgets(runner);
    await this.events(runner);
  }

  private async budgets(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS budgets (
        workspace_id text NOT NULL,
        id uuid NOT NULL,
        name text NOT NULL,
        subject text NOT NULL,
        customer_id uuid,
        measure text NOT NULL,
        limit_units bigint NOT NULL,
        interval text NOT NULL,
        thresholds jsonb NOT NULL,
        forecast boolean NOT NULL,
        enforcement text NOT NULL,
        version integer NOT NULL,
        version_at timestamptz NOT NULL,
        forecast_period date,
        forecast_seen_at timestamptz,
        CONSTRAINT budgets_pkey PRIMARY KEY (workspace_id, id),
        CONSTRAINT budgets_one_per_name UNIQUE (workspace_id, name),
        CONSTRAINT budgets_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT budgets_customer_fkey FOREIGN KEY (workspace_id, customer_id)
          REFERENCES customers (workspace_id, id),
        CONSTRAINT budgets_subject_known CHECK (subject IN ('WORKSPACE', 'EACH_CUSTOMER', 'CUSTOMER')),
        CONSTRAINT budgets_customer_named CHECK ((subject = 'CUSTOMER') = (customer_id IS NOT NULL)),
        CONSTRAINT budgets_measure_known CHECK (measure IN ('COST', 'MESSAGES')),
        CONSTRAINT budgets_interval_known CHECK (interval IN ('DAY', 'WEEK', 'MONTH')),
        CONSTRAINT budgets_enforcement_known CHECK (enforcement IN ('NOTIFY', 'STOP')),
        CONSTRAINT budgets_limit_positive CHECK (limit_units > 0)
      )`);
    // For a customer's own budgets, which replace those for each customer; also for the foreign key.
    await runner.query(
      'CREATE INDEX IF NOT EXISTS budgets_by_customer ON budgets (workspace_id, customer_id)',
    );
    // The primary key makes each event unique. Its order lets a check of all customers skip what was reported.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS budget_firings (
        workspace_id text NOT NULL,
        budget_id uuid NOT NULL,
        version integer NOT NULL,
        period_start date NOT NULL,
        threshold integer NOT NULL,
        subject text NOT NULL,
        fired_at timestamptz NOT NULL,
        CONSTRAINT budget_firings_pkey PRIMARY KEY (workspace_id, budget_id, version, period_start, threshold, subject),
        CONSTRAINT budget_firings_budget_fkey FOREIGN KEY (workspace_id, budget_id)
          REFERENCES budgets (workspace_id, id)
      )`);
    // Finds rows that are old enough to be deleted.
    await runner.query('CREATE INDEX IF NOT EXISTS budget_firings_by_age ON budget_firings (fired_at)');
    // One row per workspace with budgets. Saves lock the workspace's own row, so it must not be written every minute.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS budget_sweeps (
        workspace_id text NOT NULL,
        due_at timestamptz NOT NULL,
        looked_to timestamptz NOT NULL,
        whole_at timestamptz,
        whole_zone text,
        CONSTRAINT budget_sweeps_pkey PRIMARY KEY (workspace_id),
        CONSTRAINT budget_sweeps_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
      )`);
    await runner.query('CREATE INDEX IF NOT EXISTS budget_sweeps_due ON budget_sweeps (due_at)');
  }

  private async events(runner: QueryRunner): Promise<void> {
    // This row is locked from the moment an event gets its number until the COMMIT, so readers see the numbers in order
    // and without a gap.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS event_counters (
        workspace_id text NOT NULL,
        last_sequence bigint NOT NULL,
        CONSTRAINT event_counters_pkey PRIMARY KEY (workspace_id),
        CONSTRAINT event_counters_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
      )`);
    // The body is text, not jsonb: it is sent, and later signed, exactly as it was made.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS events (
        workspace_id text NOT NULL,
        id uuid NOT NULL,
        sequence bigint NOT NULL,
        type text NOT NULL,
        occurred_at timestamptz NOT NULL,
        body text NOT NULL,
        CONSTRAINT events_pkey PRIMARY KEY (workspace_id, id),
        CONSTRAINT events_one_per_sequence UNIQUE (workspace_id, sequence),
        CONSTRAINT events_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT events_type_known CHECK (type IN
          ('BUDGET_THRESHOLD', 'BUDGET_FORECAST', 'STATEMENT_CLOSED', 'USAGE_VOIDED'))
      )`);
    // Finds the newest of each type: a rare type is found without reading the others.
    await runner.query('CREATE INDEX IF NOT EXISTS events_by_type ON events (workspace_id, type, sequence)');
    // Finds events that are old enough to be deleted.
    await runner.query('CREATE INDEX IF NOT EXISTS events_by_age ON events (occurred_at)');
    await runner.query(`CREATE OR REPLACE TRIGGER events_frozen BEFORE UPDATE ON events
      FOR EACH ROW EXECUTE FUNCTION refuse_change()`);
  }

  /** Why the migration can't be reverted; undefined: it can. */
  async obstacleToDown(runner: QueryRunner): Promise<string | undefined> {
    const [used]: { budgets: boolean; events: boolean }[] = await runner.query(
      'SELECT EXISTS (SELECT FROM budgets) AS budgets, EXISTS (SELECT FROM events) AS events',
    );
    if (used?.events) return 'Events were written, and would be lost: this step is not undone.';
    if (used?.budgets)
      return 'Budgets were set, and would be lost. Remove them first: centesimo budget remove.';
    return undefined;
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS events, event_counters, budget_sweeps, budget_firings, budgets');
  }
}
