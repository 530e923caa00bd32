import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Workspaces, prices, customers, messages, charges, tokens and the audit trail.
 *
 * In every tenant table the primary key, unique constraints and foreign keys start with workspace_id: a row of one
 * workspace can't refer to another workspace, even if the code has a bug.
 */
export class Core1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE workspaces (
        id text NOT NULL,
        name text NOT NULL,
        time_zone text NOT NULL,
        currency text NOT NULL,
        settings_version bigint NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL,
        archived_at timestamptz,
        CONSTRAINT workspaces_pkey PRIMARY KEY (id),
        CONSTRAINT workspaces_id_form CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
        CONSTRAINT workspaces_currency_form CHECK (currency ~ '^[A-Z]{3}$')
      )`);
    await runner.query(`
      CREATE TABLE prices (
        workspace_id text NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY,
        starts_at timestamptz NOT NULL,
        amount_micros bigint NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT prices_pkey PRIMARY KEY (workspace_id, id),
        CONSTRAINT prices_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT prices_not_negative CHECK (amount_micros >= 0)
      )`);
    await runner.query('CREATE INDEX prices_in_force ON prices (workspace_id, starts_at DESC, id DESC)');
    await runner.query(`
      CREATE TABLE customers (
        workspace_id text NOT NULL,
        id uuid NOT NULL,
        name text NOT NULL,
        phone_number text,
        whatsapp_user_id text,
        active_chatbot boolean NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT customers_pkey PRIMARY KEY (workspace_id, id),
        CONSTRAINT customers_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT customers_phone_number_unique UNIQUE (workspace_id, phone_number),
        CONSTRAINT customers_whatsapp_user_id_unique UNIQUE (workspace_id, whatsapp_user_id),
        CONSTRAINT customers_have_an_identity CHECK (phone_number IS NOT NULL OR whatsapp_user_id IS NOT NULL)
      )`);
    await runner.query('CREATE INDEX customers_by_name ON customers (workspace_id, name COLLATE "C", id)');
    await runner.query(`
      CREATE TABLE messages (
        workspace_id text NOT NULL,
        id uuid NOT NULL,
        idempotency_key text NOT NULL,
        phone_number text,
        whatsapp_user_id text,
        customer_id uuid,
        message text NOT NULL,
        response text,
        outcome text NOT NULL,
        deferred_price_micros bigint,
        occurred_at timestamptz NOT NULL,
        saved_at timestamptz NOT NULL,
        CONSTRAINT messages_pkey PRIMARY KEY (workspace_id, id),
        CONSTRAINT messages_one_per_key UNIQUE (workspace_id, idempotency_key),
        CONSTRAINT messages_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT messages_customer_fkey FOREIGN KEY (workspace_id, customer_id)
          REFERENCES customers (workspace_id, id),
        CONSTRAINT messages_outcome_known CHECK (outcome IN
          ('TRACKED', 'NO_RESPONSE', 'UNKNOWN_CUSTOMER', 'INACTIVE_CUSTOMER', 'DEFERRED')),
        CONSTRAINT messages_deferred_price CHECK ((outcome = 'DEFERRED') = (deferred_price_micros IS NOT NULL)),
        CONSTRAINT messages_have_a_contact CHECK (phone_number IS NOT NULL OR whatsapp_user_id IS NOT NULL)
      )`);
    await runner.query('CREATE INDEX messages_by_time ON messages (workspace_id, occurred_at, id)');
    await runner.query(
      'CREATE INDEX messages_by_customer ON messages (workspace_id, customer_id, occurred_at, id)',
    );
    // Few turns are not charged, but they are the ones that people ask about.
    await runner.query(`CREATE INDEX messages_uncharged ON messages (workspace_id, outcome, occurred_at, id)
      WHERE outcome <> 'TRACKED'`);
    await runner.query(`
      CREATE TABLE charges (
        workspace_id text NOT NULL,
        id uuid NOT NULL,
        message_id uuid NOT NULL,
        customer_id uuid NOT NULL,
        amount_micros bigint NOT NULL,
        reversal boolean NOT NULL DEFAULT false,
        occurred_at timestamptz NOT NULL,
        saved_at timestamptz NOT NULL,
        CONSTRAINT charges_pkey PRIMARY KEY (workspace_id, id),
        CONSTRAINT charges_message_fkey FOREIGN KEY (workspace_id, message_id)
          REFERENCES messages (workspace_id, id),
        CONSTRAINT charges_customer_fkey FOREIGN KEY (workspace_id, customer_id)
          REFERENCES customers (workspace_id, id),
        CONSTRAINT charges_not_negative CHECK (reversal OR amount_micros >= 0)
      )`);
    await runner.query(`CREATE UNIQUE INDEX charges_one_per_message ON charges (workspace_id, message_id)
      WHERE NOT reversal`);
    await runner.query('CREATE INDEX charges_by_time ON charges (workspace_id, occurred_at, id)');
    await runner.query(
      'CREATE INDEX charges_by_customer ON charges (workspace_id, customer_id, occurred_at, id)',
    );
    await this.tokensAndAudit(runner);
    await this.appendOnly(runner);
  }

  private async tokensAndAudit(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE tokens (
        id uuid NOT NULL,
        name text NOT NULL,
        kind text NOT NULL,
        hash bytea NOT NULL,
        hint text NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        last_used_at timestamptz,
        CONSTRAINT tokens_pkey PRIMARY KEY (id),
        CONSTRAINT tokens_hash_unique UNIQUE (hash),
        CONSTRAINT tokens_kind_known CHECK (kind IN ('SERVICE', 'CLIENT', 'ANALYST'))
      )`);
    await runner.query(`
      CREATE TABLE token_workspaces (
        workspace_id text NOT NULL,
        token_id uuid NOT NULL,
        CONSTRAINT token_workspaces_pkey PRIMARY KEY (workspace_id, token_id),
        CONSTRAINT token_workspaces_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT token_workspaces_token_fkey FOREIGN KEY (token_id) REFERENCES tokens (id)
      )`);
    await runner.query('CREATE INDEX token_workspaces_by_token ON token_workspaces (token_id)');
    await runner.query(`
      CREATE TABLE audit_entries (
        id bigint GENERATED ALWAYS AS IDENTITY,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        action text NOT NULL,
        workspace_id text,
        subject text NOT NULL,
        before jsonb,
        after jsonb,
        CONSTRAINT audit_entries_pkey PRIMARY KEY (id)
      )`);
    await runner.query('CREATE INDEX audit_entries_by_workspace ON audit_entries (workspace_id, id)');
  }

  private async appendOnly(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        -- A workspace that was never charged may go, and its prices with it (services/workspaces.ts).
        IF TG_TABLE_NAME = 'prices' AND TG_OP = 'DELETE' THEN
          IF OLD.workspace_id = current_setting('centesimo.deleting_workspace', true) THEN
            RETURN OLD;
          END IF;
        END IF;
        RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
      END $$`);
    for (const table of ['charges', 'prices', 'audit_entries']) {
      await runner.query(`CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE ON ${table}
        FOR EACH ROW EXECUTE FUNCTION refuse_change()`);
      await runner.query(`CREATE TRIGGER ${table}_never_truncated BEFORE TRUNCATE ON ${table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE audit_entries, token_workspaces, tokens, charges, messages, customers,
      prices, workspaces`);
    await runner.query('DROP FUNCTION refuse_change()');
  }
}
