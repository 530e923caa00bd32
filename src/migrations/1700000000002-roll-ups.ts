import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Sums that are updated in the same statement as the charge, and that can be rebuilt from the records.
 *
 * Slots are 15 minutes of UTC. Every zone's offset since 2009 is a multiple of 15 minutes, so slots add up to the hours
 * and days of any zone. A slot is split over shards, so that writers don't wait for one row. Customer days and months
 * are those of the workspace's zone.
 */
export class RollUps1700000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Free space in each page lets PostgreSQL update a row in place (HOT), without touching the index.
    await runner.query(`
      CREATE TABLE usage_slots (
        workspace_id text NOT NULL,
        slot_at timestamptz NOT NULL,
        shard smallint NOT NULL,
        messages bigint NOT NULL,
        cost_micros bigint NOT NULL,
        first_at timestamptz,
        last_at timestamptz,
        no_response bigint NOT NULL,
        unknown_customer bigint NOT NULL,
        inactive_customer bigint NOT NULL,
        CONSTRAINT usage_slots_pkey PRIMARY KEY (workspace_id, slot_at, shard),
        CONSTRAINT usage_slots_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT usage_slots_shard_range CHECK (shard BETWEEN 0 AND 7)
      ) WITH (fillfactor = 80)`);
    for (const [table, period] of [
      ['customer_days', 'day'],
      ['customer_months', 'month'],
    ]) {
      await runner.query(`
        CREATE TABLE ${table} (
          workspace_id text NOT NULL,
          ${period} date NOT NULL,
          customer_id uuid NOT NULL,
          messages bigint NOT NULL,
          cost_micros bigint NOT NULL,
          first_at timestamptz NOT NULL,
          last_at timestamptz NOT NULL,
          CONSTRAINT ${table}_pkey PRIMARY KEY (workspace_id, ${period}, customer_id),
          CONSTRAINT ${table}_customer_fkey FOREIGN KEY (workspace_id, customer_id)
            REFERENCES customers (workspace_id, id)
        ) WITH (fillfactor = 80)`);
      await runner.query(
        `CREATE INDEX ${table}_by_customer ON ${table} (workspace_id, customer_id, ${period})`,
      );
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE customer_months, customer_days, usage_slots');
  }
}
