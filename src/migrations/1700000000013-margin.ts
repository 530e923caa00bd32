import { MigrationInterface, QueryRunner } from 'typeorm';
import { buildIndexes } from './beside-saves';

/**
 * What a turn costs the one who runs the chatbot: its model's tokens and the channel's fee, with the price lists for
 * both.
 *
 * It expands only: an older server saves turns without tokens and without costs, which is their meaning. What an older
 * server takes back is missing in the breakdown by model, and days that it cuts by another zone keep their old costs,
 * until the roll-ups are rebuilt (docs/operations.md).
 *
 * The new columns of messages are empty and have no default, so no row is written anew. The price lists are read whole,
 * by their primary keys; `cost_days` as well. `customer_cost_days_by_customer` is for one page of clients and for the
 * foreign key; `messages_answered_uncharged` for the turns of these clients that have a response and no charge, which are
 * few and lie far apart. On Citus all four are distributed by workspace_id, beside their messages.
 *
 * One table's lock at a time, so without a transaction, as Ledger1700000000004: each statement may be run again.
 */
export class Margin1700000000013 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE messages
      ADD COLUMN IF NOT EXISTS model_number smallint,
      ADD COLUMN IF NOT EXISTS input_tokens integer,
      ADD COLUMN IF NOT EXISTS cached_input_tokens integer,
      ADD COLUMN IF NOT EXISTS output_tokens integer,
      ADD COLUMN IF NOT EXISTS llm_cost_nanos bigint,
      ADD COLUMN IF NOT EXISTS channel_cost_micros bigint`);
    // A price that came too late may be filled in, once. Nothing else of a turn's costs ever changes.
    await runner.query(`CREATE OR REPLACE TRIGGER messages_costs_frozen BEFORE UPDATE ON messages
      FOR EACH ROW WHEN (OLD.llm_cost_nanos IS NOT NULL AND NEW.llm_cost_nanos IS DISTINCT FROM OLD.llm_cost_nanos
        OR NEW.llm_cost_nanos IS NOT NULL AND NEW.model_number IS NULL
        OR NEW.channel_cost_micros IS DISTINCT FROM OLD.channel_cost_micros
        OR NEW.model_number IS DISTINCT FROM OLD.model_number
        OR NEW.input_tokens IS DISTINCT FROM OLD.input_tokens
        OR NEW.cached_input_tokens IS DISTINCT FROM OLD.cached_input_tokens
        OR NEW.output_tokens IS DISTINCT FROM OLD.output_tokens)
      EXECUTE FUNCTION refuse_change()`);
    await this.priceLists(runner);
    await this.rollUps(runner);
    await buildIndexes(runner, [
      {
        name: 'messages_answered_uncharged',
        on: `messages (workspace_id, customer_id, occurred_at) WHERE outcome IN ('INACTIVE_CUSTOMER', 'VOIDED')`,
      },
    ]);
  }

  private async priceLists(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS channel_prices (
        workspace_id text NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY,
        starts_at timestamptz NOT NULL,
        amount_micros bigint NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT channel_prices_pkey PRIMARY KEY (workspace_id, id),
        CONSTRAINT channel_prices_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT channel_prices_not_negative CHECK (amount_micros >= 0)
      )`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS model_prices (
        workspace_id text NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY,
        model text NOT NULL,
        starts_at timestamptz NOT NULL,
        input_micros bigint NOT NULL,
        cached_input_micros bigint NOT NULL,
        output_micros bigint NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT model_prices_pkey PRIMARY KEY (workspace_id, id),
        CONSTRAINT model_prices_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT model_prices_not_negative CHECK (least(input_micros, cached_input_micros, output_micros) >= 0)
      )`);
    for (const table of ['channel_prices', 'model_prices']) {
      // They go with a workspace that never had a turn.
      await runner.query(`CREATE OR REPLACE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE ON ${table}
        FOR EACH ROW WHEN (OLD.workspace_id IS DISTINCT FROM current_setting('centesimo.deleting_workspace', true))
        EXECUTE FUNCTION refuse_change()`);
      await runner.query(`CREATE OR REPLACE TRIGGER ${table}_never_truncated BEFORE TRUNCATE ON ${table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`);
    }
  }

  private async rollUps(runner: QueryRunner): Promise<void> {
    const figures = `turns bigint NOT NULL,
        answered bigint NOT NULL,
        priced bigint NOT NULL,
        priced_answered bigint NOT NULL,
        channel_turns bigint NOT NULL,
        covered bigint NOT NULL,
        input_tokens bigint NOT NULL,
        cached_input_tokens bigint NOT NULL,
        output_tokens bigint NOT NULL,
        llm_cost_nanos bigint NOT NULL,
        channel_cost_micros bigint NOT NULL`;
    // Number -1: turns without a model, that have the channel's cost alone. Split over shards like dimension_days.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS cost_days (
        workspace_id text NOT NULL,
        day date NOT NULL,
        model_number smallint NOT NULL,
        shard smallint NOT NULL,
        ${figures},
        CONSTRAINT cost_days_pkey PRIMARY KEY (workspace_id, day, model_number, shard),
        CONSTRAINT cost_days_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT cost_days_shard_range CHECK (shard BETWEEN 0 AND 7)
      ) WITH (fillfactor = 80)`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS customer_cost_days (
        workspace_id text NOT NULL,
        day date NOT NULL,
        customer_id uuid NOT NULL,
        ${figures},
        CONSTRAINT customer_cost_days_pkey PRIMARY KEY (workspace_id, day, customer_id),
        CONSTRAINT customer_cost_days_customer_fkey FOREIGN KEY (workspace_id, customer_id)
          REFERENCES customers (workspace_id, id)
      ) WITH (fillfactor = 80)`);
    await runner.query(`CREATE INDEX IF NOT EXISTS customer_cost_days_by_customer
      ON customer_cost_days (workspace_id, customer_id, day)`);
  }

  /** Why it can't be taken back; undefined: it can. */
  async obstacleToDown(runner: QueryRunner): Promise<string | undefined> {
    const [used]: { used: boolean }[] = await runner.query(
      `SELECT EXISTS (SELECT FROM cost_days) OR EXISTS (SELECT FROM model_prices) OR EXISTS (SELECT FROM channel_prices)
         OR EXISTS (SELECT FROM dimension_values WHERE dimension = 'MODEL') AS used`,
    );
    return used?.used
      ? 'Turns have tokens or costs, or there are prices of models or of the channel, which would be lost: this step is not undone.'
      : undefined;
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX IF EXISTS messages_answered_uncharged');
    await runner.query('DROP TABLE IF EXISTS customer_cost_days, cost_days, model_prices, channel_prices');
    await runner.query('DROP TRIGGER IF EXISTS messages_costs_frozen ON messages');
    await runner.query(`ALTER TABLE messages
      DROP COLUMN IF EXISTS model_number,
      DROP COLUMN IF EXISTS input_tokens,
      DROP COLUMN IF EXISTS cached_input_tokens,
      DROP COLUMN IF EXISTS output_tokens,
      DROP COLUMN IF EXISTS llm_cost_nanos,
      DROP COLUMN IF EXISTS channel_cost_micros`);
  }
}
